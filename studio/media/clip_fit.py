"""Makes a clip that Kling accepts: trimmed to the picture, upright, H.264 and AAC; leaves the given file alone."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from studio.catalog.limits import ClipLimits
from studio.media import files
from studio.media.checks import MAX_ENLARGEMENT
from studio.media.clip import inspect_clip
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Prepared
from studio.media.footage import Footage
from studio.media.hearing import Samples, hear
from studio.media.reel import MAX_DECODER_THREADS, colour_of, hidden_lead_s, open_media, sound_of, video_of
from studio.media.remux import remux_to
from studio.media.wording import pixels, seconds

ENCODED_SIDE_PX = 1920  # a clip that is encoded anew needs no more: Kling's own pictures are 1080p
_LIMITS = ClipLimits()
_CLOCK = 90_000
_SOUND_RATE = 48_000
_AAC_FRAME = 1024
_LONGEST_S = 60.0  # twice what Kling takes; more would only keep a worker busy
_UNSEEN_S = 0.1
_BT709 = 1
_LIMITED_RANGE = 1


def prepare_clip(path: Path, out_dir: Path, start_s: float | None = None, end_s: float | None = None) -> Prepared:
    """An upright H.264/AAC mp4 within Kling's limits, named by its content, in `out_dir`. Raises MediaError.

    Packets are copied where nothing but metadata needs to go. Otherwise pictures are encoded anew, and the part from
    `start_s` to `end_s` is exact: it opens with the picture shown at `start_s` and lasts to `end_s`.
    """
    facts = inspect_clip(path)
    span = _span(facts, start_s, end_s)
    reasons = _reasons(facts, span, *_unseen(path))
    with files.by_content(out_dir, ".mp4") as (part, named):
        if reasons:
            _encode(path, part, facts, span)
        else:
            remux_to(path, part, facts.has_sound)
    ready = inspect_clip(named[0])
    if ready.size_bytes > _LIMITS.max_bytes:
        named[0].unlink()
        raise MediaError("too_heavy", "This clip stays over 100 MB even when saved anew. Trim it.")
    if reasons and (ready.width_px, ready.height_px) != (facts.width_px, facts.height_px):
        reasons.append(f"Resized to {pixels(ready.width_px, ready.height_px)}")
    return Prepared(named[0], "video/mp4", ready, (*reasons, "Location and other notes removed"))


def _span(facts: ClipFacts, start_s: float | None, end_s: float | None) -> tuple[float, float]:
    start, end = start_s or 0.0, facts.duration_s if end_s is None else min(end_s, facts.duration_s)
    if not 0 <= start < end:
        raise MediaError(
            "bad_trim",
            f"The part from {seconds(start)} to {seconds(end)} is not inside the {seconds(facts.duration_s)} of this "
            "clip. Choose a part inside it.",
        )
    if end - start > _LONGEST_S:
        raise MediaError(
            "too_long",
            f"This clip is {seconds(end - start)}. Kling takes 30 s at most. Trim it first.",
        )
    return start, end


def _unseen(path: Path) -> tuple[float, float]:
    """Seconds of pictures before the start that nobody sees, and of sound after the last picture."""
    with open_media(path) as container:
        video, sound = video_of(container, path), sound_of(container)
        hidden_s = hidden_lead_s(container, video)
        return hidden_s, _end_s(sound) - _end_s(video) if sound is not None and video.duration else 0.0


def _end_s(stream: VideoStream | AudioStream) -> float:
    return float(((stream.start_time or 0) + (stream.duration or 0)) * (stream.time_base or 0))


def _reasons(facts: ClipFacts, span: tuple[float, float], hidden_s: float, sound_over_s: float) -> list[str]:
    """Why packets cannot simply be copied, as changes in words; empty when they can."""
    start, end = span
    low, high = _LIMITS.min_side_px, _LIMITS.max_side_px
    is_h264 = facts.codec == "h264" and facts.pixel_format in ("yuv420p", "yuvj420p")
    sides = sorted((facts.width_px, facts.height_px))
    found = (
        (start > 0 or end < facts.duration_s - 0.5 / max(1.0, facts.fps), f"Trimmed to {seconds(end - start)}"),
        (hidden_s > _UNSEEN_S, "Hidden part removed"),  # copied packets would take along what was cut off
        (sound_over_s > _UNSEEN_S, "Sound cut to the length of the pictures"),
        (facts.rotation_deg != 0 or facts.is_mirrored, "Turned upright"),
        (not is_h264 or facts.sound_codec not in ("", "aac"), "Saved as H.264 and AAC"),
        (facts.container not in _LIMITS.containers, "Saved as mp4"),
        (not facts.has_square_pixels, "Pixels made square"),
        (sides[0] < low or sides[1] > high, f"Made to fit {low} to {high:,} px"),
        (facts.size_bytes > _LIMITS.max_bytes, "Saved smaller"),
    )
    return [words for is_so, words in found if is_so]


def _target_size(facts: ClipFacts) -> tuple[int, int]:
    """Even sides within the limits, close to the given ones. Raises MediaError where there are none."""
    short, long = sorted((facts.width_px, facts.height_px))
    scale = min(1.0, ENCODED_SIDE_PX / long)
    scale = max(scale, _LIMITS.min_side_px / short)
    if scale > MAX_ENLARGEMENT or long * scale > _LIMITS.max_side_px:
        raise MediaError(
            "too_small",
            f"This clip is {pixels(facts.width_px, facts.height_px)}. Kling needs {_LIMITS.min_side_px} to "
            f"{_LIMITS.max_side_px:,} px on each side. Choose a larger one.",
        )
    return round(facts.width_px * scale / 2 + 0.01) * 2, round(facts.height_px * scale / 2 + 0.01) * 2


def _encode(path: Path, target: Path, facts: ClipFacts, span: tuple[float, float]) -> None:
    width_px, height_px = _target_size(facts)
    sound = _sound(path, facts, span)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as writer:
        video = _video_stream(writer, facts, width_px, height_px, span[1] - span[0])
        footage = Footage(path, span)
        parts = [_video_packets(footage, video, width_px, height_px)]
        if sound.size:
            parts.append(_sound_packets(_sound_stream(writer, sound), sound))
        for _, packet in heapq.merge(*parts, key=lambda timed: timed[0]):
            writer.mux(packet)
    footage.check()


def _video_stream(
    writer: OutputContainer, facts: ClipFacts, width_px: int, height_px: int, length_s: float
) -> VideoStream:
    bits = int(_LIMITS.max_bytes * 8 * 0.9 / max(1.0, length_s))
    options = {
        "preset": "veryfast",
        "crf": "18",
        "maxrate": str(bits),
        "bufsize": str(bits),
        "threads": str(_threads()),
        "bf": "0",  # reordered pictures would make the track longer or shorter than asked
    }
    rate = Fraction(facts.fps or 30).limit_denominator(1001)
    stream = writer.add_stream("libx264", rate=max(rate, Fraction(1)), options=options)
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, _CLOCK)
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


def _threads() -> int:
    return min(MAX_DECODER_THREADS, os.cpu_count() or 1)


def _video_packets(
    footage: Footage, stream: VideoStream, width_px: int, height_px: int
) -> Iterator[tuple[float, Packet[Any]]]:
    lengths: dict[int | None, int] = {}
    converter = VideoReformatter()
    for shown in footage.shown():
        frame = _converted(converter, shown.frame, width_px, height_px)
        frame.pts, frame.time_base = round(shown.start_s * _CLOCK), Fraction(1, _CLOCK)
        lengths[frame.pts] = max(1, round((shown.end_s - shown.start_s) * _CLOCK))
        yield from _with_lengths(stream.encode(frame), lengths)
    if lengths:
        yield from _with_lengths(stream.encode(None), lengths)
    if lengths:
        raise MediaError("broken", "Some pictures of this clip were lost while it was saved anew. Try again.")


def _with_lengths(packets: list[Packet[Any]], lengths: dict[int | None, int]) -> Iterator[tuple[float, Packet[Any]]]:
    """The encoder forgets how long a picture is shown; the last one would be cut short."""
    for packet in packets:
        packet.duration = lengths.pop(packet.pts, packet.duration or 0)
        yield _timed(packet)


def _timed(packet: Packet[Any]) -> tuple[float, Packet[Any]]:
    return float((packet.dts or 0) * packet.time_base), packet


def _converted(converter: VideoReformatter, frame: VideoFrame, width_px: int, height_px: int) -> VideoFrame:
    """In BT.709, limited range, at the target size; colours without a tag are taken as browsers take them.

    One converter serves all pictures: each one of its own would keep threads for as long as the encoder looks ahead.
    """
    colours = {"src_colorspace": Colorspace.ITU601, **colour_of(frame)} if int(frame.colorspace) == 2 else {}
    ready = converter.reformat(
        frame,
        width=width_px,
        height=height_px,
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation="BICUBIC",
        **colours,
    )
    if ready is frame:
        ready = VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
    ready.pict_type = 0
    return ready


def _sound(path: Path, facts: ClipFacts, span: tuple[float, float]) -> Samples:
    """The sound of the part kept, a little shorter than its pictures: AAC may not make the clip longer than asked."""
    if not facts.has_sound:
        return np.zeros((2, 0), np.float32)
    samples = hear(path, _SOUND_RATE, "stereo", *span)
    whole = int((span[1] - span[0]) * _SOUND_RATE) // _AAC_FRAME * _AAC_FRAME
    return samples[:, :whole]


def _sound_stream(writer: OutputContainer, sound: Samples) -> AudioStream:
    stream = writer.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
    stream.bit_rate = 192_000
    return stream


def _sound_packets(stream: AudioStream, sound: Samples) -> Iterator[tuple[float, Packet[Any]]]:
    for at in range(0, sound.shape[1], _AAC_FRAME):
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[:, at : at + _AAC_FRAME]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, at, Fraction(1, _SOUND_RATE)
        for packet in stream.encode(frame):
            yield _timed(packet)
    for packet in stream.encode(None):
        yield _timed(packet)
