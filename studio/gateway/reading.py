"""Reads what fal answers, tolerantly: a strange value becomes None, and only a gap that matters raises Unreadable."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from studio.gateway.answers import CancelAnswer, Progress, RemoteFile, RemoteRequest, Result, State, Ticket, UnitPrice
from studio.gateway.hosts import Hosts

_STATES: dict[str, State] = {"IN_QUEUE": "queued", "IN_PROGRESS": "running", "COMPLETED": "done"}
_KEPT_HEADERS = ("x-fal-request-id", "x-fal-billable-units", "x-fal-error-type", "x-fal-served-from")
_MAX_LOGS = 50
_MAX_TEXT = 500
_MOST_UNITS = 10_000.0  # of seconds or calls in one take; beyond it no bill is meant


class Unreadable(ValueError):
    """An answer that is not JSON, or lacks what it cannot do without. `code` is a row of the table of meanings."""

    def __init__(self, code: str, note: str) -> None:
        super().__init__(note)
        self.code = code


def read_json(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in an answer. Raises Unreadable for anything else, however deep or broken."""
    try:
        data = json.loads(response.content)
    except (ValueError, RecursionError):
        raise Unreadable("garbage", "the answer is not JSON") from None
    if not isinstance(data, dict):
        raise Unreadable("garbage", "the answer is not a JSON object")
    return data


def read_ticket(data: Mapping[str, Any], endpoint_id: str, hosts: Hosts) -> Ticket:
    """A ticket from a submit answer or a ledger row. Links that are missing, or lead where the key may not go, are
    composed from the endpoint id instead.

    Raises Unreadable without a request id, or where a link is needed and no endpoint id is known.
    """
    request_id = data.get("request_id")
    if isinstance(request_id, int) and not isinstance(request_id, bool):
        request_id = str(request_id)
    if not isinstance(request_id, str) or not 0 < len(request_id) <= 200 or not request_id.isprintable():
        raise Unreadable("missing_keys", "the answer has no request id")
    links = {name: data.get(name) for name in ("response_url", "status_url", "cancel_url")}
    if not all(isinstance(url, str) and hosts.may_see_key(url) for url in links.values()):
        links = _composed_links(links, request_id, endpoint_id, hosts)
    return Ticket(
        request_id=request_id,
        response_url=str(links["response_url"]),
        status_url=str(links["status_url"]),
        cancel_url=str(links["cancel_url"]),
        queue_position=_count(data.get("queue_position")),
        endpoint_id=endpoint_id,
    )


def _composed_links(given: dict[str, Any], request_id: str, endpoint_id: str, hosts: Hosts) -> dict[str, Any]:
    try:
        base = hosts.request_base(endpoint_id, request_id)
    except ValueError as error:
        raise Unreadable("missing_keys", f"no usable links: {error}") from None
    composed = {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
    return {
        name: given[name] if isinstance(given[name], str) and hosts.may_see_key(given[name]) else url
        for name, url in composed.items()
    }


def read_progress(data: Any) -> Progress:
    """One status answer. Raises Unreadable where there is no status word, or one that fal never documented."""
    word = data.get("status") if isinstance(data, dict) else None
    if not isinstance(word, str):
        raise Unreadable("missing_keys", "the answer has no status")
    if word.upper() not in _STATES:
        raise Unreadable("unknown_status", f"the status is {word[:40]!r}")
    metrics = data.get("metrics")
    return Progress(
        state=_STATES[word.upper()],
        queue_position=_count(data.get("queue_position")),
        logs=_logs(data.get("logs")),
        error=_text(data.get("error")),
        error_type=_text(data.get("error_type")),
        inference_s=_number(metrics.get("inference_time")) if isinstance(metrics, dict) else None,
    )


def read_result(response: httpx.Response) -> Result:
    payload = read_json(response)
    return Result(
        payload=payload,
        billable_units=billable_units(response.headers),
        headers=kept_headers(response.headers),
        video=read_file(payload.get("video")),
        voice_id=read_voice_id(payload.get("voice_id")),
    )


def billable_units(headers: Mapping[str, str]) -> float | None:
    """`x-fal-billable-units` as a number, or None where it is missing or nonsense."""
    units = _number(headers.get("x-fal-billable-units"))
    return units if units is not None and 0 <= units <= _MOST_UNITS else None


def read_voice_id(value: Any) -> str | None:
    """Kling's id of a voice, a number in text; a bare number is taken too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: headers[name][:_MAX_TEXT] for name in _KEPT_HEADERS if name in headers}


def read_file(value: Any) -> RemoteFile | None:
    """The file that an output names, or None where there is no link in it."""
    if not isinstance(value, dict) or not isinstance(value.get("url"), str) or not value["url"]:
        return None
    size = value.get("file_size")
    return RemoteFile(value["url"], _text(value.get("content_type")), _text(value.get("file_name")), _count(size))


def read_cancel(status: int, data: Mapping[str, Any]) -> CancelAnswer | None:
    """What became of a cancel, or None where the answer says nothing readable.

    202 CANCELLATION_REQUESTED, 400 ALREADY_COMPLETED, 404 NOT_FOUND and OK are documented; 200 with OK, and
    `{"success": bool}`, are inferred from older schemas. That older `true` says only that the wish came through.
    """
    word = str(data.get("status") or "").upper()
    if word == "ALREADY_COMPLETED" or data.get("success") is False:
        return "too_late"
    if word == "NOT_FOUND" or status == 404:
        return "not_found"
    if word == "OK":
        return "removed"
    return "requested" if word == "CANCELLATION_REQUESTED" or 200 <= status < 300 else None


def read_requests(data: Mapping[str, Any], endpoint_id: str) -> list[RemoteRequest]:
    items = data.get("items")
    rows = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
    return [
        RemoteRequest(
            request_id=row["request_id"],
            endpoint_id=_text(row.get("endpoint_id")) or endpoint_id,
            sent_at=_moment(row.get("sent_at")),
            started_at=_moment(row.get("started_at")),
            ended_at=_moment(row.get("ended_at")),
            status_code=_count(row.get("status_code")),
            json_input=_maybe_json(row.get("json_input")),
            json_output=_maybe_json(row.get("json_output")),
        )
        for row in rows
        if isinstance(row.get("request_id"), str) and row["request_id"]
    ]


def next_cursor(data: Mapping[str, Any]) -> str | None:
    cursor = data.get("next_cursor")
    return cursor if data.get("has_more") and isinstance(cursor, str) and cursor else None


def read_prices(data: Mapping[str, Any]) -> dict[str, UnitPrice]:
    rows = data.get("prices")
    prices = {}
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("endpoint_id"), str):
            micros = _usd_micros(row.get("unit_price"))
            if micros is not None:
                unit, currency = _text(row.get("unit")) or "", _text(row.get("currency")) or "USD"
                prices[row["endpoint_id"]] = UnitPrice(micros, unit, currency)
    return prices


def _usd_micros(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    with contextlib.suppress(InvalidOperation, ValueError, OverflowError):
        amount = Decimal(str(value))
        if amount.is_finite() and 0 <= amount < 1_000_000:
            return int((amount * 1_000_000).to_integral_value())
    return None


def _logs(value: Any) -> list[str]:
    rows = value[-_MAX_LOGS:] if isinstance(value, list) else []
    texts = [row.get("message") if isinstance(row, dict) else row for row in rows]
    return [text[:_MAX_TEXT] for text in texts if isinstance(text, str)]


def _text(value: Any) -> str | None:
    return value[:_MAX_TEXT] if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < 2**53 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _maybe_json(value: Any) -> Any:
    """Payloads come as JSON or as text that holds JSON; text that does not stays text."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return value
