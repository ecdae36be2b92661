"""The gateway: what the studio may ask of fal, each a method. One POST a click; faults leave as GatewayError only."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from studio.catalog.registry import find_endpoint
from studio.gateway import books, reading
from studio.gateway.answers import CancelAnswer, Download, KeyCheck, Progress, RemoteRequest, Result, Ticket, UnitPrice
from studio.gateway.download import MAX_FILE_BYTES, fetch
from studio.gateway.engine import Engine, Handle, OneRequest, Routed
from studio.gateway.errors import GatewayError, Gone, Step, Trouble
from studio.gateway.explain import explain, explain_kind
from studio.gateway.hosts import Hosts
from studio.gateway.pace import Pace
from studio.gateway.parcel import OnBytes, Parcel, header_safe_name
from studio.gateway.wire import Answered, Broken, KeySource, usable_key
from studio.gateway.wires import Patiences, Wires

_ATTEMPTS = 3  # of what is free to repeat: uploads, and downloads that broke midway
_GONE_LOOKS = 5  # 404s in a row before a watched take counts as gone; one may come right after the submit
_SLOWEST_UPLOAD_BYTES_S = 64 * 1024


class Gateway:
    """Everything the studio asks of fal. `key` is a key or a callable that is asked for it at every request.

    `transport` None lets httpx build its own (SSL_CERT_FILE and proxies honoured); anything else is the whole world
    that this gateway sees. `sleep`, `luck` and `clock` are for tests. Use it on one event loop.
    """

    def __init__(
        self,
        key: str | KeySource | None,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        hosts: Hosts | None = None,
        pace: Pace | None = None,
        patiences: Patiences | None = None,
        verify: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        luck: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key: KeySource = key if callable(key) else lambda: key
        self._transport, self._verify = transport, verify
        self.hosts = hosts or Hosts()
        self._wires = Wires(self._key, self.hosts, transport, verify, patiences or Patiences())
        self._pace = pace or Pace()
        self._sleep = sleep
        self._luck = luck
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Gateway {self.hosts.queue}>"

    async def aclose(self) -> None:
        await self._wires.aclose()

    # -- a take -------------------------------------------------------------------------------------------------------

    async def submit(
        self, endpoint_id: str, arguments: Mapping[str, Any], *, on_sending: Callable[[], Any] | None = None
    ) -> Ticket:
        """Ask for a take: exactly one POST, whatever happens. `on_sending` (may be async) runs just before it; if it
        raises, nothing is sent.

        Raises NotSent (no byte left), Refusal (fal said no, nothing runs) or LostAnswer (anything else: never send
        again by yourself). A task that is cancelled meanwhile leaves the outcome as unknown as LostAnswer does.
        """
        body = self._sendable(arguments)
        with self._explained(Step.SUBMIT):
            usable_key(self._key())
        if on_sending is not None:
            outcome = on_sending()
            if inspect.isawaitable(outcome):
                await outcome
        once = OneRequest(self._wires.submit, self.hosts)
        with self._explained(Step.SUBMIT):
            # fal_client insists on all four keys of the answer; ours are read below from the same answer instead.
            with contextlib.suppress(LookupError, ValueError, TypeError, AttributeError, RecursionError):
                await Engine(once, self.hosts).submit(endpoint_id, body)
            if once.answer is None:
                raise Broken("reset" if once.is_spent else "engine")
        try:
            return reading.read_ticket(reading.read_json(once.answer), endpoint_id, self.hosts)
        except reading.Unreadable as fault:
            raise self._unreadable(Step.SUBMIT, fault, once.answer) from None

    async def status(self, ticket: Ticket | Mapping[str, Any]) -> Progress:
        """One look at a take. Raises Trouble (ask again), or Gone where fal does not know the request."""
        known = self.ticket(ticket, Step.STATUS)
        once = OneRequest(self._wires.ask, self.hosts)
        with self._explained(Step.STATUS, known):
            try:
                progress: Any = await Handle.through(once, known).status(with_logs=True)
            except reading.Unreadable as fault:
                raise self._unreadable(Step.STATUS, fault, once.answer, known) from None
            except (ValueError, RecursionError):
                raise self._unreadable(Step.STATUS, _garbage(), once.answer, known) from None
        return progress  # type: ignore[no-any-return]  # Handle reads a Progress where fal_client reads its own

    async def watch(
        self, ticket: Ticket | Mapping[str, Any], first_wait_s: float = 1.0, max_wait_s: float = 3.0
    ) -> AsyncIterator[Progress]:
        """Look until the take is done, politely. A failed look is yielded with `trouble` and the last known state.

        Raises only Gone, after five looks in a row at which fal did not know the request.
        """
        pace = replace(self._pace, first_s=first_wait_s, max_s=max_wait_s)
        last, looks, troubles, missing = Progress("queued"), 0, 0, 0
        while True:
            seen, trouble = await self._look(ticket)
            if seen is not None:
                last, looks, troubles, missing = seen, looks + 1, 0, 0
            else:
                troubles, missing = troubles + 1, missing + 1 if isinstance(trouble, Gone) else 0
            if trouble is not None and missing >= _GONE_LOOKS:
                raise trouble
            yield replace(last, trouble=trouble)
            if last.state == "done" and trouble is None:
                return
            told_s = trouble.retry_after_s if trouble is not None else None
            await self._sleep(pace.wait_s(looks, troubles, told_s, self._luck()))

    async def result(self, ticket: Ticket | Mapping[str, Any], said_type: str | None = None) -> Result:
        """The output of a take that is done. `said_type` is the error type its COMPLETED status carried, if any.

        Raises TakeFailed (fal's own reason, final), NotReady, Trouble (ask again) or Gone (expired).
        """
        known = self.ticket(ticket, Step.RESULT)
        with self._explained(Step.RESULT, known, said_type):
            answer = await OneRequest(self._wires.ask, self.hosts).request("GET", known.response_url)
        try:
            result = reading.read_result(answer)
        except reading.Unreadable as fault:
            raise self._unreadable(Step.RESULT, fault, answer, known) from None
        if str(result.payload.get("status", "")) in ("IN_QUEUE", "IN_PROGRESS"):
            raise explain_kind(Step.RESULT, "not_ready", request_id=known.request_id)
        if not _holds_what_was_asked(result, known.endpoint_id):
            gap = reading.Unreadable("missing_keys", "no file and no voice in the result")
            raise self._unreadable(Step.RESULT, gap, answer, known)
        return result

    async def cancel(self, ticket: Ticket | Mapping[str, Any]) -> CancelAnswer:
        """Ask fal to stop a take. `removed`: it never started. `requested`: a signal only, it may still finish and
        bill. Raises Trouble where no answer came."""
        known = self.ticket(ticket, Step.CANCEL)
        once = OneRequest(self._wires.ask, self.hosts)
        with self._explained(Step.CANCEL, known):
            try:
                await Handle.through(once, known).cancel()
            except Answered as fault:
                said = reading.read_cancel(fault.status, _json_object(fault.text))
                if said is None:
                    raise
                return said
        answer = once.answer
        if answer is None:
            raise explain_kind(Step.CANCEL, "garbage", request_id=known.request_id)
        return reading.read_cancel(answer.status_code, _json_object(answer.text)) or "requested"

    def ticket(self, given: Ticket | Mapping[str, Any], step: Step = Step.STATUS) -> Ticket:
        """A ticket that is safe to use, from a ticket or a ledger row with `request_id`, the three URLs and
        `endpoint_id`. Raises ForbiddenHost where its links are unusable and cannot be composed."""
        row = asdict(given) if isinstance(given, Ticket) else given
        try:
            return reading.read_ticket(row, str(row.get("endpoint_id") or ""), self.hosts)
        except reading.Unreadable as fault:
            raise explain_kind(step, "forbidden_host", detail=str(fault)) from None

    # -- files --------------------------------------------------------------------------------------------------------

    async def upload(self, path: Path, content_type: str, file_name: str, on_bytes: OnBytes | None = None) -> str:
        """Bring a file up; returns its URL. Free, and tried three times. The file is streamed from disk.

        Raises Refusal (fal does not take it), NotSent (it cannot be read here) or Trouble.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._upload_once(path, content_type, header_safe_name(file_name), on_bytes)
            except Trouble as trouble:
                if attempt == _ATTEMPTS or not trouble.is_retryable:
                    raise
                await self._sleep(self._pace.wait_s(0, attempt, trouble.retry_after_s, self._luck()))
        raise AssertionError("unreachable")

    async def download(
        self,
        url: str,
        to: Path,
        on_bytes: OnBytes | None = None,
        *,
        expected_bytes: int | None = None,
        max_bytes: int = MAX_FILE_BYTES,
    ) -> Download:
        """Fetch a finished file to `to`, without the key; resumes a broken one, also after a restart.

        `expected_bytes` is the size the result named; a file of another size is not kept. Raises Gone (404, 410),
        ForbiddenHost or Trouble; `trouble.code` is e.g. `short`, `not_media`, `empty`, `disk_full`.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await fetch(
                    self._wires.carry,
                    url,
                    to,
                    on_bytes=on_bytes,
                    expected_bytes=expected_bytes,
                    max_bytes=max_bytes,
                    clock=self._clock,
                )
            except Answered as fault:
                raise self._error(Step.DOWNLOAD, fault) from None
            except Broken as fault:
                if attempt == _ATTEMPTS or fault.kind not in ("reset", "timeout", "short"):
                    raise self._error(Step.DOWNLOAD, fault) from None
                await self._sleep(0.5 * attempt)
        raise AssertionError("unreachable")

    # -- fal's books --------------------------------------------------------------------------------------------------

    async def requests_by_endpoint(self, endpoint_id: str, start: datetime, end: datetime) -> list[RemoteRequest]:
        """fal's own list of requests between two moments, with payloads where fal stores them; 2,000 rows at most.
        Probably lists ended requests only (unverified). Raises Trouble."""
        return await books.list_requests(self._ask, endpoint_id, start, end)

    async def prices(self, endpoint_ids: Sequence[str]) -> dict[str, UnitPrice]:
        """fal's unit prices for up to 50 endpoints; those that fal does not name are missing. Raises Trouble."""
        return await books.read_unit_prices(self._ask, endpoint_ids)

    async def check_key(self, key: str | None = None) -> KeyCheck:
        """Whether fal knows the key, by a free question that needs one: our own, or one that nothing is sent with yet.

        Never raises GatewayError.
        """
        if key is None:
            return await books.check_key(self._ask)
        other = Gateway(key, self._transport, hosts=self.hosts, verify=self._verify)
        try:
            return await books.check_key(other._ask)
        finally:
            if self._transport is None:  # one that was handed in is ours still
                await other.aclose()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _look(self, ticket: Ticket | Mapping[str, Any]) -> tuple[Progress | None, GatewayError | None]:
        try:
            return await self.status(ticket), None
        except GatewayError as trouble:
            return None, trouble

    async def _upload_once(self, path: Path, content_type: str, file_name: str, on_bytes: OnBytes | None) -> str:
        engine = Engine(Routed(self._wires.carry, self.hosts), self.hosts)
        with self._explained(Step.UPLOAD):
            try:
                parcel = Parcel(path, on_bytes)
                async with asyncio.timeout(120 + len(parcel) / _SLOWEST_UPLOAD_BYTES_S):
                    url = await engine.upload_parcel(parcel, content_type, file_name)
            except TimeoutError:
                raise Broken("timeout") from None
            except OSError as error:
                raise Broken("file_unreadable", str(error)) from None
            except (LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
                raise Broken("garbage", type(error).__name__) from None
            if not isinstance(url, str) or not self.hosts.may_fetch(url):
                raise Broken("garbage", "the answer holds no usable link")
        return url

    async def _ask(self, path: str, query: Mapping[str, Any], step: Step) -> dict[str, Any]:
        """One free question to fal's platform API."""
        once = OneRequest(self._wires.ask, self.hosts)
        with self._explained(step):
            answer = await once.request("GET", f"{self.hosts.api}{path}", params=query)
        try:
            return reading.read_json(answer)
        except reading.Unreadable as fault:
            raise self._unreadable(step, fault, answer) from None

    def _sendable(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as they are. NotSent where they are not JSON: NaN, half a surrogate pair, an object."""
        try:
            json.dumps(dict(arguments), ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise explain_kind(Step.SUBMIT, "bad_arguments", detail=type(error).__name__) from None
        return dict(arguments)

    @contextlib.contextmanager
    def _explained(self, step: Step, ticket: Ticket | None = None, said_type: str | None = None) -> Iterator[None]:
        try:
            yield
        except (Answered, Broken) as fault:
            raise self._error(step, fault, ticket, said_type) from None

    def _error(
        self, step: Step, fault: Answered | Broken, ticket: Ticket | None = None, said_type: str | None = None
    ) -> GatewayError:
        return explain(
            step,
            fault,
            key=self._key(),
            endpoint_id=ticket.endpoint_id if ticket else "",
            request_id=ticket.request_id if ticket else None,
            said_type=said_type,
        )

    def _unreadable(
        self, step: Step, fault: reading.Unreadable, answer: httpx.Response | None, ticket: Ticket | None = None
    ) -> GatewayError:
        """The request id of a submit whose answer is garbage is fal's header, if there is one: a hint for looking."""
        return explain_kind(
            step,
            fault.code,
            detail=f"{fault}\n{answer.text if answer is not None else ''}",
            key=self._key(),
            request_id=ticket.request_id if ticket else (answer.headers.get("x-fal-request-id") if answer else None),
            status=answer.status_code if answer is not None else None,
        )


def _garbage() -> reading.Unreadable:
    return reading.Unreadable("garbage", "the answer is not JSON")


def _json_object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _holds_what_was_asked(result: Result, endpoint_id: str) -> bool:
    try:
        makes_video = find_endpoint(endpoint_id).makes_video
    except KeyError:
        return True
    return (result.video if makes_video else result.voice_id) is not None
