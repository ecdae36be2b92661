"""The lives of a take that are cut short: plain ones, and those that pass through every other durable step."""

from __future__ import annotations

import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from studio.rehearsal.faults import (
    CONTENT_POLICY,
    GATEWAY_TIMEOUT,
    LOCKED,
    TOO_MANY,
    Fault,
    Spoil,
    Step,
    dropped,
    film_ends,
    spoiled,
)


@dataclass(frozen=True)
class Scenario:
    """What is clicked and what goes wrong on the way."""

    clicks: int = 1
    has_picture: bool = False
    is_voice: bool = False
    cancel_when: str = ""
    is_cancel_honoured: bool = True
    at_once: int = 2
    queue_s: float = 0.0
    running_s: float = 0.0
    rows: dict[Step, tuple[Fault | None, ...]] = field(default_factory=dict)


SCENARIOS = {
    "text": Scenario(running_s=0.25),
    "picture": Scenario(has_picture=True),
    "voice": Scenario(is_voice=True),
    "lost answer": Scenario(rows={Step.SUBMIT: (dropped("ReadError").after(),)}),
    "busy": Scenario(rows={Step.SUBMIT: (TOO_MANY,)}),
    "refused film": Scenario(rows={Step.FILM: (film_ends(CONTENT_POLICY),)}),
    "locked": Scenario(rows={Step.SUBMIT: (LOCKED,)}),
    "cancelled": Scenario(cancel_when="queued", queue_s=0.6),
    "cancelled late": Scenario(cancel_when="running", running_s=0.6, is_cancel_honoured=False),
    "torn clip": Scenario(rows={Step.DOWNLOAD: (spoiled(Spoil.TRUNCATED), spoiled(Spoil.SHORT), GATEWAY_TIMEOUT)}),
    "two in line": Scenario(clicks=2, at_once=1),
}


def record_voice(path: Path) -> None:
    """Eight seconds of a wavering, rough tone in syllables, which is all that a recording must be here."""
    at = np.arange(8 * 22_050) / 22_050
    tone = sum(np.sin(2 * np.pi * 130 * k * at + np.sin(9 * at)) / k for k in range(1, 12))
    voiced = tone * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * at))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes((voiced / np.abs(voiced).max() * 20_000).astype("<i2").tobytes())
