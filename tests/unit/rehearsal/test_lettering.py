"""Any text can be set: wrapped, in a font that has it, on plates with even sides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.rehearsal.faces import Faces, clean
from studio.rehearsal.lettering import INK, Letterer, Words
from studio.rehearsal.painter import patch, yuv
from tests.unit.rehearsal.rig import FONTS

LETTERER = Letterer(Faces(str(FONTS)))


def test_the_bundled_face_is_used_for_latin() -> None:
    font = Faces(str(FONTS)).font_for("Rehearsal, 5 s", 20)
    assert font.getname()[0] == "Instrument Sans"  # type: ignore[union-attr]


@settings(max_examples=60)
@given(st.text(max_size=120))
def test_any_text_makes_a_plate_with_even_sides(text: str) -> None:
    plate = LETTERER.caption([Words("Keeper", INK, 600), Words(text)], 30, 900)
    assert plate.width % 2 == plate.height % 2 == 0
    assert plate.width <= 900 + 120
    assert patch(plate).size == plate.size


@pytest.mark.parametrize("text", ["word " * 60, "我" * 200, "x" * 400, "שלום " * 60])
def test_long_text_stays_in_its_room_and_takes_three_lines_at_most(text: str) -> None:
    plate = LETTERER.caption([Words(text)], 30, 600)
    assert plate.width <= 600 + 36
    assert plate.height <= 3 * 40 + 24 + 2


def test_a_chinese_line_breaks_between_characters_but_not_before_a_full_stop() -> None:
    lines = LETTERER._wrap([Words("我等了二十年。" * 6)], 30, 215)
    assert len(lines) > 2
    assert not any(line[0].text in "。，" for line in lines)


def test_control_characters_and_halves_of_pairs_are_taken_out() -> None:
    assert clean("a\x00b\ud800c\u202e\n d") == "a b c d"


def test_bt709_of_known_colours() -> None:
    assert yuv((0, 0, 0)) == (16, 128, 128)
    assert yuv((255, 255, 255)) == (235, 128, 128)
    assert yuv((255, 0, 0)) == (63, 102, 240)
