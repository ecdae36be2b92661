"""fal's own listed prices as they were last read, and where they differ from our table. Never decides a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from studio.catalog.pricing import format_usd
from studio.catalog.registry import find_endpoint
from studio.gateway.answers import UnitPrice
from studio.takes.ledger import Ledger
from studio.takes.rows import to_text, to_time
from studio.takes.schema import PRICES
from studio.takes.settling import known_rates


@dataclass(frozen=True)
class PriceDifference:
    """A listed price that is none of the rates we know, in micro-dollars."""

    endpoint_id: str
    title: str
    listed_usd_micros: int
    known_usd_micros: tuple[int, ...]
    unit: str
    seen_at: datetime | None

    @property
    def sentence(self) -> str:
        known = " or ".join(format_usd(rate, exact=True) for rate in self.known_usd_micros)
        listed = format_usd(self.listed_usd_micros, exact=True)
        return (
            f"{self.title}: fal.ai now lists {listed} a {self.unit}; the studio counts with {known}. "
            "Look before you pay."
        )


def remember_prices(ledger: Ledger, prices: Mapping[str, UnitPrice]) -> None:
    with ledger.transaction() as connection:
        for endpoint_id, price in prices.items():
            if price.currency.upper() != "USD" or price.unit_price_usd_micros <= 0:
                continue
            connection.execute(sa.delete(PRICES).where(PRICES.c.endpoint_id == endpoint_id))
            row = {
                "endpoint_id": endpoint_id,
                "unit_usd_micros": price.unit_price_usd_micros,
                "unit": price.unit[:40],
                "seen_at": to_text(ledger.clock()),
            }
            connection.execute(sa.insert(PRICES).values(row))


def listed_unit_usd_micros(ledger: Ledger, endpoint_id: str) -> int | None:
    with ledger.reading() as connection:
        value = connection.execute(
            sa.select(PRICES.c.unit_usd_micros).where(PRICES.c.endpoint_id == endpoint_id)
        ).scalar()
    return int(value) if value else None


def price_differences(ledger: Ledger) -> tuple[PriceDifference, ...]:
    """Listed prices that we do not know, as last read; empty where nothing was read or all agree."""
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(PRICES)).mappings().all()
    found = []
    for row in rows:
        known = known_rates(row["endpoint_id"])
        if known and row["unit_usd_micros"] not in known:
            title = find_endpoint(row["endpoint_id"]).title
            difference = PriceDifference(
                row["endpoint_id"], title, row["unit_usd_micros"], known, row["unit"], to_time(row["seen_at"])
            )
            found.append(difference)
    return tuple(found)
