"""What is wrong or unwise in a draft, said before money is spent. Each finding has its mend; few block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from studio.script.boxes import sentences
from studio.script.compose import compile_prompt
from studio.script.findings import PROMPT_MAX_CHARS, Draft, Finding, Fix
from studio.script.lint_lines import check_lines
from studio.script.lint_voices import check_voices
from studio.script.rates import Rates
from studio.script.scene import BOXES, Script
from studio.script.timing import cut_to_fit

__all__ = ["Finding", "Fix", "lint"]

_SPACES = re.compile(r"[^\S\n]{2,}|\n{3,}")
_MIN_BOX_CHARS = 1


def lint(script: Script, *, mode: str, values: Mapping[str, Any], rates: Rates | None = None) -> tuple[Finding, ...]:
    """Every finding of a draft for `mode` with `values` (API names), blocking first, then by line. Never raises."""
    draft = Draft(script, mode, values, rates or Rates())
    found = [*_check_length(draft), *check_voices(draft), *check_lines(draft), *_check_fit(draft), *_check_sound(draft)]
    if draft.by_hand is not None:
        found = [replace(finding, line_index=None) for finding in found] + [_by_hand(draft.by_hand)]
    order = {id(finding): place for place, finding in enumerate(found)}
    return tuple(sorted(found, key=lambda f: (not f.is_blocking, _row(f), order[id(f)])))


def _row(finding: Finding) -> int:
    return 10_000 if finding.line_index is None else finding.line_index


def _by_hand(script: Script) -> Finding:
    message = (
        "This prompt was edited by hand and could not be split into rows. It is sent as written, whatever the rows say."
    )
    return Finding("by_hand", message, None, "prompt", Fix("Go back to the rows", replace(script, raw=None)))


def _check_length(draft: Draft) -> Iterator[Finding]:
    length = len(draft.compiled.text)
    if length <= PROMPT_MAX_CHARS:
        return
    over = length - PROMPT_MAX_CHARS
    message = f"Prompt is {over:,} too long. Kling reads {PROMPT_MAX_CHARS:,} characters, this has {length:,}."
    yield Finding("too_long", message, None, "prompt", _shorten(draft), is_blocking=True)


def _shorten(draft: Draft) -> Fix:
    """A script that fits: double spaces first, then last sentences of the longest box, then last lines."""
    script = draft.script
    if script.raw is not None:
        return Fix(f"Keep the first {PROMPT_MAX_CHARS:,} characters", replace(script, raw=_cut_text(script.raw)))
    for box in BOXES:
        script = _with_box(script, box, _SPACES.sub(" ", getattr(script, box)))
    over = len(compile_prompt(script, draft.mode).text) - PROMPT_MAX_CHARS
    for _attempt in range(len(BOXES) * 2):
        box = max(BOXES, key=lambda name: len(getattr(script, name)))
        words = getattr(script, box)
        if over <= 0 or len(words) <= _MIN_BOX_CHARS:
            break
        script = _with_box(script, box, _without_end(words, over))
        over = len(compile_prompt(script, draft.mode).text) - PROMPT_MAX_CHARS
    while over > 0 and script.lines:
        script = replace(script, lines=_shorter_lines(script, over))
        over = len(compile_prompt(script, draft.mode).text) - PROMPT_MAX_CHARS
    if over > 0:  # only the words between boxes are left
        return Fix(f"Keep the first {PROMPT_MAX_CHARS:,} characters", Script(scene=_cut_text(draft.compiled.text)))
    return Fix("Cut the last sentences", script)


def _with_box(script: Script, box: str, words: str) -> Script:
    changes: dict[str, Any] = {box: words}
    return replace(script, **changes)


def _shorter_lines(script: Script, over: int) -> tuple[Any, ...]:
    """The lines with the last one cut, or gone where too little of it would be left."""
    *rest, last = script.lines
    keep = len(last.text) - over
    if keep < 20:
        return tuple(rest)
    return (*rest, replace(last, text=_cut_text(last.text, keep)))


def _without_end(words: str, over: int) -> str:
    """Words without so many last sentences that `over` characters are gone; cut at a space where one is too long."""
    limit = len(words) - over
    if limit <= 0:
        return ""
    ends = [end for _start, end in sentences(words) if end <= limit]
    return words[: ends[-1]] if ends else _cut_text(words, limit)


def _cut_text(text: str, limit: int = PROMPT_MAX_CHARS) -> str:
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", 0, limit + 1)
    return text[: cut if cut > limit // 2 else limit].rstrip()


def _check_fit(draft: Draft) -> Iterator[Finding]:
    plan = draft.plan
    if not draft.has_speech or plan.fits or draft.is_silent:
        return
    last = plan.rows[-1].index
    yield Finding("too_long_to_speak", plan.summary, last, "duration", _make_fit(draft))


def _make_fit(draft: Draft) -> Fix:
    """Ten seconds where the lines fit into them, else the words past the end cut away."""
    for remedy in draft.plan.remedies:
        if remedy.kind == "longer" and not remedy.count:
            return Fix(remedy.label, values={"duration": str(remedy.duration_s)})
    lines = cut_to_fit(draft.script.lines, draft.plan)
    label = next(remedy.label for remedy in draft.plan.remedies if remedy.kind == "cut")
    return Fix(label, script=replace(draft.script, lines=lines, raw=None))


def _check_sound(draft: Draft) -> Iterator[Finding]:
    if draft.is_silent and draft.has_speech and draft.lines and not draft.script.slots:
        message = "Sound is off, so nobody will speak these lines. Turn sound on."
        yield Finding(
            "sound_off", message, None, "generate_audio", Fix("Turn sound on", values={"generate_audio": True})
        )
    if draft.lines and not draft.has_speech:
        message = "Motion control speaks no lines: its sound is the clip's. Take the lines out, or use Image to video."
        yield Finding(
            "no_speech_here", message, draft.lines[0][0], "prompt", Fix("Take the lines out", _without_lines(draft))
        )


def _without_lines(draft: Draft) -> Script:
    return replace(draft.script, lines=(), raw=None)
