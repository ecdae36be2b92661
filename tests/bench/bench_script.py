"""Compile, lint and timing of a full prompt against writing the same script down as JSON and reading it back.

Prints, never asserts. Run it as `python -m tests.bench.bench_script`.
"""

from __future__ import annotations

import json
import time
from statistics import median

from studio.script.compose import compile_prompt
from studio.script.lint import lint
from studio.script.parse import merge, parse_prompt
from studio.script.scene import Line, Script, script_to_json
from studio.script.timing import plan_lines

ROUNDS = 200


def draft(number: int) -> Script:
    """A script of about 2,500 characters, different for every number so that no cache helps."""
    speech = "the light goes out tonight, Mara, and I am too old to climb at 7:{} with Dr. Voss {}."
    lines = tuple(
        Line(
            f"Keeper {i % 2}",
            i % 2 + 1,
            "low and tired, raspy voice",
            speech.format(i + 10, number),
            "The keeper lowers his cap and turns",
        )
        for i in range(8)
    )
    return Script(
        f"Dusk {number}. " + "Dusk on a wooden pier. " * 30, "Slow push in on them. " * 4, lines, "Gulls far off. " * 6
    )


def milliseconds(work, scripts: list[Script]) -> list[float]:  # type: ignore[no-untyped-def]
    """Of this thread's own time: what a busy machine gives to others is not the work's."""
    spent = []
    for script in scripts:
        start = time.thread_time()
        work(script)
        spent.append((time.thread_time() - start) * 1000)
    return spent


def typed() -> list[Script]:
    """The same script, key by key: what the desk asks for while a line is written."""
    script = draft(-1)
    words = "and nobody carries it on. " * 8
    return [script.with_line(3, text=words[:count]) for count in range(1, ROUNDS)]


def everything(script: Script) -> None:
    compile_prompt(script)
    lint(script, mode="image-to-video", values={"voice_ids": ["a", "b"], "duration": "10"})
    plan_lines(script.lines, 10)


def main() -> None:
    scripts = [draft(number) for number in range(ROUNDS)]
    prompts = {script: compile_prompt(script).text for script in scripts}
    print(f"prompt of {len(prompts[scripts[0]])} characters, {ROUNDS} different ones")
    fresh = [draft(number + ROUNDS) for number in range(ROUNDS)]
    bare = median(milliseconds(lambda script: json.loads(json.dumps(script_to_json(script))), scripts))
    for name, work, given in (
        ("compile + lint + timing", everything, fresh),
        ("the same, key by key", everything, typed()),
        ("parse", lambda script: parse_prompt(prompts[script]), scripts),
        ("merge a hand edit", lambda script: merge(script, prompts[script] + "!"), scripts),
    ):
        spent = sorted(milliseconds(work, given))
        print(
            f"{name:24} median {median(spent):5.2f} ms  p95 {spent[len(spent) * 95 // 100]:5.2f} ms  "
            f"{median(spent) / bare:6.1f} of JSON"
        )


if __name__ == "__main__":
    main()
