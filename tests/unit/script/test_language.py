"""The language of a spoken text, by its writing and its small words."""

from __future__ import annotations

import pytest

from studio.script.language import detect_language, is_voiced


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("then who brings you home?", "en"),
        ("hello", "en"),
        ("no", "en"),
        ("", "en"),
        ("😀", "en"),
        ("我们走吧", "zh"),
        ("我爱 NASA", "zh"),
        ("hola, ¿dónde estás?", "es"),
        ("la lumière s'éteint", "fr"),
        ("das Licht geht heute aus", "de"),
        ("ciao, come stai?", "it"),
        ("eu não sei onde você está", "pt"),
        ("こんにちは世界", "ja"),
        ("안녕하세요", "ko"),
        ("мы уже дома", "ru"),
        ("де моя їжа", "uk"),
        ("مرحبا يا صديقي", "ar"),
        ("नमस्ते", "hi"),
        ("לילה טוב", "he"),
        ("καλημέρα", "el"),
        ("สวัสดี", "th"),
    ],
)
def test_language_is_told(text: str, language: str):
    assert detect_language(text) == language


def test_only_english_and_chinese_are_voiced():
    assert [code for code in ("en", "zh", "es", "other") if is_voiced(code)] == ["en", "zh"]
