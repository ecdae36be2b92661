"""The stand-in's Platform API: prices, estimates, past requests, billing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio.catalog.registry import ENDPOINTS, find_endpoint
from studio.rehearsal.faults import CONTENT_POLICY, Faults, Step, film_ends
from studio.rehearsal.queue import Habits
from studio.rehearsal.server import Keys, Standin, create_standin
from tests.unit.rehearsal.rig import I2V, T2V, VOICE, HeldRender, draw_nothing, http_client, submit, until_done

API = "https://api.fal.ai/v1"


@pytest.fixture
def standin(tmp_path: Path) -> Standin:
    return create_standin(tmp_path, render=draw_nothing)


async def past(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}/models/requests/by-endpoint", params={"endpoint_id": T2V, **query})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_prices_come_for_one_or_many_endpoints(standin: Standin) -> None:
    async with http_client(standin) as client:
        repeated = await client.get(f"{API}/models/pricing", params={"endpoint_id": [I2V, VOICE]})
        joined = await client.get(f"{API}/models/pricing", params={"endpoint_id": f"{I2V},{VOICE}"})
    assert repeated.json() == joined.json()
    assert repeated.json()["prices"] == [
        {"endpoint_id": I2V, "unit_price": 0.07, "unit": "second", "currency": "USD"},
        {"endpoint_id": VOICE, "unit_price": 0.007, "unit": "voice", "currency": "USD"},
    ]


@pytest.mark.parametrize(("ids", "status"), [([], 400), (["x"] * 51, 400), (["nobody/knows"], 404)])
async def test_prices_of_nothing_known_are_refused(standin: Standin, ids: list[str], status: int) -> None:
    async with http_client(standin) as client:
        answer = await client.get(f"{API}/models/pricing", params={"endpoint_id": ids})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"type", "message"}


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.makes_video], ids=lambda one: one.mode)
async def test_units_times_unit_price_is_the_catalogs_price(tmp_path: Path, endpoint: Any) -> None:
    async def drawn(spec: dict[str, Any]) -> dict[str, Any]:
        return {**await draw_nothing(spec), "duration_s": 5.0}

    standin = create_standin(tmp_path, render=drawn)
    data = "data:image/png;base64,AAAA"
    given = {param.name: data for param in endpoint.file_params()}
    given |= {"prompt": "x", "character_orientation": "video", "voice_ids": ["a"]}
    given = {name: value for name, value in given.items() if endpoint.has(name)}
    async with http_client(standin) as client:
        accepted = (await client.post(f"https://queue.fal.run/{endpoint.id}", json=given)).json()
        await until_done(standin, accepted["request_id"])
        units = float((await client.get(accepted["response_url"])).headers["x-fal-billable-units"])
        price = (await client.get(f"{API}/models/pricing", params={"endpoint_id": endpoint.id})).json()["prices"][0]
    assert round(units * price["unit_price"] * 1e6) == endpoint.quote(given, 5.0).usd_micros


async def test_estimates_of_both_kinds(standin: Standin) -> None:
    async with http_client(standin) as client:
        by_call = {"estimate_type": "historical_api_price", "endpoints": {T2V: {"call_quantity": 2}}}
        by_unit = {"estimate_type": "unit_price", "endpoints": {T2V: {"unit_quantity": 10}}}
        first = (await client.post(f"{API}/models/pricing/estimate", json=by_call)).json()
        second = (await client.post(f"{API}/models/pricing/estimate", json=by_unit)).json()
        wrong = await client.post(f"{API}/models/pricing/estimate", json={"estimate_type": "guess"})
    assert first["total_cost"] == pytest.approx(2 * find_endpoint(T2V).quote({}).usd_micros / 1e6)
    assert second["total_cost"] == pytest.approx(0.7)
    assert wrong.status_code == 400


async def test_past_requests_carry_payloads_only_when_asked(standin: Standin) -> None:
    async with http_client(standin) as client:
        accepted = await submit(client, cfg_scale=0.25)
        await until_done(standin, accepted["request_id"])
        bare, full = await past(client), await past(client, expand="payloads")
    assert "json_input" not in bare["items"][0]
    item = full["items"][0]
    assert item["request_id"] == accepted["request_id"]
    assert item["status_code"] == 200
    assert item["json_input"] == {"prompt": "A lamp turns in the fog.", "cfg_scale": 0.25}
    assert item["json_output"]["video"]["url"].startswith("https://v3b.fal.media/")
    assert {"sent_at", "started_at", "ended_at", "duration", "endpoint_id"} <= set(item)


async def test_past_requests_are_paged_newest_first(standin: Standin) -> None:
    async with http_client(standin) as client:
        ids = []
        for _ in range(5):
            accepted = await submit(client)
            await until_done(standin, accepted["request_id"])
            ids.append(accepted["request_id"])
        found, cursor = [], None
        for expected in (2, 2, 1):
            page = await past(client, limit=2, **({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) == expected
            found += [item["request_id"] for item in page["items"]]
            cursor = page["next_cursor"]
    assert cursor is None
    assert found == ids[::-1]


async def test_past_requests_are_chosen_by_time_status_and_id(tmp_path: Path) -> None:
    faults = Faults({Step.FILM: [None, film_ends(CONTENT_POLICY)]})
    standin = create_standin(tmp_path, render=draw_nothing, faults=faults)
    async with http_client(standin) as client:
        good, bad = await submit(client), await submit(client)
        for accepted in (good, bad):
            await until_done(standin, accepted["request_id"])
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        assert [i["request_id"] for i in (await past(client, status="success"))["items"]] == [good["request_id"]]
        assert [i["status_code"] for i in (await past(client, status="user_error"))["items"]] == [422]
        assert len((await past(client, request_id=bad["request_id"]))["items"]) == 1
        assert (await past(client, start=tomorrow))["items"] == []
        assert (await past(client, endpoint_id=I2V))["items"] == []


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"start": "yesterday"}, {"cursor": "-1"}]
)
async def test_past_requests_refuse_queries_that_make_no_sense(standin: Standin, query: dict[str, Any]) -> None:
    async with http_client(standin) as client:
        answer = await client.get(f"{API}/models/requests/by-endpoint", params={"endpoint_id": T2V, **query})
    assert answer.status_code == 400


@pytest.mark.parametrize("lists_open_jobs", [True, False])
async def test_open_jobs_are_listed_only_by_habit(tmp_path: Path, lists_open_jobs: bool) -> None:
    habits = Habits(lists_open_jobs=lists_open_jobs)
    standin = create_standin(tmp_path, render=HeldRender(), habits=habits)
    async with http_client(standin) as client:
        await submit(client)
        assert len((await past(client))["items"]) == lists_open_jobs
    await standin.aclose()


async def test_billing_is_for_admin_keys(tmp_path: Path) -> None:
    keys = Keys(admin=frozenset({"admin:key"}))
    standin = create_standin(tmp_path, render=draw_nothing, keys=keys)
    async with http_client(standin) as api, http_client(standin, "admin:key") as admin:
        refused = await api.get(f"{API}/account/billing?expand=credits")
        told = await admin.get(f"{API}/account/billing?expand=credits")
    assert refused.status_code == 403
    assert refused.json()["error"]["type"] == "authorization_error"
    assert set(told.json()["credits"]) == {"current_balance", "currency"}


async def test_a_missing_key_gets_the_platforms_own_form(standin: Standin) -> None:
    async with http_client(standin, None) as client:
        answer = await client.get(f"{API}/models/pricing?endpoint_id={T2V}")
        models = await client.get(f"{API}/models")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert len(models.json()["models"]) == len(ENDPOINTS)
