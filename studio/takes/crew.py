"""What every stage of a take's life works with: ledger, gateway, darkroom, paces, patient writing. No stage itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from studio.gateway.errors import GatewayError
from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.takes.errors import StaleMove, StorageTrouble
from studio.takes.intake import Intake
from studio.takes.ledger import Ledger
from studio.takes.take import Take
from studio.takes.waiting import WaitingLine

P = ParamSpec("P")
T = TypeVar("T")
logger = logging.getLogger("studio.takes")


@dataclass(frozen=True)
class Tempo:
    """Every waiting time of a take's life, in seconds, so that a test can hurry them."""

    first_look_s: float = 1.0
    longest_look_s: float = 3.0
    turn_s: float = 1.0  # how often a waiting take looks whether another process has freed a place
    busy_s: float = 20.0  # after a 429 that names no time
    busy_times: int = 30
    upload_patience_s: float = 180.0  # how long files are brought up again and again before the take is given back
    retry_first_s: float = 1.0
    retry_longest_s: float = 300.0
    keep_trying_s: float = 24 * 3600.0  # how long a finished clip is asked for without a pause
    gone_times: int = 3  # answers of "gone" before a result counts as expired, and they must come over this long:
    gone_patience_s: float = 60.0
    odd_looks: int = 20  # looks in a row at which fal says no word that it documents, before its result is asked for
    odd_patience_s: float = 3600.0  # how long fal may say that a take is done and hand out nothing
    odd_times: int = 3  # clips of the wrong length before one is kept as it is
    look_for_lost_s: tuple[float, ...] = (3, 10, 30, 60, 120, 300, 600, 1200, 2400, 3600, 7200)
    adopt_s: float = 2.0
    news_s: float = 0.5  # how often changes of other processes are looked for


@dataclass
class Progress:
    """How far an open take is; only in memory, because it is stale at once."""

    frames_done: int | None = None
    frames_total: int | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None

    @property
    def fraction(self) -> float | None:
        for done, total in ((self.bytes_done, self.bytes_total), (self.frames_done, self.frames_total)):
            if done is not None and total:
                return min(1.0, done / total)
        return None

    def as_json(self) -> dict[str, Any]:
        return {"fraction": self.fraction, **vars(self)}


@dataclass
class Crew:
    """Shared by all stages of one runner; used on the runner's own event loop only."""

    ledger: Ledger
    gateways: Mapping[str, Gateway]
    darkroom: Darkroom
    intake: Intake
    line: WaitingLine
    home: Path
    runner_id: str
    at_once: Mapping[str, int]
    tempo: Tempo
    sleep: Callable[[float], Awaitable[None]]
    monotonic: Callable[[], float]
    hand: Executor
    zone: tzinfo | None = None
    progress: dict[str, Progress] = field(default_factory=dict)
    uploading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    sending: set[str] = field(default_factory=set)  # takes between the claim and the request id on disk
    wishes: dict[str, asyncio.Event] = field(default_factory=dict)  # set when somebody wants a watched take cancelled
    is_stopping: bool = False
    freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run blocking work (the ledger, files) on the runner's own hand, so that the event loop never waits."""
        return await asyncio.get_running_loop().run_in_executor(self.hand, lambda: work(*args, **kwargs))

    async def insist(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`do`, again and again while the disk or the ledger does not answer: what must be written is never let go."""
        wait_s = self.tempo.retry_first_s
        while True:
            try:
                return await self.do(work, *args, **kwargs)
            except StorageTrouble as trouble:
                logger.warning("not written yet (%s); trying again in %.0f s", trouble.code, wait_s)
            await self.sleep(wait_s)
            wait_s = min(wait_s * 2, 30.0)

    async def remark(self, take: Take, reason: dict[str, Any] | None) -> None:
        """Show a passing trouble, or that it has passed, on an open take. Never stops the take's life."""
        if (take.reason or {}).get("code") == (reason or {}).get("code"):
            return
        try:
            await self.do(self.ledger.note, take.id, only_in=[take.state], reason=reason)
        except (StaleMove, StorageTrouble):
            logger.info("the remark on %s was not kept", take.id)

    def gateway(self, take: Take) -> Gateway:
        return self.gateways[take.world]

    def show(self, take_id: str, **changes: Any) -> None:
        """Progress for the page, without a word to the ledger."""
        seen = self.progress.setdefault(take_id, Progress())
        for name, value in changes.items():
            setattr(seen, name, value)
        self.ledger.tell(take_id)


def ticket_of(take: Take) -> dict[str, Any]:
    """What the gateway needs to ask about a take."""
    names = ("request_id", "response_url", "status_url", "cancel_url", "endpoint_id")
    return {name: getattr(take, name) for name in names}


def reason_of(error: GatewayError, *, sentence: str | None = None, charged: str | None = None) -> dict[str, Any]:
    """A gateway's fault as the `reason` of a take."""
    return {
        "code": error.code,
        "title": error.title,
        "sentence": sentence or error.sentence,
        "steps": list(error.next_steps),
        "request_id": error.request_id,
        "detail": error.detail,
        "charged": charged or error.charged.value,
        "fields": list(error.fields),
    }


def plain_reason(
    code: str, title: str, sentence: str, steps: tuple[str, ...] = (), charged: str = "no", detail: str = ""
) -> dict[str, Any]:
    return {
        "code": code,
        "title": title,
        "sentence": sentence,
        "steps": list(steps),
        "request_id": None,
        "detail": detail,
        "charged": charged,
        "fields": [],
    }
