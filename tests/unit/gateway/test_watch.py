"""Looking at a take: tolerant, polite, and never mistaking a failed look for a failed take."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from studio.gateway.answers import Progress
from studio.gateway.errors import Charged, ForbiddenHost, Gone, NotReady, TakeFailed, Trouble
from studio.gateway.fal import Gateway
from studio.gateway.pace import Pace
from tests.unit.gateway.fal_double import ACCEPTED, BASE, KEY, TICKET, Wireside, gateway, reply

QUEUED = {"status": "IN_QUEUE", "queue_position": 3}
RUNNING = {"status": "IN_PROGRESS", "logs": [{"message": "frame 1", "level": "INFO"}, {"nonsense": 1}, "text"]}
DONE = {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 83.2}}
VIDEO = {"video": {"url": "https://v3.fal.media/files/a/out.mp4", "content_type": "video/mp4", "file_size": 1234}}


async def looks(world: Gateway, **options: Any) -> list[Progress]:
    return [progress async for progress in world.watch(TICKET, **options)]


async def test_status_reads_all_three_states() -> None:
    world = gateway(Wireside(reply(202, QUEUED), reply(202, RUNNING), reply(200, DONE)))
    assert (await world.status(TICKET)) == Progress("queued", queue_position=3)
    assert (await world.status(TICKET)).logs == ["frame 1", "text"]
    done = await world.status(TICKET)
    assert (done.state, done.inference_s) == ("done", 83.2)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"status": "IN_QUEUE"}, "queued"),
        ({"status": "IN_QUEUE", "queue_position": "NaN"}, "queued"),
        ({"status": "IN_PROGRESS"}, "running"),
        ({"status": "COMPLETED", "metrics": [1], "logs": {"a": 1}, "error": 7}, "done"),
        ({"status": "completed"}, "done"),
    ],
)
async def test_missing_and_strange_keys_do_not_stop_a_look(body: dict[str, Any], state: str) -> None:
    assert (await gateway(Wireside(reply(200, body))).status(TICKET)).state == state


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(200, text="<html>"), "garbage"),
        (reply(200, [1, 2]), "missing_keys"),
        (reply(200, {"state": "x"}), "missing_keys"),
        (reply(200, {"status": "PAUSED"}), "unknown_status"),
        (reply(200, text="[" * 100_000), "garbage"),
        (reply(401, {"detail": "x"}), "bad_key"),
        (reply(403, {"detail": "User is locked. Reason: Exhausted balance."}), "locked"),
        (reply(403, {"detail": "x"}), "forbidden"),
        (reply(429, {"detail": "x"}), "busy"),
        (reply(500, {"detail": "x"}), "server"),
        (reply(502, text="nginx"), "server"),
        (httpx.ConnectError("Connection refused"), "refused"),
        (httpx.ConnectError("Name or service not known"), "dns"),
        (httpx.ConnectError("SSL: CERTIFICATE_VERIFY_FAILED"), "tls"),
        (httpx.ReadTimeout("x"), "timeout"),
        (httpx.ReadError("x"), "reset"),
    ],
)
async def test_a_failed_look_is_trouble_and_asked_once(answer: httpx.Response | Exception, code: str) -> None:
    wireside = Wireside(answer)
    with pytest.raises(Trouble) as caught:
        await gateway(wireside).status(TICKET)
    assert (caught.value.code, caught.value.is_retryable) == (code, True)
    assert caught.value.request_id == "r1"
    assert len(wireside.requests) == 1


async def test_watching_goes_on_through_every_trouble() -> None:
    world = gateway(
        Wireside(
            reply(202, QUEUED),
            httpx.ConnectError("unplugged"),
            httpx.ReadTimeout("slow"),
            reply(401, {"detail": "x"}),
            reply(502, text="nginx"),
            reply(200, {"status": "WHAT"}),
            reply(202, RUNNING),
            reply(200, DONE),
        )
    )
    seen = await looks(world)
    assert [progress.state for progress in seen] == ["queued"] * 6 + ["running", "done"]
    assert [progress.trouble is not None for progress in seen] == [False] + [True] * 5 + [False, False]


async def test_looks_are_polite_and_back_off() -> None:
    world = gateway(Wireside(*[reply(202, RUNNING)] * 12, reply(200, DONE)))
    await looks(world)
    slept = world.slept  # type: ignore[attr-defined]
    assert slept[0] == 1.0
    assert slept == sorted(slept)
    assert slept[-1] == 3.0


async def test_trouble_waits_longer_but_a_plugged_cable_is_seen_within_ten_seconds() -> None:
    world = gateway(Wireside(*[httpx.ConnectError("down")] * 9, reply(200, DONE)))
    await looks(world)
    slept = world.slept  # type: ignore[attr-defined]
    assert slept[:3] == [3.0, 6.0, 10.0]
    assert max(slept) == 10.0


async def test_retry_after_is_heeded() -> None:
    world = gateway(Wireside(reply(429, {}, headers={"retry-after": "25"}), reply(200, DONE)))
    await looks(world)
    assert world.slept == [25.0]  # type: ignore[attr-defined]


async def test_one_unknown_look_after_the_submit_is_forgiven() -> None:
    missing = reply(404, {"status": "NOT_FOUND"})
    seen = await looks(gateway(Wireside(missing, missing, reply(200, DONE))))
    assert seen[-1].state == "done"


async def test_a_request_that_stays_unknown_is_gone() -> None:
    wireside = Wireside(reply(404, {"status": "NOT_FOUND"}))
    with pytest.raises(Gone):
        await looks(gateway(wireside))
    assert len(wireside.requests) == 5


async def test_result_has_the_payload_and_what_was_billed() -> None:
    headers = {"x-fal-billable-units": "5.0", "x-fal-request-id": "r1"}
    wireside = Wireside(reply(200, VIDEO, headers=headers))
    result = await gateway(wireside).result(TICKET)
    assert wireside.paths == ["GET /fal-ai/kling-video/requests/r1"]
    assert result.billable_units == 5.0
    assert result.video is not None
    assert (result.video.url, result.video.size_bytes) == (VIDEO["video"]["url"], 1234)


@pytest.mark.parametrize("units", ["", "abc", "nan", "inf"])
async def test_odd_billable_units_are_none(units: str) -> None:
    result = await gateway(Wireside(reply(200, VIDEO, headers={"x-fal-billable-units": units}))).result(TICKET)
    assert result.billable_units is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(504, text="gateway timeout"),
        reply(502, text="nginx"),
        reply(500, {"detail": "Internal Server Error"}),
        reply(500, {"detail": "x", "error_type": "internal_error"}),
        reply(401, {"detail": "x"}),
        reply(403, {"detail": "User is locked. Reason: Exhausted balance."}),
        reply(429, {"detail": "x"}),
        reply(200, text="<html>"),
        reply(200, {"video": {"content_type": "video/mp4"}}),
        reply(200, {"video": None}),
        httpx.ReadTimeout("x"),
        httpx.ConnectError("x"),
    ],
)
async def test_a_result_that_did_not_arrive_is_not_a_failed_take(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Trouble) as caught:
        await gateway(Wireside(answer)).result(TICKET)
    assert caught.value.is_retryable


@pytest.mark.parametrize(
    "answer", [reply(400, {"detail": "Request is still in progress"}), reply(202, {"status": "IN_PROGRESS"})]
)
async def test_a_result_asked_for_too_early_is_not_ready(answer: httpx.Response) -> None:
    with pytest.raises(NotReady):
        await gateway(Wireside(answer)).result(TICKET)


@pytest.mark.parametrize("status", [404, 410])
async def test_an_expired_result_is_gone(status: int) -> None:
    with pytest.raises(Gone) as caught:
        await gateway(Wireside(reply(status, {"detail": "x"}))).result(TICKET)
    assert caught.value.code == "expired"


@pytest.mark.parametrize(
    ("answer", "code", "charged"),
    [
        (reply(422, {"detail": [{"type": "content_policy_violation"}]}), "content_policy", Charged.MAYBE),
        (reply(500, {"detail": [{"type": "internal_server_error"}]}), "model_crashed", Charged.NO),
        (reply(504, {"detail": [{"type": "generation_timeout"}]}), "model_too_slow", Charged.NO),
        (reply(504, {"detail": "x", "error_type": "request_timeout"}), "start_too_late", Charged.NO),
        (reply(503, {"detail": "x"}, headers={"x-fal-error-type": "runner_disconnected"}), "runner_lost", Charged.NO),
        (reply(499, {"detail": "x", "error_type": "client_cancelled"}), "cancelled", Charged.MAYBE),
        (reply(499, {"detail": "x"}), "cancelled", Charged.MAYBE),
        (reply(400, {"detail": "bad"}), "failed", Charged.MAYBE),
        (reply(422, {"detail": "text only"}), "failed", Charged.MAYBE),
        (
            reply(422, {"detail": [{"type": "no_media_generated"}]}, headers={"x-fal-billable-units": "5"}),
            "no_media",
            Charged.YES,
        ),
        (
            reply(422, {"detail": [{"type": "no_media_generated"}]}, headers={"x-fal-billable-units": "0"}),
            "no_media",
            Charged.NO,
        ),
    ],
)
async def test_a_failed_take_says_why_and_what_it_cost(answer: httpx.Response, code: str, charged: Charged) -> None:
    with pytest.raises(TakeFailed) as caught:
        await gateway(Wireside(answer)).result(TICKET)
    assert (caught.value.code, caught.value.charged) == (code, charged)


async def test_a_bare_5xx_is_final_when_the_status_named_the_reason() -> None:
    with pytest.raises(TakeFailed):
        await gateway(Wireside(reply(503, text="x"))).result(TICKET, "runner_connection_error")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (reply(202, {"status": "CANCELLATION_REQUESTED"}), "requested"),
        (reply(200, {"status": "OK"}), "removed"),
        (reply(200, {"success": True}), "requested"),  # an older word: the wish came through, no more
        (reply(200, {"success": False}), "too_late"),
        (reply(400, {"status": "ALREADY_COMPLETED"}), "too_late"),
        (reply(404, {"status": "NOT_FOUND"}), "not_found"),
        (reply(404, text="nope"), "not_found"),
        (reply(202, text="nope"), "requested"),
    ],
)
async def test_cancel_tells_its_outcomes_apart(answer: httpx.Response, outcome: str) -> None:
    wireside = Wireside(answer)
    assert await gateway(wireside).cancel(TICKET) == outcome
    assert wireside.paths == ["PUT /fal-ai/kling-video/requests/r1/cancel"]


@pytest.mark.parametrize("answer", [reply(500, text="x"), reply(400, text="x"), httpx.ReadError("x")])
async def test_a_cancel_without_an_answer_is_trouble(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Trouble):
        await gateway(Wireside(answer)).cancel(TICKET)


async def test_a_ledger_row_with_strange_links_gets_fals_own() -> None:
    row = {"request_id": "a/../b", "status_url": "https://evil.example/", "endpoint_id": TICKET["endpoint_id"]}
    wireside = Wireside(reply(200, DONE))
    await gateway(wireside).status(row)
    assert wireside.requests[0].url.host == "queue.fal.run"
    assert wireside.requests[0].url.raw_path.startswith(b"/fal-ai/kling-video/requests/a%2F..%2Fb/status")


async def test_strange_links_without_an_endpoint_are_not_followed() -> None:
    wireside = Wireside(reply(200, DONE))
    with pytest.raises(ForbiddenHost):
        await gateway(wireside).status({**ACCEPTED, "status_url": "https://evil.example/"})
    assert wireside.requests == []


async def test_a_redirect_is_never_followed_with_the_key() -> None:
    wireside = Wireside(reply(302, headers={"location": f"{BASE}/elsewhere"}))
    with pytest.raises(Trouble):
        await gateway(wireside).status(TICKET)
    assert wireside.keys == [f"Key {KEY}"]


def test_pace_never_leaves_its_bounds() -> None:
    pace = Pace()
    waits = [
        pace.wait_s(looks, troubles, None, luck) for looks in range(60) for troubles in range(30) for luck in (0, 1)
    ]
    assert min(waits) >= 0.9
    assert max(waits) <= 11.0
