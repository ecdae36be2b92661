"""What the proofs about money share: a ready clip, hurried clocks, whole rooms on a home, and what must hold.

Never touches the network: the stand-in is in this process or on loopback.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.rehearsal.job import Job
from studio.takes.budget import Limits
from studio.takes.crew import Tempo
from studio.takes.desk import Desk
from studio.takes.durable import Durable, Observer, ignore
from studio.takes.errors import StudioError
from studio.takes.gallery import Gallery
from studio.takes.recovery import open_ledger
from studio.takes.runner import Runner
from studio.takes.take import Charge, State, Take

KEY_ID, SECRET = "4f1d-proof", "secret-of-the-proof-7c9b"
KEY = f"{KEY_ID}:{SECRET}"
PICTURE = Path(__file__).parents[2] / "assets" / "samples" / "pier.jpg"
MODE = "text-to-video"
CLIP_S = 5.0
PRICE_USD_MICROS = 700_000  # text to video, 5 s with sound
VOICE_ID = "829877809978941442"


@cache
def ready_clip() -> bytes:
    """Five seconds of H.264 and AAC, small enough to be copied a thousand times."""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=12, options={"preset": "ultrafast", "g": "12"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        sound = container.add_stream("aac", rate=24_000, layout="mono")
        for number in range(round(12 * CLIP_S)):
            grey = np.full((270, 320), 60 + 2 * number, np.uint8)
            picture = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            picture.pts = number
            container.mux(video.encode(picture))
            at = (number * 2000 + np.arange(2000)) / 24_000
            frame = av.AudioFrame.from_ndarray((0.2 * np.sin(700 * at)).astype(np.float32)[None], "fltp", "mono")
            frame.sample_rate, frame.pts = 24_000, number * 2000
            container.mux(sound.encode(frame))
        for stream in (video, sound):
            container.mux(stream.encode(None))
    return data.getvalue()


async def hand_out_clip(spec: dict[str, Any]) -> dict[str, Any]:
    """A renderer for the stand-in that is ready at once: the same real clip for every order."""
    if spec["mode"] == "create-voice":
        return {"voice_id": VOICE_ID}
    Path(spec["output_path"]).write_bytes(ready_clip())  # noqa: ASYNC240 - a few kilobytes
    return {"path": spec["output_path"], "duration_s": float(spec["arguments"].get("duration", CLIP_S))}


class Hurry:
    """Sleeps that pass at once and count as passed, for each task by itself: hours of patience in milliseconds."""

    def __init__(self, longest_s: float = 0.002) -> None:
        self._longest_s = longest_s
        self._passed: dict[int, float] = {}

    async def sleep(self, seconds: float) -> None:
        me = id(asyncio.current_task())
        self._passed[me] = self._passed.get(me, 0.0) + max(0.0, seconds)
        await asyncio.sleep(min(seconds, self._longest_s))

    def monotonic(self) -> float:
        try:
            return time.monotonic() + self._passed.get(id(asyncio.current_task()), 0.0)
        except RuntimeError:
            return time.monotonic()


# The real waits of a take's life, which `Hurry` lets pass; only what looks at the real clock is made quick here.
TEMPO = Tempo(keep_trying_s=1800.0, adopt_s=0.05, news_s=0.03)


@dataclass
class Rooms:
    """Ledger, runner and desk on one home, as one process of the studio has them."""

    home: Path
    desk: Desk
    runner: Runner
    gallery: Gallery

    def close(self) -> None:
        self.runner.stop()
        self.desk.ledger.close()


def open_rooms(
    home: Path,
    gateway: Gateway,
    darkroom: Darkroom,
    *,
    limits: Limits | None = None,
    at_once: int = 2,
    tempo: Tempo = TEMPO,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    observer: Observer = ignore,
    key_tail: str = "7c9b",
) -> Rooms:
    """A studio at work on `home`; picks up what an earlier one left there."""
    ledger = open_ledger(home, durable=Durable(observer))
    worlds = {"live": gateway}
    runner = Runner(
        ledger, worlds, darkroom, home, at_once={"live": at_once}, tempo=tempo, zone=UTC, sleep=sleep,
        monotonic=monotonic,
    )  # fmt: skip
    desk = Desk(ledger, runner, limits=limits or Limits(None), session_id="proof", key_tail=lambda: key_tail)
    runner.start()
    return Rooms(home, desk, runner, Gallery(desk))


# -- what must hold ---------------------------------------------------------------------------------------------------


@dataclass
class Books:
    """One run in numbers; `broken` are the promises that did not hold, in words."""

    clicks: int = 0
    refused: int = 0
    accepted: int = 0
    paid: int = 0
    kept: int = 0
    recovered: int = 0
    asked: int = 0
    lost: int = 0
    doubled: int = 0
    broken: list[str] = field(default_factory=list)

    def add(self, other: Books) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def take_of_job(job: Job, takes: list[Take]) -> Take | None:
    """The take that a job belongs to: by its id, else by what was sent where only one take sent it."""
    by_id = next((take for take in takes if take.request_id == job.request_id), None)
    if by_id is not None:
        return by_id
    same = [take for take in takes if take.request_id is None and take.payload == job.arguments]
    return same[0] if same else None


def has_way_back(card: Mapping[str, Any]) -> bool:
    """Whether a person sees what is the matter with a paid take, and what can be done."""
    reason = card["reason"] or {}
    is_said = bool(reason.get("title") and reason.get("sentence"))
    if card["state"] == State.UNKNOWN:
        return is_said and {"look", "never_arrived", "send_again"} <= set(card["actions"])
    if card["state"] == State.FETCHING:
        return is_said and "save_again" in card["actions"] and bool(card["result_url"])
    return card["state"] == State.FAILED and is_said and "save_again" in card["actions"]


def whole(home: Path, take: Take) -> str:
    """What is wrong with the file of a kept take; empty where it is the clip, and plays to its end."""
    if not take.makes_video:
        return "" if take.facts.get("voice_id") == VOICE_ID else "no voice id"
    path = home / str(take.file)
    if not take.file or not path.is_file():
        return "no file"
    if path.read_bytes() != ready_clip():
        return f"other bytes than were made ({path.stat().st_size})"
    if not (path.parent / "recipe.json").is_file():
        return "no recipe beside the file"
    return "" if abs(float(take.facts.get("duration_s") or 0) - CLIP_S) < 0.3 else "a wrong length"


def money_trouble(job: Job, take: Take) -> str:
    """Where the books and the bill tell different stories about one job; empty where they agree."""
    if job.is_billed and take.charge in (Charge.NOT_BILLED, Charge.FREE):
        return f"a billed job is booked as {take.charge.value}"
    if take.state is State.KEPT and take.billed_usd_micros not in (None, take.estimate_usd_micros):
        return f"billed {take.billed_usd_micros} instead of {take.estimate_usd_micros}"
    if take.state is State.KEPT and take.charge is not Charge.BILLED:
        return f"a kept take is booked as {take.charge.value}"
    if job.is_done and job.failure is not None and take.charge is Charge.BILLED:
        return "a failed job is booked as billed"
    return ""


def leaks(home: Path, words: str) -> list[str]:
    """Where the key's secret can be read: files of the home folder, or `words` (logs, answers)."""
    secret = SECRET.encode()
    found = [str(path.relative_to(home)) for path in _files(home) if secret in path.read_bytes()]
    return found + (["the log"] if SECRET in words else [])


def _files(home: Path) -> Iterator[Path]:
    return (path for path in home.rglob("*") if path.is_file() and path.suffix not in (".mp4", ".jpg"))


@contextmanager
def overheard() -> Iterator[io.StringIO]:
    """Everything logged meanwhile, at every level."""
    heard, root = io.StringIO(), logging.getLogger()
    handler, before, was = logging.StreamHandler(heard), root.level, root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.handlers[:] = was
        root.setLevel(before)


def pressed(press: Callable[[], Take]) -> Take | StudioError:
    try:
        return press()
    except StudioError as refusal:
        return refusal


def is_settled(take: Take) -> bool:
    """It no longer moves by itself, for now."""
    if take.state is State.FETCHING:
        return (take.reason or {}).get("code") == "not_saved_yet"
    return not take.is_open


def until(fits: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not fits():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def remove(folder: Path) -> None:
    if not os.environ.get("STUDIO_PROOF_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)
