"""fal's refusals as data: `detail` rows, failures of a job, and the check of arguments against the catalog.

Never speaks HTTP. Sources: fal's pages on model errors and request errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param

ERROR_PAGE = "https://docs.fal.ai/errors/#"

Row = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """How a job ends when it does not give a clip: the status and body that its result repeats for ever."""

    status_code: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def row(kind: str, message: str, *where: str, ctx: Mapping[str, Any] | None = None, given: Any = None) -> Row:
    """One entry of `detail`. `where` is the path under the body, e.g. the parameter's name."""
    entry: Row = {"loc": ["body", *where], "msg": message, "type": kind, "url": ERROR_PAGE + kind}
    if ctx:
        entry["ctx"] = dict(ctx)
    if given is not None:
        entry["input"] = given
    return entry


def model_failure(rows: list[Row], status_code: int = 422, is_retryable: bool = False) -> Failure:
    """A refusal by the model itself: `detail` is a list."""
    return Failure(status_code, {"detail": rows}, {"X-Fal-Retryable": "true" if is_retryable else "false"})


def request_failure(status_code: int, error_type: str, message: str) -> Failure:
    """A refusal by the queue: `detail` is a sentence."""
    return Failure(status_code, {"detail": message, "error_type": error_type}, {"X-Fal-Error-Type": error_type})


def check_arguments(endpoint: Endpoint, given: Mapping[str, Any]) -> list[Row]:
    """Every `detail` row for these arguments. Names that the endpoint lacks are ignored, as fal ignores them."""
    rows: list[Row] = []
    for param in endpoint.params:
        value = given.get(param.name)
        if param.name not in given or (value is None and not param.is_required):
            if param.is_required:
                rows.append(row("missing", "Field required", param.name, given=dict(given)))
            continue
        rows += _check(param, value)
    return rows


def _check(param: Param, value: Any) -> list[Row]:
    if param.kind is Kind.FLAG:
        return [] if isinstance(value, bool) else [_typed("bool_type", "a valid boolean", param, value)]
    if param.kind is Kind.NUMBER:
        return _check_number(param, value)
    if param.kind is Kind.VOICES:
        return _check_voices(param, value)
    if not isinstance(value, str):
        return [_typed("string_type", "a valid string", param, value)]
    if param.kind is Kind.CHOICE:
        return _check_choice(param, value)
    return _check_text(param, value)


def _typed(kind: str, what: str, param: Param, value: Any) -> Row:
    return row(kind, f"Input should be {what}", param.name, given=value)


def _check_choice(param: Param, value: str) -> list[Row]:
    if value in param.choices:
        return []
    expected = " or ".join(f"'{choice}'" for choice in param.choices)
    return [
        row("one_of", f"Input should be {expected}", param.name, ctx={"expected": list(param.choices)}, given=value)
    ]


def _check_number(param: Param, value: Any) -> list[Row]:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return [_typed("float_type", "a valid number", param, value)]
    if param.minimum is not None and value < param.minimum:
        message = f"Input should be greater than or equal to {param.minimum:g}"
        return [row("greater_than_equal", message, param.name, ctx={"ge": param.minimum}, given=value)]
    if param.maximum is not None and value > param.maximum:
        message = f"Input should be less than or equal to {param.maximum:g}"
        return [row("less_than_equal", message, param.name, ctx={"le": param.maximum}, given=value)]
    return []


def _check_voices(param: Param, value: Any) -> list[Row]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return [_typed("list_type", "a valid list of strings", param, value)]
    if param.max_items is not None and len(value) > param.max_items:
        message = f"List should have at most {param.max_items} items, not {len(value)}"
        return [row("sequence_too_long", message, param.name, ctx={"max_length": param.max_items}, given=value)]
    return []


def _check_text(param: Param, value: str) -> list[Row]:
    if param.is_required and not value.strip():
        message = "String should have at least 1 character"
        return [row("sequence_too_short", message, param.name, ctx={"min_length": 1}, given=value)]
    if param.max_length is not None and len(value) > param.max_length:
        message = f"String should have at most {param.max_length} characters"
        return [row("sequence_too_long", message, param.name, ctx={"max_length": param.max_length})]
    return []
