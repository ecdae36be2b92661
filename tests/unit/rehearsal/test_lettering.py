"""Any text can be set: wrapped, in a font that has it, on plates with even sides."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.rehearsal import faces
from studio.rehearsal.faces import Faces, clean, clusters, installed_fonts
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


@pytest.mark.parametrize("text", ["A" + "！" * 60, "Hi " + "，" * 60, "," * 300, "我" * 9 + "。”" * 40])
def test_one_closing_mark_at_most_hangs_over_the_edge(text: str) -> None:
    lines = LETTERER._wrap([Words(text)], 30, 300)
    assert "".join(token.text for line in lines for token in line) == text.replace(" ", "")
    assert all(LETTERER._width(line[:-1], 30) <= 300 for line in lines)
    assert max(LETTERER._width(line, 30) for line in lines) <= 300 + 31


def test_a_quotation_mark_after_a_full_stop_goes_down_with_its_word() -> None:
    for width in range(200, 320, 7):
        lines = LETTERER._wrap([Words("“我等了二十年。”她说。“那就走吧！”" * 3)], 30, width)
        assert not any(line[0].text[0] in "。，！”" for line in lines)
        assert not any(line[-1].text[-1] in "“" for line in lines)


def test_no_caption_is_set_in_a_faint_face() -> None:
    for text in ("Привет, мир", "Γεια σου κόσμε", "Việt Nam ơi"):
        for _piece, font in Faces(str(FONTS)).runs(text, 30):
            assert not {"ExtraLight", "Light", "Thin"} & set(str(font.getname()[1]).split())  # type: ignore[union-attr]
    names = [path.rsplit("/", 1)[-1] for path in installed_fonts()]
    assert names == sorted(names, key=lambda name: "Light" in name)


THAI, HINDI = "สวัสดีครับ ผมชื่อสมชาย", "नमस्ते दुनिया आप कैसे हैं"


@pytest.mark.parametrize("text", [THAI, HINDI, f"Hi {HINDI} 👋", f"Hello {THAI} ok ★", "क्षत्रिय ไทย 안녕"])
def test_no_mark_is_torn_from_its_letter_and_a_writing_keeps_one_font(text: str) -> None:
    pieces = Faces(str(FONTS)).runs(text, 30)
    assert "".join(piece for piece, _font in pieces) == text
    assert not any(unicodedata.category(piece[0])[0] == "M" for piece, _font in pieces)
    for writing in ("THAI", "DEVANAGARI"):
        fonts = {id(font) for piece, font in pieces for ch in piece if unicodedata.name(ch, "").startswith(writing)}
        assert len(fonts) <= 1


def test_long_thai_is_cut_between_letters_with_their_marks() -> None:
    lines = LETTERER._wrap([Words("สวัสดีครับผมชื่อสมชาย" * 6)], 30, 200)
    assert len(lines) > 3
    assert not any(unicodedata.category(line[0].text[0])[0] == "M" for line in lines)
    assert clusters("เก่าดี") == ["เก่า", "ดี"]


def test_a_sign_that_our_face_lacks_does_not_change_the_face_of_the_words() -> None:
    if not Faces(str(FONTS)).drawable("♪"):
        pytest.skip("no font of this machine has a note")
    pieces = Faces(str(FONTS)).runs("la la ♪ for you", 30)
    assert [piece.strip() for piece, font in pieces if font.getname()[0] == "Instrument Sans"] == [  # type: ignore[union-attr]
        "la la",
        "for you",
    ]


def test_characters_that_no_font_has_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "installed_fonts", lambda: ())
    for cached in (faces._path_for, faces._best_installed):
        cached.cache_clear()
    try:
        bare = Letterer(Faces(str(FONTS)))
        assert Faces(str(FONTS)).drawable("fog 雾 and ไทยดี") == "fog  and "
        alone = bare.caption([Words("Keeper", INK, 600)], 30, 900)
        assert bare.caption([Words("Keeper", INK, 600), Words("雾中的灯塔")], 30, 900) == alone
        assert bare.caption([Words(""), Words("雾中 灯塔")], 30, 900) == bare.caption([Words("…")], 30, 900)
    finally:
        for cached in (faces._path_for, faces._best_installed):
            cached.cache_clear()


@pytest.mark.parametrize("text", ["word " * 150, "我等了二十年。" * 40, "x" * 900, THAI.replace(" ", "") * 12, "hello"])
def test_a_long_line_is_set_in_pages_that_hold_all_its_words(text: str) -> None:
    name = [Words("Keeper", INK, 600)]
    pages = LETTERER.pages(name, text, 30, 900)
    assert "".join(pages).replace(" ", "") == text.replace(" ", "")
    assert all(len(LETTERER._wrap([*name, Words(page)], 30, 900)) <= 3 for page in pages)
    assert min(map(len, pages)) > 0.5 * max(map(len, pages))


def test_control_characters_and_halves_of_pairs_are_taken_out() -> None:
    assert clean("a\x00b\ud800c\u202e\n d") == "a b c d"


def test_bt709_of_known_colours() -> None:
    assert yuv((0, 0, 0)) == (16, 128, 128)
    assert yuv((255, 255, 255)) == (235, 128, 128)
    assert yuv((255, 0, 0)) == (63, 102, 240)
