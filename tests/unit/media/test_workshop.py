"""The workshop survives whatever a job does to its worker."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.media.errors import MediaError
from studio.media.workshop import Workshop

BLOW_UP = "x = []\nwhile True: x.append(bytearray(1 << 24))"
SPIN = "[0 for _ in iter(int, 1)]"


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with Workshop(max_workers=2, memory_bytes=256 * 2**20, time_s=20) as made:
        yield made


def code_of(workshop: Workshop, fn: object, *args: object) -> str:
    with pytest.raises(MediaError) as caught:
        workshop.run_sync(fn, *args)  # type: ignore[arg-type]
    assert caught.value.message.endswith(".")
    assert "Traceback" not in str(caught.value)
    return caught.value.code


def test_a_job_answers_from_another_process(workshop: Workshop) -> None:
    assert workshop.run_sync(os.getpid) != os.getpid()


def test_a_worker_is_kept_warm_between_jobs(workshop: Workshop) -> None:
    first = workshop.run_sync(os.getpid)
    assert workshop.run_sync(os.getpid) == first


def test_a_worker_that_dies_is_replaced(workshop: Workshop) -> None:
    assert code_of(workshop, os._exit, 3) == "crashed"
    assert workshop.run_sync(len, "abc") == 3


def test_a_job_that_takes_all_memory_is_ended_and_the_next_one_works(workshop: Workshop) -> None:
    assert code_of(workshop, exec, BLOW_UP) == "memory"
    assert workshop.run_sync(len, "abc") == 3


@pytest.mark.parametrize(("fn", "argument"), [(time.sleep, 60), (eval, SPIN)])
def test_a_job_that_never_ends_is_ended(fn: object, argument: object) -> None:
    with Workshop(max_workers=1, time_s=5) as workshop:
        assert code_of(workshop, fn, argument) == "timeout"
        assert workshop.run_sync(len, "abc") == 3


def test_an_unexpected_error_is_told_in_plain_words(workshop: Workshop) -> None:
    with pytest.raises(MediaError, match="may be damaged") as caught:
        workshop.run_sync(eval, "1 / 0")
    assert caught.value.code == "broken"
    assert "ZeroDivisionError" in caught.value.detail


def test_an_answer_that_is_not_plain_data_is_never_built(workshop: Workshop) -> None:
    assert code_of(workshop, eval, "__import__('os').system") == "broken"


def test_a_key_in_the_environment_stays_out_of_the_worker(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "not-for-files")
    with Workshop(max_workers=1) as fresh:
        assert fresh.run_sync(eval, "'FAL_KEY' in __import__('os').environ") is False


def test_what_a_library_prints_does_not_disturb_the_answer(workshop: Workshop) -> None:
    assert workshop.run_sync(eval, "[print('noise' * 9999), 5][1]") == 5


async def test_other_jobs_go_on_while_one_is_ended(workshop: Workshop) -> None:
    results = await asyncio.gather(
        workshop.run(os._exit, 1), workshop.run(len, "abcd"), workshop.run(len, "ab"), return_exceptions=True
    )
    assert isinstance(results[0], MediaError)
    assert results[1:] == [4, 2]


async def test_the_event_loop_runs_on_while_a_job_is_busy(workshop: Workshop) -> None:
    job = asyncio.create_task(workshop.run(time.sleep, 0.4))
    ticks = 0
    while not job.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks >= 8


async def test_a_cancelled_job_frees_its_worker_at_once() -> None:
    with Workshop(max_workers=1, time_s=60) as workshop:
        await workshop.run(len, "warm")
        job = asyncio.create_task(workshop.run(time.sleep, 50))
        await asyncio.sleep(0.1)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        assert await asyncio.wait_for(workshop.run(len, "abc"), 10) == 3


async def test_a_cancelled_job_in_the_queue_never_starts() -> None:
    with Workshop(max_workers=1, time_s=60) as workshop:
        busy = asyncio.create_task(workshop.run(time.sleep, 0.3))
        await asyncio.sleep(0.02)
        waiting = asyncio.create_task(workshop.run(os._exit, 1))
        await asyncio.sleep(0.02)
        waiting.cancel()
        assert await busy is None
        with pytest.raises(asyncio.CancelledError):
            await waiting


def test_a_closed_workshop_says_so() -> None:
    workshop = Workshop(max_workers=1)
    workshop.close()
    assert code_of(workshop, len, "abc") == "closed"


async def test_closing_ends_jobs_under_way() -> None:
    workshop = Workshop(max_workers=1, time_s=60)
    await workshop.run(len, "warm")
    job = asyncio.create_task(workshop.run(time.sleep, 50))
    await asyncio.sleep(0.1)
    await asyncio.to_thread(workshop.close)
    with pytest.raises(MediaError, match="closing"):
        await job


def test_nothing_starts_before_it_is_needed() -> None:
    with Workshop() as workshop:
        assert not workshop.process_ids()
        workshop.run_sync(len, "abc")
        assert len(workshop.process_ids()) == 1


def test_no_worker_outlives_a_studio_that_was_killed() -> None:
    """The studio has no main guard here either: a worker must not import the main file again."""
    code = (
        "import os\nfrom studio.media.workshop import Workshop\n"
        "workshop = Workshop()\nprint(workshop.run_sync(os.getpid), flush=True)\nos._exit(9)\n"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=30)
    process_id = int(done.stdout)
    deadline = time.monotonic() + 10
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(process_id)


def is_running(process_id: int) -> bool:
    """A process that has ended but was not reaped by anybody counts as ended."""
    status = Path(f"/proc/{process_id}/stat")
    if status.parent.parent.joinpath("self").exists():
        try:
            return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
