"""A take as data: its states, the legal moves between them and what a person may do. Never reads or writes."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The machine's time, UTC aware."""
    return datetime.now(UTC)


class State(enum.StrEnum):
    """Where a take is. `reserved` is the studio's own waiting line: the money is held and nothing is sent."""

    DRAFTED = "drafted"
    RESERVED = "reserved"
    SUBMITTING = "submitting"
    QUEUED = "queued"
    RUNNING = "running"
    FETCHING = "fetching"
    KEPT = "kept"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Charge(enum.StrEnum):
    """What became of the money."""

    FREE = "free"
    HELD = "held"
    BILLED = "billed"
    NOT_BILLED = "not_billed"
    MAY_BE_BILLED = "may_be_billed"


MOVES: dict[State, frozenset[State]] = {
    State.DRAFTED: frozenset({State.RESERVED, State.CANCELLED}),
    State.RESERVED: frozenset({State.SUBMITTING, State.FAILED, State.CANCELLED}),
    # Back to reserved only where fal said in so many words that nothing runs (429).
    State.SUBMITTING: frozenset({State.QUEUED, State.UNKNOWN, State.FAILED, State.RESERVED}),
    State.QUEUED: frozenset({State.RUNNING, State.FETCHING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.FETCHING, State.FAILED, State.CANCELLED}),
    State.FETCHING: frozenset({State.KEPT, State.FAILED}),
    # Found in fal's list, or declared by the person never to have arrived.
    State.UNKNOWN: frozenset({State.QUEUED, State.FAILED}),
    # A take given up as lost, or stopped too late, may still be fetched when fal has it after all.
    State.FAILED: frozenset({State.FETCHING}),
    State.KEPT: frozenset(),
    State.CANCELLED: frozenset({State.FETCHING}),
}

WAITING = (State.DRAFTED, State.RESERVED)
AT_FAL = (State.QUEUED, State.RUNNING)
IN_FLIGHT = (State.SUBMITTING, State.QUEUED, State.RUNNING)  # these take a place at fal
OPEN = (*WAITING, *IN_FLIGHT, State.FETCHING)
CLOSED = (State.KEPT, State.FAILED, State.CANCELLED)
ADOPTABLE = (*OPEN, State.UNKNOWN)  # a runner looks after these


def can_move(source: State, target: State) -> bool:
    return target in MOVES[source]


@dataclass(frozen=True)
class Take:
    """One row of the ledger. Money in micro-dollars, times UTC; `file` and `folder` relative to the home folder.

    `values` are the person's (API names; a file is a path under the home folder or a URL), `payload` is what was
    sent. `held_usd_micros` is what the budget keeps back until the bill is known.
    """

    id: str
    key: str
    number: int
    world: str
    mode: str
    endpoint_id: str
    state: State = State.DRAFTED
    seq: int = 0
    series: str = "take"
    makes_video: bool = True
    title: str = ""
    fingerprint: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, Any] = field(default_factory=dict)
    script: dict[str, Any] | None = None
    payload: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    parent_id: str | None = None
    reason: dict[str, Any] | None = None
    request_id: str | None = None
    response_url: str | None = None
    status_url: str | None = None
    cancel_url: str | None = None
    result_url: str | None = None
    estimate_usd_micros: int = 0
    at_most_usd_micros: int = 0
    held_usd_micros: int = 0
    billed_usd_micros: int | None = None
    billable_units: float | None = None
    rate_usd_micros: int = 0
    duration_s: float | None = None
    charge: Charge = Charge.FREE
    is_cancel_requested: bool = False
    cancel_answer: str | None = None
    queue_position: int | None = None
    order_index: float = 0.0
    notes: list[Any] = field(default_factory=list)
    created_at: datetime | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    kept_at: datetime | None = None
    closed_at: datetime | None = None
    file: str | None = None
    folder: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    starred: bool = False
    binned_at: datetime | None = None
    runner_id: str | None = None
    session_id: str = ""
    dedupe: str | None = None
    search_text: str = ""

    @property
    def is_open(self) -> bool:
        """Still moving by itself; an unknown take is not, it waits for a person."""
        return self.state in OPEN

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def is_free(self) -> bool:
        return self.world != "live"

    @property
    def label(self) -> str:
        """`Take 14`, `Rehearsal 7` or `Voice 3`."""
        if not self.makes_video:
            return f"Voice {self.number}"
        return f"Rehearsal {self.number}" if self.is_free else f"Take {self.number}"

    @property
    def prompt(self) -> str:
        return str(self.values.get("prompt") or "")


def can_save_again(take: Take) -> bool:
    """Whether fal may still have something of a take that was closed without it."""
    return take.state in (State.FAILED, State.CANCELLED) and bool(take.result_url or take.request_id)


def can_stop_asking(take: Take) -> bool:
    """Whether a person may let go of a take that fal was sent and gives no word of: only while something is amiss."""
    is_amiss = (take.reason or {}).get("code") not in (None, "too_late", "cancelling")
    return take.state in AT_FAL and is_amiss


def series_of(world: str, makes_video: bool) -> str:
    """Each series is numbered by itself: takes, rehearsals, and the voices of both worlds."""
    kind = "take" if makes_video else "voice"
    return kind if world == "live" else f"{world}-{kind}"


def actions(take: Take) -> tuple[str, ...]:
    """What a person may do with this take now, in the order of the buttons."""
    if take.state in WAITING:
        return ("drop", "reorder")
    if take.state in IN_FLIGHT:
        wish = () if take.is_cancel_requested else ("cancel",)
        return (*wish, "stop_asking") if can_stop_asking(take) else wish
    if take.state is State.FETCHING:
        return ("save_again",) if take.reason else ()
    if take.state is State.UNKNOWN:
        return ("look", "never_arrived", "send_again")
    again = ("send_again",) if take.state in (State.FAILED, State.CANCELLED) else ()
    retry = ("save_again",) if can_save_again(take) else ()
    return (*retry, *again, "restore" if take.binned_at else "delete")
