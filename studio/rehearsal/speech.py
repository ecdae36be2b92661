"""Finds an offline speech engine and speaks a line with it. Never required: without one the guide track has tones."""

from __future__ import annotations

import subprocess
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 44_100
TIMEOUT_S = 8.0
MAX_CHARS = 600
NORMAL_WORDS_PER_MINUTE = 165

Sound = npt.NDArray[np.float32]
Which = Callable[[str], str | None]


@dataclass(frozen=True)
class SpeechEngine:
    """`kind` is `espeak` or `say`; `program` its path on this machine."""

    kind: str
    program: str

    def as_spec(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Tone:
    """How a voice is told from another: pitch from 0 to 99 (espeak's scale) and whether it is a high voice."""

    pitch: int
    is_high: bool


VOICE_TONES = {1: Tone(28, False), 2: Tone(62, True)}
OTHER_TONES = (Tone(45, False), Tone(50, True), Tone(12, False), Tone(85, True))


def find_engine(which: Which) -> SpeechEngine | None:
    """The first engine that `which` (such as `shutil.which`) knows: espeak-ng, espeak, or the Mac's own `say`."""
    for name, kind in (("espeak-ng", "espeak"), ("espeak", "espeak"), ("say", "say")):
        program = which(name)
        if program:
            return SpeechEngine(kind, program)
    return None


def engine_from_spec(spec: dict[str, Any] | None) -> SpeechEngine | None:
    return SpeechEngine(str(spec["kind"]), str(spec["program"])) if spec else None


def tone_for(slot: int | None, speaker: str) -> Tone:
    """Voices 1 and 2 have their own pitch; anybody else gets one by name, the same in every take."""
    if slot in VOICE_TONES:
        return VOICE_TONES[slot]
    return OTHER_TONES[sum(speaker.encode("utf-8", "replace")) % len(OTHER_TONES)]


def speak(engine: SpeechEngine, text: str, tone: Tone, rate: float = 1.0) -> Sound | None:
    """The line as mono samples from -1 to 1, silence trimmed; None when the engine will not say it.

    `rate` multiplies the usual speed. The text goes in by a pipe, so nothing in it can be an option.
    """
    words = plain(text)
    if not words:
        return None
    commands = {"espeak": _espeak, "say": _say}
    try:
        sound = commands[engine.kind](engine.program, words, tone, round(NORMAL_WORDS_PER_MINUTE * rate))
    except (OSError, ValueError, KeyError, subprocess.SubprocessError, av.FFmpegError):
        return None
    sound = _trimmed(sound)
    return sound if len(sound) else None


def plain(text: str) -> str:
    """Only what can be spoken: no control characters, no engine commands, one line."""
    kept = "".join(ch if unicodedata.category(ch)[0] != "C" else " " for ch in text[:MAX_CHARS])
    return " ".join(kept.replace("[[", " ").replace("]]", " ").replace("<", " ").replace(">", " ").split())


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= ch <= "\u9fff" for ch in text)


def _espeak(program: str, words: str, tone: Tone, words_per_minute: int) -> Sound:
    voice = "cmn" if is_chinese(words) else ("en+f3" if tone.is_high else "en")
    speed, pitch = str(min(450, words_per_minute)), str(tone.pitch)
    command = [program, "-v", voice, "-s", speed, "-p", pitch, "--stdin", "--stdout"]
    spoken = _run(command, words)
    head = spoken.stdout.find(b"data")
    if not spoken.stdout.startswith(b"RIFF") or head < 0:
        raise ValueError("no sound came")
    source_rate = int.from_bytes(spoken.stdout[24:28], "little")
    body = spoken.stdout[head + 8 :]
    samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2") / np.float32(32768)
    return _resampled(samples, source_rate)


def _say(program: str, words: str, tone: Tone, words_per_minute: int) -> Sound:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        pitched = f"[[pbas {20 + tone.pitch * 60 // 99}]] {words}"
        command = [program, "-r", str(words_per_minute), "-o", str(path), "--data-format=LEI16@22050", "-f", "-"]
        _run(command, pitched)
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray().ravel() for frame in container.decode(audio=0)]
    return _resampled(np.divide(np.concatenate(frames), 32768, dtype=np.float32), 22_050)


def _run(command: list[str], words: str) -> subprocess.CompletedProcess[bytes]:
    # No shell; the program was found by name on this machine, and the words go in by the pipe.
    return subprocess.run(command, input=words.encode(), capture_output=True, timeout=TIMEOUT_S, check=True)  # noqa: S603


def _resampled(samples: npt.NDArray[np.floating[Any]], source_rate: int) -> Sound:
    if not len(samples) or not 4_000 <= source_rate <= 192_000:
        raise ValueError("no sound came")
    length = int(len(samples) * SAMPLE_RATE / source_rate)
    at = np.arange(length) * (source_rate / SAMPLE_RATE)
    resampled: Sound = np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
    return resampled


def _trimmed(sound: Sound) -> Sound:
    """Without the quiet before the first and after the last sound, so that a caption starts with the voice."""
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]
