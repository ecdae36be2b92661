"""fal's own books: its list of requests, its prices, and whether it knows the key. Free questions only, never paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from studio.catalog.registry import ENDPOINTS
from studio.gateway import reading
from studio.gateway.answers import KeyCheck, RemoteRequest, UnitPrice
from studio.gateway.errors import GatewayError, Step

_MAX_PAGES = 20
_PAGE_ROWS = 100
_PRICING = "/v1/models/pricing"

# Asks one path with one query, for one step; gives the JSON object or raises GatewayError.
Ask = Callable[[str, Mapping[str, Any], Step], Awaitable[dict[str, Any]]]


async def list_requests(ask: Ask, endpoint_id: str, start: datetime, end: datetime) -> list[RemoteRequest]:
    """All pages between two moments, 2,000 rows at most."""
    query = {"endpoint_id": endpoint_id, "start": _iso(start), "end": _iso(end)}
    query |= {"expand": "payloads", "limit": str(_PAGE_ROWS)}
    rows: list[RemoteRequest] = []
    for _ in range(_MAX_PAGES):
        data = await ask("/v1/models/requests/by-endpoint", query, Step.LOOK)
        rows += reading.read_requests(data, endpoint_id)
        cursor = reading.next_cursor(data)
        if cursor is None:
            break
        query["cursor"] = cursor
    return rows


async def read_unit_prices(ask: Ask, endpoint_ids: Sequence[str]) -> dict[str, UnitPrice]:
    return reading.read_prices(await ask(_PRICING, {"endpoint_id": list(endpoint_ids)}, Step.PRICES))


async def check_key(ask: Ask) -> KeyCheck:
    """An account that is locked, or a key without rights here, is still one that fal knows."""
    try:
        await ask(_PRICING, {"endpoint_id": ENDPOINTS[0].id}, Step.KEY)
    except GatewayError as fault:
        is_ok = {"bad_key": False, "no_key": False, "locked": True, "forbidden": True}.get(fault.code)
        return KeyCheck(is_ok, fault.code, fault.sentence)
    return KeyCheck(True, "ok", "fal.ai knows this key.")


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
