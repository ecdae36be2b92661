"""One press is one POST and one paid take, whatever breaks: the answer, the line, or the studio's own process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.protocol.fal_over_tls import MEDIA, FalOverTls
from tests.protocol.live_rig import IMAGE_TO_VIDEO, TEXT_TO_VIDEO, Studio, assert_kept, assert_key_is_safe


def test_lost_answer_is_one_post_and_says_unknown(fal: FalOverTls, studio: Studio) -> None:
    fal.answers_to_lose = 1
    lost = studio.run("make", *TEXT_TO_VIDEO, "--key", "press-1")
    again = studio.run("make", *TEXT_TO_VIDEO, "--key", "press-1")
    for ran in (lost, again):
        assert (ran.code, ran.data["state"], ran.data["file"]) == (1, "unknown", None)
        assert ran.data["charge"] == "may_be_billed"
        assert ran.data["error"]["sentence"]
        assert ran.data["error"]["steps"]
    assert again.data["take_id"] == lost.data["take_id"]
    assert len(fal.submits) == 1
    assert len(fal.jobs) == 1


def test_presses_with_one_key_are_one_take(fal: FalOverTls, studio: Studio) -> None:
    with ThreadPoolExecutor(2) as hands:
        runs = list(hands.map(lambda _: studio.run("make", *TEXT_TO_VIDEO, "--key", "press-1"), range(2)))
    runs.append(studio.run("make", *TEXT_TO_VIDEO, "--key", "press-1"))
    for ran in runs:
        assert_kept(ran, 5.0)
    assert len({ran.data["take_id"] for ran in runs}) == 1
    assert len({ran.data["file"] for ran in runs}) == 1
    assert len(fal.submits) == 1


def test_killed_while_its_take_runs_it_is_kept_by_resume(fal: FalOverTls, studio: Studio) -> None:
    fal.may_finish.clear()
    making = studio.start("make", *IMAGE_TO_VIDEO, "--key", "press-1")
    fal.wait_until(lambda: any(job.looks for job in fal.jobs.values()))
    kill(making)
    fal.may_finish.set()
    assert_resumed(studio)
    assert_kept(studio.run("make", *IMAGE_TO_VIDEO, "--key", "press-1"), 5.0)
    assert len(fal.submits) == 1
    assert_key_is_safe(fal, studio)


def test_killed_while_its_clip_arrives_it_is_kept_by_resume(fal: FalOverTls, studio: Studio) -> None:
    fal.may_deliver.clear()
    making = studio.start("make", *TEXT_TO_VIDEO, "--key", "press-1")
    fal.wait_until(lambda: any(one.host == MEDIA for one in fal.seen))
    kill(making)
    fal.may_deliver.set()
    assert_resumed(studio)
    assert_kept(studio.run("show", "1"), 5.0)
    assert len(fal.submits) == 1


def test_killed_before_the_answer_it_is_unknown_and_not_sent_again(fal: FalOverTls, studio: Studio) -> None:
    fal.may_answer.clear()
    making = studio.start("make", *TEXT_TO_VIDEO, "--key", "press-1")
    fal.wait_until(lambda: len(fal.submits) == 1)
    kill(making)
    fal.may_answer.set()
    ran = studio.run("make", *TEXT_TO_VIDEO, "--key", "press-1")
    assert (ran.code, ran.data["state"]) == (1, "unknown")
    assert len(fal.submits) == 1


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9`, of the studio's process alone. Its workers must see for themselves that it is gone."""
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while is_group_alive(process.pid):
        assert time.monotonic() < deadline, "its workers outlive it"
        time.sleep(0.05)


def is_group_alive(group_id: int) -> bool:
    """Whether a process of the group still runs. One that has ended and was not collected yet is no longer alive."""
    try:
        os.killpg(group_id, 0)
    except ProcessLookupError:
        return False
    states = [state for state, group in processes() if group == group_id]
    return any(state != "Z" for state in states) if Path("/proc/self/stat").exists() else True


def processes() -> Iterator[tuple[str, int]]:
    """State and group of every process, where the system tells (`man 5 proc`)."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, group = path.read_text(errors="replace").rpartition(")")[2].split()[:3]
            yield state, int(group)


def assert_resumed(studio: Studio) -> None:
    resumed = studio.run("resume")
    assert resumed.code == 0
    assert [take["state"] for take in resumed.data] == ["kept"]
