"""Recordings for a voice: facts, waveform, and a trimmed and cleaned copy; never judges whose voice it is."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from studio.catalog.limits import SoundLimits
from studio.media import files
from studio.media.clip import container_of
from studio.media.errors import MediaError
from studio.media.facts import Prepared, SoundFacts
from studio.media.hearing import MAX_LISTEN_S, Samples, hear
from studio.media.reel import open_media, sound_of
from studio.media.speech import RATE, STEP_S, speech_in
from studio.media.wording import seconds

PREPARED_RATE = 44_100
PEAKS = 600
_SILENT_DBFS = -50.0
_FULL = 0.999
_TARGET_RMS_DBFS, _TARGET_PEAK_DBFS = -20.0, -1.0
_HIGH_PASS_HZ = (50.0, 80.0)
_LEAD_S = 0.15  # silence left before and after the speech
_FADE_S = 0.01
_LIMITS = SoundLimits()


def inspect_sound(path: Path) -> SoundFacts:
    """Facts of a recording, or of the sound of a clip. Raises MediaError."""
    with open_media(path, "recording") as container:
        stream = sound_of(container)
        if stream is None:
            raise _no_sound(container)
        codec, rate, channels = stream.codec_context.name, stream.rate or 0, stream.channels
        kind = container_of(container)
    samples = hear(path, RATE, what="recording")[0]
    if not len(samples):
        raise MediaError("damaged", "The sound of this file cannot be read. Save it again as wav or mp3.")
    return SoundFacts(
        duration_s=round(_duration(path, len(samples)), 3),
        sample_rate=rate,
        channels=channels,
        peak_dbfs=_db(float(np.abs(samples).max())),
        rms_dbfs=_db(_rms(samples)),
        silence_share=round(_silence_share(samples), 4),
        clipped_share=round(_clipped_share(samples), 6),
        codec=codec,
        container=kind,
        size_bytes=path.stat().st_size,
        sha256=files.sha256_of(path),
        speech_share=round(sum(end - start for start, end in speech_in(samples)) / (len(samples) / RATE), 4),
    )


def _no_sound(container: InputContainer) -> MediaError:
    if container.streams.audio:
        return MediaError(
            "unknown_codec",
            "The sound of this file is coded in a way that the studio cannot read. Save it again as wav or mp3.",
        )
    return MediaError("no_sound", "This file has no sound in it. Choose a recording of one person speaking.")


def _duration(path: Path, heard: int) -> float:
    """What was heard; for a recording longer than is heard, what the file says of itself."""
    if heard < MAX_LISTEN_S * RATE:
        return heard / RATE
    with open_media(path, "recording") as container:
        return max(MAX_LISTEN_S, (container.duration or 0) / av.time_base)


def _db(amplitude: float) -> float:
    return round(20 * float(np.log10(max(amplitude, 1e-6))), 2)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


def _levels(samples: Samples, rate: int) -> NDArray[np.float64]:
    """Level in dB of full scale of every `STEP_S`."""
    step = int(rate * STEP_S)
    blocks = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float64)
    return np.asarray(10 * np.log10(np.square(blocks).mean(axis=1) + 1e-12), np.float64)


def _silence_share(samples: Samples) -> float:
    levels = _levels(samples, RATE)
    return float((levels < _SILENT_DBFS).mean()) if len(levels) else 1.0


def _clipped_share(samples: Samples) -> float:
    """Samples at full scale that have a neighbour there too: one alone is a peak, two are a cut one."""
    full = np.abs(samples) >= _FULL
    flat = full & (np.roll(full, 1) | np.roll(full, -1))
    return float(flat.mean())


def write_waveform(samples: Samples, rate: int, duration_s: float, out_path: Path, count: int = PEAKS) -> None:
    """Write `{"peaks": [0..1, …], "duration_s": …}` as JSON; no peaks where there is no sound."""
    peaks: list[float] = []
    if samples.size:
        length = max(count, round(duration_s * rate))
        loud: Samples = np.zeros(length, np.float32)
        heard = np.abs(samples).max(axis=0)[:length]
        loud[: len(heard)] = heard
        edges = np.linspace(0, length, count + 1).astype(int)[:-1]
        peaks = [round(float(peak), 4) for peak in np.minimum(np.maximum.reduceat(loud, edges), 1.0)]
    with files.whole(out_path) as part:
        part.write_text(json.dumps({"peaks": peaks, "duration_s": round(duration_s, 6)}), encoding="utf-8")


def prepare_sound(
    path: Path, out_dir: Path, start_s: float | None = None, end_s: float | None = None, clean: bool = True
) -> Prepared:
    """A mono 16-bit WAV of the part from `start_s` to `end_s`, named by its content. Raises MediaError.

    `clean` takes out rumble, trims silence at both ends (never below the shortest length that makes a voice) and
    brings the level to a usual one.
    """
    start, end = start_s or 0.0, MAX_LISTEN_S if end_s is None else end_s
    if not 0 <= start < end:
        raise MediaError("bad_trim", f"The part from {seconds(start)} to {seconds(end)} is empty. Choose a longer one.")
    samples = hear(path, PREPARED_RATE, "mono", start, end, "recording")[0]
    if not len(samples):
        raise MediaError("no_sound", "There is no sound in this part of the file. Choose another part.")
    changes = [] if start_s is None and end_s is None else [f"Trimmed to {seconds(len(samples) / PREPARED_RATE)}"]
    if clean:
        samples, cleaned = _cleaned(samples)
        changes += cleaned
    samples = _faded(samples)
    with files.by_content(out_dir, ".wav") as (part, named):
        _write_wav(samples, part)
    return Prepared(named[0], "audio/wav", inspect_sound(named[0]), (*changes, "Saved as mono WAV"))


def _cleaned(samples: Samples) -> tuple[Samples, list[str]]:
    samples = _high_passed(samples)
    kept = _without_silent_ends(samples)
    changes = ["Rumble removed"]
    if len(kept) < len(samples):
        changes.append(f"{seconds((len(samples) - len(kept)) / PREPARED_RATE)} of silence cut at the ends")
    gain_db = min(_TARGET_RMS_DBFS - _db(_rms(kept)), _TARGET_PEAK_DBFS - _db(float(np.abs(kept).max())))
    if _db(_rms(kept)) > -70 and abs(gain_db) >= 0.5:
        kept = kept * np.float32(10 ** (gain_db / 20))
        changes.append(f"Level {'raised' if gain_db > 0 else 'lowered'} by {abs(gain_db):.0f} dB")
    return kept, changes


def _high_passed(samples: Samples) -> Samples:
    """Without what lies below a voice; the edge is a smooth slope, so that nothing rings."""
    size = 1 << (len(samples) - 1).bit_length()
    spectrum = np.fft.rfft(samples, size)
    hz = np.fft.rfftfreq(size, 1 / PREPARED_RATE)
    low, high = _HIGH_PASS_HZ
    spectrum *= np.clip((hz - low) / (high - low), 0, 1)
    return np.asarray(np.fft.irfft(spectrum, size)[: len(samples)], np.float32)


def _without_silent_ends(samples: Samples) -> Samples:
    levels = _levels(samples, PREPARED_RATE)
    if not len(levels):
        return samples
    loud = np.flatnonzero(levels > max(_SILENT_DBFS, float(np.percentile(levels, 95)) - 35))
    if not len(loud):
        return samples
    step, lead = int(PREPARED_RATE * STEP_S), int(PREPARED_RATE * _LEAD_S)
    start, end = max(0, loud[0] * step - lead), min(len(samples), (loud[-1] + 1) * step + lead)
    missing = int(_LIMITS.min_duration_s * PREPARED_RATE) - (end - start)
    if missing > 0:
        end = min(len(samples), end + missing)
        start = max(0, min(start, end - int(_LIMITS.min_duration_s * PREPARED_RATE)))
    return samples[start:end]


def _faded(samples: Samples) -> Samples:
    length = min(int(PREPARED_RATE * _FADE_S), len(samples) // 2)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def _write_wav(samples: Samples, path: Path) -> None:
    with path.open("wb") as file, wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(PREPARED_RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def waveform(path: Path, out_path: Path) -> None:
    """Write the waveform of a recording or clip. Raises MediaError."""
    samples = hear(path, RATE, what="recording")
    write_waveform(samples, RATE, samples.shape[1] / RATE, out_path)
