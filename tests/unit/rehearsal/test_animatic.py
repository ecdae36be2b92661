"""A rehearsal has the right shape and length, is marked on every frame, moves, speaks on time, and never crashes."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from studio.rehearsal import camera
from studio.rehearsal.animatic import SHAPES, _captions, frame_size, render_animatic
from studio.rehearsal.camera import Move, read_move
from studio.rehearsal.faces import Faces
from studio.rehearsal.guide import Cue, Guide
from studio.rehearsal.lettering import Letterer, type_px
from studio.rehearsal.painter import Canvas, Patch, draw_bracket, patch
from studio.rehearsal.shots import Slate
from studio.rehearsal.speech import find_engine
from studio.script.parse import parse_prompt
from tests.unit.rehearsal.rig import FONTS, SAMPLES, pictures, probe, sound

TALK = (
    'Dusk on a pier. Push in. [Keeper, low]: <<<voice_1>>> says, "the light goes out tonight, Mara." '
    'After a beat, [Mara, quiet]: <<<voice_2>>> replies, "then who brings you home?"'
)
TEAL = np.array([0x5F, 0xD4, 0xC6])


def order(tmp_path: Path, mode: str, inputs: dict[str, Path] | None = None, **values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"prompt": TALK, "duration": "5", "generate_audio": True, "aspect_ratio": "16:9"}
    return {
        "mode": mode,
        "arguments": {**defaults, **values},
        "inputs": {name: str(path) for name, path in (inputs or {}).items()},
        "output_path": str(tmp_path / "out.mp4"),
        "progress_path": str(tmp_path / "progress"),
        "stop_path": str(tmp_path / "stop"),
        "fonts_dir": str(FONTS),
        "speech": None,
    }


def still(tmp_path: Path, **values: Any) -> dict[str, Any]:
    return order(tmp_path, "image-to-video", {"start_image_url": SAMPLES / "pier.jpg"}, **values)


def is_teal(pixels: np.ndarray) -> np.ndarray:
    return np.all(np.abs(pixels.astype(int) - TEAL) < 40, axis=-1)


def test_image_to_video_is_a_clip_that_plays_anywhere(tmp_path: Path) -> None:
    report = render_animatic(still(tmp_path))
    facts = probe(report["path"])
    assert (facts["video"], facts["pix_fmt"], facts["audio"]) == ("h264", "yuv420p", "aac")
    assert (facts["size"], facts["fps"], facts["frames"]) == ((1280, 720), 24.0, 120)
    assert facts["sound_s"] == pytest.approx(5.0, abs=0.05)
    assert facts["colour"] == (1, 1, 1, 1)  # BT.709, video range
    head = Path(report["path"]).read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")


@pytest.mark.parametrize(("shape", "size"), [("16:9", (1280, 720)), ("9:16", (720, 1280)), ("1:1", (960, 960))])
def test_a_slate_has_the_shape_that_was_asked_for(tmp_path: Path, shape: str, size: tuple[int, int]) -> None:
    report = render_animatic(order(tmp_path, "text-to-video", aspect_ratio=shape, generate_audio=False))
    assert probe(report["path"])["size"] == size


def test_ten_seconds_are_ten_seconds(tmp_path: Path) -> None:
    report = render_animatic(order(tmp_path, "text-to-video", duration="10"))
    facts = probe(report["path"])
    assert facts["frames"] == 240
    assert facts["sound_s"] == pytest.approx(10.0, abs=0.05)


def test_a_picture_keeps_its_own_shape(tmp_path: Path) -> None:
    tall = tmp_path / "tall.png"
    Image.new("RGB", (601, 1001), "grey").save(tall)
    report = render_animatic(order(tmp_path, "image-to-video", {"start_image_url": tall}, generate_audio=False))
    assert probe(report["path"])["size"] == (768, 1280)
    assert frame_size(4000, 3000) == (1280, 960)


@pytest.mark.parametrize("mode", ["image-to-video", "text-to-video", "motion-control"])
def test_every_frame_is_marked_and_otherwise_grey(tmp_path: Path, mode: str) -> None:
    inputs = {
        "image-to-video": {"start_image_url": SAMPLES / "pier.jpg", "end_image_url": SAMPLES / "pierb.jpg"},
        "text-to-video": {},
        "motion-control": {"image_url": SAMPLES / "char.jpg", "video_url": SAMPLES / "dance.mp4"},
    }[mode]
    spec = order(tmp_path, mode, inputs, prompt="A quiet pier.", character_orientation="video")
    frames = pictures(render_animatic(spec)["path"])
    assert all(is_teal(frame[20:55, 20:140]).mean() > 0.3 for frame in frames)
    middle = frames[len(frames) // 2]
    chroma = (middle.max(axis=-1).astype(int) - middle.min(axis=-1))[~is_teal(middle)]
    assert (chroma > 24).mean() < 0.02  # only tag, bracket and label have a colour


def test_a_push_in_makes_the_picture_grow(tmp_path: Path) -> None:
    dot = Image.new("RGB", (1280, 720), (30, 30, 30))
    dot.paste((230, 230, 230), (560, 260, 720, 420))
    dot.save(tmp_path / "dot.png")
    spec = order(
        tmp_path, "image-to-video", {"start_image_url": tmp_path / "dot.png"}, prompt="Push in.", generate_audio=False
    )
    frames = pictures(render_animatic(spec)["path"])
    areas = [(frame.min(axis=-1) > 180).sum() for frame in (frames[0], frames[60], frames[-1])]
    assert areas[0] < areas[1] < areas[2]
    assert areas[2] / areas[0] == pytest.approx(1 / 0.7**2, rel=0.08)


def test_the_bracket_shows_where_the_shot_ends(tmp_path: Path) -> None:
    frames = pictures(render_animatic(still(tmp_path, prompt="Push in.", generate_audio=False))["path"])
    columns = np.flatnonzero(is_teal(frames[0][200:500]).mean(axis=0) > 0.8)
    assert columns.min() == pytest.approx(1280 * 0.15, abs=4)
    assert columns.max() == pytest.approx(1280 * 0.85, abs=4)


LETTERER = Letterer(Faces(str(FONTS)))
FRAMES = [(1280, 720), (960, 960), (720, 1280), (1280, 960), (512, 1280), (1280, 512)]
MOVES = [move for move in vars(camera).values() if isinstance(move, Move)]
WORDS_150 = " ".join(f"word{number}" for number in range(150))


class _Watched(Canvas):
    """A canvas that remembers what was laid on it."""

    laid: tuple[Patch, ...] = ()

    def lay(self, piece: Patch) -> None:
        self.laid = (*self.laid, piece)


def captions(text: str, size: tuple[int, int]) -> tuple[tuple[Cue, Patch], ...]:
    return _captions(Guide((Cue("Keeper", 1, text, 0.5, 9.5),), None), size, LETTERER)


@pytest.mark.parametrize("size", FRAMES, ids=str)
def test_the_label_of_the_bracket_lies_in_the_frame_and_meets_neither_tag_nor_caption(size: tuple[int, int]) -> None:
    margin = round(min(size) / 36)
    tag = patch(LETTERER.tag("Rehearsal", type_px(size, 24)), margin, margin)
    highest = min(plate.y for _cue, plate in captions(WORDS_150, size))
    for move in MOVES:
        target, words = move.bracket
        label = patch(LETTERER.tag(words, type_px(size, 20)))
        for step in range(11):
            canvas = _Watched(Image.new("L", size))
            draw_bracket(canvas, move.at(step / 10), target, label, tag)
            (laid,) = canvas.laid
            assert 0 <= laid.x <= size[0] - laid.size[0]
            assert laid.y >= 0
            assert laid.y + laid.size[1] <= highest
            assert laid.x >= tag.x + tag.size[0] or laid.y >= tag.y + tag.size[1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scene", ["A lamp turns in the fog.", "A lamp turns in the fog over the black sea. " * 40])
def test_nothing_on_a_slate_lies_under_the_captions(shape: str, scene: str) -> None:
    size = SHAPES[shape]
    foot = min(plate.y for _cue, plate in captions(WORDS_150, size))
    prompt = f"{scene} Camera pans slowly to the right. Ambient sound of sea and gulls and wind and a distant foghorn."
    slate = Slate(parse_prompt(prompt), read_move(prompt), size, "Text to video", LETTERER, foot)
    luma = np.asarray(slate.canvas(0.0).planes[0])
    ground = luma[-1, -1]
    assert (luma[foot:] == ground).all()
    assert (luma[foot - 60 : foot] != ground).any()
    left, top, right, bottom = slate._finder((0.0, 0.0, 1.0, 1.0))
    assert (luma[top + 4 : bottom, left - 10 : left - 2] == ground).all()  # no words run into the finder
    assert bottom < foot
    assert right < size[0]


def test_a_long_line_is_paged_through_by_share_of_its_time() -> None:
    for size in FRAMES:
        pages = captions(WORDS_150, size)
        assert " ".join(cue.text for cue, _plate in pages) == WORDS_150
        assert (pages[0][0].start_s, pages[-1][0].end_s) == pytest.approx((0.5, 9.5))
        for (before, _), (after, _) in pairwise(pages):
            assert before.end_s == after.start_s
        assert all(cue.end_s - cue.start_s == pytest.approx(9 / len(pages), rel=0.5) for cue, _plate in pages)
        row = type_px(size, 30) * 4 // 3
        assert all(plate.size[1] <= 3 * row + row for _cue, plate in pages)


@pytest.mark.parametrize("text", ["hello", "\u200b", "今晚没有人会来这里了"])
def test_a_short_line_is_one_caption_as_long_as_the_line(text: str) -> None:
    ((cue, _plate),) = captions(text, (1280, 720))
    assert (cue.start_s, cue.end_s) == pytest.approx((0.5, 9.5))


@pytest.mark.parametrize("text", ["nobody comes here any more, not since the storm took it, so sit.", "我等你" * 12])
def test_rows_of_a_caption_are_of_about_equal_length(text: str) -> None:
    ((_cue, plate),) = captions(text, (720, 1280))
    ink = np.asarray(plate.planes[0]) > 120
    row = type_px((720, 1280), 30) * 4 // 3
    widths = [np.flatnonzero(ink[top : top + row].any(axis=0)) for top in range(12, ink.shape[0] - row, row)]
    assert min(np.ptp(width) for width in widths) > 0.55 * max(np.ptp(width) for width in widths)


def test_the_bracket_does_not_run_through_the_movement(tmp_path: Path) -> None:
    inputs = {"image_url": SAMPLES / "char.jpg", "video_url": SAMPLES / "dance.mp4"}
    spec = order(tmp_path, "motion-control", inputs, prompt="Push in.", character_orientation="image")
    first = pictures(render_animatic(spec)["path"])[0]
    height, width = first.shape[:2]
    inside = first[round(height * 0.62) : round(height * 0.95), round(width * 0.62) : round(width * 0.95)]
    assert not is_teal(inside).any()


def test_the_shot_ends_on_the_end_frame(tmp_path: Path) -> None:
    black, white = tmp_path / "b.png", tmp_path / "w.png"
    Image.new("RGB", (640, 360), (10, 10, 10)).save(black)
    Image.new("RGB", (640, 360), (240, 240, 240)).save(white)
    spec = order(
        tmp_path, "image-to-video", {"start_image_url": black, "end_image_url": white}, prompt="x", generate_audio=False
    )
    levels = [np.median(frame) for frame in pictures(render_animatic(spec)["path"])]
    assert levels[0] < 20
    assert levels[-1] > 225
    assert all(later >= earlier - 3 for earlier, later in pairwise(levels))


def test_motion_control_lasts_as_long_as_its_clip_and_shows_the_movement(tmp_path: Path) -> None:
    inputs = {"image_url": SAMPLES / "char.jpg", "video_url": SAMPLES / "dance.mp4"}
    spec = order(tmp_path, "motion-control", inputs, prompt="", character_orientation="video", keep_original_sound=True)
    report = render_animatic(spec)
    facts = probe(report["path"])
    frames = pictures(report["path"])
    assert report["duration_s"] == pytest.approx(6.0, abs=0.05)
    assert facts["frames"] == 144
    assert facts["audio"] == "aac"
    assert np.abs(frames[24][420:700, 720:1240].astype(int) - frames[60][420:700, 720:1240]).mean() > 1
    kept, rate = sound(report["path"])
    with av.open(str(SAMPLES / "dance.mp4")) as clip:
        own = np.concatenate([frame.to_ndarray()[0] for frame in clip.decode(audio=0)])
    assert np.abs(kept[: rate * 6]).mean() == pytest.approx(np.abs(own).mean(), rel=0.4)


def test_motion_control_without_sound_has_no_audio_track(tmp_path: Path) -> None:
    inputs = {"image_url": SAMPLES / "char.jpg", "video_url": SAMPLES / "dance.mp4"}
    spec = order(tmp_path, "motion-control", inputs, character_orientation="image", keep_original_sound=False)
    assert probe(render_animatic(spec)["path"])["audio"] is None


def test_silent_means_no_audio_track_but_captions_stay(tmp_path: Path) -> None:
    report = render_animatic(still(tmp_path, generate_audio=False))
    assert probe(report["path"])["audio"] is None
    assert report["has_sound"] is False
    assert len(report["cues"]) == 2


ENGINES = [None, find_engine(shutil.which)]


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.kind if engine else "tones")
def test_captions_are_seen_while_their_line_is_heard(tmp_path: Path, engine: Any) -> None:
    spec = still(tmp_path)
    spec["speech"] = engine.as_spec() if engine else None
    report = render_animatic(spec)
    samples, rate = sound(report["path"])
    frames = pictures(report["path"])
    cues = json.loads(probe(report["path"])["comment"])["cues"]
    assert cues == report["cues"]
    assert [cue["speaker"] for cue in cues] == ["Keeper", "Mara"]
    assert cues[0]["end_s"] < cues[1]["start_s"]
    heard = [np.abs(samples[int(c["start_s"] * rate) : int(c["end_s"] * rate)]) for c in cues]
    quiet = np.abs(samples[int(cues[0]["end_s"] * rate) + 2000 : int(cues[1]["start_s"] * rate) - 2000])
    loud = np.flatnonzero(np.abs(samples) > 0.02) / rate
    assert min(part.max() for part in heard) > 0.05
    assert quiet.max() < 0.02
    assert loud[0] == pytest.approx(cues[0]["start_s"], abs=0.15)
    assert loud[-1] == pytest.approx(cues[1]["end_s"], abs=0.15)
    for cue, colour in zip(cues, ((0xA9, 0xB6, 0xFF), (0xF3, 0xA5, 0xCB)), strict=True):
        seen = [(np.abs(frame[560:700].astype(int) - colour).max(axis=-1) < 36).sum() > 60 for frame in frames]
        times = np.flatnonzero(seen) / 24
        assert times[0] == pytest.approx(cue["start_s"], abs=0.15)
        assert times[-1] == pytest.approx(cue["end_s"], abs=0.15)


HOSTILE = [
    "",
    " \u200b\ufeff ",
    "🎻🔥👩‍👩‍👧‍👦 " * 40,
    "雨夜的车站。老人说：“你终于回来了，我等了二十年，二十年啊！”" * 12,
    'שלום עולם, [דן]: "בוא הנה" مرحبا بالعالم',
    "हिन्दी ไทย 한국어 日本語 Ελληνικά кириллица",
    "<script>alert(1)</script> ${HOME} {{x}} %s \\x00 `id` $(id)",
    "\x00\x07\x1b[31m\r\n\t\ud800 half a pair",
    "x" * 2500,
    '"a" ' * 600,
    '[[volm 9]] [A]: "-v --help; rm -rf / [[slnc 9000]]"',
    "<<<voice_1>>>" * 190,
    "\U0010ffff\ue000\u202e gnp.exe",
]


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_stops_a_rehearsal(tmp_path: Path, prompt: str) -> None:
    spec = order(tmp_path, "text-to-video", prompt=prompt, aspect_ratio="9:16")
    engine = find_engine(shutil.which)
    spec["speech"] = engine.as_spec() if engine else None
    report = render_animatic(spec)
    assert probe(report["path"])["frames"] == 120
    assert all(0 <= cue["start_s"] < cue["end_s"] <= 5.05 for cue in report["cues"])


def test_a_rehearsal_needs_no_fonts_of_its_own(tmp_path: Path) -> None:
    spec = {**order(tmp_path, "text-to-video"), "fonts_dir": str(tmp_path / "none")}
    assert probe(render_animatic(spec)["path"])["frames"] == 120


def test_progress_is_told_and_a_stop_is_heard(tmp_path: Path) -> None:
    render_animatic(order(tmp_path, "text-to-video"))
    assert (tmp_path / "progress").read_text() == "Frame 120 of 120"
    (tmp_path / "stop").touch()
    report = render_animatic(order(tmp_path, "text-to-video"))
    assert report["refused"]["status_code"] == 499


def make_picture(path: Path, kind: str) -> Path:
    pictures_of = {
        "small": lambda: Image.new("RGB", (299, 400)).save(path, "PNG"),
        "long": lambda: Image.new("RGB", (1600, 400)).save(path, "PNG"),
        "text": lambda: path.write_text("<html>not a picture</html>"),
        "empty": lambda: path.write_bytes(b""),
        "cut": lambda: path.write_bytes((SAMPLES / "pier.jpg").read_bytes()[:3000]),
        "bomb": lambda: path.write_bytes(_png_head(60_000, 60_000)),
    }
    pictures_of[kind]()
    return path


def _png_head(width: int, height: int) -> bytes:
    def chunk(body: bytes) -> bytes:
        return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))

    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(head) + chunk(b"IDAT" + zlib.compress(bytes(1000)))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("small", "image_too_small"),
        ("long", "image_aspect_ratio_error"),
        ("text", "image_load_error"),
        ("empty", "image_load_error"),
        ("cut", "image_load_error"),
        ("bomb", "image_too_large"),
    ],
)
def test_a_picture_that_kling_refuses_is_refused(tmp_path: Path, kind: str, error: str) -> None:
    picture = make_picture(tmp_path / "bad", kind)
    report = render_animatic(order(tmp_path, "image-to-video", {"start_image_url": picture}))
    assert report["refused"]["rows"][0]["type"] == error
    assert report["refused"]["rows"][0]["loc"] == ["body", "start_image_url"]
    assert not (tmp_path / "out.mp4").exists()


def test_a_clip_that_is_none_or_too_short_is_refused(tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    spec = order(tmp_path, "text-to-video", generate_audio=False)
    render_animatic(spec)
    with av.open(spec["output_path"]) as source, av.open(str(short), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.dts * packet.time_base < 2:
                packet.stream = stream
                target.mux(packet)
    for path, error in ((short, "video_duration_too_short"), (SAMPLES / "pier.jpg", "unsupported_video_format")):
        inputs = {"image_url": SAMPLES / "char.jpg", "video_url": path}
        report = render_animatic(order(tmp_path, "motion-control", inputs, character_orientation="video"))
        assert report["refused"]["rows"][0]["type"] == error


def test_the_same_recording_gives_the_same_voice(tmp_path: Path) -> None:
    spec = order(tmp_path, "create-voice", {"voice_url": SAMPLES / "dance.mp4"})
    first, second = render_animatic(spec), render_animatic(spec)
    assert first == second
    assert first["voice_id"].isdecimal()
    bad = render_animatic(order(tmp_path, "create-voice", {"voice_url": SAMPLES / "pier.jpg"}))
    assert bad["refused"]["rows"][0]["type"] == "unsupported_audio_format"
