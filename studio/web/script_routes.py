"""Answers the dialogue desk: compiled prompt, timing and findings for what is being written; keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from studio.script.compose import Compiled, compile_prompt
from studio.script.lint import Finding, lint
from studio.script.parse import merge
from studio.script.paste import split_pasted
from studio.script.rates import Rates
from studio.script.scene import Line, Script, script_from_json, script_to_json
from studio.script.timing import Plan, Remedy, cut_to_fit, plan_lines

DEFAULT_DURATION_S = 5.0
LONGEST_DURATION_S = 60.0
LONGEST_PASTE = 60_000


class ScriptQuestion(BaseModel):
    """What the desk holds. `values` are the other fields in API names, `voice_ids` the filled slots in order."""

    mode: str = "image-to-video"
    script: dict[str, Any] = {}
    values: dict[str, Any] = {}
    voice_ids: list[str] = Field(default=[], max_length=16)


class ReadQuestion(BaseModel):
    mode: str = "image-to-video"
    script: dict[str, Any] = {}
    text: str = Field(default="", max_length=LONGEST_PASTE)


class PasteQuestion(BaseModel):
    text: str = Field(default="", max_length=LONGEST_PASTE)
    script: dict[str, Any] = {}


def script_routes(rates: Callable[[], Rates], prompt_limit: int) -> APIRouter:
    """`rates` gives the speaking rates learned so far."""
    router = APIRouter(prefix="/studio/script")

    @router.post("")
    def read_script(question: ScriptQuestion) -> dict[str, Any]:
        script = script_from_json(question.script)
        return answer_script(script, question.mode, question.values, question.voice_ids, rates(), prompt_limit)

    @router.post("/read")
    def read_edited(question: ReadQuestion) -> dict[str, Any]:
        return {"script": script_to_json(merge(script_from_json(question.script), question.text))}

    @router.post("/paste")
    def split(question: PasteQuestion) -> dict[str, Any]:
        lines = split_pasted(question.text)
        return {"lines": script_to_json(Script(lines=lines))["lines"]}

    return router


def answer_script(
    script: Script, mode: str, values: Mapping[str, Any], voice_ids: list[str], rates: Rates, prompt_limit: int
) -> dict[str, Any]:
    """Everything that the desk draws for one script. Times in seconds, spans in characters of the prompt."""
    compiled = compile_prompt(script, mode)
    paced = rates.with_slots(tuple(voice_ids))
    plan = plan_lines(script.lines, _duration_s(values), paced)
    given = {**values, "voice_ids": voice_ids}
    return {
        "prompt": compiled.text,
        "limit": prompt_limit,
        "spans": _spans(compiled, script),
        "plan": _plan(plan, script, paced),
        "findings": [_finding(found) for found in lint(script, mode=mode, values=given, rates=paced)],
    }


def _duration_s(values: Mapping[str, Any]) -> float:
    """The clip's length in seconds; five where what is given is no length."""
    try:
        given = float(values.get("duration") or DEFAULT_DURATION_S)
    except (TypeError, ValueError, OverflowError):
        return DEFAULT_DURATION_S
    return given if 0 < given <= LONGEST_DURATION_S else DEFAULT_DURATION_S


def _spans(compiled: Compiled, script: Script) -> list[dict[str, Any]]:
    rows = []
    for span in compiled.spans:
        line = (
            script.lines[span.line_index]
            if span.line_index is not None and span.line_index < len(script.lines)
            else None
        )
        rows.append({"kind": span.kind, "start": span.start, "end": span.end, "slot": line.slot if line else None})
    return rows


def _plan(plan: Plan, script: Script, rates: Rates) -> dict[str, Any]:
    over = f"{-plan.spare_s:.1f} s too long for {plan.duration_s:g} s"
    return {
        "rows": [{**vars(row), "pace": _pace(script.lines[row.index], rates)} for row in plan.rows],
        "total_s": plan.total_s,
        "spare_s": 0.0 if plan.fits and plan.spare_s < 0 else plan.spare_s,
        "duration_s": plan.duration_s,
        "sentence": plan.summary if plan.fits else over,
        "remedies": [_remedy(remedy, plan, script, rates) for remedy in plan.remedies],
    }


def _remedy(remedy: Remedy, plan: Plan, script: Script, rates: Rates) -> dict[str, Any]:
    """A remedy as a mend: the script without the words that are too many, the longer clip, or both."""
    mend: dict[str, Any] = {"kind": remedy.kind, "label": remedy.label}
    if remedy.duration_s is not None:
        mend["values"] = {"duration": f"{remedy.duration_s:g}"}
        plan = plan_lines(script.lines, remedy.duration_s, rates)
    if remedy.count:
        mend["script"] = script_to_json(replace(script, lines=cut_to_fit(script.lines, plan), raw=None))
    return mend


def _pace(line: Line, rates: Rates) -> str:
    """Where a line's seconds come from."""
    pace = rates.pace(line.slot, line.text)
    given = f"{pace.per_s:.2g} {pace.unit_name(2)} a second"
    return f"{given}, as heard in your takes" if rates.is_learned(line.slot, line.text) else f"{given}, a usual pace"


def _finding(found: Finding) -> dict[str, Any]:
    fix: dict[str, Any] | None = None
    if found.fix is not None:
        fix = {"label": found.fix.label}
        if found.fix.script is not None:
            fix["script"] = script_to_json(found.fix.script)
        if found.fix.values:
            fix["values"] = dict(found.fix.values)
    return {
        "code": found.code,
        "message": found.message,
        "line": found.line_index,
        "field": found.field,
        "is_blocking": found.is_blocking,
        "fix": fix,
    }
