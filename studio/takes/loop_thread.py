"""An event loop on a thread of its own, outside every page and request. Knows nothing of takes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from studio.takes.errors import StudioError

T = TypeVar("T")


class LoopThread:
    """Started once and stopped once; every method but those may be called from any thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Raises StudioError before the start."""
        if self._loop is None:
            raise StudioError(
                "not_started", "The studio is not open", "The runner has not been started. Nothing was sent."
            )
        return self._loop

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Cancel whatever runs, and end the thread."""
        if self._thread is None or not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), self.loop).result(timeout=30)
        self.soon(self.loop.stop)
        self._thread.join(timeout=10)

    def soon(self, work: Callable[..., Any], *args: Any) -> None:
        """Call on the loop, soon; nothing happens where it has ended."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(work, *args)

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float | None) -> T:
        """Run a coroutine on the loop and wait for it. Not from that loop. TimeoutError after `timeout_s`."""
        try:
            waiting: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        except (StudioError, RuntimeError):
            work.close()
            raise
        try:
            return waiting.result(timeout_s)
        except TimeoutError:
            waiting.cancel()
            raise

    def begin(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop)

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
