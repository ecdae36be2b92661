"""One parameter of an endpoint, declared once; checks of a value against it. Never touches files or the network."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any


class Kind(enum.Enum):
    """What a parameter holds; the form, the CLI, the payload and the checks all branch on this alone."""

    TEXT = "text"
    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"
    PICTURE = "picture"  # a URL to fal; a path or a URL to us
    CLIP = "clip"
    SOUND = "sound"
    VOICES = "voices"  # list of voice ids

    @property
    def is_file(self) -> bool:
        return self in (Kind.PICTURE, Kind.CLIP, Kind.SOUND)


@dataclass(frozen=True)
class Problem:
    """Something wrong with one value, in words for a person.

    `message` says what, the limit, what was given and what to do. A problem with `is_blocking` stops the take
    before any upload or cost; one without is advice.
    """

    field: str
    code: str
    message: str
    is_blocking: bool = True


@dataclass(frozen=True)
class Param:
    """A parameter by fal's own name. `source` says where the facts were read."""

    name: str
    kind: Kind
    title: str
    help: str = ""
    is_required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    max_items: int | None = None
    source: str = ""

    def is_absent(self, value: Any) -> bool:
        """True when nothing was given: None, blank text, an empty list."""
        if value is None:
            return True
        if isinstance(value, str):
            return not value.strip()
        return isinstance(value, (list, tuple)) and not value

    def check(self, value: Any) -> list[Problem]:
        """Every fault of `value`, or an empty list. Absent optional values are fine."""
        if self.is_absent(value):
            return [self._missing()] if self.is_required else []
        return list(_CHECKS[self.kind](self, value))

    def payload(self, value: Any) -> Any:
        """`value` in the type fal documents (durations and other choices as strings)."""
        if self.kind is Kind.CHOICE:
            return str(value)
        if self.kind is Kind.FLAG:
            return bool(value)
        if self.kind is Kind.NUMBER:
            return float(value)
        if self.kind is Kind.VOICES:
            return [str(item).strip() for item in value]
        return str(value)

    def problem(self, code: str, message: str) -> Problem:
        return Problem(self.name, code, message)

    def _missing(self) -> Problem:
        if self.kind.is_file:
            what = {Kind.PICTURE: "picture", Kind.CLIP: "clip", Kind.SOUND: "recording"}[self.kind]
            return self.problem("missing", f"{self.title} is missing. Add a {what}.")
        if self.choices:
            return self.problem("missing", f"{self.title} is not chosen. Choose {' or '.join(self.choices)}.")
        return self.problem("missing", f"{self.title} is empty. Write something here first.")


def _check_text(param: Param, value: Any) -> list[Problem]:
    if not isinstance(value, str):
        return [param.problem("type", f"{param.title} must be text. A {type(value).__name__} was given.")]
    if param.max_length is not None and len(value) > param.max_length:
        over = len(value) - param.max_length
        return [
            param.problem(
                "too_long",
                f"{param.title} is {len(value):,} characters. Kling reads {param.max_length:,} at most. Cut {over:,}.",
            )
        ]
    return []


def _check_choice(param: Param, value: Any) -> list[Problem]:
    if str(value) in param.choices:
        return []
    allowed = ", ".join(param.choices)
    return [param.problem("choice", f"{param.title} can be {allowed}. “{value}” was given. Choose one of these.")]


def _check_flag(param: Param, value: Any) -> list[Problem]:
    if isinstance(value, bool):
        return []
    return [param.problem("type", f"{param.title} is on or off. “{value}” was given. Use true or false.")]


def _check_number(param: Param, value: Any) -> list[Problem]:
    low, high = param.minimum, param.maximum
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return [param.problem("type", f"{param.title} must be a number. “{value}” was given.")]
    if (low is not None and value < low) or (high is not None and value > high):
        return [
            param.problem(
                "range", f"{param.title} goes from {low:g} to {high:g}. {value:g} was given. Choose a value between."
            )
        ]
    return []


def _check_file(param: Param, value: Any) -> list[Problem]:
    if isinstance(value, str):
        return []
    return [param.problem("type", f"{param.title} must be a file or a link. A {type(value).__name__} was given.")]


def _check_voices(param: Param, value: Any) -> list[Problem]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        return [param.problem("type", f"{param.title} must be a list of voice ids.")]
    if any(not item.strip() for item in value):
        return [param.problem("blank", f"{param.title} has an empty slot. Fill voice 1 before voice 2.")]
    if param.max_items is not None and len(value) > param.max_items:
        return [
            param.problem(
                "too_many",
                f"Two voices at most in one take. {len(value)} were given. Remove {len(value) - param.max_items}.",
            )
        ]
    return []


_CHECKS = {
    Kind.TEXT: _check_text,
    Kind.CHOICE: _check_choice,
    Kind.FLAG: _check_flag,
    Kind.NUMBER: _check_number,
    Kind.PICTURE: _check_file,
    Kind.CLIP: _check_file,
    Kind.SOUND: _check_file,
    Kind.VOICES: _check_voices,
}
