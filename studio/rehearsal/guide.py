"""The guide track: every line spoken or sounded, placed in time, and the captions that go with what is heard.

Captions take their times from the sound, never from an estimate, once there is sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from moviepy.audio.AudioClip import AudioArrayClip, CompositeAudioClip

from studio.rehearsal.speech import SAMPLE_RATE, Sound, SpeechEngine, is_chinese, speak, tone_for
from studio.script.scene import Line

LEAD_S, GAP_S, TAIL_S = 0.2, 0.3, 0.1
MIN_GAP_S = 0.08
FASTEST = 2.2  # times the usual speed; beyond it words cannot be told apart
WORDS_PER_S, CHARACTERS_PER_S = 2.5, 5.0


@dataclass(frozen=True)
class Cue:
    """One caption: a line and when it is heard, in seconds from the start."""

    speaker: str
    slot: int | None
    text: str
    start_s: float
    end_s: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Guide:
    """The captions, and the sound as mono samples for the whole length; None when the take is silent."""

    cues: tuple[Cue, ...]
    sound: Sound | None


def make_guide(
    lines: Sequence[Line], starts_s: Sequence[float], duration_s: float, engine: SpeechEngine | None, *, has_sound: bool
) -> Guide:
    """Place every line that has words near its planned start, as late as it must be and as fast as it needs to be."""
    spoken = [(line, start) for line, start in zip(lines, starts_s, strict=True) if line.text.strip()]
    if not spoken:
        return Guide((), _silence(duration_s) if has_sound else None)
    room_s = duration_s - LEAD_S - TAIL_S - MIN_GAP_S * (len(spoken) - 1)
    sounds = _voiced([line for line, _ in spoken], max(0.2, room_s), engine if has_sound else None)
    lengths = [len(sound) / SAMPLE_RATE for sound in sounds]
    times = place(lengths, [start for _, start in spoken], duration_s)
    cues = tuple(
        Cue(line.speaker, line.slot, line.text, round(start, 3), round(start + length, 3))
        for (line, _), start, length in zip(spoken, times, lengths, strict=True)
    )
    return Guide(cues, _mixed(sounds, times, duration_s) if has_sound else None)


def paged(cue: Cue, pieces: Sequence[str]) -> Iterator[Cue]:
    """A cue in pieces that are shown one after another, each as long as its share of the words."""
    at_s, whole = cue.start_s, sum(len(piece) + 1 for piece in pieces)
    for piece in pieces:
        start_s, at_s = at_s, at_s + (cue.end_s - cue.start_s) * (len(piece) + 1) / whole
        yield replace(cue, text=piece, start_s=start_s, end_s=at_s)


def place(lengths_s: Sequence[float], wanted_s: Sequence[float], duration_s: float) -> list[float]:
    """A start for each length, in order and without overlap: as wanted, else later, else pushed back from the end."""
    starts: list[float] = []
    free_from = min(LEAD_S, max(0.0, duration_s - sum(lengths_s)))
    for length, wanted in zip(lengths_s, wanted_s, strict=True):
        starts.append(max(wanted, free_from))
        free_from = starts[-1] + length + MIN_GAP_S
    latest = duration_s - TAIL_S
    for place_of in range(len(starts) - 1, -1, -1):
        starts[place_of] = max(0.0, min(starts[place_of], latest - lengths_s[place_of]))
        latest = starts[place_of] - MIN_GAP_S
    return starts


def estimate_s(text: str) -> float:
    """How long a line takes to say at the usual rate: 2.5 words or 5 Chinese characters a second."""
    characters = sum(is_chinese(ch) for ch in text)
    words = len([word for word in text.split() if not is_chinese(word)])
    return max(0.5, words / WORDS_PER_S + characters / CHARACTERS_PER_S)


def _voiced(lines: Sequence[Line], room_s: float, engine: SpeechEngine | None) -> list[Sound]:
    """Each line's sound. What does not fit the room is said faster, and what still does not is pressed together."""
    sounds = [_sound(line, engine, 1.0) for line in lines]
    needed_s = _total_s(sounds)
    if needed_s > room_s:
        sounds = [_sound(line, engine, min(FASTEST, needed_s / room_s * 1.05)) for line in lines]
    over = _total_s(sounds) / room_s
    return [_pressed(sound, over) for sound in sounds] if over > 1 else sounds


def _sound(line: Line, engine: SpeechEngine | None, rate: float) -> Sound:
    spoken = speak(engine, line.text, tone_for(line.slot, line.speaker), rate) if engine else None
    return spoken if spoken is not None else _tones(line, rate)


def _tones(line: Line, rate: float) -> Sound:
    """A soft tone per word (per character in Chinese), as long as the line would take to say."""
    units = list(line.text) if is_chinese(line.text) else line.text.split()
    units = [unit for unit in units if unit.strip()][:200]
    length = int(estimate_s(line.text) / rate * SAMPLE_RATE)
    tone = tone_for(line.slot, line.speaker)
    base_hz = (210.0 if tone.is_high else 130.0) * (1 + tone.pitch / 300)
    sound = np.zeros(length, np.float32)
    edges = np.linspace(0, length, len(units) + 1).astype(int)
    for unit, start, end in zip(units, edges[:-1], edges[1:], strict=True):
        count = max(2, int((end - start) * 0.9))
        wave = np.sin(2 * np.pi * base_hz * (1 + 0.04 * (len(unit) % 5)) * np.arange(count) / SAMPLE_RATE)
        envelope = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.012 * SAMPLE_RATE))
        sound[start : start + count] = (0.22 * wave * envelope)[: length - start]
    return sound


def _total_s(sounds: Sequence[Sound]) -> float:
    return sum(len(sound) for sound in sounds) / SAMPLE_RATE


def _pressed(sound: Sound, factor: float) -> Sound:
    """The sound in less time. It gets higher; by then there are far too many words, and the ruler says so."""
    at = np.arange(int(len(sound) / factor)) * factor
    pressed: Sound = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    return pressed


def _silence(duration_s: float) -> Sound:
    return np.zeros(round(duration_s * SAMPLE_RATE), np.float32)


def _mixed(sounds: Sequence[Sound], starts_s: Sequence[float], duration_s: float) -> Sound:
    """All lines on one track of the given length, placed by MoviePy."""
    clips = [
        AudioArrayClip(np.stack([sound, sound], 1), fps=SAMPLE_RATE).with_start(start)
        for sound, start in zip(sounds, starts_s, strict=True)
    ]
    track = CompositeAudioClip(clips).with_duration(duration_s)
    mono = track.to_soundarray(fps=SAMPLE_RATE)[:, 0].astype(np.float32)
    whole = _silence(duration_s)
    whole[: len(mono)] = mono[: len(whole)]
    return np.clip(whole, -1.0, 1.0)
