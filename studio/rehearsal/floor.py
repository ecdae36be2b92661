"""The rehearsal floor: takes waiting jobs in order and has them rendered, one at a time. Never speaks HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from studio.catalog.registry import find_endpoint
from studio.media.errors import MediaError
from studio.rehearsal.faults import CLIENT_CANCELLED, Faults, Step
from studio.rehearsal.job import QUEUED, RUNNING, Job, JobBook
from studio.rehearsal.order import Order, Outcome
from studio.rehearsal.rows import Failure, model_failure, row

log = logging.getLogger(__name__)

Render = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Pace:
    """How long a job waits and how long it takes at least, in seconds, and how many are rendered at once."""

    queue_s: float = 0.0
    running_s: float = 0.0
    places: int = 1


class Floor:
    """Starts a job's rendering on the event loop that asks first. `wake` may be called from any loop at any time."""

    def __init__(self, book: JobBook, order: Order, render: Render, pace: Pace, faults: Faults) -> None:
        self._book, self._order, self._render = book, order, render
        self._pace, self._faults = pace, faults
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def wake(self) -> None:
        """Fill the free places with waiting jobs."""
        with self._lock:
            self._sweep()
            for job in self._book.waiting():
                if self._is_closed or len(self._tasks) >= self._pace.places:
                    return
                if job.request_id not in self._tasks:
                    self._tasks[job.request_id] = asyncio.get_running_loop().create_task(self._film(job))

    def _sweep(self) -> None:
        """Forget tasks that ended, and put back jobs whose event loop died under them."""
        for request_id, task in list(self._tasks.items()):
            if task.done() or task.get_loop().is_closed():
                del self._tasks[request_id]
                job = self._book.get(request_id)
                if job is not None and job.state == RUNNING:
                    job.state = QUEUED

    def position(self, job: Job) -> int:
        """How many unfinished jobs are ahead."""
        return sum(1 for other in self._book if not other.is_done and other.sequence < job.sequence)

    def progress(self, job: Job) -> str | None:
        """The renderer's last word on a running job, such as `Frame 84 of 120`."""
        try:
            return self._order.progress_path(job).read_text(encoding="utf-8")[:200] or None
        except OSError:
            return None

    def cancel(self, job: Job) -> None:
        """Ask a job to stop: one that waits ends at once, one that runs is stopped as soon as it listens."""
        job.is_cancel_requested = True
        if job.state == QUEUED:
            self._book.end(job, failure=CLIENT_CANCELLED)
        else:
            self._book.save(job)
        self._order.stop_path(job).touch()
        task = self._tasks.get(job.request_id)
        if task is not None and not task.get_loop().is_closed():
            task.get_loop().call_soon_threadsafe(task.cancel)

    async def close(self) -> None:
        """Stop rendering. Unfinished jobs stay on disk and are rendered again by the next floor."""
        self._is_closed = True
        here = asyncio.get_running_loop()
        tasks = [task for task in self._tasks.values() if task.get_loop() is here]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _film(self, job: Job) -> None:
        try:
            await asyncio.sleep(self._pace.queue_s)
            if job.state == QUEUED and self._book.hold(job):
                self._book.start(job)
                await self._shoot(job)
        except asyncio.CancelledError:
            if not job.is_cancel_requested:
                raise
            if not job.is_done:
                self._book.end(job, failure=CLIENT_CANCELLED)
        except MediaError as error:
            self._interrupted(job, error)
        except Exception:
            log.exception("rehearsal %s could not be rendered", job.request_id)
            with contextlib.suppress(OSError):
                self._book.end(job, failure=_broken())
        finally:
            if self._book.let_go(job):
                self._order.tidy(job)
            asyncio.get_running_loop().call_soon(self._next)

    def _interrupted(self, job: Job, error: MediaError) -> None:
        """The workshop closed under a job: it is rendered again at the next start. Any other end is the job's own."""
        if error.code == "closed":
            self._is_closed = True
            job.state, job.started_at = QUEUED, None
            return
        log.warning("rehearsal %s could not be rendered: %s", job.request_id, error)
        self._book.end(job, failure=_broken())

    def _next(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self.wake()

    async def _shoot(self, job: Job) -> None:
        began = asyncio.get_running_loop().time()
        fault = self._faults.take(Step.FILM)
        outcome = Outcome(failure=fault.film) if fault and fault.film else await self._outcome(job)
        spent = asyncio.get_running_loop().time() - began
        await asyncio.sleep(max(0.0, self._pace.running_s - spent))
        job.billable_units = outcome.billable_units
        self._book.end(job, output=outcome.output, failure=outcome.failure)

    async def _outcome(self, job: Job) -> Outcome:
        spec = self._order.spec(job, find_endpoint(job.endpoint_id))
        if isinstance(spec, Failure):
            return Outcome(failure=spec)
        return self._order.outcome(job, await self._render(spec))


def _broken() -> Failure:
    return model_failure([row("internal_server_error", "The rehearsal could not be drawn.")], 500, is_retryable=True)
