"""How long lines take to speak and whether they fit a clip. Plans in seconds; never listens to a take.

The rates learn from finished takes: see `Rates`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from studio.script.rates import Rates
from studio.script.scene import Line
from studio.script.units import units_of

__all__ = ["Plan", "PlannedLine", "Rates", "Remedy", "cut_to_fit", "plan_lines"]

GAP_S = 0.3  # between two lines (DESIGN.md 4.5), also what “After a beat” says
QUICK_GAP_S = 0.1
MOMENT_S = 0.8  # an action beat, “after a moment”
LONG_PAUSE_S = 1.5
LONGEST_CLIP_S = 10
_EPSILON_S = 0.001
_PAUSES = re.compile(
    r"(?P<dots>…|\.{3,6})|(?P<dash>—|–|\s-\s|--)|(?P<beat>[(\[](?:a )?(?:long )?(?:beat|pause)s?[)\]])|(?P<wide>……)"
)
_PAUSE_S = {"dots": 0.4, "dash": 0.2, "beat": 0.6, "wide": 0.4}
_NUMBER_WORDS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_SECONDS = re.compile(
    r"\b(?:after|following)\s+(?P<n>a|an|one|two|three|four|five|\d{1,2}(?:\.\d)?)\s+(?:full )?seconds?\b",
    re.IGNORECASE,
)
_TOGETHER = re.compile(
    r"\b(?:same time|simultaneously|together|in unison|over each other|talking over)\b", re.IGNORECASE
)
_QUICK = re.compile(
    r"\b(?:immediately|instantly|at once|without a pause|interrupting|cutting (?:him|her|them) off)\b", re.IGNORECASE
)
_LONG = re.compile(r"\b(?:long|heavy|endless)\b.{0,12}\b(?:pause|silence|beat|moment)\b", re.IGNORECASE)
_MOMENT = re.compile(r"\b(?:moment|pause|silence|breath)\b", re.IGNORECASE)


@dataclass(frozen=True)
class PlannedLine:
    """When line `index` is spoken, in seconds. `over_s` is how much of it is past the end of the clip.

    `over_from_char` is where in the line's text the clip ends, or None where all of it fits.
    """

    index: int
    start_s: float
    end_s: float
    over_s: float = 0.0
    over_from_char: int | None = None


@dataclass(frozen=True)
class Remedy:
    """A way to make lines fit: kind “longer” (a clip of `duration_s`) or “cut” (`count` words or characters)."""

    kind: str
    label: str
    duration_s: int | None = None
    count: int = 0


@dataclass(frozen=True)
class Plan:
    """All lines on the clock of a clip. `spare_s` is negative where they do not fit."""

    rows: tuple[PlannedLine, ...]
    total_s: float
    spare_s: float
    duration_s: float
    remedies: tuple[Remedy, ...] = ()

    @property
    def fits(self) -> bool:
        return self.spare_s >= -_EPSILON_S

    @property
    def summary(self) -> str:
        """“Fits 5 s with 0.3 s to spare”, or how much is over and what to do."""
        if not self.rows:
            return "No lines yet"
        if self.fits:
            return f"Fits {self.duration_s:g} s with {max(self.spare_s, 0):.1f} s to spare"
        ways = [r.label if i == 0 else r.label[0].lower() + r.label[1:] for i, r in enumerate(self.remedies)]
        return f"{-self.spare_s:.1f} s too long for {self.duration_s:g} s. {', or '.join(ways)}"


def plan_lines(lines: Sequence[Line], duration_s: float = 5, rates: Rates | None = None) -> Plan:
    """Every line with words, one after another with its pauses and beats, on a clip of `duration_s` seconds.

    Pauses at commas and full stops are within the rates, which are of connected speech; an ellipsis, a dash and a
    written beat take time of their own.
    """
    rates = rates or Rates()
    rows: list[PlannedLine] = []
    at = 0.0
    for index, line in enumerate(lines):
        if not line.text.strip():
            continue
        start = max(0.0, at + _gap_before(line, rows))
        row = _plan_line(index, line, start, duration_s, rates)
        rows.append(row)
        at = max(at, row.end_s)
    total = round(at, 3)
    spare = round(duration_s - total, 3)
    remedies = tuple(_remedies(lines, rows, total, duration_s, rates)) if spare < -_EPSILON_S else ()
    return Plan(tuple(rows), total, spare, duration_s, remedies)


def cut_to_fit(lines: Sequence[Line], plan: Plan) -> tuple[Line, ...]:
    """The lines without the words that the plan's clip has no time for; a line that starts too late goes whole."""
    kept = list(lines)
    for row in plan.rows:
        if row.over_from_char is not None:
            text = kept[row.index].text[: row.over_from_char].rstrip(" ,;:—-")
            kept[row.index] = replace(kept[row.index], text=text)
    gone = {row.index for row in plan.rows if not kept[row.index].text}
    return tuple(line for index, line in enumerate(kept) if index not in gone)


def line_seconds(line: Line, rates: Rates | None = None) -> float:
    """How long one line takes to speak, in seconds, without the beat before it."""
    return _plan_line(0, line, 0.0, math.inf, rates or Rates()).end_s


def _plan_line(index: int, line: Line, start: float, duration_s: float, rates: Rates) -> PlannedLine:
    at = start
    over_from: int | None = None
    for char, seconds in _moments(line, rates):
        at += seconds
        if over_from is None and at > duration_s + _EPSILON_S:
            over_from = char
    over = max(0.0, at - max(duration_s, start))
    return PlannedLine(index, round(start, 3), round(at, 3), round(over, 3) if over > _EPSILON_S else 0.0, over_from)


def _moments(line: Line, rates: Rates) -> list[tuple[int, float]]:
    """Units of speech and pauses of a line in order: where in the text, and how many seconds."""
    pace = rates.pace(line.slot, line.text)
    moments = [(char, weight / pace.per_s) for char, weight in units_of(line.text, pace.unit)]
    pauses = _pauses(line.text)
    return sorted([*moments, *pauses]) if pauses else moments


@lru_cache(maxsize=512)
def _pauses(text: str) -> tuple[tuple[int, float], ...]:
    """Where a text pauses and for how many seconds. A pause at its end is the gap that follows."""
    length = len(text.rstrip())
    found = ((match.start(), match.end(), match.lastgroup) for match in _PAUSES.finditer(text))
    return tuple((start, _PAUSE_S[kind]) for start, end, kind in found if kind and end < length)


def _gap_before(line: Line, rows: list[PlannedLine]) -> float:
    """Seconds between the line before (or the start) and this one; negative where both are spoken at once."""
    words = f"{line.action} {line.connective or ''}"
    seconds = _SECONDS.search(words)
    if seconds:
        number = seconds.group("n").lower()
        return float(_NUMBER_WORDS.get(number, 0) or number)
    if not rows:
        return 0.0
    if _TOGETHER.search(words):
        return rows[-1].start_s - rows[-1].end_s
    if _LONG.search(words):
        return LONG_PAUSE_S
    if _QUICK.search(words):
        return QUICK_GAP_S
    return MOMENT_S if line.action or _MOMENT.search(words) else GAP_S


def _remedies(
    lines: Sequence[Line], rows: list[PlannedLine], total: float, duration_s: float, rates: Rates
) -> Iterator[Remedy]:
    over = total - duration_s
    last = lines[rows[-1].index]
    pace = rates.pace(last.slot, last.text)
    count = max(1, math.ceil(round(over * pace.per_s, 6)))
    yield Remedy("cut", f"Cut {count} {pace.unit_name(count)}", count=count)
    if duration_s < LONGEST_CLIP_S and total <= LONGEST_CLIP_S + _EPSILON_S:
        yield Remedy("longer", f"Switch to {LONGEST_CLIP_S} s", duration_s=LONGEST_CLIP_S)
    elif duration_s < LONGEST_CLIP_S:
        rest = max(1, math.ceil(round((total - LONGEST_CLIP_S) * pace.per_s, 6)))
        label = f"Switch to {LONGEST_CLIP_S} s and cut {rest} {pace.unit_name(rest)}"
        yield Remedy("longer", label, duration_s=LONGEST_CLIP_S, count=rest)
