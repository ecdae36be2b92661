"""How long takes like this one took before: half of them, and nine in ten. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from studio.takes.ledger import Ledger
from studio.takes.rows import to_take
from studio.takes.schema import TAKES
from studio.takes.take import State, Take

SAMPLES_MAX = 60
SAMPLES_MIN = 5  # below this no figure is shown
STUCK_AFTER_S = 1800.0
STUCK_FACTOR = 3.0


@dataclass(frozen=True)
class Expected:
    """Seconds from the POST to the finished clip. None while there are fewer than five samples."""

    half_s: float | None = None
    ninety_s: float | None = None
    samples: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"half_s": self.half_s, "ninety_s": self.ninety_s, "samples": self.samples}


def expect(ledger: Ledger, take: Take) -> Expected:
    """From the newest kept takes with the same endpoint, length and sound."""
    statement = (
        sa.select(TAKES)
        .where(
            TAKES.c.endpoint_id == take.endpoint_id,
            TAKES.c.state == State.KEPT.value,
            TAKES.c.world == take.world,
            TAKES.c.duration_s == take.duration_s if take.duration_s else TAKES.c.duration_s.is_(None),
            TAKES.c.submitted_at.is_not(None),
            TAKES.c.completed_at.is_not(None),
        )
        .order_by(TAKES.c.seq.desc())
        .limit(SAMPLES_MAX * 2)
    )
    with ledger.reading() as connection:
        past = [to_take(row) for row in connection.execute(statement).mappings()]
    alike = [other for other in past if _has_sound(other) == _has_sound(take)]
    return of_samples([s for s in (took_s(other) for other in alike) if s is not None][:SAMPLES_MAX])


def of_samples(seconds: list[float]) -> Expected:
    if len(seconds) < SAMPLES_MIN:
        return Expected(samples=len(seconds))
    ranked = sorted(seconds)
    at = [ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in (0.5, 0.9)]
    return Expected(round(at[0], 1), round(at[1], 1), len(ranked))


def took_s(take: Take) -> float | None:
    """Seconds from the POST to the finished clip, or None; a clock that was set back gives none."""
    if take.submitted_at is None or take.completed_at is None:
        return None
    seconds = (take.completed_at - take.submitted_at).total_seconds()
    return seconds if seconds >= 0 else None


def lateness(take: Take, expected: Expected, now: datetime) -> str:
    """`on_time`, `late` (beyond nine in ten) or `stuck` (three times that, at least half an hour)."""
    if not take.is_open or take.submitted_at is None or take.state is State.FETCHING:
        return "on_time"
    elapsed_s = (now - take.submitted_at).total_seconds()
    usual_s = expected.ninety_s or 180.0
    if elapsed_s > max(STUCK_AFTER_S, STUCK_FACTOR * usual_s):
        return "stuck"
    return "late" if elapsed_s > usual_s else "on_time"


def _has_sound(take: Take) -> bool:
    return bool(take.values.get("generate_audio", True))
