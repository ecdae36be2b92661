"""Every open page is told what changed, at once and in order; a page that went away costs nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from studio.web.live import Audience, live_routes
from tests.unit.web.rig import TEXT, Room


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def pages(audience: Audience) -> TestClient:
    def snapshot() -> dict[str, Any]:
        return {"type": "snapshot", "rev": 1, "studio": {"world": "rehearsal"}, "takes": []}

    def cards(take_ids: list[str]) -> list[dict[str, Any]]:
        return [{"id": take_id} for take_id in take_ids if take_id]

    app = FastAPI()
    app.include_router(live_routes(audience, snapshot, cards))
    return TestClient(app)


def test_first_message_is_the_whole_state_and_then_takes_come(room: Room) -> None:
    with room.client.websocket_connect("ws://127.0.0.1:7860/studio/live") as socket:
        first = socket.receive_json()
        assert first["type"] == "snapshot"
        assert {"world", "has_key", "key_tail", "today", "counts"} <= set(first["studio"])
        take = room.studio.desk.make("text-to-video", TEXT, world="rehearsal")
        states = []
        while "kept" not in states:
            message = socket.receive_json()
            if message["type"] == "take" and message["card"]["id"] == take.id:
                states.append(message["card"]["state"])
        assert states[-1] == "kept"
        told = socket.receive_json()
        while told["type"] != "studio":
            told = socket.receive_json()
        assert told["studio"]["counts"]["all"] > first["studio"]["counts"]["all"]


def test_page_without_a_socket_may_ask(room: Room) -> None:
    assert room.get("/studio/state")["type"] == "snapshot"


def test_many_changes_of_one_take_are_one_message(audience: Audience, pages: TestClient) -> None:
    with pages.websocket_connect("/studio/live") as socket:
        socket.receive_json()
        for _ in range(500):
            audience.tell("t1")
        audience.tell("t2")
        told = [socket.receive_json() for _ in range(3)]
    assert [message.get("card", {}).get("id") for message in told] == ["t1", "t2", None]
    assert told[-1]["type"] == "studio"


def test_every_page_is_told(audience: Audience, pages: TestClient) -> None:
    with pages.websocket_connect("/studio/live") as one, pages.websocket_connect("/studio/live") as two:
        assert {one.receive_json()["type"], two.receive_json()["type"]} == {"snapshot"}
        audience.tell("t1")
        assert one.receive_json() == two.receive_json() == {"type": "take", "card": {"id": "t1"}}


def test_page_that_went_away_is_forgotten(audience: Audience, pages: TestClient) -> None:
    with pages.websocket_connect("/studio/live") as socket:
        socket.receive_json()
        assert len(audience._seats) == 1
    until(lambda: not audience._seats)
    audience.tell("t1")  # and nobody minds


def test_what_a_page_says_is_not_listened_to(audience: Audience, pages: TestClient) -> None:
    with pages.websocket_connect("/studio/live") as socket:
        socket.receive_json()
        socket.send_text("[" * 10_000)
        audience.tell("t1")
        assert socket.receive_json()["card"] == {"id": "t1"}


def test_closing_the_studio_ends_every_page(audience: Audience, pages: TestClient) -> None:
    with pages.websocket_connect("/studio/live") as socket:
        socket.receive_json()
        audience.close()
        assert socket.receive() == {"type": "websocket.close", "code": 1001, "reason": ""}
    assert not audience._seats


def test_seat_whose_loop_has_ended_is_told_without_harm(audience: Audience) -> None:
    async def join() -> None:
        audience.join()

    asyncio.run(join())
    audience.tell("t1")
    audience.close()
    assert len(audience._seats) == 1


def until(is_so: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
