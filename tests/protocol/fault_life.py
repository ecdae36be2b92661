"""One run of the fault suite: a plan on a fresh home, lived through and judged. Never prints, starts no process."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.rehearsal.faults import Faults, Spoil, Step
from studio.rehearsal.floor import Pace
from studio.rehearsal.job import Job
from studio.rehearsal.queue import Habits
from studio.rehearsal.server import Standin, create_standin
from studio.takes.budget import Limits
from studio.takes.errors import BudgetRefusal, NotPossible, StudioError
from studio.takes.take import State, Take
from tests.protocol.elsewhere import Elsewhere
from tests.protocol.fault_plans import Plan
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
    take_of_job,
    until,
    whole,
)

SETTLE_S = 20.0
LINE_DOWN_S = 0.5
PRESSES, ANSWER_S = 6, 2.0  # how often a person presses what is offered, and waits each time
_ASKED_FOR_EVER = (Step.STATUS, Step.RESULT, Step.DOWNLOAD)


class MendableFaults(Faults):
    """A scripted plan whose lasting faults end when the line is mended."""

    def mend(self) -> None:
        with self._lock:
            self._rows.clear()
            self._always.clear()


class Run:
    """One plan on a fresh home: clicks, faults, restarts; then the line is mended and a person uses what is offered."""

    def __init__(self, plan: Plan, folder: Path, darkroom: Darkroom, kind: type[Gateway] = Gateway) -> None:
        """`kind` is the gateway's class; a test of this suite itself hands in one that breaks a promise."""
        self.plan, self.home, self._darkroom = plan, folder / "home", darkroom
        self.faults = MendableFaults({step: list(row) for step, row in plan.rows.items()}, plan.lasting)
        self.standin: Standin = create_standin(
            folder / "fal",
            render=hand_out_clip,
            faults=self.faults,
            pace=Pace(plan.queue_s, plan.running_s, places=2),
            habits=Habits(plan.checks_at, plan.is_cancel_honoured, plan.lists_open_jobs),  # type: ignore[arg-type]
        )
        self._fal = Elsewhere(self.standin)
        self.books = Books(clicks=plan.clicks)
        self._hurry, self._kind = Hurry(), kind
        self._made: list[Take] = []

    def go(self) -> Books:
        with overheard() as heard:
            try:
                self._go_through()
            finally:
                self._rooms.close()
                self._fal.close()
        for place in leaks(self.home, heard.getvalue()):
            self._break(f"the key can be read in {place}")
        if self.standin.tally.keys_on_media:
            self._break("the key was shown to the media host")
        return self.books

    def _go_through(self) -> None:
        self._rooms = self._open()
        self._click(self._rooms)
        self._live_through()
        self._mend(self._rooms)
        self._judge(self._rooms)

    # -- acts ----------------------------------------------------------------------------------------------------------

    def _open(self) -> Rooms:
        gateway = self._kind(KEY, self._fal.transport(), sleep=self._hurry.sleep)
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

    def _live_through(self) -> None:
        """Cancel if that is planned, end and open the studio again as often as planned, wait until nothing moves."""
        for _ in range(self.plan.restarts):
            time.sleep(0.03)
            self._rooms.close()
            self._rooms = self._open()
        rooms = self._rooms
        if self.plan.cancel_when:
            self._cancel(rooms)
        is_still = until(lambda: all(is_settled(take) for take in self._takes(rooms)), self._patience_s())
        if not is_still and not (self.plan.lasting or self._is_waiting_with_words(rooms)):
            states = [(take.state.value, (take.reason or {}).get("code")) for take in self._takes(rooms)]
            self._break(f"it did not settle: {states}")
        until(lambda: not self._is_being_looked_for(rooms), LINE_DOWN_S)
        until(lambda: all(is_settled(take) for take in self._takes(rooms)), self._patience_s())

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
        for _ in range(PRESSES):
            until(lambda: all(is_settled(take) for take in self._takes(rooms)), SETTLE_S)
            until(lambda: all(job.is_done for job in self.standin.book), SETTLE_S)
            if self._is_all_home(rooms):
                break
            for take in self._takes(rooms):
                self._press_what_is_offered(rooms, take)
            until(lambda: self._is_all_home(rooms), ANSWER_S)
        after = [take for take in self._takes(rooms) if take.state is State.KEPT]
        self.books.kept = len(before)
        self.books.recovered = len([take for take in after if take.id not in before])

    def _is_all_home(self, rooms: Rooms) -> bool:
        takes = self._takes(rooms)
        owners = [take_of_job(job, takes) for job in self.standin.book if job.is_billed]
        return all(owner is None or owner.state is State.KEPT for owner in owners)

    def _press_what_is_offered(self, rooms: Rooms, take: Take) -> None:
        """What a person does who paid and has no clip."""
        offered = rooms.gallery.card(take.id)["actions"]
        action = "look" if take.state is State.UNKNOWN else "save_again"
        is_paid = any(job.is_billed and self._owner(job, rooms) == take.id for job in self.standin.book)
        if action in offered and take.state is not State.KEPT and is_paid:
            with suppress(NotPossible):
                rooms.desk.act(take.id, action)

    # -- judgement -----------------------------------------------------------------------------------------------------

    def _takes(self, rooms: Rooms) -> list[Take]:
        return [rooms.desk.ledger.get(take.id) for take in self._made]

    def _owner(self, job: Job, rooms: Rooms) -> str | None:
        owner = take_of_job(job, self._takes(rooms))
        return owner.id if owner else None

    def _check_ways_back(self, rooms: Rooms) -> None:
        """A busy machine may be slow to say what is wrong; it has some time for that."""
        until(lambda: not self._without_way_back(rooms), SETTLE_S)
        for words in self._without_way_back(rooms):
            self._break(words)

    def _without_way_back(self, rooms: Rooms) -> list[str]:
        takes, found = self._takes(rooms), []
        for job in self.standin.book:
            take = take_of_job(job, takes)
            if take is None or not job.is_billed or take.state is State.KEPT:
                continue
            card = rooms.gallery.card(take.id)
            is_moving = card["is_open"] and (bool(card["reason"]) or not self._must_say_why())
            if not (is_moving or has_way_back(card)):
                found.append(f"no way back from {card['state']}: {card['reason']} {card['actions']}")
        return found

    def _must_say_why(self) -> bool:
        """Whether an open take that is not here yet has to give a reason: its own line fails, for good, visibly."""
        lasting = {step: fault for step, fault in self.plan.lasting.items() if step in _ASKED_FOR_EVER}
        return any(not fault.delay_s and fault.spoil is not Spoil.MISSING_KEYS for fault in lasting.values())

    def _judge(self, rooms: Rooms) -> None:
        takes, jobs = self._takes(rooms), list(self.standin.book)
        paid = [job for job in jobs if job.is_billed]
        self.books.accepted, self.books.paid = len(jobs), len(paid)
        alike = len(jobs) - len({job.arguments["prompt"] for job in jobs}) if not self.plan.is_same_prompt else 0
        self.books.doubled = max(0, len(jobs) - len(self._made), alike)
        for job in jobs:
            self._judge_job(rooms, job, take_of_job(job, takes))
        for take in takes:
            self._judge_take(rooms, take)
        self._watch_budget(rooms)
        if self.books.doubled:
            self._break(f"{len(jobs)} jobs for {len(self._made)} takes")

    def _judge_job(self, rooms: Rooms, job: Job, take: Take | None) -> None:
        if take is None:
            self.books.lost += 1
            self._break("an accepted job belongs to no take")
            return
        trouble = money_trouble(job, take)
        if trouble:
            self._break(trouble)
        if not job.is_billed or take.state is State.KEPT:
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
        if card["state"] in (State.FAILED, State.CANCELLED, State.UNKNOWN):  # as it is now: a look may have found it
            reason = card["reason"] or {}
            if not (reason.get("title") and reason.get("sentence")):
                self._break(f"{card['state']} without a word")
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
