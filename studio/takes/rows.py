"""Between a row of the ledger and a Take: strict on the way in, tolerant of anything odd on the way out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from studio.takes.take import Charge, State, Take

_OBJECTS = ("values", "edits", "facts")
_MAYBE_OBJECTS = ("script", "payload", "result", "reason")
_TIMES = ("created_at", "submitted_at", "started_at", "completed_at", "kept_at", "closed_at", "binned_at")
_FLAGS = ("makes_video", "is_cancel_requested", "starred")
_COUNTS = ("seq", "number", "estimate_usd_micros", "at_most_usd_micros", "held_usd_micros", "rate_usd_micros")
_MAYBE_COUNTS = ("billed_usd_micros", "queue_position")
_MAYBE_NUMBERS = ("billable_units", "duration_s")
_TEXTS = ("id", "key", "world", "series", "mode", "endpoint_id", "title", "fingerprint", "session_id", "search_text")


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: sorts as text and reads as a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_time(text: object) -> datetime | None:
    """A UTC time, or None for anything that is not one."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_json(value: Any) -> str:
    """JSON text that any database can store."""
    return storable(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))


def from_json(text: object) -> Any:
    """Whatever the text holds, or None where it is not JSON."""
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def storable(text: str) -> str:
    """Text that any database takes: half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def to_columns(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values of Take fields as column values. TypeError for a name that is no column."""
    unknown = set(given) - _NAMES
    if unknown:
        raise TypeError(f"no such column: {', '.join(sorted(unknown))}")
    return {name: _to_column(name, value) for name, value in given.items()}


def _to_column(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, datetime):
        return to_text(value)
    if name in _OBJECTS or name in _MAYBE_OBJECTS or name == "notes":
        return to_json(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, str):
        return storable(value)
    return value


def to_take(row: Mapping[Any, Any]) -> Take:
    """A Take from a row of any quality: a strange value becomes its default, a strange state becomes `unknown`.

    Columns that the row lacks get the defaults of Take, so a question may select only what it needs.
    """
    given = {name: _READERS[name](value) for name, value in row.items() if name in _READERS}
    return Take(**{**_REQUIRED, **given})


def _object(text: object) -> dict[str, Any] | None:
    value = from_json(text)
    return value if isinstance(value, dict) else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _member(kind: type[Any], value: object, otherwise: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        return otherwise


def _notes(text: object) -> list[Any]:
    value = from_json(text)
    return value if isinstance(value, list) else []


def _readers() -> dict[str, Callable[[Any], Any]]:
    """How each column is read."""
    kinds: tuple[tuple[tuple[str, ...], Callable[[Any], Any]], ...] = (
        (tuple(_NAMES), lambda value: value),
        (_OBJECTS, lambda value: _object(value) or {}),
        (_MAYBE_OBJECTS, _object),
        (_TIMES, to_time),
        (_FLAGS, bool),
        (_COUNTS, lambda value: _count(value) or 0),
        (_MAYBE_COUNTS, _count),
        (_MAYBE_NUMBERS, _number),
        (_TEXTS, lambda value: str(value or "")),
        (("order_index",), lambda value: _number(value) or 0.0),
        (("notes",), _notes),
        (("state",), lambda value: _member(State, value, State.UNKNOWN)),
        (("charge",), lambda value: _member(Charge, value, Charge.MAY_BE_BILLED)),
    )
    return {name: read for names, read in kinds for name in names}


_NAMES = frozenset(item.name for item in fields(Take))
_REQUIRED = {"id": "", "key": "", "number": 0, "world": "", "mode": "", "endpoint_id": ""}
_READERS = _readers()
