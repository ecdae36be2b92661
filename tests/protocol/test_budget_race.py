"""Fifty clicks at once, from desk, page, API and command line, against $5.00 a day: never a cent over it."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from studio.rehearsal.floor import Pace
from studio.rehearsal.server import Standin, create_standin
from studio.settings import Settings
from studio.takes.errors import StudioError
from studio.takes.take import State, Take
from studio.web.press import Press
from studio.wiring import Studio
from tests.protocol.kill_run import on_loopback
from tests.protocol.proving import KEY, MODE, PRICE_USD_MICROS, hand_out_clip, until

ROOT = Path(__file__).parents[2]
LIMIT_USD_MICROS = 5_000_000
FITTING = LIMIT_USD_MICROS // PRICE_USD_MICROS
DESK, PAGE, API, COMMANDS = 20, 16, 10, 4
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Answers:
    """What became of the clicks: ids of takes that were made, and the words of each refusal."""

    made: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def note(self, take_id: str | None, error: Any) -> None:
        if take_id:
            self.made.append(take_id)
        else:
            self.refused.append(f"{error['code']}: {error['sentence']}")


@pytest.fixture
def standin(tmp_path: Path) -> Standin:
    return create_standin(tmp_path / "fal", render=hand_out_clip, pace=Pace(running_s=0.2, places=2))


@pytest.fixture
def fal(standin: Standin) -> Iterator[str]:
    with on_loopback(standin) as base:
        yield base


@pytest.fixture
def studio(fal: str, tmp_path: Path) -> Studio:
    return Studio(
        Settings(
            home=tmp_path / "home",
            fal_key=KEY,
            budget_day_usd_micros=LIMIT_USD_MICROS,
            run_host=fal,
            queue_host=fal,
            session_id="race",
        )
    )


@contextmanager
def served(studio: Studio) -> Iterator[str]:
    """The studio's own page and API on loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(studio.app, log_level="critical", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert until(lambda: server.started, 30)
        yield base
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


class Clicks:
    """The four ways to ask for a take, each with a scene of its own."""

    def __init__(self, studio: Studio, page: str, fal: str, answers: Answers) -> None:
        self.studio, self.page, self.fal, self.answers = studio, page, fal, answers
        self._press = Press(studio.desk, studio.gallery)

    def desk(self, number: int) -> None:
        try:
            take: Take | None = self.studio.desk.make(MODE, _values(number), key=f"desk-{number}")
            self.answers.note(take.id if take else None, None)
        except StudioError as refusal:
            self.answers.note(None, refusal.as_reason())

    def press(self, number: int) -> None:
        answer = self._press(MODE, "live", {**_values(number), "press": f"press-{number}"})
        self.answers.note(answer.get("take_id"), answer.get("error"))

    def api(self, number: int) -> None:
        """Gradio's own HTTP API, as its clients speak it: ask, then read the one event."""
        values = _values(number)
        data = [values["prompt"], "5", "16:9", "blur, distort, and low quality", 0.5, True, "live", f"api-{number}"]
        calls = f"{self.page}/gradio_api/call/text_to_video"
        with httpx.Client(timeout=120, trust_env=False) as client:
            event = client.post(calls, json={"data": data}).json()["event_id"]
            lines = client.get(f"{calls}/{event}").text.splitlines()
        state = json.loads(next(line for line in lines if line.startswith("data:"))[5:])[0]
        self.answers.note(state["take_id"], state["error"])

    def command(self, number: int) -> None:
        command = [sys.executable, "-m", "studio", "make", MODE, "--prompt", _values(number)["prompt"], "--json"]
        environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
        environment |= {
            "HOME": str(self.studio.settings.home.parent),
            "PYTHONPATH": str(ROOT),
            "STUDIO_HOME": str(self.studio.settings.home),
            "STUDIO_BUDGET_DAY": "5",
            "FAL_KEY": KEY,
            "FAL_RUN_HOST": self.fal,
            "FAL_QUEUE_RUN_HOST": self.fal,
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
        state = json.loads(done.stdout)
        self.answers.note(state.get("take_id"), state.get("error"))


def _values(number: int) -> dict[str, Any]:
    return {"prompt": f"A lamp turns in the fog, {number}.", "duration": "5"}


class Watchman:
    """Adds up the money again and again while the clicks go on, and remembers the most that was ever out."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self.most, self.looks = studio, 0, 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._is_over.is_set():
            self.most = max(self.most, self._studio.desk.budget.standing().day.total)
            self.looks += 1
            time.sleep(0.005)

    def __enter__(self) -> Watchman:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()


@pytest.mark.timeout(300)
def test_fifty_clicks_at_once_never_pass_the_limit(studio: Studio, fal: str, standin: Standin) -> None:
    answers, dice = Answers(), random.Random(5)
    with served(studio) as page:
        clicks = Clicks(studio, page, fal, answers)
        ways: list[Callable[[int], None]] = [clicks.desk] * DESK + [clicks.press] * PAGE + [clicks.api] * API
        dice.shuffle(ways)
        ways = [clicks.command] * COMMANDS + ways  # these need a moment to start, so they are set off first
        assert len(ways) == 50

        def click(number: int) -> None:
            time.sleep(dice.random() * 4 if number >= COMMANDS else 0)
            ways[number](number)

        with Watchman(studio) as watchman, ThreadPoolExecutor(len(ways)) as pool:
            list(pool.map(click, range(len(ways))))
        takes = [studio.desk.wait(take_id, 60) for take_id in answers.made]
        total = studio.desk.budget.standing().day.total
    assert len(answers.made) == len(set(answers.made)) == FITTING
    assert len(answers.refused) == 50 - FITTING
    assert all(words.startswith("budget: ") for words in answers.refused), answers.refused
    assert all("the limit is $5.00" in words and "Nothing was sent" in words for words in answers.refused)
    assert watchman.looks > 20
    assert watchman.most <= LIMIT_USD_MICROS
    assert total == FITTING * PRICE_USD_MICROS
    assert len(list(standin.book)) == FITTING
    assert {take.state for take in takes} == {State.KEPT}
