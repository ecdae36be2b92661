"""Everything made from a finished clip, in one job; knows the file names beside a take and nothing else of takes."""

from __future__ import annotations

from pathlib import Path

from studio.media.clip import inspect_clip
from studio.media.facts import Derived
from studio.media.filmstrip import filmstrip, poster
from studio.media.hearing import hear
from studio.media.remux import silent_cut
from studio.media.sound import write_waveform
from studio.media.speech import RATE, speech_in


def derive(clip_path: Path, out_dir: Path) -> Derived:
    """Poster, strip, waveform, silent cut and speech spans of a clip, written to `out_dir`. Raises MediaError."""
    out_dir.mkdir(parents=True, exist_ok=True)
    facts = inspect_clip(clip_path)
    names = (out_dir / name for name in ("poster.jpg", "strip.jpg", "waveform.json", f"{clip_path.stem}-silent.mp4"))
    poster_path, strip_path, waveform_path, silent_path = names
    poster(clip_path, poster_path)
    times_s = filmstrip(clip_path, strip_path)
    samples = hear(clip_path, RATE)
    write_waveform(samples, RATE, facts.duration_s, waveform_path)
    silent_cut(clip_path, silent_path)
    return Derived(facts, poster_path, strip_path, times_s, waveform_path, silent_path, speech_in(samples[0]))
