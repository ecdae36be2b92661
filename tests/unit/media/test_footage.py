"""All pictures of the part kept come out, or the clip is refused: a reference that stands still is paid for in vain."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest
from av.video.frame import VideoFrame
from media_making import FPS, OPEN_GOP, make_clip, read_number, tone

from studio.media import footage, hearing, reel
from studio.media.clip_fit import prepare_clip
from studio.media.errors import MediaError
from studio.media.filmstrip import filmstrip
from studio.media.footage import Footage, Tally
from studio.media.reel import picture


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def frames_alive() -> int:
    return sum(isinstance(one, VideoFrame) for one in gc.get_objects())


@pytest.mark.parametrize("turn_deg", [0, -90])
def test_pictures_do_not_pile_up_while_a_clip_is_made_anew(tmp_path: Path, no_collection: None, turn_deg: int) -> None:
    clip = make_clip(tmp_path / "a.mp4", 4.0, turn_deg=turn_deg)
    prepare_clip(clip, tmp_path / "out", 0.5, 3.9)
    filmstrip(clip, tmp_path / "strip.jpg")
    assert frames_alive() < 10


def test_every_picture_is_shown_once_and_without_a_gap(tmp_path: Path) -> None:
    footage = Footage(make_clip(tmp_path / "a.mp4", 2.0, gop=12), (0.51, 1.8))
    shown = [(read_number(picture(one.frame)), one.start_s, one.end_s) for one in footage.shown()]
    footage.check()
    assert [number for number, _, _ in shown] == list(range(12, 44))
    assert (shown[0][1], shown[-1][2]) == (0.0, pytest.approx(1.29))
    assert all(before[2] == after[1] for before, after in itertools.pairwise(shown))


class NoRoom:
    """A packet for whose picture there is no memory."""

    pts = dts = size = 100
    is_discard = False

    def decode(self) -> list[Any]:
        raise av.error.MemoryError(12, "Cannot allocate memory")


@pytest.mark.parametrize(
    "read",
    [
        lambda container: list(footage.decoded(container, container.streams.video[0], Tally())),
        lambda container: list(hearing._frames(container, container.streams.audio[0], Path("a"), "clip")),
        lambda _: reel._frames(
            SimpleNamespace(codec_context=SimpleNamespace(decode=lambda _: NoRoom().decode())), None
        ),
    ],
)
def test_a_lack_of_memory_is_no_damage(read: Callable[[Any], Any]) -> None:
    container = SimpleNamespace(demux=lambda _: [NoRoom()], streams=SimpleNamespace(video=[None], audio=[None]))
    with pytest.raises(MemoryError):
        read(container)


def tally(lost: set[int], damaged: int = 0) -> Tally:
    made = Tally()
    for pts in range(100):
        made.feed(pts, 1000)
        if pts not in lost:
            made.take(pts)
    made.damaged = damaged
    return made


@pytest.mark.parametrize(
    ("lost", "damaged"), [(set(), 0), (set(range(1, 100, 2)), 0), ({40}, 1), (set(range(40, 46)), 6)]
)
def test_fields_and_single_damaged_pictures_are_no_loss(lost: set[int], damaged: int) -> None:
    tally(lost, damaged).check()


@pytest.mark.parametrize(("lost", "damaged"), [(set(range(40, 60)), 0), (set(range(90, 100)), 1), (set(range(80)), 80)])
def test_a_clip_that_would_stand_still_is_refused(lost: set[int], damaged: int) -> None:
    if 0 in lost:
        lost = lost - {0}
    with pytest.raises(MediaError, match="of the 100 pictures of this part cannot be read"):
        tally(lost, damaged).check()


def test_what_cannot_be_decoded_before_the_first_picture_is_no_loss() -> None:
    made = Tally()
    for pts in range(50):
        made.feed(pts, 1000)
        made.damage()
    for pts in range(50, 100):
        made.feed(pts, 1000)
        made.take(pts)
    made.check()


def test_a_damaged_picture_is_left_out_and_the_one_before_lasts_longer(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 3.0, sound=tone(3.0), gop=1)
    with av.open(str(clip)) as container:
        at = next(p.pos for p in container.demux(video=0) if p.pts is not None and p.pts * p.time_base == 1)
    whole = bytearray(clip.read_bytes())
    whole[at + 4 : at + 400] = bytes(396)
    (tmp_path / "b.mp4").write_bytes(whole)
    made = prepare_clip(tmp_path / "b.mp4", tmp_path / "out", 0.5, 2.5)
    with av.open(str(made.path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) in (47, 48)
    assert max(b - a for a, b in itertools.pairwise(times)) < 2.1 / FPS


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
@pytest.mark.parametrize("encoding", [OPEN_GOP, None])
def test_a_trim_begins_with_the_picture_of_its_start(
    tmp_path: Path, name: str, encoding: dict[str, str] | None
) -> None:
    clip = make_clip(tmp_path / name, 4.0, gop=24, encoding=encoding, sound=tone(4.0), faststart=False)
    truth = times_of(clip)
    for start_s in (0.9, 0.97, 1.0, 1.03, 1.94, 2.5):
        footage = Footage(clip, (start_s, start_s + 1.2))
        shown = list(footage.shown())
        wanted = [number for at_s, number in truth if start_s - 0.5 < at_s < start_s + 1.2 - 1e-4]
        first = max(number for at_s, number in truth if at_s <= start_s + 1e-4)
        assert [read_number(picture(one.frame)) for one in shown] == [n for n in wanted if n >= first]
        assert (shown[0].start_s, shown[-1].end_s) == (0.0, pytest.approx(1.2))


def times_of(clip: Path) -> list[tuple[float, int]]:
    with av.open(str(clip)) as container:
        origin_s = (container.start_time or 0) / av.time_base
        return [(frame.time - origin_s, read_number(picture(frame))) for frame in container.decode(video=0)]
