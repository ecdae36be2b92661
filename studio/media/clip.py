"""Facts of a clip and proof that it plays; never writes a file."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from studio.media import files
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts
from studio.media.filmstrip import first_picture
from studio.media.reel import Reel, is_known, open_media, sound_of, unreadable, video_of
from studio.media.turn import turn_of

_HDR_CURVES = (16, 18)  # PQ and HLG (ITU-T H.273, table 3)
_NEEDED = (b"moov", b"mdat", b"moof")
_CONTAINERS = (("matroska", "mkv"), ("avi", "avi"), ("mpegts", "ts"), ("mpeg", "mpeg"), ("ogg", "ogg"))


def inspect_clip(path: Path) -> ClipFacts:
    """Facts from the header and the first picture, which must decode. Raises MediaError."""
    return facts_of(path, first_picture(path))


def facts_of(path: Path, first: VideoFrame) -> ClipFacts:
    """The same where the first picture is at hand."""
    turn = turn_of(first)
    with open_media(path) as container:
        stream = video_of(container, path)
        width_px, height_px, is_square = _shown_size(stream, first)
        sound = sound_of(container)
        return ClipFacts(
            duration_s=round(duration_of(container, stream, path), 6),
            width_px=height_px if turn.swaps_sides else width_px,
            height_px=width_px if turn.swaps_sides else height_px,
            fps=round(float(stream.average_rate or stream.guessed_rate or 0), 3),
            has_sound=sound is not None,
            codec=stream.codec_context.name,
            container=container_of(container),
            size_bytes=path.stat().st_size,
            rotation_deg=turn.degrees,
            sha256=files.sha256_of(path),
            is_mirrored=turn.is_mirrored,
            is_variable_rate=_is_variable_rate(stream),
            sound_codec=sound.codec_context.name if sound is not None else "",
            pixel_format=first.format.name,
            has_square_pixels=is_square,
            is_hdr=int(first.color_trc) in _HDR_CURVES,
        )


def container_of(container: InputContainer) -> str:
    """`mp4`, `mov`, `mkv`, `mp3`, …"""
    names = container.format.name.split(",")
    if "mov" in names:
        return "mov" if container.metadata.get("major_brand", "qt").strip() == "qt" else "mp4"
    return next((short for long, short in _CONTAINERS if long in names), names[0])


def duration_of(container: InputContainer, stream: VideoStream, path: Path) -> float:
    """Seconds of picture; the container's own length where the stream does not say. Raises MediaError."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return container.duration / av.time_base
    with Reel(path) as reel:  # neither is written, as in a recording that a browser made
        return reel.end_s


def _shown_size(stream: VideoStream, frame: VideoFrame) -> tuple[int, int, bool]:
    """Width and height with square pixels, before turning."""
    ratio = stream.sample_aspect_ratio or Fraction(1)
    if ratio <= 0 or ratio == 1 or not Fraction(1, 4) < ratio < 4:
        return frame.width, frame.height, True
    return round(frame.width * ratio), frame.height, False


def _is_variable_rate(stream: VideoStream) -> bool:
    """True when the steps between pictures differ by more than half a step. Only indexed containers tell."""
    times = sorted(entry.timestamp for entry in stream.index_entries)
    steps = [later - sooner for sooner, later in itertools.pairwise(times)]
    return bool(steps) and max(steps) > 1.5 * max(1, min(steps))


def verify_clip(path: Path) -> ClipFacts:
    """Facts of an mp4 or mov that is whole and plays. Raises MediaError for anything else.

    Cheap but sure: the boxes must fill the file, every packet must lie inside it and be made of whole units, and the
    first and last pictures must decode.
    """
    check_whole(path)
    facts = inspect_clip(path)
    if not _plays_to_its_end(path):
        raise cut_short()
    return facts


def inspect_upload(path: Path) -> ClipFacts:
    """Facts of a person's own clip that is whole and plays. Raises MediaError.

    More lenient than `verify_clip`, because cameras and editors write more than fal does: a mov without a name of its
    own, bytes behind the last box, the brand of a recording. What is saved anew before it is sent is only opened.
    """
    facts = inspect_clip(path)
    if facts.container not in ("mp4", "mov"):
        return facts
    try:
        size_bytes = path.stat().st_size
        with open_media(path) as container:
            _check_packets(container, size_bytes)
        if all(end <= size_bytes for kind, end in _boxes(path, size_bytes) if kind in _NEEDED) and (
            _plays_to_its_end(path)
        ):
            return facts
    except MediaError as fault:
        if fault.code != "truncated":
            raise
    raise MediaError(
        "truncated", "This clip is not whole: part of the file is missing. Export it again, or choose another."
    )


def _plays_to_its_end(path: Path) -> bool:
    with Reel(path) as reel:
        return any(not shown.is_corrupt for shown in reel.pictures({reel.pts[-1]}))


def check_whole(path: Path) -> None:
    """Boxes and packets alone, without decoding a picture. Raises MediaError."""
    size_bytes = files.size_of(path, "clip")
    if files.sniff(path) != "a video":
        raise unreadable(path, "clip")
    if not _boxes_fill(path, size_bytes):
        raise cut_short()
    with open_media(path) as container:
        video_of(container, path)
        _check_packets(container, size_bytes)


def cut_short() -> MediaError:
    return MediaError("truncated", "This clip is not whole: part of the file is missing or damaged. Fetch it again.")


def _boxes_fill(path: Path, size_bytes: int) -> bool:
    """True when the top-level boxes end exactly where the file ends (ISO 14496-12, 4.2)."""
    *_, end = 0, *(end for _, end in _boxes(path, size_bytes))
    return end == size_bytes


def _boxes(path: Path, size_bytes: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each top-level box, by what they say themselves."""
    at = 0
    with path.open("rb") as file:
        while at < size_bytes:
            file.seek(at)
            head = file.read(16).ljust(16, b"\0")
            length: int = struct.unpack(">I", head[:4])[0]
            if length == 1:
                length = struct.unpack(">Q", head[8:])[0]
            at = size_bytes if length == 0 else at + max(length, 8)
            yield head[4:8], at


def _check_packets(container: InputContainer, size_bytes: int) -> None:
    streams = [stream for stream in container.streams if stream.type in ("video", "audio") and is_known(stream)]
    for stream in streams:
        if any(entry.pos + entry.size > size_bytes for entry in stream.index_entries):
            raise cut_short()
    try:
        for packet in container.demux(streams):
            if packet.is_corrupt or (packet.size and not _is_whole(packet)):
                raise cut_short()
    except av.error.MemoryError:
        raise
    except av.FFmpegError:
        raise cut_short() from None


def _is_whole(packet: Packet[Any]) -> bool:
    """False for H.264 in four-byte lengths whose units do not add up: a hole of zeros, another file's bytes."""
    context = packet.stream.codec_context
    extradata = context.extradata or b""
    if context.name != "h264" or len(extradata) < 5 or extradata[0] != 1 or extradata[4] & 3 != 3:
        return True
    data, at = memoryview(packet), 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 0 or data[at + 4] & 0x80:
            return False
        at += 4 + length
    return at == len(data)
