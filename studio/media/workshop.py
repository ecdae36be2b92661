"""A few warm worker processes that run jobs on files from outside; never decodes anything in the studio itself.

A job that hangs, crashes or takes too much memory ends its own worker and nothing else: the caller gets a MediaError,
the next job a fresh worker. Workers are started when first needed and kept. They are plain child processes and not
`multiprocessing` ones, because those import the program's main file again: every worker would build the whole page.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from studio.media import wording
from studio.media.child import Lost, Worker, read_answer
from studio.media.errors import MediaError
from studio.media.worker import Answer, memory_message

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

DEFAULT_MEMORY_BYTES = 2 * 2**30
DEFAULT_TIME_S = 120.0
JOBS_PER_WORKER = 200  # then a fresh one, so that no library's leak can add up
MOST_HELD_BYTES = 400 * 2**20  # a worker that keeps more than this after a job would leave the next one too little
_WEARING = ("broken", "damaged", "memory")  # jobs that end so may leave their worker in any state


class Workshop:
    """Runs functions in worker processes. `memory_bytes` and `time_s` bound each job.

    Functions are named by their module, so lambdas and functions of a main file do not work; they return plain
    values, paths and frozen data of the studio. Safe to use from any thread and any event loop.

    One thread more is kept for `run_reserved`: files that hang their readers fill the others only.
    """

    def __init__(
        self, max_workers: int = 2, memory_bytes: int = DEFAULT_MEMORY_BYTES, time_s: float = DEFAULT_TIME_S
    ) -> None:
        self._memory_bytes = memory_bytes
        self._time_s = time_s
        self._threads = ThreadPoolExecutor(max_workers, thread_name_prefix="workshop")
        self._reserve = ThreadPoolExecutor(1, thread_name_prefix="workshop-reserve")
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._finalizer = weakref.finalize(self, _kill_all, self._all)

    async def run(self, fn: Callable[P, T], *args: P.args, **nothing: P.kwargs) -> T:
        """Run `fn(*args)` in a worker and wait without blocking the loop. Raises MediaError.

        Cancelling the caller ends the job: a queued one never starts, a running one loses its worker.
        """
        return await self._wait(*self._submit(self._threads, fn, args, nothing))

    async def run_reserved(self, fn: Callable[P, T], *args: P.args, **nothing: P.kwargs) -> T:
        """The same for what was paid for: it never waits behind files that somebody only looks at."""
        return await self._wait(*self._submit(self._reserve, fn, args, nothing))

    async def _wait(self, job: _Job, future: Future[T]) -> T:
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            job.abandon()
            raise

    def run_sync(self, fn: Callable[P, T], *args: P.args, **nothing: P.kwargs) -> T:
        """The same for callers without an event loop; blocks the calling thread."""
        return self._submit(self._threads, fn, args, nothing)[1].result()

    def process_ids(self) -> list[int]:
        """The workers alive now, for the doctor and the tests."""
        with self._lock:
            return sorted(worker.process_id for worker in self._all if worker.is_alive)

    def close(self) -> None:
        """End all workers. Jobs under way raise MediaError; no new ones are taken."""
        with self._lock:
            self._is_closed = True
        for threads in (self._threads, self._reserve):
            threads.shutdown(wait=False, cancel_futures=True)
        _kill_all(self._all)
        for threads in (self._threads, self._reserve):
            threads.shutdown(wait=True)

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _submit(
        self, threads: ThreadPoolExecutor, fn: Callable[..., T], args: Any, nothing: Any
    ) -> tuple[_Job, Future[T]]:
        if nothing:
            raise TypeError("a job takes positional arguments only")
        job = _Job(pickle.dumps((fn, args, self._time_s)), self._time_s)
        try:
            return job, threads.submit(self._serve, job)
        except RuntimeError:  # the executor takes no more work
            raise _closed() from None

    def _serve(self, job: _Job) -> Any:
        try:
            kind, value = self._answered(job)
        except Lost as lost:
            if not lost.is_innocent or lost.is_late or job.is_abandoned or self._is_closed:
                raise self._explain(lost, job) from None
            kind, value = self._answered_at_last(job)
        if kind == "ok":
            return value
        code, message, field, detail = value
        if detail:
            _log.info("a media job failed (%s): %s", code, detail)
        raise MediaError(code, message, field, detail)

    def _answered_at_last(self, job: _Job) -> Answer:
        try:
            return self._answered(job)
        except Lost as lost:
            raise self._explain(lost, job) from None

    def _answered(self, job: _Job) -> Answer:
        """The answer of a worker, which is kept for the next job where this one left no mark on it."""
        worker = self._take()
        try:
            kind, value, held_bytes = read_answer(job.run_on(worker))
        except BaseException:
            self._retire(worker)
            raise
        is_worn = held_bytes > MOST_HELD_BYTES or (kind != "ok" and value[0] in _WEARING)
        if is_worn or job.is_abandoned:  # who abandons a job may be about to end its worker
            self._retire(worker)
        else:
            self._give_back(worker)
        return kind, value

    def _take(self) -> Worker:
        with self._lock:
            if self._is_closed:
                raise _closed()
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive:
                    return worker
                self._all.discard(worker)
                worker.kill()
            worker = Worker(self._memory_bytes)
            self._all.add(worker)
            return worker

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            if not self._is_closed and worker.jobs_done < JOBS_PER_WORKER and worker.is_alive:
                self._idle.append(worker)
                return
        self._retire(worker)

    def _retire(self, worker: Worker) -> None:
        worker.kill()
        with self._lock:
            self._all.discard(worker)

    def _explain(self, lost: Lost, job: _Job) -> MediaError:
        if self._is_closed:
            return _closed()
        if job.is_abandoned:
            return MediaError("cancelled", "Reading this file was cancelled.")
        if lost.is_late:
            return MediaError(
                "timeout",
                f"Reading this file took longer than {wording.seconds(job.time_s)} and was stopped. "
                "Choose a shorter or smaller one.",
            )
        if lost.exit_code == -9 and not lost.is_innocent:  # the system's own guard against running out of memory
            return MediaError("memory", memory_message(self._memory_bytes))
        return MediaError(
            "crashed",
            "This file made its reader stop; it may be damaged. Save it again in another program, or choose another.",
            detail=f"exit code {lost.exit_code}",
        )


def _closed() -> MediaError:
    return MediaError("closed", "The studio is closing. Open it again, then add the file.")


class _Job:
    """A pickled job. It may be abandoned at any time by another thread."""

    def __init__(self, body: bytes, time_s: float) -> None:
        self.time_s = time_s
        self.is_abandoned = False
        self._body = body
        self._worker: Worker | None = None
        self._lock = threading.Lock()

    def run_on(self, worker: Worker) -> bytes:
        with self._lock:
            if self.is_abandoned:
                raise Lost(None, False)
            self._worker = worker
        try:
            return worker.ask(self._body, self.time_s)
        finally:
            with self._lock:
                self._worker = None

    def abandon(self) -> None:
        with self._lock:
            self.is_abandoned = True
            if self._worker is not None:
                threading.Thread(target=self._worker.kill, daemon=True).start()


def _kill_all(workers: set[Worker]) -> None:
    for worker in list(workers):
        worker.kill()
