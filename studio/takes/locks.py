"""Tells a living runner from a dead one, across processes, by a lock that the system frees when a process ends."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import filelock

_ID = re.compile(r"^[0-9a-z]{1,40}$")


class RunnerLock:
    """Held from `take` to `free`. A process that is killed frees it too, which is the point."""

    def __init__(self, home: Path, runner_id: str) -> None:
        self._path = _path(home, runner_id)
        self._lock = filelock.FileLock(self._path)

    def take(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(timeout=5)

    def free(self) -> None:
        self._lock.release()
        with contextlib.suppress(OSError):
            self._path.unlink()


def is_alive(home: Path, runner_id: str | None) -> bool:
    """Whether the runner with this id still runs. One that never was, or has a strange name, does not."""
    if not runner_id or not _ID.match(runner_id) or not _path(home, runner_id).exists():
        return False
    lock = filelock.FileLock(_path(home, runner_id))
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return True
    except OSError:
        return True  # in doubt it lives: adopting a take twice is worse than adopting it late
    lock.release()
    with contextlib.suppress(OSError):
        _path(home, runner_id).unlink()
    return False


def _path(home: Path, runner_id: str) -> Path:
    return home / "locks" / f"runner-{runner_id}.lock"
