"""How much speech a text holds, in words, characters or syllables. Counts; never a duration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from studio.script.numbers import words_in_figure

_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*(?:[:,.]\d+)*%?|[$€£¥]\s?\d[\d,.]*(?:\s(?:million|billion))?")
_WIDE_CHAR = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]|[A-Za-z0-9]+")
_KANA_OR_KANJI = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]|[\u3400-\u9fff]|[A-Za-z0-9]+")
_HANGUL = re.compile(r"[\uac00-\ud7af]|[A-Za-z0-9]+")
_VOWELS = re.compile(r"[aeiouyáéíóúàèìòùâêîôûäëïöüãõåæœøąęаеёиоуыэюяіїєαεηιουωάέήίόύώ]+", re.IGNORECASE)


@lru_cache(maxsize=512)  # while a line is written, the others stay as they are
def units_of(text: str, unit: str) -> tuple[tuple[int, float], ...]:
    """Each unit of speech: its place in the text and its weight in `unit` (words, characters, syllables, morae)."""
    return tuple(_iter_units(text, unit))


def _iter_units(text: str, unit: str) -> Iterator[tuple[int, float]]:
    if unit == "characters":
        yield from ((m.start(), _wide_weight(m.group(), 1.0)) for m in _WIDE_CHAR.finditer(text))
    elif unit == "morae":  # a kanji is read with two morae on average
        yield from (
            (m.start(), _wide_weight(m.group(), 2.0 if m.group() > "\u33ff" else 1.0))
            for m in _KANA_OR_KANJI.finditer(text)
        )
    elif unit == "blocks":
        yield from ((m.start(), _wide_weight(m.group(), 1.0)) for m in _HANGUL.finditer(text))
    elif unit == "syllables":
        yield from ((m.start(), float(max(1, len(_VOWELS.findall(m.group()))))) for m in _WORD.finditer(text))
    else:
        yield from ((m.start(), word_weight(m.group())) for m in _WORD.finditer(text))


def count_units(text: str, unit: str) -> float:
    return sum(weight for _at, weight in units_of(text, unit))


def word_weight(token: str) -> float:
    """How many words a token is spoken with: “hello” is one, “$5.50” is four."""
    if token.isalpha():
        return 1.0
    if not any(char.isdigit() for char in token):
        return 1.0
    return float(max(1, words_in_figure(token)))


def _wide_weight(token: str, weight: float) -> float:
    return 2.0 * len(token) / 3 + 0.5 if token.isascii() and len(token) > 1 else weight
