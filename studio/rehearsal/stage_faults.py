"""An ASGI layer that plays faults around the stand-in: answers in its place, spoils what it says, hangs up on it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.rehearsal.answers import respond
from studio.rehearsal.faults import Fault, Faults, HangUp, Spoil, Step, When
from studio.rehearsal.rows import Failure

_HTML = b"<!doctype html><title>Sign in</title><p>Welcome to the hotel network."

_RULES: tuple[tuple[str, re.Pattern[str], Step], ...] = (
    ("GET", re.compile(r"/[^/]+/[^/]+/requests/[^/]+/status/stream\Z"), Step.STREAM),
    ("GET", re.compile(r"/[^/]+/[^/]+/requests/[^/]+/status\Z"), Step.STATUS),
    ("GET", re.compile(r"/[^/]+/[^/]+/requests/[^/]+(/response)?\Z"), Step.RESULT),
    ("PUT", re.compile(r"/[^/]+/[^/]+/requests/[^/]+/cancel\Z"), Step.CANCEL),
    ("POST", re.compile(r"/storage/(auth/token|upload/initiate.*)\Z"), Step.TOKEN),
    ("POST", re.compile(r"/files/.*"), Step.UPLOAD),
    ("PUT", re.compile(r"/files/.*"), Step.UPLOAD),
    ("GET", re.compile(r"/files/.*"), Step.DOWNLOAD),
    ("GET", re.compile(r"/v1/models/requests/.*"), Step.REQUESTS),
    ("GET", re.compile(r"/v1/models/pricing\Z"), Step.PRICING),
    ("POST", re.compile(r"/v1/models/pricing/estimate\Z"), Step.PRICING),
    ("POST", re.compile(r"/[^/]+/[^/]+(/.*)?\Z"), Step.SUBMIT),
)


def step_of(method: str, path: str) -> Step | None:
    """Which step a call is; None for calls that no fault can be written for."""
    method = "GET" if method == "HEAD" else method
    return next((step for verb, pattern, step in _RULES if verb == method and pattern.match(path)), None)


class FaultLayer:
    """Wraps an ASGI app. Raises HangUp where the line ends; a transport or a server turns that into the real thing."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        step = step_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        fault = self._faults.take(step) if step else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay_s)
        await self._play(fault, scope, receive, send)

    async def _play(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.when is When.AFTER:
            status, headers, body = await self._overhear(scope, receive)
            if fault.spoil is not None and status < 400:
                await _spoil(fault.spoil, status, headers, body, send)
                return
            if fault.spoil is not None:
                await _send(send, status, headers, body)
                return
        if fault.drop is not None:
            raise HangUp(fault.drop)
        if fault.answer is not None:
            await _answer(fault.answer, fault.text)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _overhear(self, scope: Scope, receive: Receive) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Let the call be handled and keep its answer from the client."""
        start: Message = {}
        chunks: list[bytes] = []

        async def listen(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, listen)
        return start["status"], list(start.get("headers", [])), b"".join(chunks)


def _answer(failure: Failure, text: str | None) -> Response:
    if text is None:
        return respond(failure)
    return Response(text, failure.status_code, failure.headers)


async def _spoil(spoil: Spoil, status: int, headers: list[tuple[bytes, bytes]], body: bytes, send: Send) -> None:
    if spoil is Spoil.TRUNCATED:
        await send({"type": "http.response.start", "status": status, "headers": _sized(headers, len(body))})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        raise HangUp("RemoteProtocolError")
    spoiled = _SPOILERS[spoil](body)
    if spoil is Spoil.HTML:
        headers = [(name, value) for name, value in headers if name.lower() != b"content-type"]
        headers.append((b"content-type", b"text/html"))
    await _send(send, status, headers, spoiled)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _sized(headers, len(body))})
    await send({"type": "http.response.body", "body": body})


def _sized(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    others = [(name, value) for name, value in headers if name.lower() not in (b"content-length", b"content-range")]
    return [*others, (b"content-length", str(length).encode())]


def _without_keys(body: bytes) -> bytes:
    return b'{"status": "IN_PROGRESS"}' if b"status" in body else b"{}"


def _with_unknown_status(body: bytes) -> bytes:
    return json.dumps({**json.loads(body), "status": "DREAMING"}).encode()


_SPOILERS: dict[Spoil, Callable[[bytes], bytes]] = {
    Spoil.GARBAGE: lambda body: b"{" + body[: len(body) // 2],
    Spoil.MISSING_KEYS: _without_keys,
    Spoil.UNKNOWN_STATUS: _with_unknown_status,
    Spoil.EMPTY: lambda body: b"",
    Spoil.HTML: lambda body: _HTML,
    Spoil.SHORT: lambda body: body[: len(body) // 2],
}
