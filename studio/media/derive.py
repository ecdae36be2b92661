"""Proves a finished clip and makes what goes with it, in one decode; of takes it knows nothing but file names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from av.video.frame import VideoFrame

from studio.media.clip import check_whole, cut_short, facts_of
from studio.media.facts import Derived
from studio.media.filmstrip import TILES, choose, first_picture, write_poster, write_strip
from studio.media.hearing import hear
from studio.media.reel import Reel
from studio.media.remux import silent_cut
from studio.media.sound import write_waveform
from studio.media.speech import RATE, speech_in


def derive(clip_path: Path, out_dir: Path, stem: str = "") -> Derived:
    """Poster, strip, waveform, silent cut and speech spans of a clip that is whole and plays, written to `out_dir`.

    As strict as `verify_clip`, and hardly dearer: the pictures of the strip and the last one, which proves that the
    clip plays to its end, come out of one decoder. `stem` names the silent cut; the clip's own name where empty.
    Raises MediaError.
    """
    check_whole(clip_path)
    out_dir.mkdir(parents=True, exist_ok=True)
    names = (out_dir / name for name in ("poster.jpg", "strip.jpg", "waveform.json"))
    poster_path, strip_path, waveform_path = names
    silent_path = out_dir / f"{stem or clip_path.stem}-silent.mp4"
    first = first_picture(clip_path)
    facts = facts_of(clip_path, first)
    write_poster(first, poster_path)
    times_s = _strip_of_whole(clip_path, strip_path)
    samples = hear(clip_path, RATE)
    write_waveform(samples, RATE, facts.duration_s, waveform_path)
    silent_cut(clip_path, silent_path)
    return Derived(facts, poster_path, strip_path, times_s, waveform_path, silent_path, speech_in(samples[0]))


def _strip_of_whole(clip_path: Path, strip_path: Path) -> tuple[float, ...]:
    with Reel(clip_path) as reel:
        wanted, last = choose(reel, TILES), reel.pts[-1]
        is_whole = False

        def shown() -> Iterator[VideoFrame]:
            nonlocal is_whole
            for frame in reel.pictures({*wanted, last}, is_small=True):
                is_whole = is_whole or (frame.pts == last and not frame.is_corrupt)
                yield frame

        times_s = write_strip(reel, wanted, shown(), strip_path)
        if not is_whole:
            raise cut_short()
        return times_s
