"""Sends every open page what changed, over one WebSocket each; never asks fal and never keeps a queue that grows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

# At most ten messages a second to a page; what changes in between is sent once, as it stands then.
PAUSE_S = 0.1

Snapshot = Callable[[], dict[str, Any]]
Cards = Callable[[list[str]], list[dict[str, Any]]]


class Audience:
    """The open pages. `tell` may be called from any thread."""

    def __init__(self) -> None:
        self._seats: set[_Seat] = set()

    def tell(self, take_id: str) -> None:
        """Notes for every page that this take changed."""
        for seat in list(self._seats):
            seat.note(take_id)

    def join(self) -> _Seat:
        seat = _Seat(asyncio.get_running_loop())
        self._seats.add(seat)
        return seat

    def leave(self, seat: _Seat) -> None:
        self._seats.discard(seat)

    def close(self) -> None:
        """Wakes every page's task so that the server can stop at once."""
        for seat in list(self._seats):
            seat.close()


class _Seat:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._changed: set[str] = set()
        self._event = asyncio.Event()
        self.is_closed = False

    def note(self, take_id: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: the page is gone
            self._loop.call_soon_threadsafe(self._add, take_id)

    def _add(self, take_id: str) -> None:
        self._changed.add(take_id)
        self._event.set()

    def close(self) -> None:
        self.is_closed = True
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._event.set)

    async def changes(self) -> list[str]:
        """Waits for news and gives the ids of the takes that changed since the last call."""
        await self._event.wait()
        await asyncio.sleep(PAUSE_S)
        self._event.clear()
        changed, self._changed = sorted(self._changed), set()
        return changed


def live_routes(audience: Audience, snapshot: Snapshot, cards: Cards) -> APIRouter:
    """`/studio/live` as a WebSocket, and `/studio/state` for a page that cannot open one."""
    router = APIRouter()

    @router.get("/studio/state")
    def read_state() -> dict[str, Any]:
        return snapshot()

    @router.websocket("/studio/live")
    async def watch(socket: WebSocket) -> None:
        await socket.accept()
        seat = audience.join()
        listener = asyncio.create_task(_drain(socket, seat))
        try:
            await socket.send_json(await asyncio.to_thread(snapshot))
            while not seat.is_closed:
                changed = await seat.changes()
                if seat.is_closed:
                    break
                for message in await asyncio.to_thread(_messages, changed, snapshot, cards):
                    await socket.send_json(message)
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page closed while a message was on its way
        finally:
            audience.leave(seat)
            listener.cancel()
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(1001)

    return router


def _messages(changed: list[str], snapshot: Snapshot, cards: Cards) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"type": "take", "card": card} for card in cards(changed)]
    return [*messages, {"type": "studio", "studio": snapshot()["studio"]}]


async def _drain(socket: WebSocket, seat: _Seat) -> None:
    """Reads until the page goes away; otherwise a closed page is noticed only at the next message."""
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.receive_text()
    seat.close()
