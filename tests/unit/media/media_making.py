"""Inputs for the media tests, made on the spot: clips with their frame number painted in, speech of known timing."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
DANCE = SAMPLES / "dance.mp4"
KING = SAMPLES / "king.jpg"
FPS = 24
BITS = 9
RATE = 48_000


# Pictures before a key picture may refer to the one before it, as phones, TV and HEVC write them.
OPEN_GOP = {"x264-params": "keyint=24:min-keyint=24:open-gop=1:bframes=3:b-adapt=0:b-pyramid=normal:scenecut=0"}


def painted(number: int, width: int = 640, height: int = 360) -> NDArray[np.uint8]:
    """A grey picture with `number` as a row of black and white bars across it."""
    picture = np.full((height, width, 3), 90 + number % 40, np.uint8)
    bar = width / BITS
    for bit in range(BITS):
        picture[height // 4 : height * 3 // 4, int(bit * bar) : int((bit + 1) * bar)] = 255 * (number >> bit & 1)
    return picture


def read_number(picture: Image.Image) -> int:
    """The number that `painted` wrote, from a picture of any size."""
    grey = np.asarray(picture.convert("L"), np.float32)
    row = grey[grey.shape[0] * 2 // 5 : grey.shape[0] * 3 // 5].mean(axis=0)
    centres = ((np.arange(BITS) + 0.5) * len(row) / BITS).astype(int)
    return sum(1 << bit for bit, at in enumerate(centres) if row[at] > 128)


def make_clip(
    path: Path,
    seconds: float = 2.0,
    *,
    width: int = 640,
    height: int = 360,
    sound: NDArray[np.float32] | None = None,
    gop: int = 250,
    codec: str = "libx264",
    turn_deg: int = 0,
    metadata: dict[str, str] | None = None,
    faststart: bool = True,
    encoding: dict[str, str] | None = None,
) -> Path:
    """An H.264 (or other) clip at 24 fps, its frame numbers painted in; mono sound if given."""
    options = {"movflags": "+faststart+use_metadata_tags"} if faststart else {}
    with av.open(str(path), "w", options=options) as out:
        out.metadata.update(metadata or {})
        given = {"g": str(gop), "bf": "3"} if "264" in codec else {}
        given.update(encoding or {})
        video = out.add_stream(codec, rate=FPS, options=given)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        if turn_deg:
            video.set_display_rotation(turn_deg)
        track = None
        if sound is not None:
            track = out.add_stream("aac" if "264" in codec or "mpeg4" in codec else "libopus", rate=RATE, layout="mono")
        for number in range(round(seconds * FPS)):
            frame = VideoFrame.from_ndarray(painted(number, width, height), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if track is not None and sound is not None:
            frame_of_sound = AudioFrame.from_ndarray(sound.reshape(1, -1), format="fltp", layout="mono")
            frame_of_sound.sample_rate, frame_of_sound.pts = RATE, 0
            frame_of_sound.time_base = Fraction(1, RATE)
            out.mux(track.encode(frame_of_sound))
            out.mux(track.encode(None))
    return path


def make_cut_clip(path: Path, hidden_s: float, seconds: float) -> Path:
    """A clip whose first part was cut off as editors do in a moment: it stays in the file and is only not shown."""
    source = make_clip(path.with_suffix(".whole.mp4"), hidden_s + seconds, sound=tone(hidden_s + seconds))
    with av.open(str(source)) as reader, av.open(str(path), "w", format="mp4") as out:
        copies = {stream.index: out.add_stream_from_template(stream) for stream in reader.streams}
        for packet in reader.demux():
            if packet.dts is not None and packet.pts is not None:
                shift = round(hidden_s / packet.time_base)
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    return path


def make_phone_clip(path: Path, seconds: float = 3.0, unknown: str = "last") -> Path:
    """Two sound tracks, one of which (“first”, “last”, “both”) nobody knows how to decode, as phones write them."""
    single = make_clip(path.with_suffix(".one.mp4"), seconds, sound=tone(seconds))
    with av.open(str(single)) as source, av.open(str(path), "w", format="mp4") as out:
        video, sound = source.streams.video[0], source.streams.audio[0]
        copies = [out.add_stream_from_template(stream) for stream in (video, sound, sound)]
        for packet in source.demux():
            if packet.dts is None:
                continue
            for copy in copies[:1] if packet.stream is video else copies[1:]:
                again = av.Packet(bytes(packet))
                again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                again.is_keyframe, again.duration, again.stream = packet.is_keyframe, packet.duration, copy
                out.mux(again)
    data = path.read_bytes()
    first, last = data.index(b"mp4a"), data.rindex(b"mp4a")
    for at in {"first": (first,), "last": (last,), "both": (first, last)}[unknown]:
        box = data.index(b"esds", at)
        data = data[:at] + b"apac" + data[at + 4 : box] + b"free" + data[box + 4 :]
    path.write_bytes(data)
    return path


def tone(seconds: float, hz: float = 440.0, level: float = 0.3, rate: int = RATE) -> NDArray[np.float32]:
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def speech(
    seconds: float, spans: list[tuple[float, float]], *, noise: float = 0.003, rate: int = RATE, pitch_hz: float = 130.0
) -> NDArray[np.float32]:
    """A voice-like buzz with formants and four syllables a second inside `spans`, noise everywhere."""
    dice = np.random.default_rng(7)
    at = np.arange(round(seconds * rate)) / rate
    buzz = np.zeros(len(at))
    for harmonic in range(1, 28):
        hz = harmonic * pitch_hz
        gain = sum(
            np.exp(-(((hz - formant) / width) ** 2)) for formant, width in ((500, 250), (1500, 300), (2500, 400))
        )
        buzz += gain * np.sin(2 * np.pi * hz * at + harmonic)
    heard = np.zeros(len(at))
    for start, end in spans:
        inside = (at >= start) & (at < end)
        heard[inside] = (buzz * (0.35 + 0.65 * np.abs(np.sin(2 * np.pi * 2 * (at - start)))))[inside]
    heard *= 0.25 / max(1e-9, np.abs(heard).max())
    return (heard + noise * dice.standard_normal(len(at))).astype(np.float32)


def bomb_png(side: int = 30_000) -> bytes:
    """A PNG whose header promises `side` x `side` pixels; there is nothing behind it."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(10_000)))
        + chunk(b"IEND", b"")
    )
