"""The one hook through which every durable write of a take's life passes; it never changes what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Observer = Callable[[str, bool], None]
"""Called with the step's name and False just before the write, then with True once it is on disk."""

STEPS = (
    "intent",  # the take, its estimate and its hold, before anything else
    "submitting",  # the exact payload, before the one POST
    "ticket",  # the request id and its URLs, before anything else after the POST
    "slip",  # the same beside the ledger, so that a lost ledger loses no paid take
    "running",
    "cancel_wish",
    "cancel_answer",
    "result",  # the result URL and the bill, before the download
    "file",  # the verified clip under its own name
    "recipe",
    "kept",
    "refused",
    "requeued",
    "unknown",
    "found",
    "failed",
    "cancelled",
    "claimed",  # taken over from a runner that died
    "again",  # a clip given up as gone is fetched once more
    "rebuilt",
)


def ignore(step: str, is_done: bool) -> None:
    """The default observer."""


class Durable:
    """Marks durable steps for an observer, by default nobody; a fault injector may end the process inside it."""

    def __init__(self, observer: Observer = ignore) -> None:
        self._observe = observer

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Wraps one durable write. The second call is not made when the write raises."""
        self._observe(step, False)
        yield
        self._observe(step, True)
