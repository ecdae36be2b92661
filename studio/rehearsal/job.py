"""A job as fal's queue knows it, and the book that keeps each one as a file. Never renders and never answers HTTP."""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import filelock

from studio.rehearsal.rows import Failure

_REQUEST_ID = re.compile(r"[0-9a-f-]{36}")  # as `_new_id` makes them: nothing that leads out of the folder
QUEUED, RUNNING, DONE = "queued", "running", "done"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Job:
    """One accepted request. `output` holds media as paths (`/files/…`), so that an answer can name any host."""

    request_id: str
    endpoint_id: str
    arguments: dict[str, Any]
    sequence: int
    sent_at: str
    state: str = QUEUED
    started_at: str | None = None
    ended_at: str | None = None
    logs: list[dict[str, str]] = field(default_factory=list)
    output: dict[str, Any] | None = None
    failure: Failure | None = None
    billable_units: float | None = None
    is_cancel_requested: bool = False

    @property
    def is_done(self) -> bool:
        return self.state == DONE

    @property
    def is_billed(self) -> bool:
        return self.is_done and self.failure is None

    @property
    def app_id(self) -> str:
        return "/".join(self.endpoint_id.split("/")[:2])

    @property
    def inference_s(self) -> float:
        """Seconds between start and end; 0.0 for a job that never started."""
        if not (self.started_at and self.ended_at):
            return 0.0
        return (datetime.fromisoformat(self.ended_at) - datetime.fromisoformat(self.started_at)).total_seconds()

    def log(self, message: str, at: datetime, level: str = "INFO") -> None:
        self.logs.append({"message": message, "level": level, "source": "USER", "timestamp": at.isoformat()})


def _from_json(data: dict[str, Any]) -> Job:
    failure = data.pop("failure")
    return Job(**data, failure=Failure(**failure) if failure else None)


class JobBook:
    """Every job in memory, each also at `folder/<request id>.json`. Safe to read from several threads.

    Several processes may keep a book in one folder: each films under a lock of the job's own, and reads the files again
    for what another has under way.
    """

    def __init__(self, folder: Path, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._held: dict[str, filelock.BaseFileLock] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._jobs = {job.request_id: job for job in sorted(_read(folder), key=lambda job: job.sequence)}
        for job in self._jobs.values():
            self._requeue_if_left(job)
        self._last = max((job.sequence for job in self._jobs.values()), default=0)

    def __iter__(self) -> Iterator[Job]:
        with self._lock:
            return iter(list(self._jobs.values()))

    def get(self, request_id: str) -> Job | None:
        job = self._jobs.get(request_id)
        is_ours = job is not None and (job.is_done or request_id in self._held)
        return job if is_ours else self._read_again(request_id, job)

    def hold(self, job: Job) -> bool:
        """Take the job for filming; False where another process has it, or has finished it already."""
        lock = filelock.FileLock(self._folder / f"{job.request_id}.lock", timeout=0, thread_local=False)
        try:
            lock.acquire()
        except (filelock.Timeout, OSError):
            return False
        self._read_again(job.request_id, job)
        if job.is_done:
            lock.release()
            return False
        self._held[job.request_id] = lock
        return True

    def let_go(self, job: Job) -> bool:
        """Give the job back after filming; False where it was not ours."""
        lock = self._held.pop(job.request_id, None)
        if lock is None:
            return False
        lock.release()
        (self._folder / f"{job.request_id}.lock").unlink(missing_ok=True)
        return True

    def _read_again(self, request_id: str, job: Job | None) -> Job | None:
        """The job as its file tells, put into the one in memory; a running one whose keeper is gone waits again."""
        if not _REQUEST_ID.fullmatch(request_id):
            return job
        fresh = _read_one(self._folder / f"{request_id}.json")
        if fresh is None:
            return job
        self._requeue_if_left(fresh)
        with self._lock:
            job = job or self._jobs.setdefault(request_id, fresh)
            vars(job).update(vars(fresh))
        return job

    def _requeue_if_left(self, job: Job) -> None:
        if job.state == RUNNING and self._is_free(job.request_id):
            job.state, job.started_at = QUEUED, None

    def _is_free(self, request_id: str) -> bool:
        if request_id in self._held:
            return False
        lock = filelock.FileLock(self._folder / f"{request_id}.lock", timeout=0, thread_local=False)
        try:
            lock.acquire()
        except (filelock.Timeout, OSError):
            return False
        lock.release()
        return True

    def open(self, endpoint_id: str, arguments: dict[str, Any]) -> Job:
        """Accept a request: its file is on disk when this returns. OSError when it cannot be written."""
        with self._lock:
            self._last += 1
            job = Job(_new_id(), endpoint_id, arguments, self._last, self._clock().isoformat())
            self.save(job)
            self._jobs[job.request_id] = job
        return job

    def save(self, job: Job) -> None:
        """Write the job whole: to a name beside it, to disk, then renamed."""
        path = self._folder / f"{job.request_id}.json"
        beside = path.with_suffix(".part")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(asdict(job), file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def start(self, job: Job) -> None:
        job.state, job.started_at = RUNNING, self._clock().isoformat()
        job.log("Rehearsal started", self._clock())
        self.save(job)

    def end(self, job: Job, *, output: dict[str, Any] | None = None, failure: Failure | None = None) -> None:
        job.state, job.ended_at = DONE, self._clock().isoformat()
        job.output, job.failure = output, failure
        job.log("Rehearsal refused" if failure else "Rehearsal ready", self._clock())
        self.save(job)

    def waiting(self) -> list[Job]:
        return [job for job in self if job.state == QUEUED]

    def forget_before(self, age_s: float) -> list[Job]:
        """Drop jobs that ended more than `age_s` seconds ago; returns them so that their files can go too."""
        limit = self._clock() - timedelta(seconds=age_s)
        old = [job for job in self if job.ended_at and datetime.fromisoformat(job.ended_at) < limit]
        with self._lock:
            for job in old:
                self._jobs.pop(job.request_id, None)
                (self._folder / f"{job.request_id}.json").unlink(missing_ok=True)
        return old


def _new_id() -> str:
    raw = secrets.token_hex(16)
    return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"


def _read(folder: Path) -> Iterator[Job]:
    """The jobs on disk. A file that cannot be read is left where it is and passed over."""
    for path in folder.glob("*.json"):
        job = _read_one(path)
        if job is not None:
            yield job


def _read_one(path: Path) -> Job | None:
    try:
        return _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError):
        return None
