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

from studio.media.reel import open_media, unreadable

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
        if not container.streams.audio:
            return np.zeros((1 if layout == "mono" else 2, 0), np.float32)
        blocks = list(_blocks(container, path, rate, layout, min(end_s, start_s + MAX_LISTEN_S), what))
    heard = np.concatenate(blocks, axis=1) if blocks else np.zeros((1 if layout == "mono" else 2, 0), np.float32)
    return heard[:, round(start_s * rate) : round(end_s * rate)]


def _blocks(
    container: InputContainer, path: Path, rate: int, layout: str, end_s: float, what: str
) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    origin_s = (container.start_time or 0) / av.time_base
    clock_s = 0.0
    for frame in _frames(container, container.streams.audio[0], path, what):
        at_s = clock_s if frame.time is None else frame.time - origin_s
        if at_s > clock_s + _GAP_S:
            gap_s = min(at_s, end_s) - clock_s
            yield np.zeros((1 if layout == "mono" else 2, max(0, round(gap_s * rate))), np.float32)
        clock_s = max(clock_s, at_s) + frame.samples / frame.sample_rate
        yield from _arrays(resampler, frame)
        if clock_s >= end_s:
            return
    yield from _arrays(resampler, None)


def _arrays(resampler: av.AudioResampler, frame: AudioFrame | None) -> Iterator[Samples]:
    if frame is not None:
        frame.pts = None  # gaps are filled by our own clock
    for block in resampler.resample(frame):
        yield block.to_ndarray().astype(np.float32, copy=False)


def _frames(container: InputContainer, stream: AudioStream, path: Path, what: str) -> Iterator[AudioFrame]:
    """Decoded frames; a damaged packet is left out, and a file cut short ends early."""
    is_any = False
    try:
        for packet in container.demux(stream):
            try:
                for frame in packet.decode():
                    is_any = True
                    yield frame
            except av.FFmpegError:
                continue
    except av.FFmpegError as error:
        if not is_any:
            raise unreadable(path, what, error) from None
