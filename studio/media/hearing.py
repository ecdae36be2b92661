"""Decodes sound into numpy arrays on the clip's own clock; never judges what it hears and never writes a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from studio.media.errors import MediaError
from studio.media.reel import open_media, sound_of, unreadable

Samples = NDArray[np.float32]

MAX_LISTEN_S = 600.0  # longer recordings are heard to here; no limit of Kling is beyond it
_GAP_S = 0.05


def hear(
    path: Path,
    rate: int,
    layout: str = "mono",
    start_s: float = 0.0,
    end_s: float = MAX_LISTEN_S,
    what: str = "clip",
) -> Samples:
    """Samples of the first sound stream as float32 of shape (channels, n), from `start_s` to `end_s` of the file.

    Sample i is heard at start_s + i / rate: a late start and gaps are filled with silence. Empty without sound.
    Raises MediaError for a file that cannot be opened.
    """
    with open_media(path, what) as container:
        stream = sound_of(container)
        if stream is None:
            return np.zeros((1 if layout == "mono" else 2, 0), np.float32)
        blocks = list(_blocks(container, stream, path, rate, layout, min(end_s, start_s + MAX_LISTEN_S), what))
    heard = np.concatenate(blocks, axis=1) if blocks else np.zeros((1 if layout == "mono" else 2, 0), np.float32)
    return heard[:, round(start_s * rate) : round(end_s * rate)]


def _blocks(
    container: InputContainer, stream: AudioStream, path: Path, rate: int, layout: str, end_s: float, what: str
) -> Iterator[Samples]:
    channels = 1 if layout == "mono" else 2
    converter = _Converter(rate, layout)
    origin_s = (container.start_time or 0) / av.time_base
    clock_s = 0.0  # counts what was given, so that gaps too short to be filled at once still add up
    for frame in _frames(container, stream, path, what):
        at_s = clock_s if frame.time is None else frame.time - origin_s
        if at_s > clock_s + _GAP_S:
            gap_s = min(at_s, end_s) - clock_s
            yield np.zeros((channels, max(0, round(gap_s * rate))), np.float32)
            clock_s = at_s
        clock_s += frame.samples / frame.sample_rate
        yield from converter.convert(frame)
        if clock_s >= end_s:
            return
    yield from converter.convert(None)


class _Converter:
    """Brings frames to one rate and layout, also where a recording changes its own midway."""

    def __init__(self, rate: int, layout: str) -> None:
        self._rate, self._layout = rate, layout
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def convert(self, frame: AudioFrame | None) -> list[Samples]:
        """The samples that are ready; with None, all that are left. Raises MediaError."""
        try:
            return [block.to_ndarray().astype(np.float32, copy=False) for block in self._resampled(frame)]
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, MemoryError):
                raise
            count = f" of {frame.layout.nb_channels} channels" if frame is not None else ""
            raise MediaError(
                "unknown_layout",
                f"The sound of this file is in a form{count} that the studio cannot turn into mono or stereo. "
                "Save it again as a mono or stereo wav or mp3.",
                detail=repr(error),
            ) from None

    def _resampled(self, frame: AudioFrame | None) -> list[AudioFrame]:
        if frame is None:
            return self._resampler.resample(None) if self._resampler is not None else []
        frame.pts = None  # gaps are filled by our own clock
        shape = frame.format.name, frame.layout.name, frame.sample_rate
        left: list[AudioFrame] = []
        if self._resampler is None or self._shape != shape:
            left = self._resampled(None)
            self._resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self._rate)
            self._shape = shape
        return [*left, *self._resampler.resample(frame)]


def _frames(container: InputContainer, stream: AudioStream, path: Path, what: str) -> Iterator[AudioFrame]:
    """Decoded frames; a damaged packet is left out, and a file cut short ends early."""
    is_any = False
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.MemoryError:  # no damage: what is left out would be missing from the take
                raise
            except av.FFmpegError:
                continue
            for frame in frames:
                is_any = True
                yield frame
    except av.FFmpegError as error:
        if not is_any or isinstance(error, MemoryError):
            raise unreadable(path, what, error) from None
