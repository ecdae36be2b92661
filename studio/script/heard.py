"""When each line was heard, from where speech is found in a take's sound. Aligns times; never opens a sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from studio.script.rates import Rates
from studio.script.scene import Line
from studio.script.timing import GAP_S, line_seconds

_MISS_COST = 1.2  # of a line that was not spoken at all, in units of its own length
_NOISE_COST = 0.8  # of a second of speech that is no line
_FREE_SLACK = 1.25  # a span may differ by this factor from the planned length at hardly any cost
_WEIGHTIEST_S = 3.0  # a longer line is no more certain to have been spoken than one of this length
_MAX_SPANS = 120
_SHORTEST_S = 0.25  # of a piece that a span is cut into
_BREATH_S = 0.12  # spans closer than this are one


@dataclass(frozen=True)
class HeardLine:
    """When line `index` is spoken in a take, in seconds."""

    index: int
    start_s: float
    end_s: float


def align(
    lines: Sequence[Line], speech: Sequence[tuple[float, float]], rates: Rates | None = None
) -> tuple[HeardLine, ...]:
    """The span of each line that was heard: every line gets one run of neighbouring spans, in order, or none.

    Dynamic programming over lines and spans: a run costs how far its length is from the line's planned length
    (in logarithms), a line without a run and a span without a line cost more. One long span that several lines share
    is first cut where the plan has the gap.
    """
    rates = rates or Rates()
    spoken = [(i, line_seconds(line, rates)) for i, line in enumerate(lines) if line.text.strip()]
    spoken = [(i, length) for i, length in spoken if length > 0.05]
    spans = _cleaned(speech)
    if not spoken or not spans:
        return ()
    if len(spans) < len(spoken):
        spans = _cut(spans, [length for _i, length in spoken])
    runs = _best_runs([length for _i, length in spoken], spans)
    return tuple(
        HeardLine(index, round(spans[first][0], 3), round(spans[last - 1][1], 3))
        for (index, _length), (first, last) in zip(spoken, runs, strict=True)
        if last > first
    )


def learn(rates: Rates, lines: Sequence[Line], heard: Sequence[HeardLine], voices: Sequence[str] = ()) -> Rates:
    """The rates after one take: each heard line against its words. `voices` are the voice ids of slots 1, 2."""
    for row in heard:
        line = lines[row.index]
        voice = voices[line.slot - 1] if line.slot is not None and line.slot <= len(voices) else ""
        rates = rates.update(voice, line.text, row.end_s - row.start_s)
    return rates


def _cleaned(speech: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in order, without overlaps, with breaths closed; the longest ones where there are far too many."""
    good = sorted((float(a), float(b)) for a, b in speech if math.isfinite(a) and math.isfinite(b) and b > a >= 0)
    spans: list[tuple[float, float]] = []
    for start, end in good:
        if spans and start - spans[-1][1] < _BREATH_S:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    if len(spans) > _MAX_SPANS:
        spans = sorted(sorted(spans, key=lambda s: s[0] - s[1])[:_MAX_SPANS])
    return spans


def _cut(spans: list[tuple[float, float]], lengths: list[float]) -> list[tuple[float, float]]:
    """Spans cut at the lines' planned boundaries, where there are fewer spans than lines."""
    spans = list(spans)
    total_speech = sum(end - start for start, end in spans)
    scale = total_speech / sum(lengths)
    bounds, at = [], 0.0
    for length in lengths[:-1]:
        at += length * scale
        bounds.append(at)
    heard_so_far = 0.0
    pieces: list[tuple[float, float]] = []
    for start, end in spans:
        cuts: list[float] = []
        for cut in (start + bound - heard_so_far for bound in bounds):
            if max([start, *cuts[-1:]]) + _SHORTEST_S < cut < end - _SHORTEST_S:
                cuts.append(cut)
        half_gap = min(GAP_S / 2, 0.05)
        edges = [start, *[e for c in cuts for e in (c - half_gap, c + half_gap)], end]
        pieces += list(zip(edges[::2], edges[1::2], strict=True))
        heard_so_far += end - start
    return pieces if len(pieces) <= max(len(lengths), len(spans)) else spans


def _best_runs(lengths: list[float], spans: list[tuple[float, float]]) -> list[tuple[int, int]]:
    """For each line the half-open run of spans it is spoken in; an empty run for a line not heard."""
    many, count = len(lengths), len(spans)
    infinite = math.inf
    best = [[infinite] * (count + 1) for _ in range(many + 1)]
    came: list[list[tuple[int, int]]] = [[(0, 0)] * (count + 1) for _ in range(many + 1)]
    noise = [_NOISE_COST * (end - start) for start, end in spans]
    best[0][0] = 0.0
    for i in range(many + 1):
        for j in range(count + 1):
            here = best[i][j]
            if here == infinite:
                continue
            if j < count and here + noise[j] < best[i][j + 1]:
                best[i][j + 1], came[i][j + 1] = here + noise[j], (i, j)
            if i == many:
                continue
            miss = _MISS_COST * min(lengths[i], _WEIGHTIEST_S)
            if here + miss < best[i + 1][j]:
                best[i + 1][j], came[i + 1][j] = here + miss, (i, j)
            _extend(best, came, i, j, lengths[i], spans)
    return _walk_back(came, many, count)


def _extend(
    best: list[list[float]],
    came: list[list[tuple[int, int]]],
    i: int,
    j: int,
    length: float,
    spans: list[tuple[float, float]],
) -> None:
    silence = 0.0
    for k in range(j + 1, len(spans) + 1):
        if k > j + 1:
            silence += spans[k - 1][0] - spans[k - 2][1]
        run = spans[k - 1][1] - spans[j][0]
        if run > 4 * length + 1 and k > j + 1:
            return
        cost = best[i][j] + _length_cost(run, length) + 0.5 * silence
        if cost < best[i + 1][k]:
            best[i + 1][k], came[i + 1][k] = cost, (i, j)


def _length_cost(run: float, length: float) -> float:
    off = abs(math.log(run / max(length, 0.05)))
    slack = math.log(_FREE_SLACK)
    return (0.1 * off if off <= slack else 0.1 * slack + (off - slack)) * min(max(length, 0.3), _WEIGHTIEST_S)


def _walk_back(came: list[list[tuple[int, int]]], many: int, count: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    i, j = many, count
    while (i, j) != (0, 0):
        before = came[i][j]
        if before[0] < i:
            runs.append((before[1], j))
        i, j = before
    return runs[::-1]
