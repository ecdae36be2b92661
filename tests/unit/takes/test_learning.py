"""From the sound of a take to captions and rates: real clips with speech of known timing, through the real rooms."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from studio.gateway.fal import Gateway
from studio.gateway.pace import Pace
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from studio.rehearsal.server import create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.script.compose import compile_prompt
from studio.script.rates import DEFAULT_PACES
from studio.script.scene import Line, Script, script_to_json
from studio.script.timing import plan_lines
from studio.takes.budget import Limits
from studio.takes.desk import Desk
from studio.takes.gallery import Gallery
from studio.takes.learning import SpeakingRates
from studio.takes.ledger import Ledger
from studio.takes.preferences import Preferences
from studio.takes.runner import Runner
from studio.takes.take import State, Take
from tests.unit.media.media_making import KING, make_clip, speech
from tests.unit.takes.rig import QUICK, until

HEARD_OFF_S = 0.2
LEARNED_FROM = "speaking_rates_from"
TRUE_RATE = 3.4  # words a second, well above the 2.5 that the plan begins with
VOICES = ("829877809978941442", "829824295735410756")
SCRIPT = Script(
    scene="Dusk on a wooden pier.",
    lines=(
        Line("Keeper", 1, "low and tired", "the light goes out tonight, Mara."),
        Line("Mara", 2, "quiet, steady", "then who brings you home?"),
    ),
)
WORDS = (6, 5)
SPOKEN = tuple((start, start + count / TRUE_RATE) for start, count in zip((0.6, 3.1), WORDS, strict=True))


class Room:
    """Everything real but fal, which answers every take with one clip of ours."""

    def __init__(self, home: Path, clip: Path, darkroom: Darkroom) -> None:
        async def film(spec: dict[str, Any]) -> dict[str, Any]:
            shutil.copyfile(clip, spec["output_path"])
            return {"path": spec["output_path"], "duration_s": 5.0}

        pace = Pace(first_s=0.01, max_s=0.02, trouble_max_s=0.03, told_max_s=0.03)
        gateway = Gateway("id:secret", RehearsalTransport(create_standin(home / "fal", render=film)), pace=pace)
        self.ledger = Ledger("", home)
        gateways = {"live": gateway, "rehearsal": gateway}
        self.runner = Runner(self.ledger, gateways, darkroom, home, tempo=QUICK)
        self.desk = Desk(self.ledger, self.runner, limits=Limits(None))
        self.rates = SpeakingRates(self.ledger)
        self.runner.start()

    def kept(self, key: str, world: str = "live") -> Take:
        values = {
            "prompt": compile_prompt(SCRIPT).text,
            "start_image_url": str(KING),
            "duration": "5",
            "voice_ids": list(VOICES),
        }
        take = self.desk.make("image-to-video", values, world=world, key=key, script=script_to_json(SCRIPT))
        kept = self.desk.wait(take.id, 60)
        assert kept.state is State.KEPT, kept.reason
        if world == "live":  # it is learned from right after it is kept
            until(lambda: Preferences(self.ledger).get(LEARNED_FROM, []), lambda seen: take.id in seen)
        return kept

    def pace(self, voice: str) -> float:
        return self.rates.read().pace_of(voice, "en").per_s

    def close(self) -> None:
        self.runner.stop(1)
        self.ledger.close()


@pytest.fixture(scope="module")
def darkroom() -> Iterator[Darkroom]:
    with Workshop(max_workers=1) as workshop:
        yield Darkroom(workshop)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds in which two voices speak at times that are known, over a little noise."""
    sound = speech(5.0, list(SPOKEN))
    return make_clip(tmp_path_factory.mktemp("clip") / "take.mp4", 5.0, width=320, height=180, sound=sound)


@pytest.fixture
def room(tmp_path: Path, clip: Path, darkroom: Darkroom) -> Iterator[Room]:
    one = Room(tmp_path, clip, darkroom)
    yield one
    one.close()


def test_lines_are_heard_where_they_were_spoken(room: Room) -> None:
    take = room.kept("heard")
    card = Gallery(room.desk).card(take.id)
    assert [(line["text"], line["is_heard"]) for line in card["lines"]] == [(line.text, True) for line in SCRIPT.lines]
    for line, (start_s, end_s) in zip(card["lines"], SPOKEN, strict=True):
        assert line["start_s"] == pytest.approx(start_s, abs=HEARD_OFF_S)
        assert line["end_s"] == pytest.approx(end_s, abs=HEARD_OFF_S)


def test_plan_stands_beside_what_was_heard(room: Room) -> None:
    card = Gallery(room.desk).card(room.kept("planned").id)
    planned = plan_lines(SCRIPT.lines, 5).rows
    assert [line["is_heard"] for line in card["planned"]] == [False, False]
    assert [line["end_s"] for line in card["planned"]] == pytest.approx([row.end_s for row in planned], abs=0.001)
    assert card["planned"][1]["start_s"] != pytest.approx(card["lines"][1]["start_s"], abs=HEARD_OFF_S)


def test_captions_are_written_with_the_heard_times(room: Room) -> None:
    take = room.kept("captions")
    vtt = Gallery(room.desk).file(take.id, "vtt").read_text(encoding="utf-8")
    starts = [_seconds(row.split(" --> ")[0]) for row in vtt.splitlines() if " --> " in row]
    assert starts == pytest.approx([start for start, _end in SPOKEN], abs=HEARD_OFF_S)


def _seconds(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def test_every_take_brings_the_rate_of_each_voice_nearer_to_the_truth(room: Room) -> None:
    usual = DEFAULT_PACES["en"].per_s
    off = [[abs(usual - TRUE_RATE)] * len(VOICES)]
    for number in range(3):
        room.kept(f"take-{number}")
        off.append([abs(room.pace(voice) - TRUE_RATE) for voice in VOICES])
    for before, after in pairwise(off):
        assert all(now <= then + 0.01 for now, then in zip(after, before, strict=True)), off
    assert max(off[1]) < 0.9 * off[0][0], off
    assert max(off[3]) < 0.15 * TRUE_RATE, off


def test_next_plan_uses_what_was_heard(room: Room) -> None:
    before = plan_lines(SCRIPT.lines, 5, room.rates.read().with_slots(VOICES)).total_s
    take = room.kept("one")
    after = plan_lines(SCRIPT.lines, 5, room.rates.for_take(take)).total_s
    assert after < before


def test_rehearsal_and_a_take_seen_before_teach_nothing(room: Room) -> None:
    room.kept("rehearsed", "rehearsal")
    assert room.rates.read().samples == {}
    take = room.kept("once")
    learned = room.rates.read().samples
    assert learned
    assert room.rates.learn_from(take) is False
    assert room.rates.read().samples == learned
