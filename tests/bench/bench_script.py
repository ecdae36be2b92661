"""How long compile, lint and timing of a full prompt take. Prints, never asserts. Run it as a script."""

from __future__ import annotations

import time
from statistics import median

from studio.script.compose import compile_prompt
from studio.script.lint import lint
from studio.script.parse import merge, parse_prompt
from studio.script.scene import Line, Script
from studio.script.timing import plan_lines

ROUNDS = 200
TARGET_MS = 5.0


def draft(number: int) -> Script:
    """A script of about 2,500 characters, different for every number so that no cache helps."""
    speech = f"the light goes out tonight, Mara, and I am too old to climb at 7:30 with Dr. Voss {number}."
    lines = tuple(
        Line(f"Keeper {i % 2}", i % 2 + 1, "low and tired, raspy voice", speech, "The keeper lowers his cap and turns")
        for i in range(8)
    )
    return Script(
        f"Dusk {number}. " + "Dusk on a wooden pier. " * 30, "Slow push in on them. " * 4, lines, "Gulls far off. " * 6
    )


def milliseconds(work, scripts: list[Script]) -> list[float]:  # type: ignore[no-untyped-def]
    spent = []
    for script in scripts:
        start = time.perf_counter()
        work(script)
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def everything(script: Script) -> None:
    compile_prompt(script)
    lint(script, mode="image-to-video", values={"voice_ids": ["a", "b"], "duration": "10"})
    plan_lines(script.lines, 10)


def main() -> None:
    scripts = [draft(number) for number in range(ROUNDS)]
    prompts = {script: compile_prompt(script).text for script in scripts}
    print(f"prompt of {len(prompts[scripts[0]])} characters, {ROUNDS} different ones")
    fresh = [draft(number + ROUNDS) for number in range(ROUNDS)]
    for name, work, given in (
        ("compile + lint + timing", everything, fresh),
        ("parse", lambda script: parse_prompt(prompts[script]), scripts),
        ("merge a hand edit", lambda script: merge(script, prompts[script] + "!"), scripts),
    ):
        spent = sorted(milliseconds(work, given))
        ratio = median(spent) / TARGET_MS
        print(
            f"{name:24} median {median(spent):5.2f} ms  p95 {spent[int(ROUNDS * 0.95)]:5.2f} ms  {ratio:.2f} of target"
        )


if __name__ == "__main__":
    main()
