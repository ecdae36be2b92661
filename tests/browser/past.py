"""Makes a home with takes on it, as if made earlier: plain clips with a tone, drawn at once; prints their ids."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from studio.gateway.fal import Gateway
from studio.gateway.pace import Pace
from studio.rehearsal.server import create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.settings import read_settings
from studio.takes.take import Take
from studio.wiring import REHEARSAL_KEY, Studio
from tests.browser.materials import SAMPLES
from tests.browser.studios import ROOT, StudioProcess, live_studio

FPS, WIDTH_PX, HEIGHT_PX, RATE = 24, 320, 180, 44_100
IMAGE, TEXT = "image-to-video", "text-to-video"
DAWN = "Dawn on a wooden pier. Push in on the keeper, lighthouse behind. Gulls far off, no music."
DUSK = "Dusk on a wooden pier. Slow push in on the two of them, lighthouse turning behind. Gulls far off, no music."
HOSTILE = "<img src=x onerror=window.bad=1>${alert(1)} <b>steam</b> over a cup of tea."


@dataclass
class Past:
    """A live studio that is open on such a home, and the ids of its takes by name."""

    studio: StudioProcess
    ids: dict[str, str]


@contextmanager
def opened_past(home: Path) -> Iterator[Past]:
    studio = live_studio(home)
    maker = StudioProcess(home, settings=studio.settings)
    done = subprocess.run(
        [sys.executable, __file__], cwd=ROOT, env=maker._environment("0"), capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    ids: dict[str, str] = json.loads(done.stdout)
    studio.start()
    yield Past(studio, ids)
    studio.stop()


def write_clip(path: Path, seconds: float, has_sound: bool) -> None:
    """Frames that get lighter from left to right with time, so that every moment looks different; a quiet tone."""
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": "24"})
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        sound = container.add_stream("aac", rate=RATE, layout="mono") if has_sound else None
        count = round(seconds * FPS)
        across = np.linspace(0, 1, WIDTH_PX)[None, :, None]
        for number in range(count):
            light = 40 + 170 * (across < (number + 1) / count) * np.array([1.0, 0.8, 0.6])
            picture = np.broadcast_to(light, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts = number
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            tone = (0.1 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * RATE) - 2048) / RATE)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(tone[None, :], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(sound.encode(frame))
            container.mux(sound.encode(None))


async def film(spec: dict[str, Any]) -> dict[str, Any]:
    given = spec["arguments"]
    seconds = float(given.get("duration") or 5)
    await asyncio.to_thread(write_clip, Path(spec["output_path"]), seconds, bool(given.get("generate_audio")))
    return {"path": spec["output_path"], "duration_s": seconds}


def open_studio() -> Studio:
    studio = Studio(read_settings())
    quick = Pace(first_s=0.01, max_s=0.02)
    gateways: Any = studio.desk.runner.crew.gateways
    for world, key in (("rehearsal", lambda: REHEARSAL_KEY), ("live", studio.keys.key)):
        standin = create_standin(studio.settings.home / f"past-{world}", render=film)
        gateways[world] = Gateway(key, RehearsalTransport(standin), pace=quick)
    return studio


def make(
    studio: Studio, mode: str, prompt: str, *, world: str = "live", parent: Take | None = None, **values: Any
) -> Take:
    given = {"prompt": prompt, "duration": "5", "generate_audio": True, **values}
    made = studio.desk.make(mode, given, world=world, parent_id=parent.id if parent else None)
    done = studio.desk.wait(made.id, 60)
    assert done.state.value == "kept", done.reason
    return done


def main() -> None:
    """A chain of three, a rehearsal out of it, a silent take without relations, and one with a hostile prompt."""
    studio = open_studio()
    studio.desk.runner.start()
    pier, dusk = ({"start_image_url": str(SAMPLES / name)} for name in ("pier.jpg", "pierb.jpg"))
    takes = {"dawn": make(studio, IMAGE, DAWN, **pier)}
    takes["dusk"] = make(studio, IMAGE, DUSK, parent=takes["dawn"], **dusk)
    takes["long"] = make(studio, IMAGE, DUSK, parent=takes["dusk"], duration="10", **dusk)
    takes["rehearsal"] = make(studio, IMAGE, DUSK, world="rehearsal", parent=takes["dusk"], **dusk)
    takes["silent"] = make(studio, TEXT, "A lamp turns in the fog.", generate_audio=False)
    takes["hostile"] = make(studio, TEXT, HOSTILE, aspect_ratio="9:16")
    studio.desk.runner.stop(5)
    print(json.dumps({name: take.id for name, take in takes.items()}))


if __name__ == "__main__":
    main()
