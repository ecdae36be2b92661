"""What the linter says: a finding in words for a person and the one-click mend that ends it. Finds nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from studio.script.compose import VOICED_MODE, Compiled, compile_prompt
from studio.script.lexicon import TAG
from studio.script.parse import parse_prompt
from studio.script.rates import Rates
from studio.script.scene import Line, Script
from studio.script.timing import Plan, plan_lines

PROMPT_MAX_CHARS = 2500  # fal refuses a longer prompt; the catalog holds the same limit for the payload
MAX_VOICES = 2
SPEAKING_MODES = ("image-to-video", "text-to-video")


@dataclass(frozen=True)
class Fix:
    """What one click changes: the script, the values (merged over the old ones; None clears a value), or both."""

    label: str
    script: Script | None = None
    values: dict[str, Any] | None = None


@dataclass(frozen=True)
class Finding:
    """One thing to know before money is spent. Only what fal would refuse `is_blocking`."""

    code: str
    message: str
    line_index: int | None = None
    field: str | None = None
    fix: Fix | None = None
    is_blocking: bool = False


class Draft:
    """A script with the values it would be sent with; everything derived from them is worked out once."""

    def __init__(self, script: Script, mode: str, values: Mapping[str, Any], rates: Rates) -> None:
        reading = parse_prompt(script.raw) if script.raw is not None else script
        self.script = reading if reading.raw is None else script  # what is sent, so that a mend changes that
        self.by_hand = script if script.raw is not None else None
        self.mode, self.values = mode, values
        self.voice_ids = _voice_ids(values.get("voice_ids"))
        self.rates = rates.with_slots(self.voice_ids) if self.voice_ids and not rates.slots else rates
        self.has_voices = mode == VOICED_MODE
        self.has_speech = mode in SPEAKING_MODES
        self.is_silent = values.get("generate_audio") in (False, "false", "False", 0)
        self.duration_s = _seconds(values.get("duration"))

    @cached_property
    def compiled(self) -> Compiled:
        return compile_prompt(self.script, self.mode)

    @cached_property
    def tags(self) -> tuple[int, ...]:
        """Numbers of the voice tags that the prompt holds as text, each once."""
        return tuple(sorted({int(match.group(1)) for match in TAG.finditer(self.compiled.text)}))

    @cached_property
    def lines(self) -> list[tuple[int, Line]]:
        return [(i, line) for i, line in enumerate(self.script.lines) if line.text.strip()]

    @cached_property
    def plan(self) -> Plan:
        return plan_lines(self.script.lines, self.duration_s, self.rates)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.speaker for _i, line in self.lines if line.speaker))

    def mend_line(self, label: str, index: int, **changes: Any) -> Fix:
        return Fix(label, script=self.script.with_line(index, **changes))


def _voice_ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        return ()
    return tuple(str(item).strip() if item else "" for item in value)


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        return 5.0
    return seconds if 0 < seconds < 3600 else 5.0
