"""The upright pictures of a part of a clip, in order and with their times; never encodes and never writes a file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from studio.media.errors import MediaError
from studio.media.reel import open_media, unreadable, video_of
from studio.media.turn import Turn, turn_of

_CLOCK = 90_000
_LEADS_S = (0.0, 3.0, math.inf)  # how far before the start to look for a key picture; most are found at once
_TWIN_S = 2e-5  # pictures nearer than two ticks of the clock are at one time
_RUN = 4  # fewer missing in a row are fields of one picture, or pictures that are never shown
_NOTHING_BYTES = 32  # so little only says that the picture before stays


@dataclass(frozen=True)
class Shown:
    """An upright picture and when it is seen, in seconds from the start of the part kept."""

    frame: VideoFrame
    start_s: float
    end_s: float


class Footage:
    """The part of one clip between two times. Counts what does not come out of the decoder."""

    def __init__(self, path: Path, span: tuple[float, float]) -> None:
        self._path = path
        self._start_s, self._end_s = span
        self._tally = Tally()

    def shown(self) -> Iterator[Shown]:
        """The pictures of the part kept; each lasts until the next one, the first from 0 and the last to the end."""
        held: VideoFrame | None = None
        since_s = 0.0
        for frame, at_s in self._frames():
            until_s = min(at_s, self._end_s) - self._start_s
            if held is not None and until_s > 0:
                yield Shown(held, since_s, until_s)
                since_s = until_s
            if at_s >= self._end_s:
                return
            held = frame
        if held is None:
            raise unreadable(self._path, "clip")
        yield Shown(held, since_s, self._end_s - self._start_s)

    def check(self) -> None:
        """To be asked when all was shown. Raises MediaError where so much was lost that the clip stands still."""
        self._tally.check()

    def _frames(self) -> Iterator[tuple[VideoFrame, float]]:
        """Upright pictures from one at or before the start on; from the first where none is."""
        for lead_s in _LEADS_S:
            self._tally = Tally()
            with open_media(self._path) as container:
                seek_s = self._start_s - lead_s
                pictures = self._timed(container, seek_s)
                first = next(pictures, None)
                is_good = first is not None and first[1] <= self._start_s + _TWIN_S and not first[0].is_corrupt
                if first is not None and (is_good or seek_s <= 0):
                    yield first
                    yield from pictures
                    return

    def _timed(self, container: InputContainer, seek_s: float) -> Iterator[tuple[VideoFrame, float]]:
        stream = video_of(container, self._path)
        time_base = stream.time_base or Fraction(1, _CLOCK)
        origin_s = (container.start_time or 0) / av.time_base
        if seek_s > 0:
            container.seek(int((seek_s + origin_s) / time_base), stream=stream)
        self._tally.end_pts = (self._end_s + origin_s) / float(time_base)
        turner, latest_s = _Turner(), -1.0
        for frame in decoded(container, stream, self._tally):
            at_s = frame.time - origin_s if frame.time is not None else latest_s + 1 / 30
            if at_s > latest_s + _TWIN_S:  # two pictures at one time: the first stays
                latest_s = at_s
                yield turner.upright(frame), at_s


class Tally:
    """Which pictures went into a decoder and which came out."""

    def __init__(self) -> None:
        self.end_pts = math.inf
        self.damaged = 0
        self._fed: set[int] = set()
        self._out: set[int] = set()

    def feed(self, pts: int | None, size_bytes: int) -> None:
        if pts is not None and size_bytes > _NOTHING_BYTES:
            self._fed.add(pts)

    def take(self, pts: int | None) -> None:
        if pts is not None:
            self._out.add(pts)

    def damage(self) -> None:
        """One that cannot be decoded. Those before the first picture belong to a start that was cut off."""
        if self._out:
            self.damaged += 1

    def check(self) -> None:
        """Raises MediaError unless what is missing is only a few damaged pictures."""
        due = sorted(pts for pts in self._fed if min(self._out, default=math.inf) <= pts < self.end_pts)
        runs = (len(list(run)) for is_out, run in itertools.groupby(due, self._out.__contains__) if not is_out)
        lost = max(self.damaged, sum(run for run in runs if run >= _RUN))
        if lost > self.damaged or lost * 10 > len(due):
            raise MediaError(
                "damaged",
                f"{lost} of the {len(due)} pictures of this part cannot be read, so it would stand still. "
                "Save the clip again in another program, or choose another part.",
            )


def decoded(container: InputContainer, stream: VideoStream, tally: Tally) -> Iterator[VideoFrame]:
    """All pictures from here on; a damaged one is left out, and the one before it lasts longer."""
    for packet in container.demux(stream):
        if packet.pts is None and packet.dts is not None:
            packet.pts = packet.dts
        if not packet.is_discard:
            tally.feed(packet.pts, packet.size)
        try:
            frames = packet.decode()
        except av.error.MemoryError:  # a lack of memory is no damage: what is left out would be missing from the take
            raise
        except av.FFmpegError:
            tally.damage()
            continue
        for frame in frames:
            tally.take(frame.pts)
            yield frame


class _Turner:
    """Turns pictures upright with one filter graph, made for the first of them."""

    def __init__(self) -> None:
        self._turn: Turn | None = None
        self._graph: av.filter.Graph | None = None
        self._shape: tuple[int, int, str] | None = None

    def upright(self, frame: VideoFrame) -> VideoFrame:
        if self._turn is None:  # asked once: each picture that was asked stays in memory until the next collection
            self._turn = turn_of(frame)
        if not self._turn.filters:
            return frame
        shape = frame.width, frame.height, frame.format.name
        if self._graph is None or self._shape != shape:
            self._graph, self._shape = _graph(frame, self._turn.filters), shape
        self._graph.vpush(frame)
        return self._graph.vpull()


def _graph(frame: VideoFrame, filters: tuple[tuple[str, str], ...]) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, _CLOCK)
    )
    graph.link_nodes(source, *(graph.add(name, args or None) for name, args in filters), graph.add("buffersink"))
    graph.configure()
    return graph
