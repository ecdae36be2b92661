"""Kills the studio between every pair of durable steps of a take's life, starts it again, and counts.

Run: python -m tests.protocol.kill_run --kills 200
The steps are found by running each life once with an observer (studio/takes/durable.py), not written down here. The
stand-in lives in this process, on loopback; the studio lives and dies in others. Exits with 1 where a paid take was
lost or doubled.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn

from studio.rehearsal.faults import Faults
from studio.rehearsal.floor import Pace
from studio.rehearsal.job import Job
from studio.rehearsal.queue import Habits
from studio.rehearsal.serve import Loopback
from studio.rehearsal.server import Standin, create_standin
from studio.takes.ledger import Ledger
from studio.takes.take import State, Take
from tests.protocol import kill_child
from tests.protocol.kill_scenarios import SCENARIOS, Scenario, record_voice
from tests.protocol.proving import hand_out_clip, money_trouble, take_of_job, whole

PROCESSES = 2
LIFE_S = 60.0
KILLED = -getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass
class Tally:
    """What came of it; `broken` are promises that did not hold, in words."""

    runs: int = 0
    kills: int = 0
    clicks: int = 0
    paid: int = 0
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    points: set[tuple[str, str]] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in ("runs", "kills", "clicks", "paid", "kept", "lost", "doubled", "broken"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.points |= other.points


@contextmanager
def on_loopback(standin: Standin) -> Iterator[str]:
    """The stand-in served from a thread; its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Loopback(standin), log_level="critical", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@cache
def _births() -> Any:
    """Processes that start with everything imported already: new ones all the same, but ten times quicker."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    births = multiprocessing.get_context("forkserver")
    births.set_forkserver_preload(["tests.protocol.kill_child"])
    return births


class Life:
    """One scenario on a fresh home, cut short at `kills` (a mark of the first process, one of the second, …)."""

    def __init__(self, name: str, kills: tuple[int | str, ...], folder: Path) -> None:
        self.name, self.kills, self.folder = name, kills, folder
        self.scenario: Scenario = SCENARIOS[name]
        self.home = folder / "home"
        self.tally = Tally(runs=1, clicks=self.scenario.clicks)
        if self.scenario.is_voice:
            record_voice(folder / "voice.wav")

    def go(self) -> Tally:
        scenario = self.scenario
        standin = create_standin(
            self.folder / "fal",
            render=hand_out_clip,
            faults=Faults({step: list(row) for step, row in scenario.rows.items()}),
            pace=Pace(scenario.queue_s, scenario.running_s, places=2),
            habits=Habits(is_cancel_honoured=scenario.is_cancel_honoured),
        )
        with on_loopback(standin) as base:
            for kill_at in self.kills:
                if self._live(base, kill_at) == KILLED:
                    self.tally.kills += 1
                    self.tally.points.add((self.name, self.marks()[-1]))
            if (code := self._live(base, None)) != 0:
                self._break(f"the studio did not come back: exit {code}")
        self._judge(standin)
        return self.tally

    def marks(self) -> list[str]:
        """The durable steps of the last process, each twice: before and after."""
        return (self.folder / "marks").read_text().splitlines()

    def _live(self, base: str, kill_at: int | str | None) -> int:
        (self.folder / "marks").unlink(missing_ok=True)
        process = _births().Process(target=kill_child.live, args=(self.folder, base, self.name, kill_at))
        process.start()
        process.join(LIFE_S)
        if process.is_alive():
            process.kill()
            process.join()
            self._break("it did not come to an end")
        return process.exitcode or 0

    def _judge(self, standin: Standin) -> None:
        ledger = Ledger("", self.home)
        try:
            takes = ledger.open_takes(tuple(State))
        finally:
            ledger.close()
        jobs = list(standin.book)
        self.tally.doubled = max(0, len(jobs) - self.scenario.clicks)
        if len(takes) > self.scenario.clicks:
            self._break(f"{len(takes)} takes for {self.scenario.clicks} clicks")
        if self.tally.doubled:
            self._break(f"{len(jobs)} jobs for {self.scenario.clicks} clicks")
        for job in jobs:
            self.tally.paid += job.is_billed
            self._judge_job(job, take_of_job(job, takes))
        for take in takes:
            if take.is_open:
                self._break(f"a take is still {take.state.value} ({(take.reason or {}).get('code')})")

    def _judge_job(self, job: Job, take: Take | None) -> None:
        if take is None:
            self.tally.lost += 1
            self._break("an accepted job belongs to no take")
            return
        if trouble := money_trouble(job, take):
            self._break(trouble)
        if not job.is_billed:
            return
        wrong = f"ended {take.state.value}" if take.state is not State.KEPT else whole(self.home, take)
        self.tally.kept += not wrong
        if wrong:
            self.tally.lost += 1
            self._break(f"a paid take {wrong}: {take.reason}")

    def _break(self, words: str) -> None:
        self.tally.broken.append(f"{self.name}, killed at {self.kills}: {words}")


def live(name: str, kills: tuple[int | str, ...] = ()) -> tuple[Tally, list[str]]:
    """One life on a fresh home; the tally and the marks of its last process."""
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as folder:
        one = Life(name, kills, Path(folder))
        return one.go(), one.marks()


def find_marks(names: list[str], pool: ThreadPoolExecutor) -> dict[str, list[str]]:
    """Every durable step of each life, by living it once without a kill. Raises RuntimeError where that goes wrong."""
    found = {}
    for name, (tally, marks) in zip(names, pool.map(live, names), strict=True):
        if tally.broken:
            raise RuntimeError(f"even without a kill: {tally.broken}")
        found[name] = marks
    return found


def plan_kills(marks: dict[str, list[str]], wanted: int, seed: int) -> list[tuple[str, tuple[int, ...]]]:
    """Each mark of each life once; then, up to `wanted` kills, second and third ones while the studio picks up."""
    plans: list[tuple[str, tuple[int, ...]]] = [(name, (at,)) for name, row in marks.items() for at in range(len(row))]
    dice, count = random.Random(seed), len(plans)
    while count < wanted:
        name = dice.choice(list(marks))
        kills = (dice.randrange(len(marks[name])), *(dice.randrange(6) for _ in range(dice.choice((1, 2)))))
        plans.append((name, kills))
        count += len(kills)
    return plans


def each_once(marks: dict[str, list[str]]) -> list[tuple[str, tuple[int | str, ...]]]:
    """Every durable step, before and after it, by its name in the first of these lives that passes through it."""
    first: dict[str, tuple[str, tuple[int | str, ...]]] = {}
    for name, row in marks.items():
        for mark in row:
            first.setdefault(mark, (name, (mark,)))
    return list(first.values())


def run_all(wanted: int, seed: int, processes: int = PROCESSES, names: list[str] | None = None) -> Tally:
    total = Tally()
    with ThreadPoolExecutor(processes) as pool:
        marks = find_marks(names or list(SCENARIOS), pool)
        plans = plan_kills(marks, wanted, seed)
        for number, (tally, _) in enumerate(pool.map(lambda plan: live(*plan), plans), 1):
            total.add(tally)
            for words in tally.broken:
                print("BROKEN", words, flush=True)
            if number % 20 == 0:
                print(f"{number}/{len(plans)} runs, {total.kills} kills", file=sys.stderr, flush=True)
        while total.kills < wanted and len(plans) < 4 * wanted:  # some second kills come when all is done already
            seed += 1
            more = plan_kills({name: row for name, row in marks.items() if name != "locked"}, wanted, seed)
            plan = more[random.Random(seed).randrange(len(more))]
            plans.append(plan)
            total.add(live(*plan)[0])
    return total


def print_table(total: Tally, took_s: float) -> None:
    steps = sorted({mark.split()[0] for _, mark in total.points})
    print(f"\nKills, {took_s:.0f} s")
    for name in ("runs", "kills", "clicks", "paid", "kept", "lost", "doubled"):
        print(f"  {name:<34}{getattr(total, name):>7}")
    print(f"  {'different points of a life':<34}{len(total.points):>7}")
    print(f"  {'promises broken':<34}{len(total.broken):>7}")
    print(f"  steps killed at: {', '.join(steps)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--life", choices=[*SCENARIOS], action="append", help="only this life; may be repeated")
    options = parser.parse_args()
    began = time.monotonic()
    total = run_all(options.kills, options.seed, options.processes, options.life)
    print_table(total, time.monotonic() - began)
    return 1 if total.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
