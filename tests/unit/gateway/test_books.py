"""fal's own lists: paging, prices and the key check, however odd the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest

from studio.gateway.errors import Trouble
from tests.unit.gateway.fal_double import I2V, KEY, Wireside, gateway, reply

START = datetime(2026, 11, 23, 13, 0, tzinfo=timezone(timedelta(hours=1)))
END = START + timedelta(hours=1)
ROW = {
    "request_id": "r1",
    "endpoint_id": I2V,
    "sent_at": "2026-11-23T12:00:01Z",
    "started_at": "2026-11-23T12:00:02.5+00:00",
    "ended_at": None,
    "status_code": 200,
    "json_input": '{"prompt": "x"}',
    "json_output": {"video": {}},
}


async def test_all_pages_are_read_with_payloads() -> None:
    wireside = Wireside(
        reply(200, {"items": [ROW], "has_more": True, "next_cursor": "Mg=="}),
        reply(200, {"items": [{**ROW, "request_id": "r2"}], "has_more": False, "next_cursor": None}),
    )
    rows = await gateway(wireside).requests_by_endpoint(I2V, START, END)
    assert [row.request_id for row in rows] == ["r1", "r2"]
    assert rows[0].json_input == {"prompt": "x"}
    assert rows[0].sent_at == datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
    assert rows[0].ended_at is None
    query = dict(wireside.requests[1].url.params)
    assert query == {
        "endpoint_id": I2V, "start": "2026-11-23T12:00:00Z", "end": "2026-11-23T13:00:00Z", "expand": "payloads",
        "limit": "100", "cursor": "Mg==",
    }  # fmt: skip
    assert wireside.requests[0].url.host == "api.fal.ai"
    assert wireside.keys == [f"Key {KEY}"] * 2


async def test_a_list_without_end_is_bounded() -> None:
    wireside = Wireside(reply(200, {"items": [ROW], "has_more": True, "next_cursor": "again"}))
    assert len(await gateway(wireside).requests_by_endpoint(I2V, START, END)) == 20


@pytest.mark.parametrize("items", [None, 7, "x", [None, 7, {}, {"request_id": 5}, {"request_id": ""}]])
async def test_odd_rows_are_left_out(items: object) -> None:
    assert await gateway(Wireside(reply(200, {"items": items}))).requests_by_endpoint(I2V, START, END) == []


async def test_a_row_of_nonsense_still_has_its_id() -> None:
    row = {"request_id": "r1", "sent_at": 7, "started_at": "yesterday", "status_code": "x", "json_input": "not json"}
    (read,) = await gateway(Wireside(reply(200, {"items": [row]}))).requests_by_endpoint(I2V, START, END)
    assert (read.request_id, read.sent_at, read.status_code, read.json_input) == ("r1", None, None, "not json")


async def test_prices_are_whole_micro_dollars() -> None:
    rows = [
        {"endpoint_id": I2V, "unit_price": 0.07, "unit": "second", "currency": "USD"},
        {"endpoint_id": "a", "unit_price": "0.168"},
        {"endpoint_id": "b", "unit_price": -1},
        {"endpoint_id": "c", "unit_price": "free"},
        {"endpoint_id": 7, "unit_price": 1},
        None,
    ]
    wireside = Wireside(reply(200, {"prices": rows}))
    prices = await gateway(wireside).prices([I2V, "a"])
    assert {name: price.unit_price_usd_micros for name, price in prices.items()} == {I2V: 70_000, "a": 168_000}
    assert (prices[I2V].unit, prices[I2V].currency) == ("second", "USD")
    assert wireside.requests[0].url.params.get_list("endpoint_id") == [I2V, "a"]


@pytest.mark.parametrize("answer", [reply(500, text="x"), reply(200, text="x"), httpx.ReadError("x"), reply(404, {})])
async def test_books_that_cannot_be_read_are_trouble(answer: httpx.Response | Exception) -> None:
    with pytest.raises(Trouble):
        await gateway(Wireside(answer)).prices([I2V])
    with pytest.raises(Trouble):
        await gateway(Wireside(answer)).requests_by_endpoint(I2V, START, END)


@pytest.mark.parametrize(
    ("answer", "is_ok", "code"),
    [
        (reply(200, {"prices": []}), True, "ok"),
        (reply(401, {"error": {"type": "authentication_error", "message": "x"}}), False, "bad_key"),
        (reply(403, {"detail": "User is locked. Reason: Exhausted balance."}), True, "locked"),
        (reply(403, {"error": {"type": "forbidden"}}), True, "forbidden"),
        (reply(500, text="x"), None, "server"),
        (httpx.ConnectError("x"), None, "connect"),
    ],
)
async def test_a_key_is_known_unknown_or_cannot_be_told(
    answer: httpx.Response | Exception, is_ok: bool | None, code: str
) -> None:
    check = await gateway(Wireside(answer)).check_key()
    assert (check.is_ok, check.code) == (is_ok, code)


async def test_no_key_is_told_without_asking() -> None:
    wireside = Wireside(reply(200, {}))
    assert (await gateway(wireside, key=None).check_key()).code == "no_key"
    assert wireside.requests == []


async def test_a_key_that_is_tried_is_used_for_nothing_else() -> None:
    wireside = Wireside(reply(401, {"detail": "no"}), reply(200, {"prices": []}))
    one = gateway(wireside)
    assert (await one.check_key("other-id:other-secret")).is_ok is False
    assert (await one.check_key()).is_ok is True
    assert wireside.keys == ["Key other-id:other-secret", f"Key {KEY}"]
