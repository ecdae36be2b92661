"""Runs the studio's real gateway, runner, ledger, budget and darkroom against a stand-in that fails on purpose.

Run: python -m tests.protocol.fault_run --runs 1000 --seed 1        one run again: --only 417 --seed 1
Each batch of runs has a process of its own and each run a fresh home. Prints a table of figures; exits with 1 where a
promise was broken. Loopback is not even needed: the stand-in is in the same process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.rehearsal.faults import Faults, Step
from studio.rehearsal.floor import Pace
from studio.rehearsal.queue import Habits
from studio.rehearsal.server import Standin, create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.takes.budget import Limits
from studio.takes.errors import BudgetRefusal, NotPossible, StudioError
from studio.takes.take import State, Take
from tests.protocol.fault_plans import Plan, all_plans
from tests.protocol.proving import (
    KEY,
    PICTURE,
    PRICE_USD_MICROS,
    Books,
    Hurry,
    Rooms,
    hand_out_clip,
    has_way_back,
    is_settled,
    leaks,
    money_trouble,
    open_rooms,
    overheard,
    pressed,
    remove,
    take_of_job,
    until,
    whole,
)

BATCH = 25
PROCESSES = 2
SETTLE_S = 20.0
LINE_DOWN_S = 0.5


class MendableFaults(Faults):
    """A scripted plan whose lasting faults end when the line is mended."""

    def mend(self) -> None:
        with self._lock:
            self._rows.clear()
            self._always.clear()


class Run:
    """One plan on a fresh home: clicks, faults, restarts; then the line is mended and a person uses what is offered."""

    def __init__(self, plan: Plan, folder: Path, darkroom: Darkroom) -> None:
        self.plan, self.home, self._darkroom = plan, folder / "home", darkroom
        self.faults = MendableFaults({step: list(row) for step, row in plan.rows.items()}, plan.lasting)
        self.standin: Standin = create_standin(
            folder / "fal",
            render=hand_out_clip,
            faults=self.faults,
            pace=Pace(plan.queue_s, plan.running_s, places=2),
            habits=Habits(plan.checks_at, plan.is_cancel_honoured, plan.lists_open_jobs),  # type: ignore[arg-type]
        )
        self.books = Books(clicks=plan.clicks)
        self._hurry = Hurry()
        self._made: list[Take] = []
        self._words: list[str] = []

    def go(self) -> Books:
        with overheard() as heard:
            rooms = self._open()
            try:
                self._click(rooms)
                rooms = self._live_through(rooms)
                self._mend(rooms)
                self._judge(rooms)
            finally:
                rooms.close()
        for place in leaks(self.home, heard.getvalue()):
            self._break(f"the key can be read in {place}")
        if self.standin.tally.keys_on_media:
            self._break("the key was shown to the media host")
        return self.books

    # -- acts ----------------------------------------------------------------------------------------------------------

    def _open(self) -> Rooms:
        gateway = Gateway(KEY, RehearsalTransport(self.standin), sleep=self._hurry.sleep)
        rooms = open_rooms(
            self.home,
            gateway,
            self._darkroom,
            limits=Limits(self.plan.limit_usd_micros),
            at_once=self.plan.at_once,
            sleep=self._hurry.sleep,
            monotonic=self._hurry.monotonic,
        )
        rooms.runner.subscribe(lambda _take_id: self._watch_budget(rooms))
        return rooms

    def _click(self, rooms: Rooms) -> None:
        """Every click at once, each from as many threads as it has presses."""
        if Step.PRICING in self.plan.rows or Step.PRICING in self.plan.lasting:
            rooms.desk.check_prices((rooms.desk.draft(self.plan.mode, self._values(0)).endpoint,))
        presses = [(n, one) for n in range(self.plan.clicks) for one in range(self.plan.presses)]
        with ThreadPoolExecutor(max(1, len(presses))) as pool:
            answers = list(pool.map(lambda press: (press[0], pressed(lambda: self._make(rooms, press[0]))), presses))
        for number in range(self.plan.clicks):
            self._read_answers([answer for n, answer in answers if n == number])

    def _read_answers(self, answers: list[Take | StudioError]) -> None:
        takes = {answer.id: answer for answer in answers if isinstance(answer, Take)}
        refusals = [answer for answer in answers if isinstance(answer, StudioError)]
        if len(takes) > 1:
            self._break("one click made two takes")
        if any(not isinstance(refusal, BudgetRefusal) for refusal in refusals):
            self._break(f"a click was refused with {[refusal.code for refusal in refusals]}")
        if not takes:
            self.books.refused += 1
        self._made += takes.values()

    def _make(self, rooms: Rooms, number: int) -> Take:
        return rooms.desk.make(self.plan.mode, self._values(number), key=f"click-{number}")

    def _values(self, number: int) -> dict[str, object]:
        said = 0 if self.plan.is_same_prompt else number
        values: dict[str, object] = {"prompt": f"A lamp turns in the fog, {said}.", "duration": "5"}
        if self.plan.mode == "image-to-video":
            values["start_image_url"] = str(PICTURE)
        return values

    def _live_through(self, rooms: Rooms) -> Rooms:
        """Cancel if that is planned, end and open the studio again as often as planned, wait until nothing moves."""
        for _ in range(self.plan.restarts):
            time.sleep(0.03)
            rooms.close()
            rooms = self._open()
        if self.plan.cancel_when:
            self._cancel(rooms)
        is_still = until(lambda: all(is_settled(take) for take in self._takes(rooms)), self._patience_s())
        if not is_still and not (self.plan.lasting or self._is_waiting_with_words(rooms)):
            states = [(take.state.value, (take.reason or {}).get("code")) for take in self._takes(rooms)]
            self._break(f"it did not settle: {states}")
        until(lambda: not self._is_being_looked_for(rooms), LINE_DOWN_S)
        return rooms

    def _is_being_looked_for(self, rooms: Rooms) -> bool:
        """A lost answer whose job is there to be found; the studio looks at growing pauses by itself."""
        takes = [take for take in self._takes(rooms) if take.state is State.UNKNOWN]
        return any(take_of_job(job, takes) for job in self.standin.book if job.is_billed)

    def _patience_s(self) -> float:
        return LINE_DOWN_S if self.plan.lasting else SETTLE_S

    def _is_waiting_with_words(self, rooms: Rooms) -> bool:
        return all(is_settled(take) or take.reason for take in self._takes(rooms))

    def _cancel(self, rooms: Rooms) -> None:
        states = [State.RUNNING] if self.plan.cancel_when == "running" else [State.QUEUED, State.RUNNING]
        for take in self._made[:2]:
            until(lambda take=take: (now := rooms.desk.ledger.get(take.id)).state in states or is_settled(now), 1.0)  # type: ignore[misc]
            with suppress(NotPossible):
                rooms.desk.act(take.id, "cancel")

    def _mend(self, rooms: Rooms) -> None:
        """Before the line is good again, every paid take is kept or has a way back; then the ways back are used."""
        self._check_ways_back(rooms)
        before = {take.id for take in self._takes(rooms) if take.state is State.KEPT}
        self.faults.mend()
        for _ in range(8):
            for take in self._takes(rooms):
                self._press_what_is_offered(rooms, take)
            if until(lambda: all(self._needs_nobody(take) for take in self._takes(rooms)), 3.0):
                break
        after = [take for take in self._takes(rooms) if take.state is State.KEPT]
        self.books.kept = len(before)
        self.books.recovered = len([take for take in after if take.id not in before])

    def _press_what_is_offered(self, rooms: Rooms, take: Take) -> None:
        offered = rooms.gallery.card(take.id)["actions"]
        action = "look" if take.state is State.UNKNOWN else "save_again"
        is_paid = any(job.is_billed and self._owner(job, rooms) == take.id for job in self.standin.book)
        if action in offered and take.state is not State.KEPT and is_paid:
            with suppress(NotPossible):
                rooms.desk.act(take.id, action)

    def _needs_nobody(self, take: Take) -> bool:
        return is_settled(take) and take.state is not State.FETCHING

    # -- judgement -----------------------------------------------------------------------------------------------------

    def _takes(self, rooms: Rooms) -> list[Take]:
        return [rooms.desk.ledger.get(take.id) for take in self._made]

    def _owner(self, job: object, rooms: Rooms) -> str | None:
        owner = take_of_job(job, self._takes(rooms))  # type: ignore[arg-type]
        return owner.id if owner else None

    def _check_ways_back(self, rooms: Rooms) -> None:
        takes = self._takes(rooms)
        for job in self.standin.book:
            take = take_of_job(job, takes)
            if take is None or not job.is_billed or take.state is State.KEPT:
                continue
            card = rooms.gallery.card(take.id)
            is_moving = card["is_open"] and bool(card["reason"])  # it is being asked for, and says why it waits
            if not (is_moving or has_way_back(card)):
                self._break(f"no way back from {card['state']}: {card['reason']} {card['actions']}")

    def _judge(self, rooms: Rooms) -> None:
        takes, jobs = self._takes(rooms), list(self.standin.book)
        paid = [job for job in jobs if job.is_billed]
        self.books.accepted, self.books.paid = len(jobs), len(paid)
        self.books.doubled += max(0, len(jobs) - len(self._made))
        owners = [job.arguments["prompt"] for job in jobs]
        if not self.plan.is_same_prompt:
            self.books.doubled += len(owners) - len(set(owners))
        for job in jobs:
            self._judge_job(rooms, job, take_of_job(job, takes), len(paid))
        for take in takes:
            self._judge_take(rooms, take)
        self._watch_budget(rooms)
        if self.books.doubled:
            self._break(f"{len(jobs)} jobs for {len(self._made)} takes")

    def _judge_job(self, rooms: Rooms, job: object, take: Take | None, paid: int) -> None:
        if take is None:
            self.books.lost += 1
            self._break("an accepted job belongs to no take")
            return
        trouble = money_trouble(job, take)  # type: ignore[arg-type]
        if trouble:
            self._break(trouble)
        if not job.is_billed or take.state is State.KEPT:  # type: ignore[attr-defined]
            return
        if take.state is State.UNKNOWN and has_way_back(rooms.gallery.card(take.id)):
            self.books.asked += 1  # several alike: a person decides
            if not self.plan.is_same_prompt:
                self._break("a paid take was not found in fal's list, though it is the only one of its kind")
            return
        self.books.lost += 1
        self._break(f"a paid take ended {take.state.value}: {take.reason}")

    def _judge_take(self, rooms: Rooms, take: Take) -> None:
        card = rooms.gallery.card(take.id)
        if take.state is State.KEPT and (wrong := whole(self.home, take)):
            self._break(f"a kept take has {wrong}")
        if take.state in (State.FAILED, State.CANCELLED, State.UNKNOWN):
            reason = card["reason"] or {}
            if not (reason.get("title") and reason.get("sentence")):
                self._break(f"{take.state.value} without a word")
        if take.state in (State.KEPT, State.FAILED, State.CANCELLED) and take.charge.value == "held":
            self._break(f"{take.state.value}, and its money is still held")

    def _watch_budget(self, rooms: Rooms) -> None:
        limit = self.plan.limit_usd_micros
        with suppress(StudioError):
            total = rooms.desk.budget.standing("proof").day.total
            if limit is not None and total > limit:
                self._break(f"{total} micro-dollars are out, the limit is {limit}")
            if total > self.plan.clicks * PRICE_USD_MICROS:
                self._break(f"{total} micro-dollars are out for {self.plan.clicks} clicks")

    def _break(self, words: str) -> None:
        if words not in self.books.broken:
            self.books.broken.append(words)


# -- many runs --------------------------------------------------------------------------------------------------------


def run_plans(plans: Iterable[Plan], tell: Callable[[Plan, Books], None] = lambda plan, books: None) -> Books:
    """Each plan on a fresh home, one after another, in this process."""
    total = Books()
    with Workshop() as workshop, tempfile.TemporaryDirectory(prefix="proof-") as scratch:
        for plan in plans:
            folder = Path(scratch) / str(plan.number)
            folder.mkdir()
            try:
                books = Run(plan, folder, Darkroom(workshop)).go()
            except Exception:
                books = Books(broken=[traceback.format_exc()[-1500:]])
            books.broken = [f"run {plan.number} ({plan.name}): {words}" for words in books.broken]
            total.add(books)
            tell(plan, books)
            remove(folder)
    return total


def _child(numbers: list[int], runs: int, seed: int) -> Books:
    command = [sys.executable, "-m", "tests.protocol.fault_run", "--runs", str(runs), "--seed", str(seed)]
    command += ["--only", ",".join(map(str, numbers)), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    try:
        return Books(**json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        return Books(broken=[f"runs {numbers[0]} to {numbers[-1]} gave no figures: {done.stderr[-1500:]}"])


def run_all(runs: int, seed: int, processes: int) -> Books:
    total, lock, began = Books(), threading.Lock(), time.monotonic()
    batches = [list(range(first, min(first + BATCH, runs))) for first in range(0, runs, BATCH)]
    done = 0
    with ThreadPoolExecutor(processes) as pool:
        for books in pool.map(lambda numbers: _child(numbers, runs, seed), batches):
            with lock:
                total.add(books)
                done += 1
                for words in books.broken:
                    print("BROKEN", words, flush=True)
                print(f"{min(done * BATCH, runs)}/{runs} after {time.monotonic() - began:.0f} s", file=sys.stderr)
    return total


def print_table(runs: int, seed: int, books: Books, took_s: float) -> None:
    rows = (
        ("runs", runs),
        ("clicks", books.clicks),
        ("refused by the budget", books.refused),
        ("accepted by fal", books.accepted),
        ("paid jobs", books.paid),
        ("kept by itself", books.kept),
        ("kept after the line was mended", books.recovered),
        ("put to the person (look-alikes)", books.asked),
        ("lost", books.lost),
        ("doubled", books.doubled),
        ("promises broken", len(books.broken)),
    )
    print(f"\nFaults, seed {seed}, {took_s:.0f} s")
    for name, figure in rows:
        print(f"  {name:<34}{figure:>7}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="numbers of runs, with commas; in this process")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    if options.only:
        wanted = {int(number) for number in options.only.split(",")}
        plans = [plan for plan in all_plans(max(options.runs, max(wanted) + 1), options.seed) if plan.number in wanted]
        total = run_plans(plans, _tell if not options.json else lambda plan, books: None)
    else:
        plans = []
        total = run_all(options.runs, options.seed, options.processes)
    if options.json:
        print(json.dumps(asdict(total)))
    else:
        print_table(len(plans) or options.runs, options.seed, total, time.monotonic() - began)
        for words in total.broken if options.only else []:
            print("BROKEN", words)
    return 1 if total.broken else 0


def _tell(plan: Plan, books: Books) -> None:
    print(f"{plan.number:>5}  {plan.name:<44} paid {books.paid} kept {books.kept}+{books.recovered}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
