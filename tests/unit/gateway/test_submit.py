"""A submit is one POST, whatever happens; what it raises says what is known about the money."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

from studio.gateway.engine import Engine, OneRequest
from studio.gateway.errors import Charged, GatewayError, LostAnswer, NotSent, Refusal
from studio.gateway.hosts import Hosts
from studio.gateway.wire import Broken, Patience, Wire
from studio.gateway.wires import Patiences
from tests.unit.gateway.fal_double import ACCEPTED, BASE, I2V, KEY, Wireside, gateway, reply

ARGUMENTS = {
    "prompt": "a boat. “hello”",
    "duration": "5",
    "generate_audio": True,
    "start_image_url": "https://x.y/a.png",
}
NGINX = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx/1.25</center></body></html>"

LOST = {
    "dropped after accept": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "reset while reading": httpx.ReadError("connection reset"),
    "reset while writing": httpx.WriteError("broken pipe"),
    "read timeout": httpx.ReadTimeout("slow"),
    "write timeout": httpx.WriteTimeout("slow"),
    "nginx 502": reply(502, text=NGINX),
    "nginx 504": reply(504, text=NGINX),
    "plain 500": reply(500, {"detail": "boom"}),
    "503 with fal's id": reply(503, {"detail": "x"}, headers={"x-fal-request-id": "r9"}),
    "408": reply(408, {"detail": "timeout"}),
    "499": reply(499, {"detail": "gone"}),
    "redirect": reply(307, headers={"location": "https://queue.falrun.com/x"}),
    "not JSON": reply(200, text="<html>hello</html>"),
    "JSON list": reply(200, [1]),
    "no request id": reply(200, {"status": "IN_QUEUE"}),
    "empty 200": reply(200, text=""),
    "deep JSON": reply(200, text="[" * 100_000),
}
UNSENT = {
    "connect": httpx.ConnectError("all attempts failed"),
    "connect timeout": httpx.ConnectTimeout("slow"),
    "dns": httpx.ConnectError("[Errno -2] Name or service not known"),
    "tls": httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"),
    "proxy": httpx.ProxyError("407"),
    "pool": httpx.PoolTimeout("busy"),
}
REFUSED = {
    "401": (reply(401, {"detail": "bad key"}), "bad_key"),
    "403 locked": (
        reply(403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai."}),
        "locked",
    ),
    "403": (reply(403, {"detail": "no"}), "forbidden"),
    "404": (reply(404, {"detail": "Application not found"}), "no_such_model"),
    "409": (reply(409, {"detail": "x"}), "conflict"),
    "413": (reply(413, text="too large"), "too_much"),
    "422": (reply(422, {"detail": 7}), "refused_input"),
    "429": (reply(429, {"detail": "slow down"}, headers={"retry-after": "20"}), "busy"),
}


async def test_accepted_submit_is_one_post_with_exactly_the_arguments() -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    ticket = await gateway(wireside).submit(I2V, ARGUMENTS)
    assert wireside.paths == [f"POST /{I2V}"]
    assert wireside.requests[0].url.host == "queue.fal.run"
    assert wireside.requests[0].url.query == b""
    assert json.loads(wireside.bodies[0]) == ARGUMENTS
    assert wireside.keys == [f"Key {KEY}"]
    assert (ticket.request_id, ticket.status_url, ticket.queue_position) == ("r1", f"{BASE}/status", 2)


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
async def test_lost_reply_is_never_resent(answer: httpx.Response | Exception) -> None:
    wireside = Wireside(answer, reply(200, ACCEPTED))
    with pytest.raises(LostAnswer) as caught:
        await gateway(wireside).submit(I2V, ARGUMENTS)
    assert len(wireside.requests) == 1
    assert caught.value.charged is Charged.MAYBE
    assert "Nothing was sent again" in caught.value.sentence or "running" in caught.value.sentence


@pytest.mark.parametrize("answer", UNSENT.values(), ids=UNSENT)
async def test_no_connection_is_not_sent_and_no_backup_host_is_tried(answer: Exception) -> None:
    wireside = Wireside(answer, reply(200, ACCEPTED))
    with pytest.raises(NotSent) as caught:
        await gateway(wireside).submit(I2V, ARGUMENTS)
    assert [request.url.host for request in wireside.requests] == ["queue.fal.run"]
    assert caught.value.charged is Charged.NO
    assert "Nothing was sent" in caught.value.sentence


@pytest.mark.parametrize(("answer", "code"), REFUSED.values(), ids=REFUSED)
async def test_a_refusal_is_final_free_and_asked_once(answer: httpx.Response, code: str) -> None:
    wireside = Wireside(answer, reply(200, ACCEPTED))
    with pytest.raises(Refusal) as caught:
        await gateway(wireside).submit(I2V, ARGUMENTS)
    assert len(wireside.requests) == 1
    assert (caught.value.code, caught.value.charged) == (code, Charged.NO)


async def test_busy_says_when_to_try_again() -> None:
    with pytest.raises(Refusal) as caught:
        await gateway(Wireside(REFUSED["429"][0])).submit(I2V, ARGUMENTS)
    assert caught.value.retry_after_s == 20
    assert caught.value.sentence == "fal.ai is busy (429). Try again in 20 s."


async def test_an_answer_that_drips_for_ever_is_lost_after_the_whole_patience() -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return reply(200, ACCEPTED)

    wireside = Wireside(hang)
    patiences = Patiences(submit=Patience(total_s=0.05))
    with pytest.raises(LostAnswer) as caught:
        await gateway(wireside, patiences=patiences).submit(I2V, ARGUMENTS)
    assert caught.value.code == "lost_timeout"
    assert len(wireside.requests) == 1


async def test_a_body_without_end_is_bounded() -> None:
    wireside = Wireside(reply(200, text="x" * 5000))
    with pytest.raises(LostAnswer) as caught:
        await gateway(wireside, patiences=Patiences(submit=Patience(max_body_bytes=1000))).submit(I2V, ARGUMENTS)
    assert caught.value.code == "lost_too_long"


@pytest.mark.parametrize("missing", ["response_url", "status_url", "cancel_url"])
async def test_missing_links_are_composed_from_the_app(missing: str) -> None:
    answer = {name: value for name, value in ACCEPTED.items() if name != missing}
    ticket = await gateway(Wireside(reply(202, answer))).submit(I2V, ARGUMENTS)
    assert getattr(ticket, missing) == ACCEPTED[missing]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/requests/r1/status",
        "http://queue.fal.run/fal-ai/kling-video/requests/r1/status",
        "https://queue.fal.run.evil.example/x",
        "https://queue.fal.run@evil.example/x",
        "https://evilfal.run/x",
        "https://queue.fal.run:8443/x",
        "https://v3.fal.media/x",
        "file:///etc/passwd",
        42,
    ],
)
async def test_links_to_strange_hosts_are_replaced(link: object) -> None:
    ticket = await gateway(Wireside(reply(200, {**ACCEPTED, "status_url": link}))).submit(I2V, ARGUMENTS)
    assert ticket.status_url == f"{BASE}/status"


async def test_a_lost_answer_keeps_the_id_that_fal_put_in_its_headers() -> None:
    wireside = Wireside(reply(200, text="garbage", headers={"x-fal-request-id": "r77"}))
    with pytest.raises(LostAnswer) as caught:
        await gateway(wireside).submit(I2V, ARGUMENTS)
    assert caught.value.request_id == "r77"


@pytest.mark.parametrize("key", [None, "", "  ", "with space", "käse", "line\nbreak"])
async def test_without_a_usable_key_nothing_is_sent(key: str | None) -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    called: list[int] = []
    with pytest.raises(NotSent) as caught:
        await gateway(wireside, key=key).submit(I2V, ARGUMENTS, on_sending=lambda: called.append(1))
    assert wireside.requests == []
    assert called == []
    assert caught.value.code in ("no_key", "bad_key")


@pytest.mark.parametrize("value", [float("nan"), "\ud800", object()])
async def test_what_is_not_json_is_not_sent(value: object) -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    with pytest.raises(NotSent, match="cannot be written down"):
        await gateway(wireside).submit(I2V, {**ARGUMENTS, "prompt": value})
    assert wireside.requests == []


async def test_the_intent_is_told_right_before_the_post_and_its_failure_sends_nothing() -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    order: list[int] = []

    async def write_down() -> None:
        order.append(len(wireside.requests))

    await gateway(wireside).submit(I2V, ARGUMENTS, on_sending=write_down)
    assert order == [0]

    def disk_full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await gateway(wireside).submit(I2V, ARGUMENTS, on_sending=disk_full)
    assert len(wireside.requests) == 1


async def test_a_key_set_later_is_used_at_once() -> None:
    keys = iter(["first-key", "first-key", "second-key", "second-key"])
    wireside = Wireside(reply(200, ACCEPTED))
    world = gateway(wireside, key=lambda: next(keys))
    await world.submit(I2V, ARGUMENTS)
    await world.submit(I2V, ARGUMENTS)
    assert wireside.keys == ["Key first-key", "Key second-key"]


@pytest.mark.parametrize(
    "answer",
    [
        reply(401, {"detail": f"key {KEY} unknown"}, headers={"x-echo": KEY}),
        reply(422, {"detail": [{"msg": KEY.split(":")[1], "type": "x"}]}),
        reply(200, text=f"garbage Authorization: Key {KEY}"),
        httpx.ReadError(f"reset {KEY}"),
    ],
)
async def test_the_key_is_in_no_error_repr_or_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = gateway(Wireside(answer))
    with pytest.raises(GatewayError) as caught:
        await world.submit(I2V, ARGUMENTS)
    error = caught.value
    shown = " ".join(
        [str(error), repr(error), error.detail, repr(vars(error)), repr(world), repr(vars(world)), caplog.text]
    )
    for secret in (KEY, *KEY.split(":")):
        assert secret not in shown
    assert error.__cause__ is None


async def test_the_key_does_not_outlive_the_sending() -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    await gateway(wireside).submit(I2V, ARGUMENTS)
    assert "authorization" not in wireside.requests[0].headers


async def test_fal_client_alone_posts_again_which_is_why_it_gets_one_request_only() -> None:
    wireside = Wireside(LOST["dropped after accept"], reply(200, ACCEPTED))
    async with httpx.AsyncClient(transport=wireside) as plain:
        await Engine(plain, Hosts()).submit(I2V, ARGUMENTS)  # type: ignore[arg-type]
    assert len(wireside.requests) == 2


async def test_a_second_request_is_refused_whoever_asks() -> None:
    wireside = Wireside(reply(200, ACCEPTED))
    wire = Wire(lambda: KEY, Hosts(), Patience(), wireside)
    once = OneRequest(wire, Hosts())
    await once.request("POST", f"https://queue.fal.run/{I2V}", json={})
    with pytest.raises(Broken):
        await once.request("POST", f"https://queue.fal.run/{I2V}", json={})
    await wire.aclose()
    assert len(wireside.requests) == 1


async def test_the_operators_hosts_replace_fals() -> None:
    base = "http://127.0.0.1:8999"
    ours = {name: str(value).replace("https://queue.fal.run", base) for name, value in ACCEPTED.items()}
    wireside = Wireside(reply(200, ours))
    ticket = await gateway(wireside, hosts=Hosts.all_at(base)).submit(I2V, ARGUMENTS)
    assert str(wireside.requests[0].url) == f"{base}/{I2V}"
    assert ticket.status_url.startswith(base)
    assert wireside.keys == [f"Key {KEY}"]
