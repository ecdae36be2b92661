"""Faults are played as scripted, a seed repeats them, and what was accepted in spite of them is counted."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio.rehearsal import faults as play
from studio.rehearsal.faults import Fault, Faults, SeededFaults, Spoil, Step, dropped, film_ends, slow, spoiled
from studio.rehearsal.server import Standin, create_standin
from tests.unit.rehearsal.rig import QUEUE, SAMPLES, T2V, draw_nothing, http_client, submit, until_done, upload


def make(tmp_path: Path, faults: Faults) -> Standin:
    return create_standin(tmp_path, render=draw_nothing, faults=faults)


async def post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(f"{QUEUE}/{T2V}", json={"prompt": "x"})


REFUSALS = [
    (play.UNAUTHORIZED, 401),
    (play.LOCKED, 403),
    (play.NOT_FOUND, 404),
    (play.CONFLICT, 409),
    (play.TOO_MANY, 429),
    (play.SERVER_ERROR, 500),
    (play.NGINX_502, 502),
    (play.UNAVAILABLE, 503),
    (play.GATEWAY_TIMEOUT, 504),
]


@pytest.mark.parametrize(("fault", "status"), REFUSALS, ids=lambda value: str(getattr(value, "name", value)))
async def test_a_refusal_before_the_call_accepts_nothing(tmp_path: Path, fault: Fault, status: int) -> None:
    standin = make(tmp_path, Faults({Step.SUBMIT: [fault]}))
    async with http_client(standin) as client:
        assert (await post(client)).status_code == status
        assert standin.tally.accepted == []
        assert (await post(client)).status_code == 200
    assert len(standin.tally.accepted) == 1


@pytest.mark.parametrize("fault", [play.GATEWAY_TIMEOUT.after(), play.NGINX_502.after()], ids=lambda fault: fault.name)
async def test_a_refusal_after_the_call_hides_a_job_that_runs(tmp_path: Path, fault: Fault) -> None:
    standin = make(tmp_path, Faults({Step.SUBMIT: [fault]}))
    async with http_client(standin) as client:
        answer = await post(client)
        await until_done(standin, standin.tally.accepted[0])
    assert answer.status_code >= 500
    assert standin.book.get(standin.tally.accepted[0]).is_billed  # type: ignore[union-attr]


async def test_the_nginx_page_looks_like_nginx(tmp_path: Path) -> None:
    standin = make(tmp_path, Faults({Step.STATUS: [play.NGINX_502]}))
    async with http_client(standin) as client:
        accepted = await submit(client)
        answer = await client.get(accepted["status_url"])
    assert "nginx" in answer.text
    assert "x-fal-request-id" not in answer.headers


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "ReadError", "ReadTimeout", "RemoteProtocolError"])
@pytest.mark.parametrize("is_after", [False, True])
async def test_a_dropped_line_raises_what_httpx_raises(tmp_path: Path, name: str, is_after: bool) -> None:
    fault = dropped(name).after() if is_after else dropped(name)
    standin = make(tmp_path, Faults({Step.SUBMIT: [fault]}))
    async with http_client(standin) as client:
        with pytest.raises(getattr(httpx, name)) as caught:
            await post(client)
    assert caught.value.request.url.host == "queue.fal.run"
    assert len(standin.tally.accepted) == is_after


async def test_a_clip_cut_short_breaks_the_line(tmp_path: Path) -> None:
    standin = make(tmp_path, Faults({Step.DOWNLOAD: [spoiled(Spoil.TRUNCATED)]}))
    async with http_client(standin) as client:
        url = await upload(client, SAMPLES / "pier.jpg", "image/jpeg")
        received: list[bytes] = []
        with pytest.raises(httpx.RemoteProtocolError):
            await fetch(client, url, received)
        whole = await client.get(url)
    assert b"".join(received) == whole.content[: len(whole.content) // 2]


async def fetch(client: httpx.AsyncClient, url: str, received: list[bytes]) -> None:
    async with client.stream("GET", url) as answer:
        async for chunk in answer.aiter_bytes():
            received.append(chunk)


@pytest.mark.parametrize("spoil", [Spoil.SHORT, Spoil.EMPTY, Spoil.HTML])
async def test_a_spoiled_clip_looks_like_a_good_answer(tmp_path: Path, spoil: Spoil) -> None:
    standin = make(tmp_path, Faults({Step.DOWNLOAD: [spoiled(spoil)]}))
    async with http_client(standin) as client:
        url = await upload(client, SAMPLES / "pier.jpg", "image/jpeg")
        answer = await client.get(url)
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.content != (SAMPLES / "pier.jpg").read_bytes()


@pytest.mark.parametrize("fault", [play.NOT_FOUND, play.GONE])
async def test_a_clip_can_expire(tmp_path: Path, fault: Fault) -> None:
    standin = make(tmp_path, Faults(always={Step.DOWNLOAD: fault}))
    async with http_client(standin) as client:
        url = await upload(client, SAMPLES / "pier.jpg", "image/jpeg")
        assert [(await client.get(url)).status_code for _ in range(2)] == [int(fault.name)] * 2


async def test_spoiled_json_is_accepted_and_unreadable(tmp_path: Path) -> None:
    row = [spoiled(Spoil.GARBAGE), spoiled(Spoil.MISSING_KEYS), spoiled(Spoil.UNKNOWN_STATUS)]
    standin = make(tmp_path, Faults({Step.SUBMIT: row[:1], Step.STATUS: row}))
    async with http_client(standin) as client:
        with pytest.raises(ValueError, match="Expecting"):
            (await post(client)).json()
        request_id = standin.tally.accepted[0]
        status_url = f"{QUEUE}/fal-ai/kling-video/requests/{request_id}/status"
        with pytest.raises(ValueError, match="Expecting"):
            (await client.get(status_url)).json()
        assert (await client.get(status_url)).json() == {"status": "IN_PROGRESS"}
        assert (await client.get(status_url)).json()["status"] == "DREAMING"


async def test_a_slow_answer_meets_the_clients_own_timeout(tmp_path: Path) -> None:
    standin = make(tmp_path, Faults({Step.SUBMIT: [slow(0.15)]}))
    async with http_client(standin, timeout=0.05) as client:
        with pytest.raises(httpx.ReadTimeout):
            await post(client)
        await asyncio.sleep(0.2)
    assert len(standin.tally.accepted) == 1  # the request had arrived


async def test_a_film_can_end_in_any_failure(tmp_path: Path) -> None:
    standin = make(tmp_path, Faults({Step.FILM: [film_ends(play.CONTENT_POLICY)]}))
    async with http_client(standin) as client:
        accepted = await submit(client)
        job = await until_done(standin, accepted["request_id"])
        result = await client.get(accepted["response_url"])
    assert result.json()["detail"][0]["type"] == "content_policy_violation"
    assert not job.is_billed


async def test_calls_and_faults_are_counted(tmp_path: Path) -> None:
    standin = make(tmp_path, Faults({Step.SUBMIT: [None, play.TOO_MANY]}))
    async with http_client(standin) as client:
        for _ in range(3):
            await post(client)
    assert standin.tally.calls[Step.SUBMIT] == 3
    assert standin.tally.played == [("submit", "429")]
    assert len(standin.tally.accepted) == 2


def draws(seed: int) -> list[str]:
    faults = SeededFaults(seed, rate=0.5)
    return [fault.name if (fault := faults.take(step)) else "" for step in list(Step) * 4]


def test_a_seed_repeats_its_faults() -> None:
    assert draws(7) == draws(7)
    assert len({tuple(draws(seed)) for seed in range(20)}) == 20


def test_seeded_faults_end() -> None:
    faults = SeededFaults(1, rate=1.0, most=3)
    assert [faults.take(Step.STATUS) is None for _ in range(5)] == [False, False, False, True, True]


@pytest.mark.parametrize("step", list(Step))
def test_every_step_has_faults_on_the_menu(step: Step) -> None:
    assert play.MENU[step]


@pytest.mark.parametrize("seed", range(12))
async def test_no_fault_breaks_the_standin_itself(tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture) -> None:
    """A clumsy client that sends everything once and shrugs at every error."""
    standin = make(tmp_path, SeededFaults(seed, rate=0.5, most=30))

    async def attempt(method: str, url: str, **options: Any) -> None:
        with contextlib.suppress(httpx.TransportError):
            await client.request(method, url, **options)

    async with http_client(standin) as client:
        for _ in range(4):
            await attempt("POST", f"{QUEUE}/{T2V}", json={"prompt": "x"})
        for request_id in list(standin.tally.accepted):
            at = f"{QUEUE}/fal-ai/kling-video/requests/{request_id}"
            for url in (f"{at}/status", f"{at}/status/stream", at):
                await attempt("GET", url)
            await attempt("PUT", f"{at}/cancel")
            await until_done(standin, request_id)
    assert len(standin.tally.accepted) <= 4
    assert not caplog.records
