"""One video stream opened safely and indexed, so that only wanted pictures are decoded; never writes a file."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from PIL import Image

from studio.media import files
from studio.media.errors import MediaError
from studio.media.turn import Turn, turn_of

FORMATS = "mov,matroska,avi,mpegts,mpeg,mp3,wav,flac,ogg,aac,aiff"
MAX_DECODER_THREADS = 4  # each thread holds pictures; a machine with 64 cores must not need 64 times the memory
MAX_FRAME_PIXELS = 40_000_000  # 8K is 33 million
# Names in any encoding are no fault of a clip. PyAV 19 reads them so by itself and took the argument away.
_TOLERANT: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
_UNTAGGED = 2
_NEARLY_S = 0.001
_HD_HEIGHT_PX = 720


def open_media(path: Path, what: str = "clip") -> InputContainer:
    """Open for reading. Raises MediaError in plain words.

    `skip_frame` reaches only the probing of streams, which would otherwise decode the first picture: 85 ms less a
    file (measured), decoding afterwards is unchanged. Only containers of `FORMATS` and only this one file are read: a
    playlist could name other files or hosts.
    """
    options = {"skip_frame": "all", "format_whitelist": FORMATS, "protocol_whitelist": "file"}
    files.size_of(path, what)
    try:
        container: InputContainer = av.open(f"file:{path.absolute()}", options=options, **_TOLERANT)
        return container
    except (av.FFmpegError, ValueError, OSError) as error:
        raise unreadable(path, what, error) from None


def unreadable(path: Path, what: str, error: Exception | None = None) -> MediaError:
    """The words for a file that is no media, is cut short or is damaged. A lack of memory is raised as what it is."""
    if isinstance(error, MemoryError):
        raise error
    kind = files.sniff(path)
    want = "mp4 or mov clip" if what == "clip" else "mp3, wav, mp4 or mov recording"
    if kind is not None and kind not in ("a video", "a sound recording"):
        return MediaError("not_media", f"This file is {kind}, not a {what}. Choose an {want}.", detail=repr(error))
    return MediaError(
        "damaged",
        f"This {what} cannot be read: the file is cut short, damaged or of an unknown kind. "
        f"Save it again as an {want}, or choose another.",
        detail=repr(error),
    )


def video_of(container: InputContainer, path: Path) -> VideoStream:
    """The first real video stream (not a cover picture), bounded in size and threads. Raises MediaError."""
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    if not streams:
        raise MediaError("no_video", "This file has no moving picture in it. Choose an mp4 or mov clip.")
    stream = next((stream for stream in streams if is_known(stream)), None)
    if stream is None:
        raise MediaError(
            "unknown_codec",
            "The pictures of this clip are coded in a way that the studio cannot read. Save it again as an H.264 mp4.",
        )
    if not stream.width or not stream.height:
        raise unreadable(path, "clip")
    if stream.width * stream.height > MAX_FRAME_PIXELS:
        raise MediaError(
            "too_large",
            f"This clip is {stream.width} x {stream.height} px. The studio reads 8K at most. Save it smaller.",
        )
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(MAX_DECODER_THREADS, os.cpu_count() or 1)
    return stream


def sound_of(container: InputContainer) -> AudioStream | None:
    """The first sound that can be decoded: a phone's spatial sound is a second track that nothing else reads."""
    return next((stream for stream in container.streams.audio if is_known(stream)), None)


def is_known(stream: Stream) -> bool:
    """False where FFmpeg has no decoder; PyAV then gives no context, whatever its types say."""
    context: object = stream.codec_context
    return context is not None


def _is_cover(stream: VideoStream) -> bool:
    return bool(int(stream.disposition) & 0x400)  # AV_DISPOSITION_ATTACHED_PIC


def colour_of(frame: VideoFrame) -> dict[str, Any]:
    """What to tell the scaler: HD without a colour tag is BT.709, as browsers take it; swscale would assume BT.601."""
    if int(frame.colorspace) == _UNTAGGED and frame.height >= _HD_HEIGHT_PX:
        return {"src_colorspace": Colorspace.ITU709}
    return {}


def picture(frame: VideoFrame, width_px: int = 0, height_px: int = 0, turn: Turn | None = None) -> Image.Image:
    """The decoded picture as RGB, scaled when sides are given (as stored, before turning), and turned upright.

    Where many pictures of one clip are wanted, `turn` is asked for once: see `turn_of`.
    """
    rgb = frame.reformat(
        width=width_px or frame.width,
        height=height_px or frame.height,
        format="rgb24",
        interpolation="AREA" if width_px else "BICUBIC",
        **colour_of(frame),
    )
    return (turn or turn_of(frame)).apply(Image.fromarray(rgb.to_ndarray()))


@dataclass(frozen=True)
class Mark:
    """One picture in the file, in decoding order. `is_spare`: no other picture needs it.

    `is_hidden`: it was cut off the start without being taken out of the file, and is never shown.
    """

    pts: int
    duration: int
    is_key: bool
    is_spare: bool
    is_hidden: bool = False


def pts_of(packet: Packet[Any]) -> int:
    """Presentation time; containers like AVI know decoding times only."""
    if packet.pts is None:
        packet.pts = packet.dts or 0
    return packet.pts


def hidden_lead_s(container: InputContainer, stream: VideoStream) -> float:
    """Seconds of pictures before the first that is shown: cut off in the file's own list, but still in it."""
    first: int | None = None
    for packet in container.demux(stream):
        if packet.size:
            if first is None:
                first = pts_of(packet)
            if not packet.is_discard:
                return float((pts_of(packet) - first) * (stream.time_base or 0))
    return 0.0


class Reel:
    """The video of one file: the times of all its pictures, and exactly the pictures asked for.

    Times are seconds from the start of the file. A context manager. Raises MediaError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.marks: list[Mark] = []
        self._container = open_media(path)
        try:
            self.stream = video_of(self._container, path)
            self.time_base = self.stream.time_base or Fraction(1, 90_000)
            self.origin_s = (self._container.start_time or 0) / av.time_base
            self._index()
        except BaseException:
            self._container.close()
            raise
        shown = [mark.pts for mark in self.marks if not mark.is_hidden]
        self.pts = sorted(shown or [mark.pts for mark in self.marks])

    def __enter__(self) -> Reel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._container.close()

    def time_s(self, pts: int) -> float:
        return max(0.0, float(pts * self.time_base) - self.origin_s)

    @property
    def end_s(self) -> float:
        """Where the last picture ends."""
        last = max(self.marks, key=lambda mark: mark.pts)
        return self.time_s(last.pts + last.duration)

    def at(self, time_s: float) -> int:
        """The pts of the picture shown at `time_s`: the last that starts at or before it."""
        target = (time_s + self.origin_s) / float(self.time_base)
        return self.pts[max(0, bisect.bisect_right(self.pts, target + 0.5) - 1)]

    def pictures(self, wanted: Set[int], is_small: bool = False) -> Iterator[VideoFrame]:
        """The pictures with these pts, in no promised order, decoding as little else as possible.

        `is_small` leaves out the loop filter: invisible in a thumbnail (42 to 50 dB), wrong at full size. A damaged
        picture is left out.
        """
        needed = plan(self.marks, wanted)
        with open_media(self.path) as container:
            stream = video_of(container, self.path)
            if is_small:
                stream.codec_context.options = {"skip_loop_filter": "all"}
            for frame in decode_some(container, stream, needed):
                if frame.pts in wanted:
                    yield frame

    def _index(self) -> None:
        is_avc = (
            self.stream.codec_context.name == "h264" and (self.stream.codec_context.extradata or b"")[:1] == b"\x01"
        )
        try:
            for packet in self._container.demux(self.stream):
                if packet.size:
                    is_spare = is_avc and is_unreferenced(packet)
                    pts, length = pts_of(packet), packet.duration or 0
                    is_hidden = packet.is_discard or float(pts * self.time_base) < self.origin_s - _NEARLY_S
                    self.marks.append(Mark(pts, length, packet.is_keyframe, is_spare, is_hidden))
        except av.FFmpegError as error:
            raise unreadable(self.path, "clip", error) from None
        if not self.marks:
            raise unreadable(self.path, "clip")


def is_unreferenced(packet: Packet[Any]) -> bool:
    """True when no other picture refers to this H.264 access unit (four-byte lengths): `nal_ref_idc` is 0.

    About half the pictures of a usual stream; FFmpeg's mp4 reader never says so itself (ISO 14496-10, 7.4.1).
    """
    data, at = memoryview(packet), 0
    while at + 5 <= len(data):
        head = data[at + 4]
        if 1 <= head & 31 <= 5:
            return not head & 0x60
        at += 4 + int.from_bytes(data[at : at + 4], "big")
    return False


def plan(marks: list[Mark], wanted: Set[int]) -> set[int]:
    """Which packets (by place in the file) must be decoded so that every picture of `wanted` comes out."""
    needed: set[int] = set()
    before: list[int] = []
    group: list[int] = []

    def close_group() -> None:
        hits = [place for place in group if marks[place].pts in wanted]
        if hits:
            keep = (p for p in group if p <= hits[-1] and (marks[p].pts in wanted or not marks[p].is_spare))
            needed.update(keep)
        if any(marks[place].pts < marks[group[0]].pts for place in hits):  # it may refer to the group before
            needed.update(p for p in before if not marks[p].is_spare)
        before[:] = group
        group.clear()

    for place, mark in enumerate(marks):
        if mark.is_key:
            close_group()
        group.append(place)
    close_group()
    return needed


def decode_some(container: InputContainer, stream: VideoStream, needed: set[int]) -> Iterator[VideoFrame]:
    """Feed the needed packets in order to one decoder, flushing once: key pictures then decode in parallel."""
    last = max(needed, default=-1)
    packets = (packet for packet in container.demux(stream) if packet.size)
    for place, packet in enumerate(packets):
        if place > last:
            break
        pts_of(packet)
        if place in needed:
            yield from _frames(stream, packet)
    yield from _frames(stream, None)


def _frames(stream: VideoStream, packet: Packet[Any] | None) -> list[VideoFrame]:
    try:
        return stream.codec_context.decode(packet)
    except av.error.MemoryError:  # no damage, and to leave pictures out would not mend it
        raise
    except av.FFmpegError:  # one damaged picture is no reason to lose the others
        return []
