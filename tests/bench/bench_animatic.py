"""How long a rehearsal takes to draw per second of video, as a ratio to a bare encode of the same ready frames.

Run: python -m tests.bench.bench_animatic
Both are measured in one run on one machine, turn about, and the medians are compared.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import av

from studio.rehearsal.animatic import render_animatic
from studio.rehearsal.reel import Reel, encode
from studio.rehearsal.speech import find_engine

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "assets" / "samples"
ROUNDS = 5
TALK = (
    'Dusk on a pier. Push in. [Keeper, low]: <<<voice_1>>> says, "the light goes out tonight, Mara." '
    'After a beat, [Mara, quiet]: <<<voice_2>>> replies, "then who brings you home?"'
)
ORDERS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "image to video": ("image-to-video", {"start_image_url": "pier.jpg", "end_image_url": "pierb.jpg"}, {}),
    "text to video": ("text-to-video", {}, {"aspect_ratio": "16:9"}),
    "motion control": (
        "motion-control",
        {"image_url": "char.jpg", "video_url": "dance.mp4"},
        {"character_orientation": "video", "keep_original_sound": True},
    ),
}


def spec_for(name: str, folder: Path) -> dict[str, Any]:
    mode, inputs, values = ORDERS[name]
    engine = find_engine(shutil.which)
    return {
        "mode": mode,
        "arguments": {"prompt": TALK, "duration": "5", "generate_audio": True, **values},
        "inputs": {field: str(SAMPLES / file) for field, file in inputs.items()},
        "output_path": str(folder / "drawn.mp4"),
        "fonts_dir": str(ROOT / "assets" / "fonts"),
        "speech": engine.as_spec() if engine else None,
    }


def timed(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ready_frames(path: str) -> list[Any]:
    with av.open(path) as container:
        return [frame.reformat(format="yuv420p").to_ndarray() for frame in container.decode(video=0)]


def measure(name: str, folder: Path) -> tuple[float, float, float]:
    """(seconds of video, seconds to draw, seconds to encode the same frames ready made), medians."""
    spec = spec_for(name, folder)
    report = render_animatic(spec)  # also warms fonts and imports up
    frames = ready_frames(report["path"])
    size = (report["width_px"], report["height_px"])
    bare = Reel(str(folder / "bare.mp4"), *size, len(frames), None, {})
    drawn, encoded = [], []
    for _ in range(ROUNDS):
        drawn.append(timed(lambda: render_animatic(spec)))
        encoded.append(timed(lambda: encode(bare, iter(frames))))
    return report["duration_s"], median(drawn), median(encoded)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ORDERS:
            length_s, draw_s, encode_s = measure(name, Path(folder))
            print(
                f"{name:16} {draw_s / length_s:5.2f} s per second of video, "
                f"{draw_s / encode_s:4.2f} times a bare encode of its frames ({encode_s / length_s:.2f} s per second)"
            )


if __name__ == "__main__":
    main()
