"""Prints what the filmstrip costs on top of a bare decode of the same pictures, measured in one run.

Run: python tests/bench/bench_strip.py [clip.mp4]
Rounds are interleaved and their medians compared, so that a busy machine slows both alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from studio.media import filmstrip, reel

ROUNDS = 9
SECONDS, FPS, WIDTH, HEIGHT = 5, 24, 1920, 1080


def make_clip(path: Path) -> None:
    """A moving, grainy 1080p clip with one key picture, about as heavy as Kling's (18 Mb/s)."""
    dice = np.random.default_rng(1)
    board = dice.integers(0, 255, (HEIGHT // 8 + 40, WIDTH // 8 + 40), np.uint8).repeat(8, 0).repeat(8, 1)
    grain = [dice.integers(0, 14, (HEIGHT, WIDTH), np.uint8) for _ in range(6)]
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        options = {"preset": "veryfast", "b": "18M", "maxrate": "20M", "bufsize": "20M", "g": "250", "bf": "3"}
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(SECONDS * FPS):
            luma = board[number : number + HEIGHT, 2 * number : 2 * number + WIDTH] // 2 + 40 + grain[number % 6]
            planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            planes[:HEIGHT] = luma
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def bare_decode(clip: Path, needed: set[int]) -> int:
    """Decode exactly the packets that the strip needs, and do nothing with them. Returns how many came out."""
    with reel.open_media(clip) as container:
        stream = reel.video_of(container, clip)
        stream.codec_context.options = {"skip_loop_filter": "all"}
        return sum(1 for _ in reel.decode_some(container, stream, needed))


def full_decode(clip: Path) -> int:
    """Decode every picture, the simple way."""
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


def timed(work: object, *args: object) -> float:
    started = time.perf_counter()
    work(*args)  # type: ignore[operator]
    return time.perf_counter() - started


def measure(clip: Path, folder: Path) -> None:
    with reel.Reel(clip) as index:
        needed = reel.plan(index.marks, set(filmstrip.choose(index, filmstrip.TILES)))
        total = len(index.marks)
    strip, bare, full = [], [], []
    for _ in range(ROUNDS):
        bare.append(timed(bare_decode, clip, needed))
        strip.append(timed(filmstrip.filmstrip, clip, folder / "strip.jpg"))
        full.append(timed(full_decode, clip))
    strip_s, bare_s, full_s = (statistics.median(times) for times in (strip, bare, full))
    print(f"clip {clip.stat().st_size / 2**20:.1f} MB, {total} pictures, {len(needed)} decoded for 12 tiles")
    print(f"strip {strip_s * 1000:.0f} ms, bare decode {bare_s * 1000:.0f} ms, all pictures {full_s * 1000:.0f} ms")
    print(f"ratio strip / bare decode of the same pictures: {strip_s / bare_s:.2f}")
    print(f"ratio strip / decode of all pictures: {strip_s / full_s:.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = Path(sys.argv[1]) if len(sys.argv) > 1 else folder / "clip.mp4"
        if not clip.exists():
            make_clip(clip)
        measure(clip, folder)


if __name__ == "__main__":
    main()
