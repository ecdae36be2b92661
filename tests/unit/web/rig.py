"""A whole studio behind a test client: the real rooms, with a renderer that is quick and a fal that is a stand-in."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from studio.gateway.fal import Gateway
from studio.gateway.pace import Pace
from studio.rehearsal.server import Keys, Standin, create_standin
from studio.rehearsal.transport import RehearsalTransport
from studio.settings import Settings
from studio.takes.take import State, Take
from studio.wiring import Studio
from tests.unit.takes.rig import QUICK

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"
GOOD_KEY = "studio-test:0123456789abcdefghij"
OWN = {"X-Studio": "1"}
TEXT = {"prompt": "A lamp turns in the fog.", "duration": "5", "generate_audio": False}


@dataclass
class Room:
    """A studio that is open, and a browser that talks to it."""

    studio: Studio
    client: TestClient
    fal: Standin

    @property
    def home(self) -> Path:
        return self.studio.settings.home

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a change that the page asks for; it must be answered with 200."""
        answer = self.client.post(path, json={} if body is None else body, headers=OWN)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()

    def upload(self, kind: str, content: bytes, name: str = "file") -> Any:
        headers = {**OWN, "X-File-Name": name}
        return self.client.post(f"/studio/inputs?kind={kind}", content=content, headers=headers)

    def taken_in(self, kind: str, content: bytes, name: str = "file") -> dict[str, Any]:
        answer = self.upload(kind, content, name)
        assert answer.status_code == 200, answer.text
        about: dict[str, Any] = answer.json()
        assert "error" not in about, about
        return about

    def kept(self, mode: str = "text-to-video", **more: Any) -> Take:
        """A take that was made and kept."""
        made = self.studio.desk.make(mode, {**TEXT, **more.pop("values", {})}, world="rehearsal", **more)
        done = self.studio.desk.wait(made.id, 30)
        assert done.state is State.KEPT, done.reason
        return done


@contextmanager
def opened(home: Path, **settings: Any) -> Iterator[Room]:
    """A studio on `home` whose fal knows `GOOD_KEY` alone and whose clips are drawn at once."""
    studio = Studio(Settings(home=home, **settings))
    studio.standin = create_standin(home / "standin", render=film_plainly)
    fal = create_standin(home / "fal", render=film_plainly, keys=Keys(frozenset({GOOD_KEY})))
    quick = Pace(first_s=0.01, max_s=0.02)
    studio.desk.runner.crew.tempo = QUICK
    gateways: Any = studio.desk.runner.crew.gateways
    gateways["rehearsal"] = Gateway(GOOD_KEY, RehearsalTransport(studio.standin), pace=quick)
    gateways["live"] = Gateway(studio.keys.key, RehearsalTransport(fal), pace=quick)
    with TestClient(studio.app, base_url="http://127.0.0.1:7860") as client:
        yield Room(studio, client, fal)


async def film_plainly(spec: dict[str, Any]) -> dict[str, Any]:
    """A renderer for tests: four grey frames a second in a true MP4 of the right length."""
    if spec["mode"] == "create-voice":
        return {"voice_id": "829877809978941442"}
    seconds = float(spec["arguments"].get("duration") or 3)
    await asyncio.to_thread(write_clip, Path(spec["output_path"]), seconds)
    return {"path": spec["output_path"], "duration_s": seconds}


def write_clip(path: Path, seconds: float, rate: int = 4) -> None:
    """A clip whose frames get lighter, so that one moment can be told from another."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        count = round(seconds * rate)
        for number in range(count):
            grey = np.full((180, 320, 3), 40 + 180 * number // count, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def picture(width: int = 640, height: int = 360, format: str = "JPEG") -> bytes:
    """A picture as bytes."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(out, format)
    return out.getvalue()


def hum(seconds: float = 6.0) -> bytes:
    """A wavering tone as a 16-bit WAV, which passes for speech."""
    at = np.arange(int(seconds * 16_000)) / 16_000
    tone = np.sin(2 * np.pi * 140 * at) * (0.3 + 0.2 * np.sin(2 * np.pi * 3 * at))
    out = io.BytesIO()
    with av.open(out, "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray((tone * 32_000).astype("<i2")[None, :], format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()
