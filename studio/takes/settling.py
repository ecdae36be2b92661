"""What a take cost, by fal's rules: from units to money, from faults to free, paid or perhaps. Pure arithmetic."""

from __future__ import annotations

from typing import Any

from studio.catalog.registry import find_endpoint
from studio.takes.take import Charge, Take

_UNIT_SLACK = 0.02


def bill(take: Take, units: float | None, unit_usd_micros: int | None = None) -> dict[str, Any]:
    """Columns for a take that was made. `units` is fal's `x-fal-billable-units`, None where fal did not say.

    `unit_usd_micros` is fal's own listed price of one unit, where it was read. Without units the bill is still
    pending and the estimate stands in for it.
    """
    if take.is_free:
        return {"charge": Charge.FREE, "held_usd_micros": 0, "billed_usd_micros": 0, "billable_units": units}
    billed = None if units is None else billed_usd_micros(take, units, unit_usd_micros)
    return {"charge": Charge.BILLED, "held_usd_micros": 0, "billed_usd_micros": billed, "billable_units": units}


def billed_usd_micros(take: Take, units: float, unit_usd_micros: int | None = None) -> int:
    """Money for billed units.

    Units that equal the seconds (or the calls) of the take are charged at the take's own rate, sound and voices
    included. Other counts carry the surcharge inside them (seen with other Kling models on fal: 12 units for 10 s
    with sound), so they are charged at the listed unit price, or at the endpoint's lowest rate where none was read.
    A listed price that is none of the rates we know is a changed price, and the take's own rate changes with it.
    """
    known = known_rates(take.endpoint_id)
    natural = take.duration_s if take.duration_s else 1.0
    whole = -(-natural // 1)
    if take.rate_usd_micros and (abs(units - natural) <= _UNIT_SLACK or abs(units - whole) <= _UNIT_SLACK):
        return round(units * changed_rate(take.endpoint_id, take.rate_usd_micros, unit_usd_micros))
    return round(units * (unit_usd_micros or (known[0] if known else take.rate_usd_micros)))


def changed_rate(endpoint_id: str, rate_usd_micros: int, listed_usd_micros: int | None) -> float:
    """A rate of ours as fal's list changes it: by as much as the lowest of our rates differs from the listed price."""
    known = known_rates(endpoint_id)
    if not listed_usd_micros or not known or not known[0] or listed_usd_micros in known:
        return float(rate_usd_micros)
    return rate_usd_micros * listed_usd_micros / known[0]


def known_rates(endpoint_id: str) -> tuple[int, ...]:
    """Every rate of our own table for an endpoint, lowest first; empty for an endpoint we do not know."""
    try:
        price = find_endpoint(endpoint_id).price
    except KeyError:
        return ()
    if price.per_call:
        return (price.per_call,)
    steps = (price.picture, price.picture + price.sound, price.picture + price.sound + price.voices)
    return tuple(sorted(set(steps)))


def failure(take: Take, charged: str, units: float | None = None) -> dict[str, Any]:
    """Columns for a take that came to nothing. `charged` is no, yes or maybe, as the gateway reads fal's rules."""
    if take.is_free:
        return {"charge": Charge.FREE, "held_usd_micros": 0, "billed_usd_micros": 0}
    if units:
        return bill(take, units)
    if charged == "no" or units == 0:
        return {"charge": Charge.NOT_BILLED, "held_usd_micros": 0, "billed_usd_micros": 0}
    if charged == "yes":
        return {"charge": Charge.BILLED, "held_usd_micros": 0}
    return {"charge": Charge.MAY_BE_BILLED, "held_usd_micros": take.at_most_usd_micros}


def drift_usd_micros(take: Take) -> int | None:
    """Billed minus estimated, or None while no bill is known."""
    return None if take.billed_usd_micros is None else take.billed_usd_micros - take.estimate_usd_micros
