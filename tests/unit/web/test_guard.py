"""What comes from another site changes nothing, and every answer carries the headers that keep the page at home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from studio.web.guard import Access
from tests.unit.web.rig import OWN, Room, opened

FOREIGN = ("https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:7860")
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}


@pytest.mark.parametrize("origin", FOREIGN)
def test_foreign_page_cannot_change_anything(room: Room, origin: str) -> None:
    before = room.get("/studio/spend")["limits"]
    answer = room.client.post("/studio/limits", json={"day": "999"}, headers={**OWN, "Origin": origin})
    assert answer.status_code == 403
    assert room.get("/studio/spend")["limits"] == before


@pytest.mark.parametrize("path", ["/gradio_api/call/quote", "/gradio_api/upload", "/gradio_api/queue/join"])
def test_foreign_page_cannot_use_gradio_either(room: Room, path: str) -> None:
    answer = room.client.post(path, json={"data": []}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_changing_method_asks_where_it_comes_from(room: Room, method: str) -> None:
    answer = room.client.request(method, "/studio/limits", headers={**OWN, "Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_foreign_page_cannot_listen(room: Room) -> None:
    headers = {"Origin": "https://evil.example"}
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        room.client.websocket_connect("ws://127.0.0.1:7860/studio/live", headers=headers),
    ):
        pass
    assert closed.value.code == 1008


def test_own_page_may_change_and_listen(room: Room) -> None:
    own = {"Origin": "http://127.0.0.1:7860"}
    assert room.client.post("/studio/script", json={}, headers={**OWN, **own}).status_code == 200
    with room.client.websocket_connect("ws://127.0.0.1:7860/studio/live", headers=own) as socket:
        assert socket.receive_json()["type"] == "snapshot"


@pytest.mark.parametrize("headers", [{}, {"X-Studio": "0"}, {"X-Studio": ""}])
@pytest.mark.parametrize(
    "path", ["/studio/limits", "/studio/key", "/studio/inputs?kind=picture", "/studio/takes/t/star"]
)
def test_own_change_needs_the_header_that_a_form_cannot_send(room: Room, path: str, headers: Mapping[str, str]) -> None:
    assert room.client.post(path, content=b"{}", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "[::1"])
def test_rebound_name_of_a_foreign_site_is_refused(room: Room, host: str) -> None:
    answer = room.client.get("/studio/state", headers={"Host": host})
    assert answer.status_code == 400
    assert "today" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7860", "[::1]:7861", "LOCALHOST"])
def test_names_of_this_machine_are_let_in(room: Room, host: str) -> None:
    assert room.client.get("/healthz", headers={"Host": host}).status_code == 200


def test_rebound_name_is_refused_a_socket_too(room: Room) -> None:
    headers = {"Host": "evil.example"}
    with (
        pytest.raises(WebSocketDisconnect),
        room.client.websocket_connect("ws://evil.example/studio/live", headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/config", 200),
        ("/gradio_api/info", 200),
        ("/gradio_api/file=/etc/passwd", 403),
        ("/healthz", 200),
        ("/studio/state", 200),
        ("/studio/assets/studio.js", 200),
        ("/studio/takes/none", 404),
        ("/nowhere", 404),
    ],
)
def test_every_answer_carries_the_safe_headers(room: Room, path: str, status: int) -> None:
    answer = room.client.get(path)
    assert answer.status_code == status
    assert_safe(answer.headers)


def test_refusals_carry_the_safe_headers_too(room: Room) -> None:
    foreign = room.client.post("/studio/limits", headers={"Origin": "https://evil.example"})
    rebound = room.client.get("/", headers={"Host": "evil.example"})
    assert (foreign.status_code, rebound.status_code) == (403, 400)
    assert_safe(foreign.headers)
    assert_safe(rebound.headers)


def test_policy_lets_the_page_reach_this_server_alone(room: Room) -> None:
    policy = room.client.get("/").headers["content-security-policy"].split("; ")
    rules = {rule.split(" ")[0]: rule.split(" ")[1:] for rule in policy}
    allowed = {source for sources in rules.values() for source in sources}
    assert allowed <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert rules["connect-src"] == ["'self'", "blob:", "data:"]
    assert rules["frame-ancestors"] == ["'none'"]


def test_studio_for_other_machines_asks_for_a_name_and_a_password(tmp_path: Path) -> None:
    with opened(tmp_path / "home", host="0.0.0.0", access="me:of-this-test") as guarded:
        client = guarded.client
        for path in ("/", "/config", "/gradio_api/info", "/studio/state", "/studio/assets/studio.js", "/studio/takes"):
            for given in (None, ("me", "wrong"), ("", ""), ("me:of-this", "test")):
                answer = client.get(path, auth=given)
                assert (answer.status_code, "me:" in answer.text) == (401, False), path
                assert_safe(answer.headers)
            assert client.get(path, auth=("me", "of-this-test")).status_code == 200, path
        assert client.post("/studio/limits", json={}, headers=OWN).status_code == 401
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/studio/live"):
            pass
        assert client.get("/healthz").status_code == 200


def assert_safe(headers: Mapping[str, str]) -> None:
    assert "default-src 'self'" in headers["content-security-policy"]
    assert {name: headers.get(name) for name in SAFE} == SAFE


async def _plain(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("in")(scope, receive, send)


@pytest.mark.parametrize(
    ("path", "auth", "status"),
    [
        ("/", None, 401),
        ("/studio/state", None, 401),
        ("/", ("me", "wrong"), 401),
        ("/", ("me", "pass word"), 200),
        ("/healthz", None, 200),
    ],
)
def test_with_a_password_every_path_asks_for_it(path: str, auth: tuple[str, str] | None, status: int) -> None:
    client = TestClient(Access(_plain, "me:pass word"))
    assert client.get(path, auth=auth).status_code == status


def test_a_websocket_without_the_password_is_closed() -> None:
    client = TestClient(Access(_plain, "me:secret"))
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/studio/live"):
        pass
