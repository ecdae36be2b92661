"""The limits that bind: a day, a session, one take. Reserving is one locked transaction with writing the intent.

Held and spent are always added up from the takes themselves, never kept as a counter, so they cannot go astray.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, tzinfo
from typing import Any

import sqlalchemy as sa

from studio.takes.errors import BudgetRefusal, KeyReused
from studio.takes.ledger import Ledger, next_number
from studio.takes.preferences import Preferences, read_preference
from studio.takes.rows import to_text
from studio.takes.schema import TAKES
from studio.takes.take import Charge, State, Take

PREFERENCE = "limits"
_NAMES = ("day", "session", "take")


@dataclass(frozen=True)
class Limits:
    """Micro-dollars, None for no limit. A refusal comes when a take would lead beyond, not when it meets the limit."""

    day_usd_micros: int | None = 10_000_000
    session_usd_micros: int | None = None
    take_usd_micros: int | None = None

    def of(self, name: str) -> int | None:
        value: int | None = getattr(self, f"{name}_usd_micros")
        return value


@dataclass(frozen=True)
class Sum:
    """Money out, in micro-dollars: `spent` is billed, `held` is not settled yet or may still be billed."""

    spent_usd_micros: int = 0
    held_usd_micros: int = 0

    @property
    def total(self) -> int:
        return self.spent_usd_micros + self.held_usd_micros


@dataclass(frozen=True)
class Standing:
    """Where the limits stand now."""

    limits: Limits
    day: Sum
    session: Sum


class Budget:
    """`defaults` come from the environment; a limit set in the page (preference `limits`) takes its place.

    A day is the machine's own calendar day (`zone` of None), because that is what a person means by today. Money
    belongs to the day of its POST; what still waits to be sent counts for today.
    """

    def __init__(self, ledger: Ledger, defaults: Limits | None = None, zone: tzinfo | None = None) -> None:
        self._ledger = ledger
        self._defaults = defaults or Limits()
        self._zone = zone

    def limits(self) -> Limits:
        with self._ledger.reading() as connection:
            return self._limits(connection)

    def set_limits(self, **limits: int | None) -> Limits:
        """Set `day`, `session` or `take` in micro-dollars, from now on; a limit of None is lifted."""
        preferences = Preferences(self._ledger)
        kept = preferences.get(PREFERENCE, {})
        chosen = {name: limits[name] for name in _NAMES if name in limits}
        preferences.set(PREFERENCE, {**(kept if isinstance(kept, dict) else {}), **chosen})
        return self.limits()

    def standing(self, session_id: str = "") -> Standing:
        with self._ledger.reading() as connection:
            return Standing(self._limits(connection), self._today(connection), self._session(connection, session_id))

    def refusal(self, needed_usd_micros: int, session_id: str = "") -> BudgetRefusal | None:
        """What `reserve` would raise now for this amount. For showing only: `reserve` alone decides."""
        with self._ledger.reading() as connection:
            return self._refusal(connection, needed_usd_micros, session_id)

    def reserve(self, take: Take) -> tuple[Take, bool]:
        """Write the intent and hold its money: (the take, True), or (the take that this key already made, False).

        Raises BudgetRefusal or KeyReused, and StorageTrouble where it cannot be written; then nothing is.
        """
        with self._ledger.transaction("intent") as connection:
            next_number(connection, "reservations")  # where a database has no single write lock, this row is one
            earlier = self._earlier(connection, take)
            if earlier is not None:
                return earlier, False
            refusal = None if take.is_free else self._refusal(connection, take.at_most_usd_micros, take.session_id)
            if refusal is not None:
                raise refusal
            drafted = self._ledger.add(connection, replace(take, state=State.DRAFTED))
            reserved = self._ledger.move_within(
                connection, drafted.id, [State.DRAFTED], State.RESERVED, **_hold(drafted)
            )
        self._ledger.tell(reserved.id)
        return reserved, True

    def _earlier(self, connection: sa.Connection, take: Take) -> Take | None:
        earlier = self._ledger.by_key_within(connection, take.world, take.key)
        if earlier is not None and earlier.fingerprint != take.fingerprint:
            raise KeyReused(earlier.label)
        if earlier is None and take.dedupe:
            earlier = self._ledger.by_dedupe_within(connection, take.world, take.dedupe)
        return earlier

    def _refusal(self, connection: sa.Connection, needed: int, session_id: str) -> BudgetRefusal | None:
        if needed <= 0:
            return None
        limits = self._limits(connection)
        sums = {"take": Sum(), "session": self._session(connection, session_id), "day": self._today(connection)}
        for name, out in sums.items():
            limit = limits.of(name)
            if limit is not None and out.total + needed > limit:
                return BudgetRefusal(name, limit, out.spent_usd_micros, out.held_usd_micros, needed)
        return None

    def _limits(self, connection: sa.Connection) -> Limits:
        kept = read_preference(connection, PREFERENCE, {})
        chosen = {
            f"{name}_usd_micros": kept[name]
            for name in _NAMES
            if isinstance(kept, dict) and name in kept and _is_amount(kept[name])
        }
        return replace(self._defaults, **chosen)

    def _today(self, connection: sa.Connection) -> Sum:
        start = to_text(day_start(self._ledger.clock(), self._zone))
        # No upper bound: after the clock was set back, takes "of tomorrow" must not fall out of the sum.
        return add_up(connection, sa.or_(TAKES.c.submitted_at >= start, TAKES.c.submitted_at.is_(None)))

    def _session(self, connection: sa.Connection, session_id: str) -> Sum:
        return add_up(connection, TAKES.c.session_id == session_id)


def _hold(take: Take) -> dict[str, Any]:
    if take.is_free:
        return {"charge": Charge.FREE, "held_usd_micros": 0}
    return {"charge": Charge.HELD, "held_usd_micros": take.at_most_usd_micros}


def _is_amount(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def day_start(now: datetime, zone: tzinfo | None = None) -> datetime:
    """The UTC moment at which the local calendar day of `now` began; right on days of 23 and 25 hours too."""
    local = now.astimezone(zone)
    if zone is not None:
        return datetime.combine(local.date(), time(), zone).astimezone(UTC)
    return datetime.combine(local.date(), time()).astimezone(UTC)  # a naive time is read as the machine's own


def spent_column() -> sa.ColumnElement[int]:
    """SQL for what was billed; the estimate where fal gave no units."""
    billed = sa.func.coalesce(TAKES.c.billed_usd_micros, TAKES.c.estimate_usd_micros)
    return sa.case((TAKES.c.charge == Charge.BILLED.value, billed), else_=0)


def held_column() -> sa.ColumnElement[int]:
    """SQL for what is kept back: not settled yet, perhaps still to be billed, or what a pending bill may come to above
    the estimate that stands in for it."""
    is_pending = sa.and_(
        TAKES.c.charge == Charge.BILLED.value,
        TAKES.c.billed_usd_micros.is_(None),
        TAKES.c.at_most_usd_micros > TAKES.c.estimate_usd_micros,
    )
    settled = [Charge.BILLED.value, Charge.NOT_BILLED.value, Charge.FREE.value]
    return sa.case(
        (is_pending, TAKES.c.at_most_usd_micros - TAKES.c.estimate_usd_micros),
        (TAKES.c.charge.in_(settled), 0),
        else_=TAKES.c.held_usd_micros,
    )


def add_up(connection: sa.Connection, condition: Any) -> Sum:
    """The live money of the takes that fit a condition."""
    columns = (sa.func.coalesce(sa.func.sum(spent_column()), 0), sa.func.coalesce(sa.func.sum(held_column()), 0))
    row = connection.execute(sa.select(*columns).where(TAKES.c.world == "live", condition)).one()
    return Sum(int(row[0]), int(row[1]))
