"""The ledger: every take, every move and every event, through one door. Never decides what a take should do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from studio.takes import listing
from studio.takes.durable import Durable
from studio.takes.errors import NotPossible, StaleMove
from studio.takes.rows import from_json, storable, to_columns, to_json, to_take, to_text, to_time
from studio.takes.schema import COUNTERS, EVENTS, TAKES
from studio.takes.storage import BUSY_TIMEOUT_S, has_full_text, in_words, ledger_url, open_database
from studio.takes.take import ADOPTABLE, CLOSED, Clock, State, Take, can_move, utc_now


class Ledger:
    """One database of takes. All SQL of the room goes through `transaction` (writing) or `reading`.

    `url` of "" is the embedded database in `home`. Raises StorageTrouble where it cannot be opened.
    """

    def __init__(
        self,
        url: str,
        home: Path,
        *,
        clock: Clock = utc_now,
        durable: Durable | None = None,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.home = home
        self.url = url or ledger_url(home)
        self.clock = clock
        self.durable = durable or Durable()
        self._engine = open_database(self.url, home, busy_timeout_s)
        self.has_full_text = has_full_text(self._engine)
        self._watchers: list[Callable[[str], None]] = []

    def close(self) -> None:
        self._engine.dispose()

    def watch(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the take's id after each change made through this object, on the thread that made it.

        Changes of other processes are found with `changed_since`. Returns the way to stop.
        """
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    @contextmanager
    def transaction(self, step: str | None = None) -> Iterator[sa.Connection]:
        """The one door for writes: holds the write lock from its start and is on disk when it ends without an error."""
        with (
            in_words(),
            self._engine.connect().execution_options(is_writing=True) as connection,
            self.durable(step) if step else nullcontext(),
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A consistent view for reading."""
        with in_words(), self._engine.connect() as connection, connection.begin():
            yield connection

    # -- one take ------------------------------------------------------------------------------------------------------

    def add(self, connection: sa.Connection, take: Take, *, detail: dict[str, Any] | None = None) -> Take:
        """Write a new take inside a transaction, numbering it where needed. IntegrityError for a used key."""
        if not take.number:
            take = replace(take, number=next_number(connection, take.series))
        take = replace(take, search_text=f"{take.label} {take.number} {take.search_text}"[:20_000])
        columns = to_columns({name: value for name, value in vars(take).items() if name != "seq"})
        seq = int(connection.execute(sa.insert(TAKES).values(columns).returning(TAKES.c.seq)).scalar_one())
        take = replace(take, seq=seq, order_index=take.order_index or float(seq))
        connection.execute(sa.update(TAKES).where(TAKES.c.seq == seq).values(order_index=take.order_index))
        self._index_words(connection, seq, take.search_text)
        self.log(connection, take.id, "intent", None, take.state, detail or {})
        return take

    def insert_intent(self, take: Take) -> Take:
        """Write a new take in a transaction of its own; on disk when this returns."""
        with self.transaction("intent") as connection:
            take = self.add(connection, take)
        self.tell(take.id)
        return take

    def move(
        self, take_id: str, from_states: Iterable[State], to_state: State, *, step: str | None = None, **columns: Any
    ) -> Take:
        """Move a take in one transaction and log it. Raises StaleMove if it is in none of `from_states`."""
        with self.transaction(step or to_state.value) as connection:
            take = self.move_within(connection, take_id, from_states, to_state, step=step, **columns)
        self.tell(take_id)
        return take

    def move_within(
        self,
        connection: sa.Connection,
        take_id: str,
        from_states: Iterable[State],
        to_state: State,
        *,
        step: str | None = None,
        **columns: Any,
    ) -> Take:
        """`move` inside a transaction that the caller holds. ValueError for a move that the table does not allow."""
        sources = tuple(from_states)
        for source in sources:
            if not can_move(source, to_state):
                raise ValueError(f"a take never goes from {source} to {to_state}")
        before = self._within(connection, take_id)
        if to_state in CLOSED:
            columns = {"closed_at": self.clock(), **columns}
        if to_state in (State.FAILED, State.CANCELLED):
            columns = {"dedupe": None, **columns}
        statement = (
            sa.update(TAKES)
            .where(TAKES.c.id == take_id, TAKES.c.state.in_([state.value for state in sources]))
            .values(state=to_state.value, **to_columns(columns))
        )
        if connection.execute(statement).rowcount != 1:
            raise StaleMove(take_id, tuple(state.value for state in sources), to_state.value)
        self.log(connection, take_id, step or to_state.value, before.state, to_state, columns)
        return self._within(connection, take_id)

    def note(
        self, take_id: str, *, step: str | None = None, only_in: Iterable[State] | None = None, **columns: Any
    ) -> Take:
        """Change columns without a move, and log it. With `only_in`, StaleMove where the take is in another state."""
        states = tuple(only_in) if only_in is not None else tuple(State)
        with self.transaction(step) as connection:
            statement = (
                sa.update(TAKES)
                .where(TAKES.c.id == take_id, TAKES.c.state.in_([state.value for state in states]))
                .values(to_columns(columns))
            )
            if connection.execute(statement).rowcount != 1:
                raise StaleMove(take_id, tuple(state.value for state in states), "changed")
            self.log(connection, take_id, step or "note", None, None, columns)
            take = self._within(connection, take_id)
        self.tell(take_id)
        return take

    def get(self, take_id: str) -> Take:
        """Raises NotPossible where there is no such take."""
        with self.reading() as connection:
            return self._within(connection, take_id)

    def find(self, reference: str) -> Take:
        """A take by id, number (`14`), or label (`R7`, `Take 14`, `Rehearsal 7`). Raises NotPossible."""
        with self.reading() as connection:
            take = listing.find(connection, reference)
        if take is None:
            raise NotPossible(f"There is no take “{reference[:80]}”.", ("See all takes",), "no_such_take")
        return take

    def by_key(self, world: str, key: str) -> Take | None:
        with self.reading() as connection:
            return self.by_key_within(connection, world, key)

    def by_key_within(self, connection: sa.Connection, world: str, key: str) -> Take | None:
        statement = sa.select(TAKES).where(TAKES.c.world == world, TAKES.c.key == key)
        row = connection.execute(statement).mappings().first()
        return to_take(row) if row else None

    def by_dedupe_within(self, connection: sa.Connection, world: str, dedupe: str) -> Take | None:
        """The take that is buying, or has bought, the same thing."""
        statement = sa.select(TAKES).where(TAKES.c.world == world, TAKES.c.dedupe == dedupe)
        row = connection.execute(statement).mappings().first()
        return to_take(row) if row else None

    # -- many takes ----------------------------------------------------------------------------------------------------

    def page(self, wanted: listing.Filter | None = None, *, limit: int = 60, offset: int = 0) -> listing.Page:
        """A page of takes, newest first unless the filter sorts otherwise."""
        with self.reading() as connection:
            return listing.page(connection, wanted or listing.Filter(), limit, offset, self.has_full_text)

    def open_takes(self, states: Iterable[State] = ADOPTABLE, world: str | None = None) -> list[Take]:
        """Takes that somebody must look after, in the order of the waiting line."""
        conditions: list[Any] = [TAKES.c.state.in_([state.value for state in states])]
        if world is not None:
            conditions.append(TAKES.c.world == world)
        with self.reading() as connection:
            statement = sa.select(TAKES).where(*conditions).order_by(TAKES.c.order_index, TAKES.c.seq)
            return [to_take(row) for row in connection.execute(statement).mappings()]

    def claimed_requests(self, world: str, request_ids: Iterable[str]) -> set[str]:
        """Those of `request_ids` that already belong to a take."""
        with self.reading() as connection:
            statement = sa.select(TAKES.c.request_id).where(
                TAKES.c.world == world, TAKES.c.request_id.in_(list(request_ids))
            )
            return {str(value) for value in connection.execute(statement).scalars()}

    def events(self, take_id: str) -> list[dict[str, Any]]:
        """The take's life so far, oldest first."""
        with self.reading() as connection:
            rows = connection.execute(sa.select(EVENTS).where(EVENTS.c.take_id == take_id).order_by(EVENTS.c.id))
            return [
                {**row, "at": to_time(row["at"]), "detail": from_json(row["detail"]) or {}} for row in rows.mappings()
            ]

    def revision(self) -> int:
        """Grows with every change by any process; 0 for a new ledger."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.max(EVENTS.c.id))).scalar() or 0

    def changed_since(self, revision: int) -> tuple[int, list[str]]:
        """The newest revision, and the ids of takes that changed after `revision`."""
        with self.reading() as connection:
            rows = connection.execute(
                sa.select(EVENTS.c.id, EVENTS.c.take_id).where(EVENTS.c.id > revision).order_by(EVENTS.c.id)
            ).all()
        return (rows[-1][0], list(dict.fromkeys(row[1] for row in rows))) if rows else (revision, [])

    # -- inside --------------------------------------------------------------------------------------------------------

    def log(
        self,
        connection: sa.Connection,
        take_id: str,
        step: str,
        source: State | None,
        target: State | None,
        detail: dict[str, Any],
    ) -> None:
        """Append to the event log inside a transaction."""
        shown = {name: value for name, value in detail.items() if name not in ("search_text", "script")}
        connection.execute(
            sa.insert(EVENTS).values(
                take_id=take_id,
                at=to_text(self.clock()),
                step=step,
                from_state=source.value if source else None,
                to_state=target.value if target else None,
                detail=to_json(shown),
            )
        )

    def tell(self, take_id: str) -> None:
        """Tell the watchers that a take changed."""
        for callback in tuple(self._watchers):
            callback(take_id)

    def _within(self, connection: sa.Connection, take_id: str) -> Take:
        row = connection.execute(sa.select(TAKES).where(TAKES.c.id == storable(take_id))).mappings().first()
        if row is None:
            raise NotPossible(f"There is no take “{take_id[:80]}”.", ("See all takes",), "no_such_take")
        return to_take(row)

    def _index_words(self, connection: sa.Connection, seq: int, words: str) -> None:
        if self.has_full_text:
            connection.execute(
                sa.text("INSERT OR REPLACE INTO takes_words(rowid, words) VALUES (:seq, :words)"),
                {"seq": seq, "words": words},
            )


def next_number(connection: sa.Connection, series: str) -> int:
    """The next number of a series. The first write of a reservation, so it also makes reservations wait in line."""
    statement = sa.update(COUNTERS).where(COUNTERS.c.series == series).values(last=COUNTERS.c.last + 1)
    if connection.execute(statement).rowcount == 0:
        connection.execute(sa.insert(COUNTERS).values(series=series, last=1))
    return int(connection.execute(sa.select(COUNTERS.c.last).where(COUNTERS.c.series == series)).scalar_one())
