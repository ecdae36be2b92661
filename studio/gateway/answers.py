"""What fal answers, as small frozen values. Holds shapes only; reading.py fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from studio.gateway.errors import GatewayError

State = Literal["queued", "running", "done"]
CancelAnswer = Literal["removed", "requested", "too_late", "not_found"]


@dataclass(frozen=True)
class Ticket:
    """An accepted request. Write it down before anything else; the URLs are on hosts that may see the key."""

    request_id: str
    response_url: str
    status_url: str
    cancel_url: str
    queue_position: int | None = None
    endpoint_id: str = ""


@dataclass(frozen=True)
class Progress:
    """One look at a request. `trouble` says why the look failed; the state is then the last one seen."""

    state: State
    queue_position: int | None = None
    logs: list[str] = field(default_factory=list)
    error: str | None = None
    error_type: str | None = None
    inference_s: float | None = None
    trouble: GatewayError | None = None


@dataclass(frozen=True)
class RemoteFile:
    """A finished file at fal. `size_bytes` is what fal says and may be wrong or missing."""

    url: str
    content_type: str | None = None
    file_name: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Result:
    """The model's output. `billable_units` is what fal says it billed, where it says so."""

    payload: dict[str, Any]
    billable_units: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    video: RemoteFile | None = None
    voice_id: str | None = None


@dataclass(frozen=True)
class Download:
    """A file that was fetched whole and renamed into place. Still to be opened by somebody who knows media."""

    size_bytes: int
    content_type: str | None
    sha256: str


@dataclass(frozen=True)
class RemoteRequest:
    """One row of fal's own list of requests. `json_input` is None where payloads are not stored."""

    request_id: str
    endpoint_id: str
    sent_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    status_code: int | None
    json_input: Any
    json_output: Any


@dataclass(frozen=True)
class UnitPrice:
    """A price from fal's pricing list, in micro-dollars per unit (of `currency`; USD in all answers seen)."""

    unit_price_usd_micros: int
    unit: str
    currency: str


@dataclass(frozen=True)
class KeyCheck:
    """Whether fal knows the key: True, False, or None where that could not be found out. Never holds the key."""

    is_ok: bool | None
    code: str
    sentence: str
