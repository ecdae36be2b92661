"""Whole studios on a temporary home, a clock that a test sets, and takes as data."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from studio.takes.crew import Tempo
from studio.takes.desk import Desk
from studio.takes.ledger import Ledger
from studio.takes.rows import to_columns
from studio.takes.runner import Runner
from studio.takes.schema import TAKES
from studio.takes.take import Charge, State, Take, series_of
from tests.unit.takes.pretend_fal import FakeDarkroom, FakeGateway

QUICK = Tempo(
    first_look_s=0.002,
    longest_look_s=0.004,
    turn_s=0.02,
    busy_s=0.01,
    upload_patience_s=0.6,
    retry_first_s=0.005,
    retry_longest_s=0.02,
    keep_trying_s=5.0,
    gone_patience_s=0.0,
    odd_looks=5,
    odd_patience_s=0.1,
    look_for_lost_s=(0.01, 0.02, 0.05),
    adopt_s=0.05,
    news_s=0.02,
)
PROMPT = "Dusk on a wooden pier. Gulls."
TEXT = {"prompt": PROMPT, "duration": "5", "generate_audio": True}


@dataclass
class Clock:
    """Time that a test sets."""

    now: datetime = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Studio:
    """A whole room on one home folder."""

    home: Path
    desk: Desk
    ledger: Ledger
    runner: Runner
    fal: FakeGateway
    stand_in: FakeGateway
    darkroom: FakeDarkroom
    steps: list[tuple[str, bool]]

    def make(self, **more: Any) -> Take:
        return self.desk.make("text-to-video", {**TEXT, **more.pop("values", {})}, **more)

    def kept(self, take: Take) -> Take:
        done = self.desk.wait(take.id, 10)
        assert done.state is State.KEPT, (done.state, done.reason)
        return done

    def until(self, take_id: str, *states: State, timeout_s: float = 8.0) -> Take:
        """The take once it is in one of these states."""
        return until(lambda: self.ledger.get(take_id), lambda take: take.state in states, timeout_s)


def until(read: Callable[[], Any], fits: Callable[[Any], bool], timeout_s: float = 8.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while True:
        seen = read()
        if fits(seen):
            return seen
        assert time.monotonic() < deadline, f"it stayed {seen}"
        time.sleep(0.01)


OpenStudio = Callable[..., Studio]


def a_take(which: int = 0, *, world: str = "live", **more: Any) -> Take:
    """A take as data, for tests of the ledger alone."""
    values: dict[str, Any] = {
        "id": f"t{which}-{world}",
        "key": f"key-{which}",
        "number": 0,
        "world": world,
        "mode": "text-to-video",
        "endpoint_id": "fal-ai/kling-video/v2.6/pro/text-to-video",
        "series": series_of(world, True),
        "title": PROMPT,
        "values": dict(TEXT),
        "charge": Charge.HELD if world == "live" else Charge.FREE,
        "created_at": datetime(2026, 11, 23, 13, 0, tzinfo=UTC),
        "estimate_usd_micros": 700_000,
        "at_most_usd_micros": 700_000,
        "rate_usd_micros": 140_000,
        "duration_s": 5.0,
        "search_text": PROMPT,
    }
    return Take(**{**values, **more})


def fill(ledger: Ledger, count: int) -> None:
    """`count` takes with rows as wide as real ones, all in one transaction."""
    base = a_take(0, facts={"lines": [{"text": "hello"}] * 4}, script={"scene": "dusk " * 40})
    kept = {name: value for name, value in vars(base).items() if name != "seq"}
    with ledger.transaction() as connection:
        rows = [
            to_columns(
                {
                    **kept,
                    "id": f"t{n}",
                    "key": f"k{n}",
                    "number": n,
                    "order_index": float(n),
                    "search_text": f"take {n} dusk pier word{n % 97}",
                    "created_at": ledger.clock() + timedelta(seconds=n),
                }
            )
            for n in range(1, count + 1)
        ]
        connection.execute(sa.insert(TAKES), rows)
        connection.exec_driver_sql("INSERT INTO takes_words(rowid, words) SELECT seq, search_text FROM takes")


def steps_of(ledger: Ledger, ask: Callable[[sa.Connection], object]) -> int:
    """Steps of SQLite's own machine that a question takes, to the nearest hundred: no busy computer changes them."""
    steps = 0

    def on_steps() -> None:
        nonlocal steps
        steps += 100

    with ledger.reading() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_progress_handler(on_steps, 100)
        try:
            ask(connection)
        finally:
            raw.set_progress_handler(None, 0)
    return steps
