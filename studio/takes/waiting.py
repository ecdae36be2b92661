"""The studio's own waiting line, across processes: whose turn it is, reordering, dropping. Never sends anything."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from studio.takes.errors import NotPossible, StaleMove, StudioError
from studio.takes.ledger import Ledger
from studio.takes.schema import TAKES
from studio.takes.take import IN_FLIGHT, WAITING, Charge, State, Take

_IN_FLIGHT = [state.value for state in IN_FLIGHT]
_DROPPED = StudioError(
    "dropped", "Dropped before it was sent", "It was taken out of the studio's own line before it was sent."
)


class WaitingLine:
    """Takes in `reserved`, each world in its own line, in the order of `order_index`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def is_turn(self, take_id: str, at_once: int) -> bool:
        """Whether the take may start preparing: everything before it fits in too. `claim` alone decides."""
        with self._ledger.reading() as connection:
            return self._is_turn(connection, take_id, at_once)

    def claim(self, take_id: str, at_once: int, **columns: Any) -> Take | None:
        """Move the take to `submitting` if it is its turn and a place at fal is free; None where it must wait.

        Counting and moving are one locked transaction, so all processes together never run more than `at_once`.
        Raises StaleMove where the take was dropped meanwhile.
        """
        with self._ledger.transaction("submitting") as connection:
            if not self._is_turn(connection, take_id, at_once):
                return None
            take = self._ledger.move_within(
                connection, take_id, [State.RESERVED], State.SUBMITTING, submitted_at=self._ledger.clock(), **columns
            )
        self._ledger.tell(take_id)
        return take

    def place(self, take: Take) -> int | None:
        """How many takes go before this one, or None when it does not wait."""
        return self.places(take.world).get(take.id) if take.state is State.RESERVED else None

    def places(self, world: str) -> dict[str, int]:
        with self._ledger.reading() as connection:
            return {take_id: index for index, take_id in enumerate(_line(connection, world))}

    def drop(self, take_id: str) -> Take:
        """Take it out of the line for free. Raises NotPossible where it has been sent already."""
        try:
            return self._ledger.move(
                take_id,
                WAITING,
                State.CANCELLED,
                charge=_free_charge(self._ledger.get(take_id)),
                held_usd_micros=0,
                reason=_DROPPED.as_reason(),  # in place of what it may have waited for
            )
        except StaleMove:
            raise NotPossible(
                "It has been sent already, so it cannot be dropped for free. Cancel it instead."
            ) from None

    def reorder(self, take_id: str, place: int) -> list[str]:
        """Put a waiting take at `place` (0 is next) and return the line. Raises NotPossible where it does not wait."""
        with self._ledger.transaction() as connection:
            world = connection.execute(
                sa.select(TAKES.c.world).where(TAKES.c.id == take_id, TAKES.c.state == State.RESERVED.value)
            ).scalar()
            if world is None:
                raise NotPossible("It no longer waits, so its place cannot be changed.")
            line = _line(connection, world)
            line.remove(take_id)
            line.insert(max(0, min(place, len(line))), take_id)
            self._renumber(connection, line)
        for waiting_id in line:
            self._ledger.tell(waiting_id)
        return line

    def _renumber(self, connection: sa.Connection, line: list[str]) -> None:
        rows = connection.execute(sa.select(TAKES.c.id, TAKES.c.order_index).where(TAKES.c.id.in_(line))).all()
        old = {row[0]: row[1] for row in rows}
        for take_id, index in zip(line, sorted(old.values()), strict=True):
            if old[take_id] != index:
                connection.execute(sa.update(TAKES).where(TAKES.c.id == take_id).values(order_index=index))
                self._ledger.log(connection, take_id, "reordered", None, None, {"order_index": index})

    def _is_turn(self, connection: sa.Connection, take_id: str, at_once: int) -> bool:
        wanted = sa.and_(TAKES.c.id == take_id, TAKES.c.state == State.RESERVED.value)
        row = connection.execute(sa.select(TAKES.c.world, TAKES.c.order_index).where(wanted)).first()
        if row is None:
            raise StaleMove(take_id, (State.RESERVED.value,), State.SUBMITTING.value)
        ahead = sa.and_(TAKES.c.state == State.RESERVED.value, TAKES.c.order_index < row.order_index)
        # One that fal has ended takes no place there, however long its result is asked for.
        at_fal = sa.and_(TAKES.c.state.in_(_IN_FLIGHT), TAKES.c.completed_at.is_(None))
        before = sa.or_(at_fal, ahead)
        count = connection.execute(
            sa.select(sa.func.count()).select_from(TAKES).where(TAKES.c.world == row.world, before)
        ).scalar_one()
        return int(count) < at_once


def _line(connection: sa.Connection, world: str) -> list[str]:
    statement = (
        sa.select(TAKES.c.id)
        .where(TAKES.c.world == world, TAKES.c.state == State.RESERVED.value)
        .order_by(TAKES.c.order_index, TAKES.c.seq)
    )
    return [str(value) for value in connection.execute(statement).scalars()]


def _free_charge(take: Take) -> Charge:
    return Charge.FREE if take.is_free else Charge.NOT_BILLED
