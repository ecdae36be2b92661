"""Our own prompts in many shapes, languages and mistakes, each with the rows and findings it must give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.script.compose import compile_prompt
from studio.script.lint import lint
from studio.script.parse import parse_prompt

CORPUS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("corpus.json").read_text(encoding="utf-8"))
CASES = [pytest.param(case, id=case["name"]) for case in CORPUS]


def test_corpus_holds_at_least_sixty_prompts_of_different_text():
    assert len({case["prompt"] for case in CORPUS}) >= 60


@pytest.mark.parametrize("case", CASES)
def test_prompt_is_read_into_its_rows(case: dict[str, Any]):
    rows = [[line.speaker, line.slot, line.delivery, line.text] for line in parse_prompt(case["prompt"]).lines]
    assert rows == case["rows"]


@pytest.mark.parametrize("case", CASES)
def test_prompt_is_compiled_back_to_the_letter(case: dict[str, Any]):
    script = parse_prompt(case["prompt"])
    assert script.raw is None
    assert compile_prompt(script).text == case["prompt"]


@pytest.mark.parametrize("case", CASES)
def test_draft_gives_its_findings(case: dict[str, Any]):
    found = lint(parse_prompt(case["prompt"]), mode=case["mode"], values=case["values"])
    assert [finding.code for finding in found] == case["findings"]


@pytest.mark.parametrize("case", CASES)
def test_every_mend_ends_its_own_finding(case: dict[str, Any]):
    script = parse_prompt(case["prompt"])
    for finding in lint(script, mode=case["mode"], values=case["values"]):
        assert finding.fix is not None
        mended = finding.fix.script or script
        values = {**case["values"], **(finding.fix.values or {})}
        left = [
            other
            for other in lint(mended, mode=case["mode"], values=values)
            if (other.code, other.line_index, other.message) == (finding.code, finding.line_index, finding.message)
        ]
        assert left == [], finding.code
