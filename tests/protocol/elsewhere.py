"""A stand-in that lives on a loop of its own, as fal does: it goes on when the studio ends. Opens no socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx

from studio.rehearsal.server import Standin
from studio.rehearsal.transport import RehearsalTransport
from studio.takes.loop_thread import LoopThread

Heard = tuple[int, httpx.Headers, list[bytes], httpx.TransportError | None]


class Elsewhere:
    """Runs a stand-in on its own thread; `transport` is the way there for any gateway on any loop."""

    def __init__(self, standin: Standin) -> None:
        self.standin = standin
        self._there = LoopThread("elsewhere")
        self._there.start()

    def transport(self) -> httpx.AsyncBaseTransport:
        return _Line(RehearsalTransport(self.standin), self._there)

    def close(self) -> None:
        self._there.call(self.standin.aclose(), timeout_s=10)
        self._there.stop()


class _Line(httpx.AsyncBaseTransport):
    def __init__(self, inner: RehearsalTransport, there: LoopThread) -> None:
        self._inner, self._there = inner, there

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([chunk async for chunk in request.stream])  # type: ignore[union-attr]
        copy = httpx.Request(
            request.method, request.url, headers=request.headers, content=body, extensions=request.extensions
        )
        answering = asyncio.run_coroutine_threadsafe(self._answer(copy), self._there.loop)
        # A caller that leaves does not stop fal from handling what it has got.
        status, headers, chunks, error = await asyncio.shield(asyncio.wrap_future(answering))
        return httpx.Response(status, headers=headers, stream=_Heard(chunks, error), request=request)

    async def _answer(self, request: httpx.Request) -> Heard:
        response = await self._inner.handle_async_request(request)
        chunks: list[bytes] = []
        try:
            async for chunk in response.stream:  # type: ignore[union-attr]
                chunks.append(chunk)
        except httpx.TransportError as error:
            return response.status_code, response.headers, chunks, error
        finally:
            await response.aclose()
        return response.status_code, response.headers, chunks, None


class _Heard(httpx.AsyncByteStream):
    """What came of a body, then how its line ended."""

    def __init__(self, chunks: list[bytes], error: httpx.TransportError | None) -> None:
        self._chunks, self._error = chunks, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._error is not None:
            raise self._error
