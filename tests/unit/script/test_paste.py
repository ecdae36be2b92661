"""Pasted pages split into rows."""

from __future__ import annotations

import pytest

from studio.script.parse import split_pasted
from studio.script.scene import MAX_LINES, Line

SCREENPLAY = """INT. PIER - DUSK

The keeper lowers his cap.

KEEPER
(low and tired)
The light goes out tonight, Mara.

She turns to the water.

MARA (CONT'D)
Then who
brings you home?

CUT TO:
"""


def test_screenplay_gives_names_deliveries_and_beats():
    assert split_pasted(SCREENPLAY) == (
        Line("Keeper", None, "low and tired", "The light goes out tonight, Mara."),
        Line("Mara", None, "", "Then who brings you home?", "She turns to the water."),
    )


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        (
            "Keeper: the light\nMara (quiet): then who?\nCamera: pan",
            [("Keeper", "", "the light"), ("Mara", "quiet", "then who?")],
        ),
        ("- Keeper: hello\n- Mara: bye", [("Keeper", "", "hello"), ("Mara", "", "bye")]),
        ("1. Keeper: hello\n2) Mara: bye", [("Keeper", "", "hello"), ("Mara", "", "bye")]),
        ("**Keeper:** hi\n**Mara:** (softly) yo", [("Keeper", "", "hi"), ("Mara", "softly", "yo")]),
        ('[Keeper, low]: "hi."\n[Mara]: "yo."', [("Keeper", "low", "hi."), ("Mara", "", "yo.")]),
        ('He said "hello there." "go," she said.', [("He", "", "hello there."), ("she", "", "go,")]),
        ("他说：“我们走吧。”", [("他", "", "我们走吧。")]),
        ("小明：走吧。\n小红（轻声）：好。", [("小明", "", "走吧。"), ("小红", "轻声", "好。")]),
        ("Keeper: the light\ngoes out tonight", [("Keeper", "", "the light goes out tonight")]),
        ("hello\nbye", [("", "", "hello"), ("", "", "bye")]),
        ("  \n ", []),
    ],
)
def test_page_is_split_into_rows(page: str, rows: list[tuple[str, str, str]]):
    assert [(line.speaker, line.delivery, line.text) for line in split_pasted(page)] == rows


def test_page_of_windows_line_ends_reads_the_same():
    assert split_pasted(SCREENPLAY.replace("\n", "\r\n")) == split_pasted(SCREENPLAY)


def test_endless_page_is_bounded():
    assert len(split_pasted("Ann: hi\n" * 5000)) == MAX_LINES


def test_named_line_among_cues_is_a_line_and_a_colon_in_an_action_is_none():
    page = "KEEPER\n(low, tired)\nThe light goes out.\n\nHe reads the sign: closed.\n\nMara: then who brings you home?"
    assert [(line.speaker, line.delivery, line.text, line.action) for line in split_pasted(page)] == [
        ("Keeper", "low, tired", "The light goes out.", ""),
        ("Mara", "", "then who brings you home?", "He reads the sign: closed."),
    ]
