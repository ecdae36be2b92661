"""Where the money went: by day, mode and take, estimate beside bill, and as CSV. Only reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

import sqlalchemy as sa

from studio.catalog.registry import find_endpoint
from studio.takes.budget import day_start
from studio.takes.ledger import Ledger
from studio.takes.rows import to_take, to_text
from studio.takes.schema import TAKES
from studio.takes.settling import drift_usd_micros
from studio.takes.take import Charge, State, Take

_NOTES = {
    Charge.HELD: "Held",
    Charge.NOT_BILLED: "Not billed",
    Charge.MAY_BE_BILLED: "May be billed",
    Charge.FREE: "Free",
}


@dataclass
class Row:
    """Sums in micro-dollars for one day or one mode. `parts` divides what was spent into picture, sound and voices."""

    name: str
    takes: int = 0
    estimated_usd_micros: int = 0
    spent_usd_micros: int = 0
    held_usd_micros: int = 0
    drift_usd_micros: int = 0
    parts: dict[str, int] | None = None

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "parts": self.parts or {}}


class Spend:
    """Questions about the money of live takes. A day is the machine's own (`zone` of None)."""

    def __init__(self, ledger: Ledger, zone: tzinfo | None = None) -> None:
        self._ledger = ledger
        self._zone = zone

    def by_day(self, days: int = 14) -> list[Row]:
        """The last `days` days, oldest first, today last; a day without takes is there with zeros."""
        now = self._ledger.clock()
        today = now.astimezone(self._zone).date()
        rows = {name: Row(name) for name in ((today - timedelta(days=n)).isoformat() for n in range(days - 1, -1, -1))}
        noon = datetime.combine(today - timedelta(days=days - 1), time(12), self._zone)  # days, not spans of 24 hours
        start = day_start(noon, self._zone)
        for take in self._takes(TAKES.c.submitted_at >= to_text(start)):
            row = rows.get(self.day_of(take))
            if row is not None:
                _add(row, take)
        return list(rows.values())

    def by_mode(self) -> list[Row]:
        rows: dict[str, Row] = {}
        for take in self._takes():
            _add(rows.setdefault(take.mode, Row(take.mode)), take)
        return sorted(rows.values(), key=lambda row: -row.spent_usd_micros)

    def by_take(self, limit: int = 200, offset: int = 0, *, with_free: bool = False) -> list[dict[str, Any]]:
        """Ledger rows, newest first: when, which take, what, estimated, billed, difference, note."""
        worlds = sa.true() if with_free else TAKES.c.world == "live"
        statement = sa.select(TAKES).where(worlds).order_by(TAKES.c.seq.desc()).limit(limit).offset(offset)
        with self._ledger.reading() as connection:
            return [self._line(to_take(row)) for row in connection.execute(statement).mappings()]

    def totals(self) -> dict[str, Any]:
        """This month, all time, what stands to be billed, rehearsals, and the price of a starred take."""
        month = self._ledger.clock().astimezone(self._zone).strftime("%Y-%m")
        all_time, this_month = Row("all"), Row("month")
        starred = 0
        for take in self._takes():
            _add(all_time, take)
            starred += take.starred and take.state is State.KEPT
            if self.day_of(take).startswith(month):
                _add(this_month, take)
        count = (
            sa.select(sa.func.count()).select_from(TAKES).where(TAKES.c.world != "live", TAKES.c.makes_video.is_(True))
        )
        with self._ledger.reading() as connection:
            rehearsals = int(connection.execute(count).scalar_one())
        per_starred = all_time.spent_usd_micros // starred if starred else None
        return {
            "month": this_month.as_json(),
            "all": all_time.as_json(),
            "starred": starred,
            "per_starred_usd_micros": per_starred,
            "rehearsals": rehearsals,
        }

    def csv(self) -> str:
        """Every live take as CSV for a spreadsheet; text that a spreadsheet would run as a formula is made plain."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(_COLUMNS)
        for take in self._takes():
            line = self._line(take)
            writer.writerow([safe_cell(line[name]) for name in _COLUMNS])
        return out.getvalue()

    def day_of(self, take: Take) -> str:
        at = take.submitted_at or take.created_at
        return at.astimezone(self._zone).date().isoformat() if at else "undated"

    def _takes(self, *conditions: Any) -> Iterable[Take]:
        """Live takes with the few columns that sums need; the wide ones stay unread."""
        statement = sa.select(*(TAKES.c[name] for name in _NARROW)).where(TAKES.c.world == "live", *conditions)
        with self._ledger.reading() as connection:
            rows = connection.execute(statement.order_by(TAKES.c.seq)).mappings().all()
        return [to_take(row) for row in rows]

    def _line(self, take: Take) -> dict[str, Any]:
        at = take.submitted_at or take.created_at
        return {
            "at": at.astimezone(self._zone).isoformat(timespec="seconds") if at else "",
            "day": self.day_of(take),
            "take": take.label,
            "take_id": take.id,
            "mode": take.mode,
            "what": take.title,
            "state": take.state.value,
            "estimated_usd": _usd(take.estimate_usd_micros),
            "billed_usd": _usd(take.billed_usd_micros),
            "difference_usd": _usd(drift_usd_micros(take)),
            "units": take.billable_units,
            "charge": take.charge.value,
            "note": note_of(take),
            "request_id": take.request_id or "",
            "estimate_usd_micros": take.estimate_usd_micros,
            "billed_usd_micros": take.billed_usd_micros,
        }


_COLUMNS = (
    *("at", "day", "take", "take_id", "mode", "what", "state", "estimated_usd", "billed_usd", "difference_usd"),
    *("units", "charge", "note", "request_id"),
)
_NARROW = (
    *(
        "seq",
        "id",
        "key",
        "number",
        "world",
        "series",
        "mode",
        "endpoint_id",
        "state",
        "makes_video",
        "title",
        "charge",
    ),
    *("estimate_usd_micros", "at_most_usd_micros", "held_usd_micros", "billed_usd_micros", "billable_units", "starred"),
    *("rate_usd_micros", "duration_s", "created_at", "submitted_at", "request_id", "values"),
)


def note_of(take: Take) -> str:
    """What became of the money, in the ledger's words."""
    if take.state is State.UNKNOWN:
        return "Outcome unknown"
    if take.state is State.FAILED and take.charge is Charge.NOT_BILLED:
        return "Refused, not billed"
    if take.charge is Charge.BILLED:
        return "" if take.billed_usd_micros is not None else "Bill pending"
    return _NOTES[take.charge]


def spent_of(take: Take) -> int:
    if take.charge is not Charge.BILLED:
        return 0
    return take.estimate_usd_micros if take.billed_usd_micros is None else take.billed_usd_micros


def held_of(take: Take) -> int:
    if take.charge is Charge.BILLED and take.billed_usd_micros is None:  # the bill may come to more than the estimate
        return max(0, take.at_most_usd_micros - take.estimate_usd_micros)
    return take.held_usd_micros if take.charge in (Charge.HELD, Charge.MAY_BE_BILLED) else 0


def _add(row: Row, take: Take) -> None:
    row.takes += 1
    row.spent_usd_micros += spent_of(take)
    row.held_usd_micros += held_of(take)
    if take.charge is Charge.BILLED:
        row.estimated_usd_micros += take.estimate_usd_micros
        row.drift_usd_micros += drift_usd_micros(take) or 0
    row.parts = row.parts or {}
    for label, amount in parts_of(take).items():
        row.parts[label] = row.parts.get(label, 0) + amount


def parts_of(take: Take) -> dict[str, int]:
    """What was spent on a take, divided as its price is; the parts add up to the whole."""
    spent = spent_of(take)
    try:
        price = find_endpoint(take.endpoint_id).price
    except KeyError:
        return {"picture": spent} if spent else {}
    rates = [("voice", price.per_call)] if price.per_call else price.rates(take.values)
    total = sum(rate for _, rate in rates)
    if not spent or not total:
        return {}
    shares = {label.lower(): spent * rate // total for label, rate in rates}
    first = next(iter(shares))
    shares[first] += spent - sum(shares.values())
    return shares


def _usd(micros: int | None) -> str:
    """Dollars with all six digits, for a spreadsheet."""
    if micros is None:
        return ""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // 1_000_000}.{abs(micros) % 1_000_000:06d}"


def safe_cell(value: Any) -> Any:
    """Text as text: a leading sign by which spreadsheets know a formula gets an apostrophe (OWASP, CSV injection)."""
    if not isinstance(value, str) or not value:
        return "" if value is None else value
    plain = " ".join(value.split())
    is_amount = plain.replace("-", "", 1).replace(".", "", 1).isdigit()
    return f"'{plain}" if plain[:1] in "=+-@|%" and not is_amount else plain
