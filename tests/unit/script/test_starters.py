"""The example scenes: sound, complete, and examples of what the linter asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.script.compose import compile_prompt, tidy
from studio.script.lint import lint
from studio.script.parse import parse_prompt
from studio.script.starters import Starter, all_starters, find_starter
from studio.script.timing import plan_lines

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
STARTERS = [pytest.param(starter, id=starter.id) for starter in all_starters()]


def test_starters_cover_the_three_modes_and_have_ids_of_their_own():
    assert {starter.mode for starter in all_starters()} == {"image-to-video", "text-to-video", "motion-control"}
    assert len({starter.id for starter in all_starters()}) == len(all_starters())
    assert find_starter("a-whisper") is not None
    assert find_starter("nothing") is None


@pytest.mark.parametrize("starter", STARTERS)
def test_starter_has_no_findings_and_fits_its_clip(starter: Starter):
    assert lint(starter.script, mode=starter.mode, values=starter.values) == ()
    assert plan_lines(starter.script.lines, float(starter.values.get("duration", 5))).fits


@pytest.mark.parametrize("starter", STARTERS)
def test_starter_is_read_back_from_its_prompt(starter: Starter):
    assert parse_prompt(starter.prompt) == tidy(starter.script)
    assert compile_prompt(starter.script).text == starter.prompt


@pytest.mark.parametrize("starter", STARTERS)
def test_files_of_a_starter_exist(starter: Starter):
    assert all((SAMPLES / name).is_file() for name in starter.files.values())
