"""The same life through the real gateway, the stand-in for fal and the real darkroom; nothing of ours is pretended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from studio.gateway.fal import Gateway
from studio.gateway.pace import Pace
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.rehearsal.faults import NGINX_502, Fault, Faults, Spoil, Step, dropped, spoiled
from studio.rehearsal.server import Standin, create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.takes.budget import Limits
from studio.takes.desk import Desk
from studio.takes.gallery import Gallery
from studio.takes.ledger import Ledger
from studio.takes.runner import Runner
from studio.takes.take import State
from tests.unit.takes.rig import QUICK

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
MOTION = {
    "image_url": str(SAMPLES / "char.jpg"),
    "video_url": str(SAMPLES / "dance.mp4"),
    "character_orientation": "video",
}


async def film(spec: dict[str, Any]) -> dict[str, Any]:
    """The sample clip for every video, an id for a voice."""
    if spec["mode"] == "create-voice":
        return {"voice_id": "829877809978941442"}
    shutil.copyfile(SAMPLES / "dance.mp4", spec["output_path"])
    return {"path": spec["output_path"], "duration_s": 5.0}


class Room:
    def __init__(self, home: Path, faults: Faults, darkroom: Darkroom) -> None:
        self.fal: Standin = create_standin(home / "fal", render=film, faults=faults)
        quick = Pace(first_s=0.01, max_s=0.02, trouble_max_s=0.03, told_max_s=0.03)
        gateway = Gateway("id:secret-of-a-test", RehearsalTransport(self.fal), pace=quick)
        self.ledger = Ledger("", home)
        tempo = replace(QUICK, look_for_lost_s=(0.05,) * 20)
        self.runner = Runner(self.ledger, {"live": gateway, "rehearsal": gateway}, darkroom, home, tempo=tempo)
        self.desk = Desk(self.ledger, self.runner, limits=Limits(None))
        self.runner.start()

    def close(self) -> None:
        self.runner.stop(1)
        self.ledger.close()


@pytest.fixture(scope="module")
def darkroom() -> Iterator[Darkroom]:
    with Workshop(max_workers=1) as workshop:
        yield Darkroom(workshop)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def room(tmp_path: Path, faults: Faults, darkroom: Darkroom) -> Iterator[Room]:
    one = Room(tmp_path, faults, darkroom)
    yield one
    one.close()


def test_a_motion_take_is_priced_sent_kept_and_shown(room: Room) -> None:
    take = room.desk.make("motion-control", MOTION)
    kept = room.desk.wait(take.id, 60)
    assert kept.state is State.KEPT, kept.reason
    assert take.duration_s is not None
    assert take.estimate_usd_micros > 0
    assert kept.payload is not None
    assert str(kept.payload["video_url"]).startswith("https://")
    card = Gallery(room.desk).card(kept.id)
    assert len(card["strip_times_s"]) == 12
    assert card["media"]["silent"]
    assert Gallery(room.desk).file(kept.id, "start").is_file()


def test_a_lost_answer_is_one_post_and_one_job(room: Room, faults: Faults) -> None:
    faults.add(Step.SUBMIT, dropped("ReadTimeout").after())
    take = room.desk.make("text-to-video", {"prompt": "A lamp turns in the fog."})
    assert room.desk.wait(take.id, 30).state in (State.UNKNOWN, State.KEPT)
    assert faults.tally.calls[Step.SUBMIT] == 1
    assert len(faults.tally.accepted) == 1


@pytest.mark.parametrize(
    "bad", [spoiled(Spoil.TRUNCATED), spoiled(Spoil.SHORT), spoiled(Spoil.HTML), spoiled(Spoil.EMPTY), NGINX_502]
)
def test_a_spoiled_download_never_becomes_a_kept_file(room: Room, faults: Faults, bad: Fault) -> None:
    faults.add(Step.DOWNLOAD, bad, bad)
    take = room.desk.make("text-to-video", {"prompt": "A lamp turns in the fog."})
    kept = room.desk.wait(take.id, 60)
    assert kept.state is State.KEPT, kept.reason
    assert (room.ledger.home / str(kept.file)).stat().st_size == (SAMPLES / "dance.mp4").stat().st_size


def test_a_picture_that_is_none_is_refused_before_any_upload(room: Room, faults: Faults, tmp_path: Path) -> None:
    fake = tmp_path / "photo.jpg"
    fake.write_text("<html>")
    problems = room.desk.check("image-to-video", {"prompt": "x", "start_image_url": str(fake)})
    assert [problem.field for problem in problems if problem.is_blocking] == ["start_image_url"]
    assert not faults.tally.calls


def test_a_clip_that_ends_midway_is_refused_before_any_upload(room: Room, faults: Faults, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes((SAMPLES / "dance.mp4").read_bytes()[:90_000])
    problems = room.desk.check("motion-control", {**MOTION, "video_url": str(cut)})
    assert [(problem.field, problem.code) for problem in problems if problem.is_blocking] == [
        ("video_url", "truncated")
    ]
    assert not faults.tally.calls
