"""Captions of a kept take: its script's lines at the times at which they were heard or planned. Opens no media."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.script.captions import cues_for, fit_times, to_srt, to_vtt
from studio.script.heard import align
from studio.script.parse import parse_prompt
from studio.script.rates import Rates
from studio.script.scene import Line, script_from_json
from studio.script.timing import plan_lines
from studio.takes.take import Take

Rows = list[dict[str, Any]]
Spans = tuple[tuple[float, float], ...]

_SHORTEST_SPEECH_S = 0.05


def lines_of(take: Take) -> tuple[Line, ...]:
    """The spoken lines of the take's script, or of its prompt where no script came with it."""
    if take.script:
        return script_from_json(take.script).lines
    return parse_prompt(take.prompt).lines if take.prompt else ()


def planned_rows(take: Take, rates: Rates | None = None) -> Rows:
    """When each line should be spoken, at these rates or the default ones."""
    lines = lines_of(take)
    if not lines:
        return []
    plan = plan_lines(lines, take.duration_s or 5.0, rates)
    return [_row(lines, row.index, row.start_s, row.end_s, is_heard=False) for row in plan.rows]


def captions_for(take: Take, speech: Spans, folder: Path, rates: Rates | None = None) -> dict[str, Any]:
    """Write `captions.srt` and `captions.vtt` where there are lines: `lines` as heard or else planned, and `files`.

    A line that was not heard and has no room beside those that were is in neither.
    `planned` beside them is what the desk had planned at these rates, so that plan and ear can be compared.
    """
    lines = lines_of(take)
    if not any(line.text.strip() for line in lines):
        return {"lines": [], "files": {}}
    length_s = take.duration_s or 5.0
    heard = {row.index: (row.start_s, row.end_s) for row in align(lines, _inside(speech, length_s), rates)}
    planned = {row.index: (row.start_s, row.end_s) for row in plan_lines(lines, length_s, rates).rows}
    times = fit_times([(index, *times) for index, times in {**planned, **heard}.items()], heard, length_s)
    rows = [_row(lines, *spoken, is_heard=spoken[0] in heard) for spoken in times]
    cues = cues_for(lines, times, heard)
    (folder / "captions.srt").write_text(to_srt(cues), encoding="utf-8")
    (folder / "captions.vtt").write_text(to_vtt(cues), encoding="utf-8")
    return {
        "lines": rows,
        "planned": planned_rows(take, rates),
        "files": {"srt": "captions.srt", "vtt": "captions.vtt"},
    }


def _inside(speech: Spans, length_s: float) -> Spans:
    """The speech that lies within the clip."""
    spans = ((max(0.0, start), min(end, length_s)) for start, end in speech)
    return tuple((start, end) for start, end in spans if end - start > _SHORTEST_SPEECH_S)


def _row(lines: tuple[Line, ...], index: int, start_s: float, end_s: float, *, is_heard: bool) -> dict[str, Any]:
    line = lines[index]
    return {
        "index": index,
        "speaker": line.speaker,
        "slot": line.slot,
        "text": line.text,
        "start_s": round(start_s, 3),
        "end_s": round(end_s, 3),
        "is_heard": is_heard,
    }
