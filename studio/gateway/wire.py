"""One request, one answer: an httpx client that never repeats, never redirects and guards the key. Knows no fal JSON.

What goes wrong leaves as one of three exceptions that are deliberately *not* httpx errors: fal_client's retry loop
catches `httpx.HTTPError` and would send a paid POST again (up to ten times; fal_client 1.0.3, MAX_ATTEMPTS).
"""

from __future__ import annotations

import asyncio
import contextlib
import http.cookiejar
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from fal_client.client import USER_AGENT

from studio.gateway.hosts import Hosts

# What stands in for the key inside fal_client; the wire swaps it for the real one on the way out.
PLACEHOLDER = "set-by-the-wire"
# A request extension: this one carries no credential, whatever its host.
ANONYMOUS = "studio.anonymous"
_NEVER_SENT = ("connect", "dns", "tls", "refused", "proxy", "no_key", "bad_key", "forbidden_host")
_HOP_HEADERS = ("content-encoding", "content-length", "transfer-encoding", "connection")

KeySource = Callable[[], "str | None"]


class WireFault(Exception):
    """Anything but a 2xx answer."""


class Answered(WireFault):
    """An answer came, and it was not 2xx. The body is bounded text and may be anything."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text


class Broken(WireFault):
    """No whole answer came. `kind` says how; `is_sent` is False only where no byte of the request can have left."""

    def __init__(self, kind: str, note: str = "") -> None:
        super().__init__(f"{kind}: {note}" if note else kind)
        self.kind = kind
        self.note = note

    @property
    def is_sent(self) -> bool:
        return self.kind not in _NEVER_SENT


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: to connect, for each read and write, and for the whole exchange."""

    connect_s: float = 10.0
    read_s: float = 20.0
    write_s: float = 20.0
    total_s: float | None = 30.0
    max_body_bytes: int = 8 * 1024 * 1024

    def timeout(self) -> dict[str, float]:
        return {"connect": self.connect_s, "read": self.read_s, "write": self.write_s, "pool": self.connect_s}


class Wire(httpx.AsyncClient):
    """An httpx client with its own rules. `key` is asked anew for every request, so it can be set at run time.

    With `transport=None` httpx builds its own, which honours SSL_CERT_FILE and the proxy variables; `verify` hands it
    a ready context. `is_reusing` False opens a fresh connection for every request: a kept one that the server closed
    meanwhile looks exactly like a lost answer, and for a paid POST that doubt is worth more than a handshake.
    """

    def __init__(
        self,
        key: KeySource,
        hosts: Hosts,
        patience: Patience,
        transport: httpx.AsyncBaseTransport | None = None,
        verify: ssl.SSLContext | bool = True,
        is_reusing: bool = True,
    ) -> None:
        super().__init__(
            transport=transport,
            verify=verify,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20 if is_reusing else 0),
        )
        self._key = key
        self._hosts = hosts
        self.patience = patience

    def __repr__(self) -> str:
        return "<Wire>"

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send once. Returns 2xx answers with a body already read and bounded; with `stream`, any answer unread.

        Raises Answered for every other status and Broken where no whole answer came.
        """
        options["follow_redirects"] = False
        request.extensions["timeout"] = self.patience.timeout()
        self._authorize(request)
        try:
            with broken_as_fault():
                if stream:
                    return await super().send(request, stream=True, **options)
                async with asyncio.timeout(self.patience.total_s):
                    response = await self._send_and_read(request, options)
        finally:
            # A request outlives its sending in exceptions and answers; the key must not.
            request.headers.pop("Authorization", None)
        if not response.is_success:
            raise Answered(response)
        return response

    async def _send_and_read(self, request: httpx.Request, options: dict[str, Any]) -> httpx.Response:
        response = await super().send(request, stream=True, **options)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self.patience.max_body_bytes:
                    raise Broken("too_long", f"more than {self.patience.max_body_bytes} bytes")
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.raw if name.lower().decode() not in _HOP_HEADERS]
        return httpx.Response(response.status_code, headers=headers, content=bytes(body), request=request)

    def _authorize(self, request: httpx.Request) -> None:
        """Put the key on requests to fal's API hosts and on no other; let an upload token reach file hosts only."""
        url = str(request.url)
        given = request.headers.pop("Authorization", None)
        if request.extensions.get(ANONYMOUS):
            if not self._hosts.may_fetch(url):
                raise Broken("forbidden_host", request.url.host)
            return
        if given is not None and PLACEHOLDER not in given:
            if not self._hosts.may_see_upload_token(url):
                raise Broken("forbidden_host", request.url.host)
            request.headers["Authorization"] = given
        elif self._hosts.may_see_key(url):
            request.headers["Authorization"] = f"Key {usable_key(self._key())}"
        elif not self._hosts.may_fetch(url):
            raise Broken("forbidden_host", request.url.host)


def usable_key(key: str | None) -> str:
    """The key, trimmed. Raises Broken where there is none or it cannot stand in a header (never showing it)."""
    trimmed = (key or "").strip()
    if not trimmed:
        raise Broken("no_key")
    if not trimmed.isascii() or not trimmed.isprintable() or " " in trimmed:
        raise Broken("bad_key")
    return trimmed


@contextlib.contextmanager
def broken_as_fault() -> Iterator[None]:
    """Turn httpx's errors and timeouts into Broken, outside of what fal_client would retry."""
    try:
        yield
    except httpx.ConnectTimeout:
        raise Broken("connect", "timed out") from None
    except httpx.PoolTimeout:
        raise Broken("connect", "no free connection") from None
    except httpx.ProxyError as error:
        raise Broken("proxy", str(error)) from None
    except (httpx.ConnectError, httpx.UnsupportedProtocol) as error:
        raise Broken(_connect_kind(error), str(error)) from None
    except (httpx.TimeoutException, TimeoutError):
        raise Broken("timeout") from None
    except httpx.DecodingError as error:
        raise Broken("garbage", str(error)) from None
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise Broken("reset", str(error) or type(error).__name__) from None


def _connect_kind(error: BaseException) -> str:
    """dns, tls, refused or plain connect: from the causes, else from the words."""
    causes = list(_causes(error))
    for kind, types in (("dns", socket.gaierror), ("tls", ssl.SSLError), ("refused", ConnectionRefusedError)):
        if any(isinstance(cause, types) for cause in causes):
            return kind
    words = str(error).lower()
    if any(mark in words for mark in ("name or service", "getaddrinfo", "nodename", "name resolution")):
        return "dns"
    if "ssl" in words or "certificate" in words:
        return "tls"
    return "refused" if "refused" in words else "connect"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
