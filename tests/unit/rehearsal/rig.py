"""What the stand-in's tests share: sample files, a renderer that draws nothing, fal's own client on the transport."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import av
import fal_client
import httpx
import numpy as np
from fal_client.client import AsyncCDNTokenManager, CDNToken

from studio.rehearsal.job import Job
from studio.rehearsal.server import Standin
from studio.rehearsal.transport import RehearsalTransport

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "assets" / "samples"
FONTS = ROOT / "assets" / "fonts"
KEY = "rehearsal:secret"
QUEUE = "https://queue.fal.run"
I2V = "fal-ai/kling-video/v2.6/pro/image-to-video"
T2V = "fal-ai/kling-video/v2.6/pro/text-to-video"
MOTION = "fal-ai/kling-video/v2.6/pro/motion-control"
VOICE = "fal-ai/kling-video/create-voice"
SCENE = {"prompt": "A lamp turns in the fog."}


async def draw_nothing(spec: dict[str, Any]) -> dict[str, Any]:
    """A renderer for tests of the protocol: a few bytes at once."""
    return _drawn(spec)


def _drawn(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["mode"] == "create-voice":
        return {"voice_id": "829877809978941442"}
    Path(spec["output_path"]).write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(1000))
    return {"path": spec["output_path"], "duration_s": float(spec["arguments"].get("duration", 5))}


class HeldRender:
    """A renderer that says `Frame 3 of 9` and then waits to be let go."""

    def __init__(self) -> None:
        self.is_let_go = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.count = 0

    async def __call__(self, spec: dict[str, Any]) -> dict[str, Any]:
        self.count += 1
        self._tell(Path(spec["progress_path"]))
        self.has_begun.set()
        await self.is_let_go.wait()
        return _drawn(spec)

    def _tell(self, path: Path) -> None:
        path.write_text("Frame 3 of 9")


def http_client(standin: Standin, key: str | None = KEY, **options: Any) -> httpx.AsyncClient:
    headers = {"Authorization": f"Key {key}"} if key else {}
    return httpx.AsyncClient(transport=RehearsalTransport(standin), headers=headers, **options)


async def until_done(standin: Standin, request_id: str) -> Job:
    """Wait for a job to end; fails after 10 s."""
    async with asyncio.timeout(10):
        while True:
            job = standin.book.get(request_id)
            assert job is not None
            if job.is_done:
                return job
            await asyncio.sleep(0.01)


async def submit(client: httpx.AsyncClient, endpoint_id: str = T2V, **arguments: Any) -> dict[str, Any]:
    answer = await client.post(f"{QUEUE}/{endpoint_id}", json={**SCENE, **arguments})
    assert answer.status_code == 200, answer.text
    accepted: dict[str, Any] = answer.json()
    return accepted


async def upload(client: httpx.AsyncClient, path: Path, content_type: str) -> str:
    """Store a file the way fal's Python client does; returns its URL."""
    data = await asyncio.to_thread(path.read_bytes)
    token = (await client.post("https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3", json={})).json()
    answer = await client.post(
        f"{token['base_url']}/files/upload",
        content=data,
        headers={
            "Authorization": f"{token['token_type']} {token['token']}",
            "Content-Type": content_type,
            "X-Fal-File-Name": path.name,
        },
    )
    url: str = answer.json()["access_url"]
    return url


class _Tokens(AsyncCDNTokenManager):
    """fal's token manager with its one bare httpx client replaced."""

    def __init__(self, auth: Any, client: Callable[[], httpx.AsyncClient]) -> None:
        super().__init__(auth)
        self._make_client = client

    async def _refresh_token(self) -> CDNToken:
        async with self._make_client() as client:
            data = (await client.post(self._url, headers=self._headers, json={})).raise_for_status().json()
        return CDNToken(data["token"], data["token_type"], data["base_url"], datetime.fromisoformat(data["expires_at"]))


class RehearsedClient(fal_client.AsyncClient):
    """The real fal client, its sockets exchanged for the stand-in."""

    def __init__(self, standin: Standin, key: str = KEY) -> None:
        super().__init__(key=key)
        self._standin = standin
        self._http = http_client(standin, key)
        self._tokens: _Tokens | None = None

    @property
    def _client(self) -> Awaitable[httpx.AsyncClient]:
        async def get() -> httpx.AsyncClient:
            return self._http

        return get()

    @property
    def _token_manager(self) -> Awaitable[AsyncCDNTokenManager]:
        async def get() -> AsyncCDNTokenManager:
            if self._tokens is None:
                self._tokens = _Tokens(await self._auth, lambda: http_client(self._standin, None))
            return self._tokens

        return get()

    @asynccontextmanager
    async def _cdn_client(self) -> AsyncIterator[httpx.AsyncClient]:
        async with http_client(self._standin, None) as client:
            yield client


def probe(path: Path | str) -> dict[str, Any]:
    """What an MP4 is, decoded whole: codecs, size, lengths, tags, comment."""
    with av.open(str(path)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        audio = container.streams.audio[0] if container.streams.audio else None
        sound_s = sum(frame.samples / frame.sample_rate for frame in container.decode(audio)) if audio else 0.0
        return {
            "video": video.codec_context.name,
            "pix_fmt": video.codec_context.pix_fmt,
            "size": (video.width, video.height),
            "fps": float(video.average_rate or 0),
            "frames": frames,
            "audio": audio.codec_context.name if audio else None,
            "sound_s": sound_s,
            "colour": (
                int(video.codec_context.colorspace),
                int(video.codec_context.color_primaries),
                int(video.codec_context.color_trc),
                int(video.codec_context.color_range),
            ),
            "comment": container.metadata.get("comment", ""),
        }


def pictures(path: Path | str) -> list[np.ndarray]:
    """Every frame in RGB, read as BT.709."""
    with av.open(str(path)) as container:
        return [
            frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in container.decode(video=0)
        ]


def sound(path: Path | str) -> tuple[np.ndarray, int]:
    """The sound as mono samples, and its rate. The encoder's lead-in is cut as players cut it."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        whole = np.zeros(rate * 40, np.float32)
        for frame in container.decode(audio=0):
            start = round((frame.time or 0) * rate)
            samples = frame.to_ndarray()[0]
            if start < 0:
                samples, start = samples[-start:], 0
            whole[start : start + len(samples)] = samples
    return whole, rate
