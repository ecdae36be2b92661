"""Prices in integer micro-dollars, with their source and how sure we are. Never floats, never the network.

One dollar is 1,000,000 micro-dollars. `quote` serves the form, the budget, the ledger, the CLI and the stand-in;
`price_table` gives the same numbers to the browser.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

USD = 1_000_000
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True)
class PricePart:
    """One summand of a price, e.g. sound. Amount in micro-dollars."""

    label: str
    usd_micros: int


@dataclass(frozen=True)
class Quote:
    """What a take should cost, in micro-dollars.

    `usd_micros` is the estimate shown and booked. `at_most_usd_micros` is what a budget holds: it is higher where
    the bill may round a clip's length up. `duration_s` is None for a price that has no length.
    """

    usd_micros: int
    at_most_usd_micros: int
    parts: tuple[PricePart, ...]
    rate_usd_micros: int
    duration_s: float | None
    unit: str
    is_confirmed: bool
    confidence: str
    source: str
    read_on: str

    @property
    def note(self) -> str:
        """The plain caution for a price that no bill has confirmed, or an empty string."""
        if self.is_confirmed:
            return ""
        return (
            f"Rate {format_usd(self.rate_usd_micros)} a {self.unit}, read {self.read_on} and not yet seen on a bill. "
            "The bill may round the length."
            if self.unit == "second"
            else f"Price {format_usd(self.rate_usd_micros)} read {self.read_on} and not yet seen on a bill."
        )


@dataclass(frozen=True)
class PriceRule:
    """How one endpoint is billed. `picture` per second always; `sound` and `voices` per second on top of it.

    `per_call` is a flat price. `clip_param` names the parameter whose clip length is billed instead of `duration`.
    All amounts in micro-dollars.
    """

    picture: int = 0
    sound: int = 0
    voices: int = 0
    per_call: int = 0
    clip_param: str | None = None
    confidence: str = "high"
    is_confirmed: bool = True
    source: str = ""
    read_on: str = "2026-08-14"

    def rate(self, values: Mapping[str, Any]) -> int:
        """Micro-dollars per second for these values."""
        return sum(part for _, part in self.rates(values))

    def rates(self, values: Mapping[str, Any]) -> list[tuple[str, int]]:
        """Labelled summands of the rate; those that are zero are left out."""
        rows = [("Picture", self.picture)]
        if self.sound and values.get("generate_audio", True):
            rows.append(("Sound", self.sound))
            if self.voices and values.get("voice_ids"):
                rows.append(("Voices", self.voices))
        return rows

    def quote(self, values: Mapping[str, Any], clip_duration_s: float | None = None) -> Quote:
        """Price `values` (API parameter names). `clip_duration_s` is needed where a clip's length is billed.

        Raises ValueError when the length is unknown, because a price must never be a guess.
        """
        if self.per_call:
            return self._quote(self.per_call, self.per_call, [("Voice", self.per_call)], self.per_call, None, "voice")
        duration_s = self._duration_s(values, clip_duration_s)
        rate = self.rate(values)
        parts = [(label, _amount(per_s, duration_s)) for label, per_s in self.rates(values)]
        at_most = rate * math.ceil(duration_s - 1e-9) if self.clip_param else rate * round(duration_s)
        return self._quote(_amount(rate, duration_s), at_most, parts, rate, duration_s, "second")

    def _duration_s(self, values: Mapping[str, Any], clip_duration_s: float | None) -> float:
        if self.clip_param:
            if clip_duration_s is None or not 0 < clip_duration_s < math.inf:
                raise ValueError("the length of the reference clip is not known yet")
            return clip_duration_s
        duration_s = float(values.get("duration") or "5")
        if not 0 < duration_s < math.inf:
            raise ValueError("a length must be more than nothing and come to an end")
        return duration_s

    def _quote(
        self, micros: int, at_most: int, parts: list[tuple[str, int]], rate: int, duration_s: float | None, unit: str
    ) -> Quote:
        return Quote(
            usd_micros=micros,
            at_most_usd_micros=max(at_most, micros),
            parts=tuple(PricePart(label, amount) for label, amount in parts),
            rate_usd_micros=rate,
            duration_s=duration_s,
            unit=unit,
            is_confirmed=self.is_confirmed,
            confidence=self.confidence,
            source=self.source,
            read_on=self.read_on,
        )


def _amount(per_second: int, duration_s: float) -> int:
    """Micro-dollars for a length, in whole milliseconds, rounded up: 7.6 s at $0.112 is $0.8512."""
    milliseconds = round(duration_s * 1000)
    return -(-per_second * milliseconds // 1000)


def format_usd(usd_micros: int, exact: bool = False) -> str:
    """`$0.84`; below a cent, or with `exact`, all digits that matter (`$0.007`, `$0.8176`)."""
    sign, micros = ("-" if usd_micros < 0 else ""), abs(usd_micros)
    is_short = micros % 10_000 == 0 or (not exact and micros >= 10_000)
    if is_short:
        cents = (micros + 5_000) // 10_000
        return f"{sign}${cents // 100:,}.{cents % 100:02d}"
    digits = f"{micros % USD:06d}".rstrip("0")
    return f"{sign}${micros // USD:,}.{digits:0<2}"


def parse_usd(text: str) -> int:
    """Micro-dollars from a person's `10`, `$0.84` or `1,000.5`. Raises ValueError for anything else or below zero."""
    from decimal import Decimal, InvalidOperation

    cleaned = text.strip().removeprefix("$")
    if _THOUSANDS.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")  # any other comma may be meant as a point: refused, never guessed
    try:
        amount = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"“{text}” is not an amount in dollars. Write it like 10 or 0.84.") from None
    if not amount.is_finite() or amount < 0 or amount > 1_000_000:
        raise ValueError(f"“{text}” is not an amount between $0 and $1,000,000.")
    return int((amount * USD).to_integral_value())
