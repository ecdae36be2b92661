"""Reads a fault and finds its words: from what came over the wire to the one error to raise. Never talks to fal."""

from __future__ import annotations

import email.utils
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from studio.catalog.registry import find_endpoint
from studio.gateway.errors import (
    Charged,
    ForbiddenHost,
    GatewayError,
    Gone,
    LostAnswer,
    Meaning,
    NotReady,
    NotSent,
    Refusal,
    Rule,
    Step,
    TakeFailed,
    Trouble,
)
from studio.gateway.meanings import PLATFORM, REST
from studio.gateway.reading import billable_units
from studio.gateway.refusals import known_type, rules
from studio.gateway.wire import Answered, Broken

# The one table: the model's own types, then the platform's rows, then what is left.
TABLE: tuple[Rule, ...] = rules() + PLATFORM + REST

_MAX_DETAIL = 4000
_MAX_ROWS = 20
_STILL_GOING = ("still in progress", "in_progress", "in_queue", "not completed", "not ready", "is not complete")
_SECRET = re.compile(r"\b(Key|Bearer|Token)\s+[^\s\"',}]{6,}", re.IGNORECASE)
_SIGNED = re.compile(r"((?:signature|token|credential|sig|key)=)[^&\s\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """What an error answer holds: the first row decides the words, all rows mark their fields."""

    kind: str | None = None
    error_type: str | None = None
    ctx: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    row_count: int = 0


def explain(
    step: Step,
    fault: Answered | Broken,
    *,
    key: str | None = None,
    endpoint_id: str = "",
    request_id: str | None = None,
    said_type: str | None = None,
) -> GatewayError:
    """The error to raise for `fault` at `step`. `said_type` is the error type that a COMPLETED status carried."""
    if isinstance(fault, Broken):
        return _explain_broken(step, fault, key, request_id)
    reading = read_detail(fault.text, fault.headers, step, said_type)
    meaning = find_meaning(step, fault.status, reading.kind)
    retry_after_s = read_retry_after(fault.headers)
    names = {**_ctx_words(reading.ctx), "status": str(fault.status), "name": _title(endpoint_id, reading.fields)}
    if retry_after_s is not None:
        names["wait_s"] = f"{math.ceil(retry_after_s)}"
    sort = _sort_of_answer(step, fault.status, reading.kind)
    units = billable_units(fault.headers)
    return sort(
        meaning,
        sentence=_sentence(meaning, names, reading.row_count),
        charged=_charged(sort, step, meaning, fault.status, units),
        request_id=request_id or _header(fault.headers, "x-fal-request-id"),
        status=fault.status,
        error_type=reading.error_type,
        detail=redact(fault.text, key),
        fields=reading.fields,
        retry_after_s=retry_after_s,
        billable_units=units,
    )


def explain_kind(
    step: Step,
    kind: str,
    *,
    detail: str = "",
    key: str | None = None,
    request_id: str | None = None,
    status: int | None = None,
) -> GatewayError:
    """The error for a fault that is known by its name: garbage, missing_keys, unknown_status, short, disk_full…"""
    meaning = find_meaning(step, None, kind)
    sort = _sort_of_kind(step, kind)
    charged = Charged.NO if sort is NotSent else _charged(sort, step, meaning, None, None)
    return sort(meaning, charged=charged, request_id=request_id, status=status, detail=redact(detail, key))


def find_meaning(step: Step, status: int | None, kind: str | None) -> Meaning:
    """The first row of the table that fits; its last row fits everything."""
    return next(rule.meaning for rule in TABLE if rule.fits(step, status, kind))


def read_detail(text: str, headers: Mapping[str, str], step: Step, said_type: str | None = None) -> Reading:
    """What an error body says, whatever its shape: text, pydantic rows of any age, a platform error, or rubbish."""
    body = _json_or_none(text)
    detail = body.get("detail") if isinstance(body, dict) else None
    rows = [row for row in detail[:_MAX_ROWS] if isinstance(row, dict)] if isinstance(detail, list) else []
    types = [_str(row.get("type")) for row in rows]
    if isinstance(body, dict):
        nested = body.get("error")
        types += [_str(body.get("error_type")), _str(nested.get("type")) if isinstance(nested, dict) else None]
    types += [_header(headers, "x-fal-error-type"), said_type]
    error_type = next((name for name in types if name), None)
    ctx = rows[0].get("ctx") if rows else None
    is_going = step is Step.RESULT and known_type(error_type) is None and _is_still_going(body, detail, text)
    return Reading(
        kind="not_ready" if is_going else _kind(error_type, text),
        error_type=error_type,
        ctx=ctx if isinstance(ctx, dict) else {},
        fields=_fields(rows),
        row_count=len(rows),
    )


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from `Retry-After`, given as seconds or as a date; between 0 and one hour, else None."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), 3600.0) if math.isfinite(seconds) else None


def redact(text: str, key: str | None) -> str:
    """`text` bounded and without the key, its parts, authorization values or signatures in links."""
    for secret in sorted(_secrets(key), key=len, reverse=True):
        text = text.replace(secret, "[key]")
    text = _SIGNED.sub(r"\1[secret]", _SECRET.sub(r"\1 [secret]", text))
    return text if len(text) <= _MAX_DETAIL else text[:_MAX_DETAIL] + " …"


def _secrets(key: str | None) -> set[str]:
    whole = (key or "").strip()
    return {part for part in (whole, *whole.split(":")) if len(part) >= 6}


def _explain_broken(step: Step, fault: Broken, key: str | None, request_id: str | None) -> GatewayError:
    return explain_kind(step, fault.kind, detail=str(fault), key=key, request_id=request_id)


def _sort_of_kind(step: Step, kind: str) -> type[GatewayError]:
    if step is Step.SUBMIT:
        return LostAnswer if Broken(kind).is_sent and kind not in ("bad_arguments", "engine") else NotSent
    if kind == "forbidden_host":
        return ForbiddenHost
    if kind == "file_unreadable":
        return NotSent
    return NotReady if kind == "not_ready" else Trouble


def _sort_of_answer(step: Step, status: int, kind: str | None) -> type[GatewayError]:
    """Which error an answer is. At the submit only a 4xx proves that nothing runs: 408 and 499 speak of a broken
    exchange, and 3xx and 5xx may come from a proxy after the queue took the request (an nginx 502 or 504 does)."""
    is_plain_4xx = 400 <= status <= 498 and status not in (408, 429)
    if step is Step.SUBMIT:
        return Refusal if is_plain_4xx or status == 429 else LostAnswer
    if step is Step.UPLOAD:
        return Refusal if is_plain_4xx else Trouble
    if step is Step.RESULT:
        return _sort_of_result(status, kind, is_plain_4xx)
    return Gone if step in (Step.STATUS, Step.DOWNLOAD) and status in (404, 410) else Trouble


def _sort_of_result(status: int, kind: str | None, is_plain_4xx: bool) -> type[GatewayError]:
    """A result repeats the model's own status and body: what has a documented type is the model's last word, and a
    bare 5xx is trouble on the way (a bare 504 after COMPLETED was seen on takes whose result came later)."""
    if kind == "not_ready":
        return NotReady
    if kind is not None and known_type(kind) == kind:
        return TakeFailed
    if status in (404, 410):
        return Gone
    return TakeFailed if (is_plain_4xx and status not in (401, 403)) or status == 499 else Trouble


def _charged(
    sort: type[GatewayError], step: Step, meaning: Meaning, status: int | None, units: float | None
) -> Charged:
    if step in (Step.UPLOAD, Step.LOOK, Step.PRICES, Step.KEY) or sort in (NotSent, Refusal):
        return Charged.NO
    if sort is TakeFailed and units is not None:
        return Charged.YES if units > 0 else Charged.NO
    if sort is TakeFailed and status is not None and status >= 500:
        return Charged.NO
    return meaning.charged


def _is_still_going(body: Any, detail: Any, text: str) -> bool:
    """Whether fal says that the take has not ended, in its own words alone: rows of errors repeat a person's prompt."""
    said = [detail, body.get("status")] if isinstance(body, dict) else [text]
    words = " ".join(one for one in said if isinstance(one, str))[:2000].lower()
    return any(mark in words for mark in _STILL_GOING)


def _kind(error_type: str | None, text: str) -> str | None:
    words = text[:2000].lower()
    if "user is locked" in words or "exhausted balance" in words:
        return "locked"
    return known_type(error_type) or error_type


def _fields(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Names of settings from `loc`, without `body` and list places, each once."""
    names: dict[str, None] = {}
    for row in rows:
        loc = row.get("loc")
        parts = loc if isinstance(loc, list) else [loc]
        texts = [part for part in parts if isinstance(part, str) and part not in ("body", "query", "__root__")]
        if texts and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", texts[0]):
            names[texts[0]] = None
    return tuple(names)


def _title(endpoint_id: str, fields: tuple[str, ...]) -> str:
    """The title of the first marked setting, as the page shows it."""
    if not fields:
        return "The draft"
    try:
        return find_endpoint(endpoint_id)[fields[0]].title
    except KeyError:
        return fields[0].replace("_url", "").replace("_", " ").capitalize()


def _ctx_words(ctx: Mapping[str, Any]) -> dict[str, str]:
    """fal's numbers as a person reads them. The bounds of durations came without key names, so several are tried."""
    words = {name: text for name, value in ctx.items() if isinstance(name, str) and (text := _word(name, value))}
    for wanted, others in (
        ("max_duration", ("max_duration_seconds", "max_length", "max", "limit")),
        ("min_duration", ("min_duration_seconds", "min_length", "min", "limit")),
        ("max_length", ("limit_value", "max_items")),
        ("min_length", ("limit_value", "min_items")),
        ("gt", ("limit_value",)),
        ("ge", ("limit_value",)),
        ("lt", ("limit_value",)),
        ("le", ("limit_value",)),
        ("expected", ("permitted", "enum_values")),
    ):
        found = next((words[name] for name in others if name in words), None)
        if found is not None:
            words.setdefault(wanted, found)
    return words


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or abs(value) >= 1e15:
            return ""
        return f"{value / 1_048_576:,.4g} MB" if name == "max_size" and value >= 1_048_576 else f"{value:,.10g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item)[:30] for item in value[:12] if isinstance(item, (str, int, float)))
    return value[:120] if isinstance(value, str) else ""


def _sentence(meaning: Meaning, names: Mapping[str, str], row_count: int) -> str:
    more = f" {row_count - 1} more in the full answer." if row_count > 1 else ""
    for text in (meaning.sentence, meaning.bare or meaning.sentence):
        filled = re.sub(r"\{(\w+)\}", lambda hit: names.get(hit[1], hit[0]), text)
        if not re.search(r"\{\w+\}", re.sub(r"“[^”]*”", "", filled)):
            return filled + more
    return re.sub(r"\{(\w+)\}", lambda hit: names.get(hit[1], "its limit"), meaning.bare or meaning.sentence) + more


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _str(value: Any) -> str | None:
    return value[:120] if isinstance(value, str) and value else None


def _header(headers: Mapping[str, str] | httpx.Headers, name: str) -> str | None:
    return _str(headers.get(name))
