"""Studios that are closed again after each test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from studio.takes.budget import Limits
from studio.takes.desk import Desk
from studio.takes.durable import Durable
from studio.takes.ledger import Ledger
from studio.takes.runner import Runner
from tests.unit.takes.pretend_fal import FakeDarkroom, FakeGateway
from tests.unit.takes.rig import QUICK, Clock, OpenStudio, Studio


@pytest.fixture
def open_studio(tmp_path: Path) -> Iterator[OpenStudio]:
    """Opens studios on a home folder and closes them after the test."""
    opened: list[Studio] = []

    def open_one(home: Path = tmp_path / "home", *, starts: bool = True, **more: Any) -> Studio:
        steps: list[tuple[str, bool]] = []
        clock = more.pop("clock", lambda: datetime.now(UTC))
        ledger = more.pop("ledger", None) or Ledger(
            "", home, clock=clock, durable=Durable(lambda s, d: steps.append((s, d)))
        )
        fal, stand_in = more.pop("fal", None) or FakeGateway(), more.pop("stand_in", None) or FakeGateway()
        darkroom = more.pop("darkroom", None) or FakeDarkroom()
        tempo = more.pop("tempo", QUICK)
        sleep: Callable[[float], Awaitable[None]] = more.pop("sleep", asyncio.sleep)
        worlds: Any = {"live": fal, "rehearsal": stand_in}
        runner = Runner(
            ledger,
            worlds,
            darkroom,
            home,
            tempo=tempo,
            sleep=sleep,
            at_once=more.pop("at_once", None),
            zone=UTC,  # type: ignore[arg-type]
        )
        desk = Desk(ledger, runner, limits=more.pop("limits", Limits(None)), **more)
        if starts:
            runner.start()
        studio = Studio(home, desk, ledger, runner, fal, stand_in, darkroom, steps)
        opened.append(studio)
        return studio

    yield open_one
    for studio in opened:
        studio.runner.stop(1.0)
        studio.ledger.close()


@pytest.fixture
def studio(open_studio: OpenStudio) -> Studio:
    return open_studio()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    one = Ledger("", tmp_path / "home", clock=clock)
    yield one
    one.close()
