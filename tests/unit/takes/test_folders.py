"""Names that any file system takes, whatever the prompt was."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.takes.folders import MAX_SLUG_BYTES, RESERVED, folder_of, inside, slug, title_of
from tests.unit.takes.rig import a_take


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Dusk on a wooden pier", "dusk-on-a-wooden-pier"),
        ("../../etc/passwd", "etc-passwd"),
        ("CON", "take-con"),
        ("com1", "take-com1"),
        ("🎬🔥", "take"),
        ("", "take"),
        ("<<<voice_1>>> says \u202egnp.exe", "says-gnp-exe"),
        ("黄昏的码头", "黄昏的码头"),
        ("a\0b\nc\\d:e*f?g", "a-b-c-d-e-f-g"),
        ("Don't look — now", "dont-look-now"),
    ],
)
def test_names_are_readable(prompt: str, name: str) -> None:
    assert slug(prompt) == name


@given(st.text(max_size=300))
def test_names_are_always_safe(prompt: str) -> None:
    name = slug(prompt)
    assert name
    assert len(name.encode()) <= MAX_SLUG_BYTES + len("take-")
    assert name not in RESERVED
    assert name == name.strip(". -")
    assert all(mark == "-" or unicodedata.category(mark)[0] in "LMN" for mark in name)


@given(st.text(max_size=300))
def test_titles_are_one_short_line(text: str) -> None:
    title = title_of(text, "Text to video")
    assert title
    assert len(title) <= 60
    assert title.isprintable()


def test_no_two_takes_share_a_folder(tmp_path: Path) -> None:
    take = a_take(1, number=14, title="Dusk")
    first = folder_of(take, tmp_path)
    (tmp_path / first).mkdir(parents=True)
    assert folder_of(take, tmp_path) == f"{first}-2"


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "inputs/\0x"])
def test_a_stored_name_never_leads_out_of_the_home(tmp_path: Path, name: str) -> None:
    assert inside(tmp_path, name) is None
