"""Puts the stand-in on loopback, so that any fal client can be pointed at it. Never listens to other machines."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from studio.rehearsal.faults import HangUp
from studio.rehearsal.server import Standin

_NAMES = ["127.0.0.1", "localhost", "[::1]"]


class Loopback:
    """Wraps a stand-in for a real server: only loopback names as Host, and a HangUp cuts the connection."""

    def __init__(self, standin: Standin) -> None:
        self._app = TrustedHostMiddleware(standin, allowed_hosts=_NAMES, www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except HangUp:
            _cut(send)


def _cut(send: Send) -> None:
    """Abort the TCP connection. ASGI has no word for it, so this asks uvicorn, whose `send` belongs to its cycle."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


def make_server(standin: Standin, host: str = "127.0.0.1", port: int = 8765) -> uvicorn.Server:
    """A server that has not started. Raises ValueError for an address that other machines could reach."""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"The stand-in is served on this machine only. “{host}” was given. Use 127.0.0.1.")
    # No access log: addresses may carry upload signatures, and a person reads the studio's own log.
    config = uvicorn.Config(Loopback(standin), host=host, port=port, log_level="warning", access_log=False)
    return uvicorn.Server(config)


def serve(standin: Standin, host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve until interrupted."""
    asyncio.run(make_server(standin, host, port).serve())
