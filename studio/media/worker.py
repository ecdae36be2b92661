"""The worker process: takes jobs one by one from a pipe, within bounds of memory and CPU; never uses a network."""

from __future__ import annotations

import errno
import gc
import os
import pickle
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from studio.media.errors import MediaError

if sys.platform != "win32":
    import resource

# A decoder may use a few threads; the CPU bound only serves to end a worker whose studio was killed.
_THREADS = 4
_LENGTH = struct.Struct(">Q")

Answer = tuple[str, Any]
"""(“ok”, value) or (“error”, (code, message, field, detail)); sent with the bytes that the worker holds afterwards."""


def write_frame(pipe: BinaryIO, body: bytes) -> None:
    """One message: its length in eight bytes, then the bytes."""
    pipe.write(_LENGTH.pack(len(body)))
    pipe.write(body)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> bytes | None:
    """The next message, or None when the other side is gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    return body if len(body) == length else None


def main(memory_bytes: int) -> None:
    """Serve jobs until the studio closes the pipe. Whatever a library prints cannot disturb the conversation."""
    inbox, outbox = _private_pipes()
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the studio's to handle
    _warm()
    gc.freeze()  # what was loaded stays, so that collecting after each job takes next to no time
    _bound_memory(memory_bytes)
    write_frame(outbox, b"ready")
    while (body := read_frame(inbox)) is not None:
        answer = _answer(body, memory_bytes)
        gc.collect()  # pictures that refer to themselves must not narrow the next job
        write_frame(outbox, pickle.dumps((*answer, _held_bytes())))


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return inbox, outbox


def _warm() -> None:
    """Load the decoders before the first job is timed, and before memory is bounded."""
    from studio.media import clip_fit, derive, picture_fit, sound  # noqa: F401


def _answer(body: bytes, memory_bytes: int) -> Answer:
    try:
        fn, args, time_s = pickle.loads(body)  # noqa: S301  jobs come from the studio itself
        _bound_cpu(time_s)
        return "ok", fn(*args)
    except MediaError as error:
        return "error", (error.code, error.message, error.field, error.detail)
    except MemoryError:
        return "error", ("memory", memory_message(memory_bytes), None, traceback.format_exc())
    except OSError as error:
        return "error", (*_disk_words(error), None, traceback.format_exc())
    except Exception:
        return "error", ("broken", BROKEN, None, traceback.format_exc())


BROKEN = "This file cannot be read; it may be damaged. Save it again in another program, or choose another file."


def memory_message(memory_bytes: int) -> str:
    return (
        f"This file needs more than the {memory_bytes // 2**20:,} MB of memory that the studio gives to one file. "
        "Choose a smaller one."
    )


def _disk_words(error: OSError) -> tuple[str, str]:
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "disk_full", "The disk is full. Free some space, then try again."
    if error.errno in (errno.ENOMEM, errno.EAGAIN):  # no room for a thread is no memory
        return "memory", "This file needs more memory than the studio gives to one file. Choose a smaller one."
    return "broken", BROKEN


def _bound_memory(memory_bytes: int) -> None:
    """Bound what jobs may map on top of the interpreter and its libraries, where the system has such a bound."""
    if sys.platform == "win32":
        return
    _lower(resource.RLIMIT_AS, _mapped_bytes() + memory_bytes)
    _lower(resource.RLIMIT_CORE, 0)


def _bound_cpu(time_s: float) -> None:
    if sys.platform == "win32":
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime + time_s * _THREADS) + 5)


def _lower(kind: int, soft: int) -> None:
    """Set a soft limit below the hard one; a system that refuses leaves the worker as it was."""
    if sys.platform == "win32":
        return
    hard = resource.getrlimit(kind)[1]
    limit = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    try:
        resource.setrlimit(kind, (limit, hard))
    except (ValueError, OSError):  # macOS refuses some kinds
        return


def _mapped_bytes() -> int:
    """Address space in use now. Linux tells; elsewhere a generous guess."""
    return _statm(0) or 2**30


def _held_bytes() -> int:
    """Memory in use now. Linux tells; elsewhere nothing is known, and 0 stands for it."""
    return _statm(1) or 0


def _statm(column: int) -> int | None:
    statm = Path("/proc/self/statm")
    if sys.platform == "win32" or not statm.exists():
        return None
    return int(statm.read_text().split()[column]) * resource.getpagesize()
