"""An httpx transport that hands requests for fal's hosts to the stand-in, in this process. It opens no socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
from starlette.types import ASGIApp, Message, Scope

from studio.rehearsal.addresses import FAL_HOSTS
from studio.rehearsal.faults import HangUp

log = logging.getLogger(__name__)

_END = {"type": "http.response.body", "body": b"", "more_body": False}
CLOSING_S = 1.0
Heard = Message | httpx.TransportError


class RehearsalTransport(httpx.AsyncBaseTransport):
    """Bodies stream, timeouts count, and a line that ends raises what httpx raises on a real one.

    Other hosts than fal's cannot be reached: `httpx.ConnectError`. Closing the transport leaves the stand-in running,
    as closing a client leaves fal running; close that with its own `aclose`.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] = FAL_HOSTS) -> None:
        self._app = app
        self._hosts = hosts
        self._calls: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme != "https" or request.url.host not in self._hosts:
            raise httpx.ConnectError(f"A rehearsal does not reach {request.url.host}.", request=request)
        body = b"".join([chunk async for chunk in request.stream])  # type: ignore[union-attr]
        call = _Call(request, body)
        task = asyncio.create_task(call.run(self._app))
        self._calls.add(task)  # a server that has a request goes on with it when the client leaves
        task.add_done_callback(self._calls.discard)
        start = await call.next()
        return httpx.Response(
            start["status"],
            headers=start.get("headers", []),
            stream=_Body(call, task),
            extensions={"http_version": b"HTTP/1.1"},
            request=request,
        )


class _Call:
    """One request and what the app says to it, message by message."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self._request = request
        self._body: bytes | None = body
        self._heard: asyncio.Queue[Heard] = asyncio.Queue(maxsize=16)
        self._left = asyncio.Event()
        self._read_timeout_s = request.extensions.get("timeout", {}).get("read")
        self._is_head_sent = False

    async def run(self, app: ASGIApp) -> None:
        try:
            await app(_scope(self._request), self._receive, self._send)
        except HangUp as ending:
            await self._tell(self._error(ending.error))
        except OSError:
            log.debug("the client left before the answer was out")
        except Exception:
            log.exception("the stand-in failed on %s %s", self._request.method, self._request.url.path)
            await self._fail()

    async def next(self) -> Message:
        """The next message; raises the httpx error that ends the line, or ReadTimeout."""
        try:
            async with asyncio.timeout(self._read_timeout_s):
                heard = await self._heard.get()
        except TimeoutError:
            self.leave()
            raise self._error("ReadTimeout") from None
        if isinstance(heard, httpx.TransportError):
            raise heard
        return heard

    def leave(self) -> None:
        """The client goes; an app that still sends gets an OSError, as from a closed socket."""
        self._left.set()
        while not self._heard.empty():
            self._heard.get_nowait()

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_head_sent = True
        await self._tell(message)

    async def _tell(self, heard: Heard) -> None:
        if self._left.is_set():
            raise OSError("the client has left")
        await self._heard.put(heard)

    async def _fail(self) -> None:
        """A bug of the stand-in looks like any server's: 500, or a line that ends."""
        if self._left.is_set():
            return
        if self._is_head_sent:
            await self._heard.put(self._error("RemoteProtocolError"))
            return
        await self._heard.put({"type": "http.response.start", "status": 500, "headers": []})
        await self._heard.put(_END)

    def _error(self, name: str) -> httpx.TransportError:
        kind = getattr(httpx, name, httpx.RemoteProtocolError)
        error: httpx.TransportError = kind("The connection ended (rehearsed).", request=self._request)
        return error


class _Body(httpx.AsyncByteStream):
    """A response's bytes as they come. A client that closes early ends the app's answer, not what the app has done."""

    def __init__(self, call: _Call, task: asyncio.Task[None]) -> None:
        self._call = call
        self._task = task
        self._is_whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._call.next()
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                self._is_whole = True
                return

    async def aclose(self) -> None:
        self._call.leave()
        if not self._is_whole:
            self._task.cancel()
        await asyncio.wait([self._task], timeout=CLOSING_S)  # so that its files are closed


def _scope(request: httpx.Request) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port or 443),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "state": {},
    }
