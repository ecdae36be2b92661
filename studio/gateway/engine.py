"""fal_client with our wire beneath it: its URLs, its upload protocol, its status calls. Never its retries or its key.

The key never enters fal_client: it carries a placeholder that the wire replaces. If a later fal_client should go
around the wire, its request is turned away for the placeholder, and nothing can be paid twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import fal_client.client
import httpx
from fal_client.auth import AuthCredentials
from fal_client.client import AsyncCDNTokenManager, AsyncMultipartUpload, AsyncRequestHandle, CDNToken

from studio.gateway.answers import Progress, Ticket
from studio.gateway.hosts import Hosts
from studio.gateway.parcel import Parcel
from studio.gateway.reading import read_json, read_progress
from studio.gateway.wire import PLACEHOLDER, Broken, Wire

T = TypeVar("T")

_PARTS_AT_ONCE = 3  # of 10 MiB each in memory; fal_client's own ten would be 100 MiB


class OneRequest:
    """What fal_client gets for its HTTP client: lets exactly one request through, ever, and keeps the answer."""

    def __init__(self, wire: Wire, hosts: Hosts) -> None:
        self._wire = wire
        self._hosts = hosts
        self.answer: httpx.Response | None = None
        self.is_spent = False

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        if self.is_spent:
            raise Broken("second_request", "a second request was asked for and not made")
        self.is_spent = True
        self.answer = await self._wire.request(method, at_hosts(url, self._hosts), **options)
        return self.answer


class Engine(fal_client.AsyncClient):
    """fal_client's client. `http` is what it sends through: a Wire, or one OneRequest for a paid POST."""

    def __init__(self, http: OneRequest | Routed, hosts: Hosts) -> None:
        super().__init__(key=PLACEHOLDER)
        self._http = http
        self._hosts = hosts
        self._tokens = UploadTokens(http, hosts)

    @property
    def _client(self) -> Coroutine[Any, Any, Any]:  # fal_client awaits an attribute
        return _ready(self._http)

    @property
    def _token_manager(self) -> Coroutine[Any, Any, AsyncCDNTokenManager]:
        return _ready(self._tokens)

    @contextlib.asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[Any]:
        yield self._http

    async def upload_parcel(self, parcel: Parcel, content_type: str, file_name: str) -> str:
        """The file's URL. fal's file host first, its storage as fallback; in parts above 100 MiB.

        Raises WireFault, or KeyError, TypeError and ValueError where the answers cannot be read.
        """
        if len(parcel) > fal_client.client.MULTIPART_THRESHOLD:
            return await self._upload_in_parts(parcel, content_type, file_name)
        # A Parcel is not bytes, but has all that fal_client asks of them: a length, and a body httpx can send.
        return await self.upload(parcel, content_type, file_name)  # type: ignore[arg-type]

    async def _upload_in_parts(self, parcel: Parcel, content_type: str, file_name: str) -> str:
        upload = AsyncMultipartUpload(
            file_name=file_name,
            client=self._http,  # type: ignore[arg-type]
            token_manager=self._tokens,
            content_type=content_type,
        )
        await upload.create()
        turns = asyncio.Semaphore(_PARTS_AT_ONCE)
        done_bytes = 0

        async def send_part(number: int) -> None:
            nonlocal done_bytes
            async with turns:
                start = (number - 1) * upload.chunk_size
                part = await asyncio.to_thread(parcel.read_part, start, upload.chunk_size)
                await upload.upload_part(number, part)
                done_bytes += len(part)
                parcel.tell(done_bytes)

        try:
            async with asyncio.TaskGroup() as group:
                for number in range(1, math.ceil(len(parcel) / upload.chunk_size) + 1):
                    group.create_task(send_part(number))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None
        # fal_client lists parts as they finish; stores of this kind ask for them in order.
        upload._parts.sort(key=lambda part: part["partNumber"])
        return str(await upload.complete())


class Routed:
    """A Wire that sends fal's usual addresses to where the operator says fal lives."""

    def __init__(self, wire: Wire, hosts: Hosts) -> None:
        self._wire = wire
        self._hosts = hosts

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        content = options.get("content")
        if isinstance(content, Parcel):
            # Without it httpx would send in chunks of unknown total, which presigned PUTs refuse.
            options["headers"] = {**(options.get("headers") or {}), "Content-Length": str(len(content))}
        return await self._wire.request(method, at_hosts(url, self._hosts), **options)


class UploadTokens(AsyncCDNTokenManager):
    """fal_client's token keeper; it would open an httpx client of its own, past our wire."""

    def __init__(self, http: OneRequest | Routed, hosts: Hosts) -> None:
        super().__init__(AuthCredentials("Key", PLACEHOLDER))
        self._http = http
        self._hosts = hosts

    async def _refresh_token(self) -> CDNToken:
        answer = await self._http.request("POST", self._url, headers=self._headers, json={})
        data = read_json(answer)
        base = str(data.get("base_url") or "")
        return CDNToken(
            token=str(data["token"]),
            token_type=str(data.get("token_type") or "Bearer"),
            base_upload_url=base if self._hosts.may_see_upload_token(base) else self._hosts.cdn,
            expires_at=_expiry(data.get("expires_at")),
        )


class Handle(AsyncRequestHandle):
    """fal_client's handle with a reader that forgives missing keys; its own raises KeyError without `logs`."""

    @classmethod
    def through(cls, http: OneRequest, ticket: Ticket) -> Handle:
        return cls(
            request_id=ticket.request_id,
            response_url=ticket.response_url,
            status_url=ticket.status_url,
            cancel_url=ticket.cancel_url,
            client=http,  # type: ignore[arg-type]
        )

    def _parse_status(self, data: Any) -> Progress:  # type: ignore[override]
        return read_progress(data)


def at_hosts(url: str, hosts: Hosts) -> str:
    """`url` with fal's usual base replaced by the operator's, as fal_client composes from constants of its own."""
    usual = {
        fal_client.client.QUEUE_URL_FORMAT.rstrip("/"): hosts.queue,
        fal_client.client.RUN_URL_FORMAT.rstrip("/"): hosts.run,
        fal_client.client.REST_URL: hosts.rest,
        fal_client.client.CDN_URL: hosts.cdn,
    }
    for base, ours in usual.items():
        if url.startswith(base + "/"):
            return ours + url[len(base) :]
    return url


async def _ready(value: T) -> T:
    return value


def _expiry(text: object) -> datetime:
    """When an upload token ends; one minute from now where fal does not say it readably."""
    with contextlib.suppress(ValueError, TypeError):
        moment = datetime.fromisoformat(str(text))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return datetime.now(UTC) + timedelta(minutes=1)
