"""A studio that is killed at any durable step comes back: nothing lost, nothing doubled. The quick part.

The whole of it is `python -m tests.protocol.kill_run --kills 200`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.protocol.kill_run import PROCESSES, Tally, each_once, find_marks, live

LIVES = ["text", "lost answer", "busy", "cancelled late"]


@pytest.mark.timeout(400)  # some forty processes are born; less than half a minute on two free processors
def test_a_kill_at_any_durable_step_loses_and_doubles_nothing() -> None:
    total = Tally()
    with ThreadPoolExecutor(PROCESSES) as pool:
        marks = find_marks(LIVES, pool)
        plans = [plan for plan in each_once(marks) if str(plan[1][0]).endswith("after")]
        # Accepted by fal and not yet written down; and the same with a second kill while it is picked up.
        plans += [("text", ("ticket before",)), ("text", ("ticket before", 0))]
        for tally, _ in pool.map(lambda plan: live(*plan), plans):
            total.add(tally)
    assert total.broken == []
    assert (total.lost, total.doubled) == (0, 0)
    assert total.kills >= len(plans)
    steps = {mark.split()[0] for _, mark in total.points}
    assert steps >= {"intent", "submitting", "ticket", "slip", "result", "file", "recipe", "kept", "unknown", "found"}
    assert total.kept == total.paid > 10
