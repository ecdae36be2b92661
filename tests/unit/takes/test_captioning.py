"""Captions of a take agree with its clip, whatever was planned and whatever was heard."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.script.scene import Line, Script, script_to_json
from studio.takes.captioning import captions_for
from studio.takes.take import Take
from tests.unit.takes.rig import a_take

Caption = tuple[float, float, list[str]]
WORDS = st.sampled_from(
    [
        "a",
        "no",
        "light",
        "Mara",
        "tonight,",
        "storm.",
        "今晚没有人，风太大。",
        "Привет",
        "…",
        "?!",
        "antidisestablishment",
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=80).map(" ".join)
LINES = st.lists(
    st.builds(Line, st.sampled_from(["", "Keeper", "Mara"]), st.sampled_from([None, 1, 2]), st.just(""), TEXTS),
    min_size=1,
    max_size=5,
)
SPANS = st.lists(st.tuples(st.floats(0, 40), st.floats(0.3, 6)).map(lambda s: (s[0], s[0] + s[1])), max_size=7)
TALK = (
    Line("Ann", 1, "", "Where have you been all night?"),
    Line("Ben", 2, "", "Out walking by the river, like always."),
    Line("Ann", 1, "", "You could have called me."),
)


def take_of(lines: tuple[Line, ...], duration_s: float) -> Take:
    script = script_to_json(Script(lines=lines))
    return a_take(duration_s=duration_s, script=script)


def written(lines: tuple[Line, ...], speech: Any, duration_s: float) -> tuple[dict[str, Any], dict[str, list[Caption]]]:
    with TemporaryDirectory() as folder:
        report = captions_for(take_of(lines, duration_s), tuple(speech), Path(folder))
        return report, {kind: captions_in(Path(folder) / name) for kind, name in report["files"].items()}


def captions_in(path: Path) -> list[Caption]:
    found = []
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [re.sub(r"</?v[^>]*>", "", row) for row in block.strip().splitlines()]
        at = next((number for number, row in enumerate(rows) if " --> " in row), None)
        if at is not None:
            start, end = (_seconds(stamp) for stamp in rows[at].split(" --> "))
            found.append((start, end, rows[at + 1 :]))
    return found


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("speech", [((0.3, 1.9), (2.6, 4.4)), ((0.4, 2.2),), ((0.3, 4.8),), ()])
def test_captions_lie_in_the_clip_and_never_two_at_once(speech: Any) -> None:
    report, files = written(TALK, speech, 5.0)
    for captions in files.values():
        assert all(0 <= start < end <= 5 for start, end, _rows in captions)
        assert all(before[1] <= after[0] for before, after in pairwise(captions))
    times = [(line["start_s"], line["end_s"]) for line in report["lines"]]
    assert all(end <= start for (_start, end), (start, _end) in pairwise(times))


def test_a_line_says_for_itself_whether_it_was_heard() -> None:
    report, _files = written(TALK, ((0.4, 2.2),), 5.0)
    assert [line["is_heard"] for line in report["lines"]].count(True) == 1
    assert len(report["planned"]) == 3


@settings(max_examples=150, deadline=None)
@given(LINES.map(tuple), SPANS, st.floats(1, 30))
def test_captions_of_anything_agree_with_the_clip(lines: Any, speech: Any, duration_s: float) -> None:
    report, files = written(lines, speech, duration_s)
    heard = [line["text"] for line in report["lines"] if line["is_heard"]]
    for captions in files.values():
        assert all(0 <= start < end <= duration_s + 0.001 for start, end, _rows in captions)
        assert all(before[1] <= after[0] for before, after in pairwise(captions))
        assert all(1 <= len(rows) <= 2 for _start, _end, rows in captions)
        said = "".join("".join(rows) for _start, _end, rows in captions).replace(" ", "")
        at = 0
        for text in heard:
            at = said.index(text.replace(" ", ""), at) + len(text.replace(" ", ""))
