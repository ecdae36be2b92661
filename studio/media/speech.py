"""Finds where somebody speaks, by energy in the voice band over an adapting noise floor; never knows what is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.media.hearing import Samples, hear

Spans = tuple[tuple[float, float], ...]
Floats = NDArray[np.float64]

RATE = 16_000
STEP_S = 0.01
_WINDOW_S = 0.025
_BAND_HZ = (120.0, 4000.0)  # below is rumble and hum, above is hiss
_FLOOR_WINDOW_S = 4.0
_ON_DB, _OFF_DB = 9.0, 5.0  # above the floor: to begin, to go on
_BELOW_LOUD_DB = 14.0  # the floor is never taken to be nearer to the loud parts than this
_QUIETEST_DB = -66.0
_STEADY_DB = 6.0
_TONAL_FLATNESS = 0.3  # white noise measures 0.56, a voiced sound below 0.2
_HANGOVER_S = 0.30  # shorter pauses are inside a phrase; longer ones may be a change of speaker
_SHORTEST_S = 0.12
_STEPS_AT_ONCE = 3000


def find_speech(clip_path: Path) -> Spans:
    """Spans in seconds from the clip's start in which somebody speaks (or a tone stands for a voice), in order."""
    return speech_in(hear(clip_path, RATE)[0])


def speech_in(mono: Samples) -> Spans:
    """The same for samples at `RATE`."""
    if len(mono) < RATE * _WINDOW_S * 2:
        return ()
    level_db, flatness = _measure(mono)
    if np.percentile(level_db, 95) - np.percentile(level_db, 5) < _STEADY_DB:
        is_tone = np.median(flatness) < _TONAL_FLATNESS and np.median(level_db) > _QUIETEST_DB
        return ((0.0, round(len(mono) / RATE, 3)),) if is_tone else ()
    floor_db = _floor(level_db)
    return _spans(_speaking(level_db - floor_db, level_db), len(mono) / RATE)


def _measure(mono: Samples) -> tuple[Floats, Floats]:
    """Level of the voice band in dB of full scale and its spectral flatness, every `STEP_S`."""
    window, step = int(RATE * _WINDOW_S), int(RATE * STEP_S)
    centred = np.pad(mono, (window // 2, window // 2))
    frames = np.lib.stride_tricks.sliding_window_view(centred, window)[::step]
    bands = [_band_power(frames[at : at + _STEPS_AT_ONCE]) for at in range(0, len(frames), _STEPS_AT_ONCE)]
    power = np.concatenate(bands)
    mean = power.mean(axis=1)
    flatness = np.exp(np.log(power).mean(axis=1)) / mean
    level_db = 10 * np.log10(mean * power.shape[1])
    return np.convolve(np.pad(level_db, 1, mode="edge"), np.ones(3) / 3, mode="valid"), flatness


def _band_power(frames: Samples) -> Floats:
    taper = np.hanning(frames.shape[1])
    spectrum = np.fft.rfft(frames * taper, axis=1)
    hz = np.fft.rfftfreq(frames.shape[1], 1 / RATE)
    band = spectrum[:, (hz >= _BAND_HZ[0]) & (hz <= _BAND_HZ[1])]
    scale = 2.0 / (frames.shape[1] * np.square(taper).sum())
    return np.asarray(np.square(np.abs(band)) * scale + 1e-12, np.float64)


def _floor(level_db: Floats) -> Floats:
    """The noise under the voice: the quiet tenth of the seconds around each moment, held below the loud parts."""
    half = int(_FLOOR_WINDOW_S / 2 / STEP_S)
    places = np.arange(0, len(level_db), 20)
    quiet = [np.percentile(level_db[max(0, at - half) : at + half + 1], 10) for at in places]
    floor = np.interp(np.arange(len(level_db)), places, quiet)
    return np.asarray(np.minimum(floor, np.percentile(level_db, 95) - _BELOW_LOUD_DB), np.float64)


def _speaking(over_db: Floats, level_db: Floats) -> NDArray[np.bool_]:
    """Begin loudly, go on while it is not quiet: both edges of a phrase are kept, lone rustles are not."""
    may = (over_db > _OFF_DB) & (level_db > _QUIETEST_DB)
    begins = may & (over_db > _ON_DB)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], may.astype(np.int8), [0]))))
    is_speaking = np.zeros(len(may), np.bool_)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        is_speaking[start:end] = begins[start:end].any()
    return is_speaking


def _spans(is_speaking: NDArray[np.bool_], duration_s: float) -> Spans:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_speaking.astype(np.int8), [0]))))
    spans: list[list[float]] = []
    for start, end in zip(edges[::2] * STEP_S, edges[1::2] * STEP_S, strict=True):
        if spans and start - spans[-1][1] < _HANGOVER_S:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    return tuple(
        (round(float(start), 3), round(float(min(end, duration_s)), 3))
        for start, end in spans
        if end - start >= _SHORTEST_S
    )
