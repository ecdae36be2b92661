"""The studio's side of one worker process: start it, ask it, end it, and read its answer with suspicion."""

from __future__ import annotations

import enum
import io
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import is_dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from studio.media.errors import MediaError
from studio.media.worker import read_frame, write_frame

_BOOT = (
    "import sys, json; setup = json.loads(sys.argv[1]); sys.path[:] = setup['path']; "
    "from studio.media.worker import main; main(setup['memory_bytes'])"
)
# An empty environment keeps keys out of the reach of a hostile file. The rest keeps reserved memory small.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


_KILLED = -9
_SUDDEN_S = 0.3  # nobody fills memory in less


class Lost(Exception):
    """A worker went away before it answered. `is_innocent`: the job has no part in it and may be tried again."""

    def __init__(self, exit_code: int | None, is_late: bool, is_innocent: bool = False) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code
        self.is_late = is_late
        self.is_innocent = is_innocent


class Worker:
    """One child process and its two pipes. Only one thread talks to it; any thread may kill it."""

    def __init__(self, memory_bytes: int) -> None:
        setup = json.dumps({"path": sys.path, "memory_bytes": memory_bytes})
        self.jobs_done = 0
        self._is_killed = False
        self._began_s: float | None = None
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and our own words
            [sys.executable, "-I", "-X", "utf8", "-c", _BOOT, setup],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if os.name == "nt" else _ENVIRONMENT,  # Windows cannot start a process without its own variables
        )
        self._to_worker = cast(BinaryIO, self._process.stdin)
        self._from_worker = cast(BinaryIO, self._process.stdout)

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, body: bytes, time_s: float) -> bytes:
        """Send a job, wait for its answer. Raises Lost when the worker ends or `time_s` passes first."""
        late = threading.Event()
        timer = threading.Timer(time_s, self._end_late, (late,))
        timer.daemon = True
        timer.start()
        try:
            answer = self._exchange(body)
        finally:
            timer.cancel()
        if answer is None:
            code = self._exit_code()
            is_sudden = self._began_s is None or time.monotonic() - self._began_s < _SUDDEN_S
            raise Lost(code, late.is_set(), self._is_killed or (code == _KILLED and is_sudden))
        self.jobs_done += 1
        return answer

    def _exchange(self, body: bytes) -> bytes | None:
        try:
            if not self.jobs_done and read_frame(self._from_worker) is None:  # it says when it is ready
                return None
            self._began_s = time.monotonic()
            write_frame(self._to_worker, body)
            return read_frame(self._from_worker)
        except (OSError, ValueError):  # a broken or already closed pipe
            return None

    def _end_late(self, late: threading.Event) -> None:
        late.set()
        self.kill()

    def _exit_code(self) -> int | None:
        try:
            return self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End the process and reap it. Harmless when it has ended already."""
        self._is_killed = True
        with self._lock:
            self._process.kill()
            self._process.wait()
        for pipe in (self._to_worker, self._from_worker):
            try:
                pipe.close()
            except OSError:  # unsent bytes to a dead worker
                continue


class _PlainAnswers(pickle.Unpickler):
    """Reads answers of a worker that a hostile file may have taken over: only plain data of ours is built."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("studio", "pathlib"):
            found = super().find_class(module, name)
            if isinstance(found, type) and (is_dataclass(found) or issubclass(found, (PurePath, enum.Enum))):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not plain data")


def read_answer(body: bytes) -> tuple[str, Any, int]:
    """“ok” and a value, or “error” and its four words; then the bytes that the worker holds. Raises MediaError."""
    try:
        kind, value, held_bytes = _PlainAnswers(io.BytesIO(body)).load()
        if kind != "ok":
            _code, _message, _field, _detail = value
        return kind, value, int(held_bytes)
    except Exception as error:
        raise MediaError(
            "broken", "The reader gave an answer that makes no sense. Try again.", detail=repr(error)
        ) from None
