"""A studio in a process of its own that makes a take and kills itself at the durable step it was told to.

Started by kill_run. It presses with the same keys whenever it is started, as a page does that is opened again after a
crash.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from studio.gateway.fal import Gateway
from studio.gateway.hosts import Hosts
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.takes.errors import NotPossible
from studio.takes.take import State, Take
from studio.takes.voices import Voice
from tests.protocol.kill_scenarios import SCENARIOS, Scenario
from tests.protocol.proving import KEY, MODE, PICTURE, TEMPO, Hurry, Rooms, is_settled, open_rooms, until

LIMIT_S = 20.0
LOOKING_S = 3.0


class Marks:
    """The observer: writes down every durable step before and after it, and ends this process at one of them.

    `kill_at` is a mark's place in the row, or its name for the first of that name.
    """

    def __init__(self, file: Path, kill_at: int | str | None) -> None:
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._kill_at, self._count = kill_at, 0

    def __call__(self, step: str, is_done: bool) -> None:
        mark = f"{step} {'after' if is_done else 'before'}"
        os.write(self._handle, f"{mark}\n".encode())
        if self._kill_at in (self._count, mark):
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        self._count += 1


def press(rooms: Rooms, scenario: Scenario, home: Path) -> list[str]:
    """The ids of the takes that the scenario's clicks made, in this process or in one before it."""
    if scenario.is_voice:
        made = rooms.desk.begin_voice(str(home.parent / "voice.wav"), "Old sailor", key="click-0")
        return [str(made.take_id)] if isinstance(made, Voice) else [made.id]
    made_ids = []
    for number in range(scenario.clicks):
        values: dict[str, object] = {"prompt": f"A lamp turns in the fog, {number}.", "duration": "5"}
        if scenario.has_picture:
            values["start_image_url"] = str(PICTURE)
        mode = "image-to-video" if scenario.has_picture else MODE
        made_ids.append(rooms.desk.make(mode, values, key=f"click-{number}").id)
    return made_ids


def cancel(rooms: Rooms, take_id: str, when: str) -> None:
    states = [State.RUNNING] if when == "running" else [State.QUEUED, State.RUNNING]

    def is_time() -> bool:
        take = rooms.desk.ledger.get(take_id)
        return take.state in states or is_settled(take) or take.is_cancel_requested

    until(is_time, 2.0)
    with suppress(NotPossible):
        rooms.desk.act(take_id, "cancel")


def is_over(take: Take) -> bool:
    return is_settled(take) and take.state is not State.FETCHING


def live(folder: Path, base: str, name: str, kill_at: int | str | None) -> None:
    """One process of a life on `folder`/home, against the stand-in at `base`; ended at the mark `kill_at`, if any."""
    home, scenario = folder / "home", SCENARIOS[name]
    marks = Marks(folder / "marks", kill_at)
    _speak_into(folder / "words")
    hurry = Hurry(0.03)
    gateway = Gateway(KEY, hosts=Hosts.all_at(base), sleep=hurry.sleep)
    with Workshop(1) as workshop:
        rooms = open_rooms(
            home,
            gateway,
            Darkroom(workshop),
            at_once=scenario.at_once,
            tempo=TEMPO,
            sleep=hurry.sleep,
            monotonic=hurry.monotonic,
            observer=marks,
        )
        made = press(rooms, scenario, home)
        if scenario.cancel_when:
            cancel(rooms, made[0], scenario.cancel_when)
        read = rooms.desk.ledger.get
        until(lambda: all(is_over(read(one)) for one in made), LIMIT_S)
        until(lambda: all(read(one).state is not State.UNKNOWN for one in made), LOOKING_S)
        until(lambda: all(is_over(read(one)) for one in made), LIMIT_S)
        rooms.close()


def _speak_into(file: Path) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, sys.stdout.fileno())
    os.dup2(handle, sys.stderr.fileno())
