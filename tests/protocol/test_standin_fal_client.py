"""fal's own Python client completes its work against the stand-in, in-process and over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import fal_client
import httpx
import pytest

from studio.rehearsal import faults as play
from studio.rehearsal.faults import Faults, Step, dropped, film_ends
from studio.rehearsal.floor import Pace
from studio.rehearsal.serve import make_server
from studio.rehearsal.server import Standin, create_standin
from studio.rehearsal.transport import RehearsalTransport
from tests.unit.rehearsal.rig import (
    FONTS,
    I2V,
    KEY,
    SAMPLES,
    T2V,
    RehearsedClient,
    draw_nothing,
    http_client,
    probe,
    until_done,
)


async def test_upload_submit_follow_and_result(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, fonts_dir=FONTS)
    client = RehearsedClient(standin)
    url = await client.upload_file(SAMPLES / "pier.jpg")
    arguments = {"prompt": "Pan left. fog", "start_image_url": url, "generate_audio": False}
    handle = await client.submit(I2V, arguments)
    updates = [update async for update in handle.iter_events(with_logs=True, interval=0.05)]
    result = await handle.get()
    (tmp_path / "clip.mp4").write_bytes((await httpx_get(standin, result["video"]["url"])).content)
    facts = probe(tmp_path / "clip.mp4")
    assert isinstance(updates[-1], fal_client.Completed)
    assert any(log["message"].endswith(" of 120") for update in updates for log in getattr(update, "logs", None) or [])
    assert (facts["size"], facts["frames"], facts["audio"]) == ((1280, 720), 120, None)


async def httpx_get(standin: Standin, url: str) -> httpx.Response:
    async with http_client(standin, None) as client:
        return await client.get(url)


async def test_large_uploads_go_in_parts(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing)
    data = bytes(range(256)) * 4096 * 12  # 12 MiB
    client = RehearsedClient(standin)
    async with http_client(standin, None) as plain:
        url = await fal_client.client.AsyncMultipartUpload.save(
            client=plain,
            token_manager=await client._token_manager,
            file_name="big.mp4",
            data=data,
            content_type="video/mp4",
        )
    assert (await httpx_get(standin, url)).content == data


async def test_the_fallback_upload_works(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing)
    url = await RehearsedClient(standin).upload(b"abc", "image/png", "a.png", repository="fal")
    assert (await httpx_get(standin, url)).content == b"abc"


async def test_a_refused_film_raises_with_its_detail(tmp_path: Path) -> None:
    standin = create_standin(
        tmp_path, render=draw_nothing, faults=Faults({Step.FILM: [film_ends(play.CONTENT_POLICY)]})
    )
    handle = await RehearsedClient(standin).submit(T2V, {"prompt": "x"})
    with pytest.raises(fal_client.client.FalClientHTTPError) as caught:
        await handle.get(interval=0.01)
    assert caught.value.status_code == 422


async def test_cancel_of_a_finished_job_is_told(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing)
    handle = await RehearsedClient(standin).submit(T2V, {"prompt": "x"})
    await handle.get(interval=0.01)
    with pytest.raises(fal_client.client.FalClientHTTPError, match="ALREADY_COMPLETED"):
        await handle.cancel()


async def test_cancel_of_a_waiting_job_returns_quietly(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing, pace=Pace(queue_s=5))
    handle = await RehearsedClient(standin).submit(T2V, {"prompt": "x"})
    await handle.cancel()
    assert (await until_done(standin, handle.request_id)).failure is not None
    await standin.aclose()


async def test_its_submit_pays_twice_for_a_lost_answer(tmp_path: Path) -> None:
    """Why the gateway does not use it to submit: fal's client sends a lost POST again."""
    faults = Faults({Step.SUBMIT: [dropped("RemoteProtocolError").after()]})
    standin = create_standin(tmp_path, render=draw_nothing, faults=faults)
    await RehearsedClient(standin).submit(T2V, {"prompt": "x"})
    assert len(standin.tally.accepted) == 2


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[str, Standin]]:
    faults = Faults({Step.RESULT: [dropped()]})
    standin = create_standin(tmp_path, render=draw_nothing, faults=faults)
    server = make_server(standin, port=0)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", standin
    server.should_exit = True
    await task


async def test_served_on_loopback_every_address_points_back(served: tuple[str, Standin]) -> None:
    base, standin = served
    async with httpx.AsyncClient(headers={"Authorization": f"Key {KEY}"}, trust_env=False) as client:
        token = (await client.post(f"{base}/storage/auth/token", json={})).json()
        accepted = (await client.post(f"{base}/{T2V}", json={"prompt": "x"})).json()
        await until_done(standin, accepted["request_id"])
        status = (await client.get(accepted["status_url"])).json()
        with pytest.raises(httpx.TransportError):  # the scripted fault cuts the connection
            await client.get(accepted["response_url"])
        video = (await client.get(accepted["response_url"])).json()["video"]
        clip = await client.get(video["url"], headers={"Range": "bytes=4-7"})
    assert token["base_url"] == base
    assert accepted["status_url"].startswith(f"{base}/fal-ai/kling-video/requests/")
    assert status["response_url"] == accepted["response_url"]
    assert (clip.status_code, clip.content) == (206, b"ftyp")


async def test_pages_of_this_machine_may_call_and_others_may_not(served: tuple[str, Standin]) -> None:
    base, _ = served
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    async with httpx.AsyncClient(trust_env=False) as client:
        near = await client.options(f"{base}/x", headers={"Origin": "http://localhost:7860", **asked})
        far = await client.options(f"{base}/x", headers={"Origin": "https://evil.example", **asked})
        rebound = await client.get(f"{base}/v1/models", headers={"Host": "evil.example"})
    assert near.headers["access-control-allow-origin"] == "http://localhost:7860"
    assert "access-control-allow-origin" not in far.headers
    assert rebound.status_code == 400


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::"])
def test_it_is_never_served_to_other_machines(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        make_server(create_standin(tmp_path), host=host)


@pytest.mark.parametrize(
    "url", ["https://example.com/", "https://fal.ai/", "http://queue.fal.run/x", "https://queue.fal.run.evil.example/"]
)
async def test_no_other_host_is_reached(tmp_path: Path, url: str) -> None:
    async with httpx.AsyncClient(transport=RehearsalTransport(create_standin(tmp_path))) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
