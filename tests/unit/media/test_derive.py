"""What is made from a finished clip: strip, poster, frame, waveform, silent cut."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from media_making import DANCE, FPS, OPEN_GOP, RATE, make_clip, read_number, tone
from PIL import Image

from studio.media.derive import derive
from studio.media.errors import MediaError
from studio.media.filmstrip import filmstrip, frame, poster
from studio.media.remux import silent_cut


def tiles_of(strip: Path, count: int) -> list[Image.Image]:
    with Image.open(strip) as picture:
        width = picture.width // count
        return [picture.crop((i * width, 0, (i + 1) * width, picture.height)) for i in range(count)]


@pytest.mark.parametrize("gop", [250, 48, 12, 1])
@pytest.mark.parametrize("seconds", [2.0, 5.0])
def test_each_tile_shows_the_picture_of_its_time(tmp_path: Path, gop: int, seconds: float) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds, gop=gop)
    times_s = filmstrip(clip, tmp_path / "strip.jpg")
    assert len(times_s) == 12
    shown = [read_number(tile) for tile in tiles_of(tmp_path / "strip.jpg", 12)]
    assert shown == [round(time * FPS) for time in times_s]
    assert all(i * seconds / 12 - 1e-6 <= time < (i + 1) * seconds / 12 for i, time in enumerate(times_s))


def test_a_clip_with_fewer_pictures_than_tiles_repeats_them(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 5 / FPS)
    times_s = filmstrip(clip, tmp_path / "strip.jpg")
    shown = [read_number(tile) for tile in tiles_of(tmp_path / "strip.jpg", 12)]
    assert shown == [round(time * FPS) for time in times_s]
    assert set(shown) <= set(range(5))


def test_portrait_tiles_stand_upright(tmp_path: Path) -> None:
    filmstrip(make_clip(tmp_path / "a.mp4", 0.6, turn_deg=-90), tmp_path / "strip.jpg")
    assert tiles_of(tmp_path / "strip.jpg", 12)[0].size == (90, 160)


@pytest.mark.parametrize("at_s", [0.0, 0.5, 1.23, 2.0 + 0.5 / FPS, 2.95, 99.0, None])
@pytest.mark.parametrize("gop", [250, 24])
def test_a_frame_is_the_one_shown_at_that_time(tmp_path: Path, at_s: float | None, gop: int) -> None:
    clip = make_clip(tmp_path / "a.mp4", 3.0, gop=gop)
    path = frame(clip, at_s, tmp_path / "frame.png")
    wanted = 71 if at_s is None else min(71, int(at_s * FPS + 1e-6))
    with Image.open(path) as picture:
        assert picture.size == (640, 360)
        assert read_number(picture) == wanted


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_a_frame_just_before_an_open_key_picture_is_found(tmp_path: Path, codec: str) -> None:
    encoding = OPEN_GOP if codec == "libx264" else {"x265-params": OPEN_HEVC}
    clip = make_clip(tmp_path / "a.mp4", 3.0, encoding=encoding, codec=codec)
    for number in range(40, 56):
        with Image.open(frame(clip, (number + 0.3) / FPS, tmp_path / "frame.png")) as image:
            assert read_number(image) == number


OPEN_HEVC = "log-level=error:keyint=24:min-keyint=24:open-gop=1:bframes=4:b-adapt=0"


def test_untagged_hd_is_read_as_bt709(tmp_path: Path) -> None:
    """The same bytes tagged as BT.709 and not tagged at all must look the same."""
    shown = []
    for tag in (1, 2):
        with av.open(str(tmp_path / f"{tag}.mp4"), "w") as out:
            video = out.add_stream("libx264", rate=FPS, options={"crf": "1"})
            video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
            video.codec_context.colorspace = tag
            flat = np.concatenate([np.full(1280 * 720, 120), np.full(640 * 360, 90), np.full(640 * 360, 180)])
            planes = flat.astype(np.uint8).reshape(1080, 1280)
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.colorspace = tag
            out.mux(video.encode(picture))
            out.mux(video.encode(None))
        with Image.open(frame(tmp_path / f"{tag}.mp4", 0.0, tmp_path / f"{tag}.png")) as image:
            shown.append(image.getpixel((600, 300)))
    assert shown[0] == shown[1]


def test_the_silent_cut_keeps_every_video_packet(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 2.0, sound=tone(2.0), faststart=False)
    silent_cut(clip, tmp_path / "silent.mp4")

    def video_packets(path: Path) -> list[tuple[int | None, int | None, bytes]]:
        with av.open(str(path)) as container:
            return [(one.pts, one.dts, bytes(one)) for one in container.demux(video=0) if one.size]

    assert video_packets(tmp_path / "silent.mp4") == video_packets(clip)
    with av.open(str(tmp_path / "silent.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    data = (tmp_path / "silent.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_everything_is_derived_in_one_job(tmp_path: Path) -> None:
    made = derive(DANCE, tmp_path / "take", "0001-dance")
    assert sorted(path.name for path in (tmp_path / "take").iterdir()) == [
        "0001-dance-silent.mp4",
        "poster.jpg",
        "strip.jpg",
        "waveform.json",
    ]
    assert len(made.strip_times_s) == 12
    assert made.facts.duration_s == pytest.approx(6.0)
    with Image.open(made.poster) as picture:
        assert picture.size == (1280, 720)
    wave = json.loads(made.waveform.read_text())
    assert wave["duration_s"] == pytest.approx(6.0)
    assert all(0 <= peak <= 1 for peak in wave["peaks"])
    assert max(wave["peaks"]) > 0.1


def test_a_clip_without_sound_has_an_empty_waveform_and_no_speech(tmp_path: Path) -> None:
    made = derive(make_clip(tmp_path / "a.mp4", 0.5), tmp_path / "take")
    assert json.loads(made.waveform.read_text())["peaks"] == []
    assert made.speech == ()


def test_the_waveform_follows_the_clips_clock(tmp_path: Path) -> None:
    sound = np.zeros(2 * RATE, np.float32)
    sound[RATE:] = tone(1.0, level=0.5)
    made = derive(make_clip(tmp_path / "a.mp4", 2.0, sound=sound), tmp_path / "take")
    peaks = np.array(json.loads(made.waveform.read_text())["peaks"])
    assert np.flatnonzero(peaks > 0.2)[0] / len(peaks) * 2 == pytest.approx(1.0, abs=0.03)
    assert peaks.max() == pytest.approx(0.5, abs=0.05)


def test_a_failed_job_leaves_no_file_behind(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(DANCE.read_bytes()[:9000])
    with pytest.raises(MediaError):
        poster(tmp_path / "a.mp4", tmp_path / "out" / "poster.jpg")
    with pytest.raises(MediaError):
        filmstrip(tmp_path / "a.mp4", tmp_path / "out" / "strip.jpg")
    assert not list(tmp_path.glob("out/*"))
