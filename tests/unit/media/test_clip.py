"""Clips: facts, proof that they play, and a copy that Kling accepts."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from media_making import DANCE, FPS, KING, RATE, make_clip, make_cut_clip, make_phone_clip, painted, read_number, tone
from PIL import Image

from studio.media.checks import check_clip
from studio.media.clip import inspect_clip, inspect_upload, verify_clip
from studio.media.clip_fit import prepare_clip
from studio.media.derive import derive
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Prepared
from studio.media.filmstrip import filmstrip, first_picture
from studio.media.reel import Reel, picture
from studio.media.sound import inspect_sound


def clip_facts(prepared: Prepared) -> ClipFacts:
    assert isinstance(prepared.facts, ClipFacts)
    assert prepared.path.stem == prepared.facts.sha256
    assert (prepared.facts.codec, prepared.facts.container) == ("h264", "mp4")
    return prepared.facts


def numbers_in(path: Path) -> list[tuple[float, int]]:
    with Reel(path) as reel:
        frames = sorted(reel.pictures(set(reel.pts)), key=lambda frame: frame.pts or 0)
        return [(round(reel.time_s(frame.pts or 0), 4), read_number(picture(frame))) for frame in frames]


def refusal(path: Path) -> MediaError:
    """Why a clip is not taken: the same, whether it is only proved or also made into a take's files."""
    with pytest.raises(MediaError) as caught:
        verify_clip(path)
    with pytest.raises(MediaError) as derived:
        derive(path, path.parent / "out")
    assert derived.value.code == caught.value.code
    assert caught.value.message.endswith(".")
    return caught.value


def test_facts_of_a_plain_clip() -> None:
    facts = inspect_clip(DANCE)
    assert (facts.width_px, facts.height_px, facts.fps, facts.has_sound) == (1280, 720, 25, True)
    assert (facts.codec, facts.container, facts.rotation_deg) == ("h264", "mp4", 0)
    assert facts.duration_s == pytest.approx(6.0)
    assert facts.size_bytes == DANCE.stat().st_size


@pytest.mark.parametrize(("written_deg", "shown_deg"), [(-90, 90), (90, 270), (180, 180)])
def test_a_phones_portrait_clip_is_measured_and_made_upright(tmp_path: Path, written_deg: int, shown_deg: int) -> None:
    clip = make_clip(tmp_path / "a.mp4", 0.5, turn_deg=written_deg, sound=tone(0.5))
    facts = inspect_clip(clip)
    sides = (640, 360) if shown_deg == 180 else (360, 640)
    assert (facts.width_px, facts.height_px, facts.rotation_deg) == (*sides, shown_deg)
    made = prepare_clip(clip, tmp_path / "out")
    ready = clip_facts(made)
    assert (ready.width_px, ready.height_px, ready.rotation_deg) == (*sides, 0)
    assert "Turned upright" in made.changes
    turned = Image.fromarray(painted(0)).rotate(-shown_deg, expand=True)
    shown = picture(first_picture(made.path))
    assert np.abs(np.asarray(shown, np.float32) - np.asarray(turned, np.float32)).mean() < 12


def test_a_clip_that_fits_is_copied_packet_for_packet_without_its_notes(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 3.0, sound=tone(3.0), metadata={"location": "+52.5+013.4/", "title": "HOME"})
    assert b"+52.5+013.4/" in clip.read_bytes()
    made = prepare_clip(clip, tmp_path / "out")
    assert made.changes == ("Location and other notes removed",)
    data = made.path.read_bytes()
    assert b"+52.5" not in data
    assert b"HOME" not in data
    assert packets(made.path) == packets(clip)


def packets(path: Path) -> list[tuple[str, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(one.stream.type, one.pts, bytes(one)) for one in container.demux() if one.size]


def test_a_trim_is_exact_to_the_picture_and_to_the_length(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", 6.0, sound=tone(6.0), gop=100)
    made = prepare_clip(clip, tmp_path / "out", 1.51, 5.0)
    shown = numbers_in(made.path)
    assert [number for _, number in shown] == list(range(36, 120))
    assert shown[1][0] == pytest.approx(37 / FPS - 1.51, abs=0.001)
    ready = clip_facts(made)
    assert ready.duration_s == pytest.approx(3.49, abs=0.002)
    with av.open(str(made.path)) as container:
        assert (container.duration or 0) / 1e6 <= 3.491
        sound = container.streams.audio[0]
        assert float((sound.duration or 0) * (sound.time_base or 0)) == pytest.approx(3.49, abs=0.05)


def test_trimmed_sound_stays_with_its_pictures(tmp_path: Path) -> None:
    sound = np.zeros(6 * RATE, np.float32)
    sound[3 * RATE : 4 * RATE] = tone(1.0)
    clip = make_clip(tmp_path / "a.mp4", 6.0, sound=sound)
    made = prepare_clip(clip, tmp_path / "out", 2.0, 6.0)
    from studio.media.hearing import hear

    heard = np.abs(hear(made.path, 16_000)[0]) > 0.1
    assert np.flatnonzero(heard)[0] / 16_000 == pytest.approx(1.0, abs=0.03)
    assert np.flatnonzero(heard)[-1] / 16_000 == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "libx264"), ("a.avi", "mpeg4"), ("a.webm", "libvpx"), ("a.mov", "mpeg4")]
)
def test_odd_containers_and_codecs_become_mp4(tmp_path: Path, name: str, codec: str) -> None:
    clip = make_clip(tmp_path / name, 1.0, codec=codec, faststart=False)
    facts = inspect_clip(clip)
    assert facts.duration_s == pytest.approx(1.0, abs=0.1)
    made = prepare_clip(clip, tmp_path / "out")
    assert clip_facts(made).duration_s == pytest.approx(1.0, abs=0.1)
    assert [number for _, number in numbers_in(made.path)][:20] == list(range(20))


def test_a_small_clip_is_enlarged_and_a_tiny_one_refused(tmp_path: Path) -> None:
    made = prepare_clip(make_clip(tmp_path / "a.mp4", 0.3, width=320, height=240), tmp_path / "out")
    ready = clip_facts(made)
    assert min(ready.width_px, ready.height_px) >= 340
    assert any("Resized to" in change for change in made.changes)
    with pytest.raises(MediaError, match="Kling needs 340 to 3,850 px"):
        prepare_clip(make_clip(tmp_path / "b.mp4", 0.3, width=128, height=96), tmp_path / "out")


@pytest.mark.parametrize("span", [(5.0, 4.0), (9.0, None), (-1.0, 2.0)])
def test_a_trim_outside_the_clip_is_refused(tmp_path: Path, span: tuple[float, float | None]) -> None:
    with pytest.raises(MediaError, match="not inside the 6 s") as caught:
        prepare_clip(DANCE, tmp_path, *span)
    assert caught.value.code == "bad_trim"


def test_a_clip_too_long_for_its_orientation_is_told_what_to_trim() -> None:
    facts = ClipFacts(12.4, 1280, 720, 30, True, "h264", "mp4", 10_000_000, 0, "")
    (problem,) = check_clip(facts, "image")
    assert problem.is_blocking
    assert problem.message == (
        "The clip is 12.4 s. With “Facing follows: The picture” Kling takes 10 s at most. "
        "Trim 2.4 s, or choose “The clip” for up to 30 s."
    )
    assert check_clip(facts, "video") == []
    assert check_clip(facts, "image", 2.4, 12.4) == []
    assert check_clip(facts, "image", 0, 2.0)[0].code == "too_short"
    assert check_clip(facts, "video", 5.0, 3.0)[0].code == "bad_trim"


def test_clip_sides_and_size_are_checked_in_words() -> None:
    def problems(width: int, height: int, size: int = 1, container: str = "mp4") -> list[tuple[str, bool]]:
        facts = ClipFacts(5.0, width, height, 30, False, "h264", container, size, 0, "")
        return [(problem.code, problem.is_blocking) for problem in check_clip(facts, "video")]

    assert problems(640, 360) == []
    assert problems(320, 240) == [("will_enlarge", False)]
    assert problems(100, 100) == [("too_small", True)]
    assert problems(4096, 2160) == [("will_convert", False)]
    assert problems(1280, 720, 101 * 2**20) == [("will_convert", False)]
    assert problems(1280, 720, container="mkv") == [("will_convert", False)]


@pytest.mark.parametrize("unknown", ["first", "last"])
def test_a_sound_track_that_nobody_knows_is_passed_over(tmp_path: Path, unknown: str) -> None:
    clip = make_phone_clip(tmp_path / "a.mp4", unknown=unknown)
    facts = verify_clip(clip)
    assert (facts.has_sound, facts.sound_codec) == (True, "aac")
    assert inspect_sound(clip).duration_s == pytest.approx(3.0, abs=0.1)
    for span in ((None, None), (0.5, 2.5)):
        made = prepare_clip(clip, tmp_path / "out", *span)
        with av.open(str(made.path)) as container:
            assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
    assert json.loads(derive(clip, tmp_path / "take").waveform.read_text())["peaks"]


def test_a_clip_of_which_nobody_knows_the_sound_is_a_silent_one(tmp_path: Path) -> None:
    clip = make_phone_clip(tmp_path / "a.mp4", unknown="both")
    assert not verify_clip(clip).has_sound
    assert not clip_facts(prepare_clip(clip, tmp_path / "out")).has_sound
    with pytest.raises(MediaError, match="coded in a way that the studio cannot read"):
        inspect_sound(clip)


def test_what_was_cut_off_is_neither_shown_nor_sent(tmp_path: Path) -> None:
    clip = make_cut_clip(tmp_path / "a.mp4", 2.0, 3.0)
    assert inspect_clip(clip).duration_s == pytest.approx(3.0, abs=0.05)
    assert [number for _, number in numbers_in(clip)] == list(range(48, 120))
    times_s = filmstrip(clip, tmp_path / "strip.jpg")
    with Image.open(tmp_path / "strip.jpg") as strip:
        tiles = [strip.crop((at, 0, at + 160, strip.height)) for at in range(0, strip.width, 160)]
    assert [read_number(tile) for tile in tiles] == [48 + round(time_s * FPS) for time_s in times_s]
    made = prepare_clip(clip, tmp_path / "out")
    assert "Hidden part removed" in made.changes
    with av.open(str(made.path), options={"ignore_editlist": "1"}) as container:
        assert [read_number(picture(frame)) for frame in container.decode(video=0)] == list(range(48, 120))


def test_the_little_that_every_encoder_hides_is_copied(tmp_path: Path) -> None:
    clip = make_cut_clip(tmp_path / "a.mp4", 2 / FPS, 3.0)
    assert prepare_clip(clip, tmp_path / "out").changes == ("Location and other notes removed",)


def test_sound_that_goes_on_after_the_pictures_is_cut(tmp_path: Path) -> None:
    made = prepare_clip(make_clip(tmp_path / "a.mp4", 2.0, sound=tone(5.0)), tmp_path / "out")
    assert "Sound cut to the length of the pictures" in made.changes
    with av.open(str(made.path)) as container:
        assert (container.duration or 0) / 1e6 == pytest.approx(2.0, abs=0.002)
    near = prepare_clip(make_clip(tmp_path / "b.mp4", 2.0, sound=tone(2.05)), tmp_path / "out")
    assert near.changes == ("Location and other notes removed",)


def test_pictures_that_nobody_knows_are_told_in_words(tmp_path: Path) -> None:
    data = make_clip(tmp_path / "a.mp4", 0.5).read_bytes()
    (tmp_path / "b.mp4").write_bytes(data.replace(b"avc1", b"zzz1").replace(b"avcC", b"free"))
    assert refusal(tmp_path / "b.mp4").code == "unknown_codec"


@pytest.mark.parametrize(("curve", "advice"), [(16, ["will_flatten"]), (18, ["will_flatten"]), (1, []), (2, [])])
def test_hdr_is_taken_with_a_word_of_advice(tmp_path: Path, curve: int, advice: list[str]) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        video = out.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p10le"
        video.codec_context.color_trc = curve
        for number in range(3 * FPS):
            frame = av.VideoFrame.from_ndarray(painted(number), format="rgb24").reformat(format="yuv420p10le")
            frame.pts, frame.color_trc = number, curve
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    facts = inspect_upload(tmp_path / "a.mp4")
    assert [(problem.code, problem.is_blocking) for problem in check_clip(facts, "video")] == [
        (code, False) for code in advice
    ]
    assert not clip_facts(prepare_clip(tmp_path / "a.mp4", tmp_path / "out")).is_hdr


def test_a_whole_clip_is_verified(tmp_path: Path) -> None:
    assert verify_clip(DANCE).duration_s == pytest.approx(6.0)
    assert verify_clip(make_clip(tmp_path / "end.mp4", 1.0, faststart=False)).codec == "h264"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a.mov", lambda data: data[:4] + b"wide" + data[8:]),
        ("a.mov", lambda data: data[:4] + b"free" + data[8:]),
        ("a.mov", lambda data: data[:4] + b"skip" + data[8:]),
        ("a.mp4", lambda data: data + b"GARBAGE TRAILER 1234"),
        ("a.mp4", lambda data: data + b"\x7f" * 9),
        ("a.mp4", lambda data: data[:8] + b"M4A " + data[12:]),
    ],
)
def test_an_upload_may_be_written_in_other_ways_than_a_result(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes]
) -> None:
    data = make_clip(tmp_path / name, 1.0, sound=tone(1.0), faststart=False).read_bytes()
    clip = tmp_path / f"changed-{name}"
    clip.write_bytes(change(data))
    assert inspect_upload(clip).duration_s == pytest.approx(1.0)
    assert clip_facts(prepare_clip(clip, tmp_path / "out")).duration_s == pytest.approx(1.0)
    assert refusal(clip).code in ("truncated", "damaged")


@pytest.mark.parametrize("is_faststart", [True, False])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99, 0.9999])
def test_an_upload_cut_short_is_found(tmp_path: Path, kept: float, is_faststart: bool) -> None:
    whole = make_clip(tmp_path / "a.mp4", 2.0, sound=tone(2.0), faststart=is_faststart).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(MediaError) as caught:
        inspect_upload(tmp_path / "b.mp4")
    assert caught.value.code in ("truncated", "damaged")


@pytest.mark.parametrize("is_faststart", [True, False])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.7, 0.99, 0.9999])
def test_a_clip_cut_short_anywhere_is_found(tmp_path: Path, kept: float, is_faststart: bool) -> None:
    whole = make_clip(tmp_path / "a.mp4", 2.0, sound=tone(2.0), faststart=is_faststart).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: int(len(whole) * kept)])
    assert refusal(tmp_path / "b.mp4").code in ("truncated", "damaged")


def test_a_clip_with_its_pictures_cut_off_is_found(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", 1.0).read_bytes()
    at = whole.index(b"mdat") - 4
    (tmp_path / "b.mp4").write_bytes(whole[:at])
    assert refusal(tmp_path / "b.mp4").code == "truncated"
    (tmp_path / "c.mp4").write_bytes(whole[:at] + struct.pack(">I4s", 8, b"mdat"))
    assert refusal(tmp_path / "c.mp4").code == "truncated"


def test_a_hole_in_the_middle_is_found(tmp_path: Path) -> None:
    whole = bytearray(make_clip(tmp_path / "a.mp4", 2.0).read_bytes())
    middle = (whole.index(b"mdat") + len(whole)) // 2
    whole[middle : middle + 4000] = bytes(4000)
    (tmp_path / "b.mp4").write_bytes(whole)
    assert refusal(tmp_path / "b.mp4").code == "truncated"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", "empty", "0 bytes"),
        (b"<!DOCTYPE html><html><h1>502 Bad Gateway</h1></html>", "not_media", "a web page, not a clip"),
        (b'{"detail": "not found"}', "not_media", "a text file"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "not_media", "a playlist"),
        (bytes(5000), "damaged", "cut short, damaged"),
    ],
)
def test_what_is_no_clip_is_told_for_what_it_is(tmp_path: Path, body: bytes, code: str, words: str) -> None:
    path = tmp_path / "take.mp4"
    path.write_bytes(body)
    error = refusal(path)
    assert error.code == code
    assert words in error.message
    with pytest.raises(MediaError):
        inspect_clip(path)


def test_a_picture_or_a_recording_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="a picture, not a clip"):
        inspect_clip(KING)
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        track = out.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(1.0).reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate = RATE
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    with pytest.raises(MediaError, match="no moving picture"):
        inspect_clip(tmp_path / "a.mp4")


def test_hostile_names_are_only_names(tmp_path: Path) -> None:
    for name in ("concat:a|b.mp4", "http:host.mp4", "-i 'x' $(id).mp4"):
        shutil.copy(DANCE, tmp_path / name)
        assert verify_clip(tmp_path / name).width_px == 1280
