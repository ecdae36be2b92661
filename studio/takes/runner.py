"""Looks after every open take on a thread of its own, from the waiting line to the kept file, across restarts.

It outlives pages and requests, and holds nothing that the ledger lacks: end it anywhere and the next one goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import tzinfo
from pathlib import Path
from typing import Any, TypeVar

from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.takes import adoption, reconcile
from studio.takes.crew import Crew, Progress, Tempo, logger, plain_reason
from studio.takes.ending import give_up
from studio.takes.errors import NotPossible, StaleMove
from studio.takes.fetching import fetch
from studio.takes.intake import Intake
from studio.takes.keeping import forget_slip
from studio.takes.ledger import Ledger
from studio.takes.locks import RunnerLock
from studio.takes.loop_thread import LoopThread
from studio.takes.sending import send
from studio.takes.take import IN_FLIGHT, WAITING, State, Take, can_save_again, can_stop_asking
from studio.takes.waiting import WaitingLine
from studio.takes.watching import watch

T = TypeVar("T")
AT_ONCE = {"live": 2, "rehearsal": 1}  # new fal accounts run two at once; drawing a rehearsal takes a whole processor
_CRITICAL_S = 15.0


class Runner:
    """One runner a process. `start` before use, `stop` at the end; all other methods may be called from any thread.

    `sleep` and `monotonic` are for tests.
    """

    def __init__(
        self,
        ledger: Ledger,
        gateways: Mapping[str, Gateway],
        darkroom: Darkroom,
        home: Path,
        *,
        at_once: Mapping[str, int] | None = None,
        tempo: Tempo | None = None,
        zone: tzinfo | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.home = home
        self._ledger = ledger
        self._lock = RunnerLock(home, self.id)
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="studio-ledger")
        self._backstage = LoopThread("studio-runner")
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._news = threading.Condition()
        self._subscribers: list[Callable[[str], None]] = []
        self._revision = 0
        self.crew = Crew(
            ledger=ledger,
            gateways=gateways,
            darkroom=darkroom,
            intake=Intake(home, darkroom),
            line=WaitingLine(ledger),
            home=home,
            runner_id=self.id,
            at_once={**AT_ONCE, **(at_once or {})},
            tempo=tempo or Tempo(),
            sleep=sleep,
            monotonic=monotonic,
            hand=self._hand,
            zone=zone,
        )

    # -- from any thread -----------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self._backstage.is_alive and not self.crew.is_stopping

    def start(self) -> None:
        """Take the process's lock, pick up what others left, and go on by itself. StorageTrouble where that fails."""
        self._lock.take()
        self._revision = self._ledger.revision()
        self._stop_watching = self._ledger.watch(self._on_change)
        self._backstage.start()
        self.call(self._adopt())
        self._backstage.begin(self._keep_house())

    def stop(self, patience_s: float = _CRITICAL_S) -> None:
        """End. A POST under way may finish and be written down first; everything else is picked up next time."""
        if not self._backstage.is_alive:
            return
        self.crew.is_stopping = True
        self._stop_watching()
        deadline = time.monotonic() + patience_s
        while self.crew.sending and time.monotonic() < deadline:
            time.sleep(0.01)
        self._backstage.stop()
        self._hand.shutdown(wait=True)
        self._lock.free()
        with self._news:
            self._news.notify_all()

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float | None = 120.0) -> T:
        """Run a coroutine on the runner's loop, where the gateways live, and wait for it. Not from that loop."""
        return self._backstage.call(work, timeout_s)

    def submit(self, take: Take) -> None:
        """Look after a take from now on."""
        self._backstage.soon(self._look_after, take.id)

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with a take's id after each change, by any process. On some thread; must be quick. Returns stop."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback) if callback in self._subscribers else None

    def wait(self, take_id: str, timeout_s: float | None = None) -> Take:
        """Until the take no longer moves by itself, or the time is over; the take as it is then."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            with self._news:
                take = self._ledger.get(take_id)
                left_s = None if deadline is None else deadline - time.monotonic()
                if not take.is_open or (left_s is not None and left_s <= 0) or not self.is_running:
                    return take
                self._news.wait(min(1.0, left_s) if left_s is not None else 1.0)

    def progress(self, take_id: str) -> Progress:
        return self.crew.progress.get(take_id, Progress())

    def cancel(self, take_id: str) -> Take:
        """Drop a waiting take for free, or ask fal to stop one that was sent. NotPossible where it is too late."""
        take = self._ledger.get(take_id)
        if take.state in WAITING:
            with contextlib.suppress(NotPossible):
                return self.drop(take_id)
        try:
            wished = self._ledger.note(take_id, step="cancel_wish", only_in=IN_FLIGHT, is_cancel_requested=True)
        except StaleMove:
            raise NotPossible(_too_late(self._ledger.get(take_id))) from None
        self._backstage.soon(self._pass_on_wish, take_id)
        return wished

    def drop(self, take_id: str) -> Take:
        """Out of the studio's own line, for free."""
        return self.crew.line.drop(take_id)

    def reorder(self, take_id: str, place: int) -> list[str]:
        """Put a waiting take at a place of the line; 0 is next."""
        return self.crew.line.reorder(take_id, place)

    def resolve_unknown(self, take_id: str, answer: str) -> Take:
        """`look` for it in fal's list now, or accept that it `never_arrived`."""
        if answer == "never_arrived":
            return reconcile.never_arrived(self._ledger, take_id)
        if answer != "look":
            raise NotPossible("An unknown take can be looked for, or said never to have arrived.")
        take = self._ledger.get(take_id)
        if take.state is not State.UNKNOWN:
            raise NotPossible("Its outcome is known by now. Look at the take again.")
        found = self.call(reconcile.look(self.crew, take))
        self.submit(found)
        return found

    def save_again(self, take_id: str) -> Take:
        """Fetch a finished clip once more, also one that was given up as gone."""
        take = self._ledger.get(take_id)
        again: dict[str, Any] = {"step": "again", "reason": None, "runner_id": self.id}  # whoever asks looks after it
        if can_save_again(take):
            take = self._ledger.move(take_id, [take.state], State.FETCHING, closed_at=None, **again)
        elif take.state is State.FETCHING:
            take = self._ledger.note(take_id, only_in=[State.FETCHING], **again)
        else:
            raise NotPossible("This take has no clip that could be saved again.")
        self._backstage.soon(self._start_again, take_id)
        return take

    def stop_asking(self, take_id: str) -> Take:
        """Let go of a take of which fal gives no word. NotPossible where nothing is amiss with it."""
        take = self._ledger.get(take_id)
        if not can_stop_asking(take):
            raise NotPossible("fal.ai answers for this take, so the studio goes on asking.")
        sentence = "You said to stop asking. It may have been made and billed; the bill will tell."
        steps = ("Save again",)
        reason = plain_reason("let_go", "No longer asked for", sentence, steps, "no" if take.is_free else "maybe")
        self.call(give_up(self.crew, take, reason))
        return self._ledger.get(take_id)

    # -- on the loop ---------------------------------------------------------------------------------------------------

    def _look_after(self, take_id: str) -> None:
        if self.crew.is_stopping or take_id in self._tasks:
            return
        task = self._backstage.loop.create_task(self._live(take_id), name=take_id)
        self._tasks[take_id] = task
        task.add_done_callback(lambda _task: self._forget(take_id))

    def _pass_on_wish(self, take_id: str) -> None:
        if take_id in self.crew.wishes:
            self.crew.wishes[take_id].set()

    def _start_again(self, take_id: str) -> None:
        running = self._tasks.get(take_id)
        if running is None:
            self._look_after(take_id)
            return
        running.cancel()
        running.add_done_callback(lambda _task: self._look_after(take_id))

    def _forget(self, take_id: str) -> None:
        self._tasks.pop(take_id, None)
        self.crew.progress.pop(take_id, None)
        self.crew.freed.set()

    async def _live(self, take_id: str) -> None:
        """A take's life until it is closed, or out of our hands. A fault of ours is logged and the take goes on."""
        wait_s = self.crew.tempo.retry_first_s
        while not self.crew.is_stopping:
            try:
                take = await self._stage(await self.crew.insist(self._ledger.get, take_id))
            except (StaleMove, NotPossible) as moved:
                logger.info("take %s was moved by somebody else: %s", take_id, moved)
            except Exception:
                logger.exception("take %s stumbled; it goes on in %.0f s", take_id, wait_s)
            else:
                self.crew.freed.set()
                if take is None:
                    return
                wait_s = self.crew.tempo.retry_first_s
                continue
            await self.crew.sleep(wait_s)
            wait_s = min(wait_s * 2, 60.0)

    async def _stage(self, take: Take) -> Take | None:
        """One stage further; None when the take needs nobody any more."""
        if take.is_closed:
            await self.crew.do(forget_slip, self.crew, take.id)
            return None
        if take.runner_id not in (None, self.id):
            return None  # another process was asked for it and looks after it now
        if take.state is State.RESERVED:
            return await send(self.crew, take)
        if take.state in (State.QUEUED, State.RUNNING):
            return await watch(self.crew, take)
        if take.state is State.FETCHING:
            fetched = await fetch(self.crew, take)
            return None if fetched.state is State.FETCHING else fetched
        if take.state is State.UNKNOWN:
            return await self._look_for(take)
        return None

    async def _look_for(self, take: Take) -> Take | None:
        """Look for a lost take at growing pauses, then leave it to the person and the next start."""
        for pause_s in self.crew.tempo.look_for_lost_s:
            await self.crew.sleep(pause_s)
            take = await self.crew.insist(self._ledger.get, take.id)
            take = await reconcile.look(self.crew, take)
            if take.state is not State.UNKNOWN:
                return take
        return None

    async def _keep_house(self) -> None:
        """Adopt takes of runners that died, and pass on news of other processes, as long as this one lives."""
        last = time.monotonic()
        while not self.crew.is_stopping:
            await asyncio.sleep(self.crew.tempo.news_s)
            try:
                await self._pass_on_news()
                if time.monotonic() - last >= self.crew.tempo.adopt_s:
                    last = time.monotonic()
                    await self._adopt()
            except Exception as error:
                logger.warning("the house was not kept this time: %s", error)

    async def _adopt(self) -> None:
        for take in await self.crew.do(adoption.adopt, self._ledger, self.home, self.id):
            self._look_after(take.id)

    async def _pass_on_news(self) -> None:
        self._revision, changed = await self.crew.do(self._ledger.changed_since, self._revision)
        for take_id in changed:
            self._tell(take_id)

    def _on_change(self, take_id: str) -> None:
        self._tell(take_id)
        self._backstage.soon(self.crew.freed.set)

    def _tell(self, take_id: str) -> None:
        for callback in tuple(self._subscribers):
            try:
                callback(take_id)
            except Exception:
                logger.exception("a subscriber failed")
        with self._news:
            self._news.notify_all()


def _too_late(take: Take) -> str:
    if take.state is State.FETCHING or take.state is State.KEPT:
        return "Too late to stop: the clip is made. It is kept for you."
    if take.state is State.UNKNOWN:
        return "It is not known whether it runs. Look for it first."
    return f"It is {take.state.value} already, so there is nothing to stop."
