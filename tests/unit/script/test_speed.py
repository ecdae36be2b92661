"""What the desk asks for at every key is worked out in a fraction of a frame."""

from __future__ import annotations

from statistics import median

from studio.script.compose import compile_prompt
from tests.bench.bench_script import TARGET_MS, draft, everything, milliseconds, typed


def test_full_prompt_is_compiled_checked_and_timed_in_under_five_milliseconds():
    scripts = [draft(10_000 + number) for number in range(60)]
    assert 2300 < len(compile_prompt(draft(1)).text) <= 2500
    milliseconds(everything, scripts[:10])
    assert median(milliseconds(everything, scripts[10:])) < TARGET_MS


def test_one_more_key_costs_less_than_the_whole_prompt():
    assert median(milliseconds(everything, typed())) < TARGET_MS / 2
