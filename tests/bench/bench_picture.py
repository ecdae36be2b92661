"""Fitting a 48-megapixel phone photo against a bare decode of it: time and highest memory. Prints, never asserts.

Run it as `python -m tests.bench.bench_picture`, on Linux. Each measure runs in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from studio.media.picture_fit import prepare_picture

ROUNDS = 5
SIZE_PX = (8064, 6048)


def make_photo(path: Path) -> None:
    """Soft shapes with grain, as a sensor gives them, turned by its EXIF tag."""
    small = np.random.default_rng(1).integers(0, 255, (60, 80, 3), np.uint8)
    grain = np.random.default_rng(2).integers(0, 24, (SIZE_PX[1], SIZE_PX[0], 1), np.uint8)
    soft = np.asarray(Image.fromarray(small).resize(SIZE_PX, Image.Resampling.BICUBIC))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)).save(path, "JPEG", quality=90, exif=exif)


def decode(photo: Path, out: Path) -> None:
    with Image.open(photo) as picture:
        picture.load()


def fit(photo: Path, out: Path) -> None:
    prepare_picture(photo, out)


def highest_mb() -> float:
    """Of this process since it began; what getrusage says is handed down from the parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def measure(work: Any, photo: Path, out: Path, answer: Any) -> None:
    before = highest_mb()
    start = time.perf_counter()
    work(photo, out)
    took_ms = (time.perf_counter() - start) * 1000
    answer.send((took_ms, highest_mb() - before))


def run(work: Any, photo: Path, out: Path) -> tuple[float, float]:
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=measure, args=(work, photo, out, there))
    process.start()
    answer: tuple[float, float] = here.recv()
    process.join()
    return answer


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-picture-") as folder:
        photo = Path(folder) / "photo.jpg"
        make_photo(photo)
        rows: dict[str, list[tuple[float, float]]] = {"decode": [], "fit": []}
        for number in range(ROUNDS):
            rows["decode"].append(run(decode, photo, Path(folder)))
            rows["fit"].append(run(fit, photo, Path(folder) / f"out{number}"))
        bare, ours = ([median(column) for column in zip(*rows[name], strict=True)] for name in ("decode", "fit"))
        print(f"48 megapixels, {photo.stat().st_size / 1e6:.1f} MB, medians of {ROUNDS}: bare decode, ours, ratio")
        print(f"  time             {bare[0]:>8.0f} ms{ours[0]:>8.0f} ms{ours[0] / bare[0]:>8.2f}")
        print(f"  memory on top    {bare[1]:>8.0f} MB{ours[1]:>8.0f} MB{ours[1] / bare[1]:>8.2f}")


if __name__ == "__main__":
    main()
