"""The workshop survives whatever a job does to its worker."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.media.child import Worker, read_answer
from studio.media.errors import MediaError
from studio.media.workshop import Workshop, _Job

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


@pytest.mark.parametrize("answer", [("ok",), ("ok", 1), ("error", "x", 0), ("ok", 1, "much"), 7])
def test_an_answer_of_another_shape_makes_no_sense(answer: object) -> None:
    with pytest.raises(MediaError, match="makes no sense"):
        read_answer(pickle.dumps(answer))


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


HOLD = f"__import__('sys').modules.setdefault('held', bytearray({450 * 2**20})) and None"


def test_a_worker_that_keeps_much_after_a_job_is_replaced() -> None:
    with Workshop(max_workers=1) as workshop:
        first = workshop.run_sync(os.getpid)
        workshop.run_sync(eval, HOLD)
        assert workshop.run_sync(os.getpid) != first


def test_what_refers_to_itself_is_gone_before_the_next_job() -> None:
    with Workshop(max_workers=1) as workshop:
        workshop.run_sync(exec, CYCLE)
        assert workshop.run_sync(eval, "__import__('sys').modules['trace']() is None")


CYCLE = """
import sys, weakref
class Picture: pass
one = Picture()
one.itself = one
sys.modules["trace"] = weakref.ref(one)
"""


@pytest.mark.parametrize("code", ["broken", "damaged", "memory"])
def test_a_worker_that_met_a_bad_file_is_replaced(workshop: Workshop, code: str) -> None:
    first = workshop.run_sync(os.getpid)
    code_of(workshop, exec, f"from studio.media.errors import MediaError\nraise MediaError('{code}', 'Bad.')")
    assert workshop.run_sync(os.getpid) != first


def test_a_worker_that_refused_a_file_in_words_is_kept(workshop: Workshop) -> None:
    first = workshop.run_sync(os.getpid)
    code_of(workshop, exec, "from studio.media.errors import MediaError\nraise MediaError('too_long', 'Trim.')")
    assert workshop.run_sync(os.getpid) == first


async def test_abandoning_a_job_never_harms_the_next_one() -> None:
    with Workshop(max_workers=1, time_s=60) as workshop:
        await workshop.run(len, "warm")
        for wait_s in [0.003 + 0.0005 * step for step in range(12)] * 3:
            leaving = asyncio.create_task(workshop.run(time.sleep, 0.005))
            staying = asyncio.create_task(workshop.run(len, "abc"))
            await asyncio.sleep(wait_s)
            leaving.cancel()
            assert await staying == 3
            await asyncio.gather(leaving, return_exceptions=True)


def test_a_worker_abandoned_as_it_answers_is_not_used_again(workshop: Workshop) -> None:
    first = workshop.run_sync(os.getpid)
    job = _Job(pickle.dumps((len, ("abc",), 20.0)), 20.0)
    run_on = job.run_on

    def answered_and_abandoned(worker: Worker) -> bytes:
        answer = run_on(worker)
        job.abandon()
        return answer

    job.run_on = answered_and_abandoned  # type: ignore[method-assign]
    assert workshop._serve(job) == 3
    assert workshop.run_sync(os.getpid) != first


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_job_whose_worker_was_killed_at_once_is_tried_again(workshop: Workshop, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    kill_first = (
        "import os, pathlib, signal\n"
        f"seen = pathlib.Path({str(seen)!r})\n"
        "if not seen.exists():\n    seen.touch()\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert workshop.run_sync(exec, kill_first) is None
    after_a_while = "import os, signal, time\ntime.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)"
    assert code_of(workshop, exec, after_a_while) == "memory"


async def test_what_was_paid_for_never_waits_behind_files_that_hang() -> None:
    with Workshop(max_workers=2, time_s=60) as workshop:
        hanging = [asyncio.create_task(workshop.run(time.sleep, 50)) for _ in range(3)]
        assert await asyncio.wait_for(workshop.run_reserved(len, "abc"), 20) == 3
        for job in hanging:
            job.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


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
