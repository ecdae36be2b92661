"""The stand-in's queue answers as fal documents it: submit, status, stream, result, cancel."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from studio.media.errors import MediaError
from studio.rehearsal.floor import Pace
from studio.rehearsal.queue import Habits
from studio.rehearsal.server import Keys, Standin, create_standin
from tests.unit.rehearsal.rig import I2V, QUEUE, T2V, VOICE, HeldRender, draw_nothing, http_client, submit, until_done

URLS = ("response_url", "status_url", "cancel_url")


@pytest.fixture
def standin(tmp_path: Path) -> Standin:
    return create_standin(tmp_path, render=draw_nothing)


async def test_submit_answers_with_every_documented_field(standin: Standin) -> None:
    async with http_client(standin) as client:
        answer = await client.post(f"{QUEUE}/{T2V}", json={"prompt": "fog"})
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"request_id", "response_url", "status_url", "cancel_url", "queue_position", "status"}
    assert body["response_url"] == f"{QUEUE}/fal-ai/kling-video/requests/{body['request_id']}"
    assert all(body[name].startswith("https://queue.fal.run/fal-ai/kling-video/requests/") for name in URLS)


async def test_status_goes_202_202_200_with_the_keys_clients_insist_on(tmp_path: Path) -> None:
    render = HeldRender()
    standin = create_standin(tmp_path, render=render)
    async with http_client(standin) as client:
        first, second = await submit(client), await submit(client)
        await render.has_begun.wait()
        running = await client.get(first["status_url"], params={"logs": "1"})
        waiting = await client.get(second["status_url"])
        render.is_let_go.set()
        await until_done(standin, first["request_id"])
        done = await client.get(first["status_url"], params={"logs": "true"})
    assert (running.status_code, running.json()["status"]) == (202, "IN_PROGRESS")
    assert [row["message"] for row in running.json()["logs"]] == ["Rehearsal started", "Frame 3 of 9"]
    assert set(running.json()["logs"][0]) == {"message", "level", "source", "timestamp"}
    assert (waiting.status_code, waiting.json()["status"], waiting.json()["queue_position"]) == (202, "IN_QUEUE", 1)
    assert (done.status_code, done.json()["status"]) == (200, "COMPLETED")
    assert done.json()["metrics"]["inference_time"] >= 0
    await standin.aclose()


async def test_logs_are_null_unless_asked_for(standin: Standin) -> None:
    async with http_client(standin) as client:
        accepted = await submit(client)
        await until_done(standin, accepted["request_id"])
        body = (await client.get(accepted["status_url"])).json()
    assert body["logs"] is None


async def test_result_is_served_at_both_paths_with_the_units_billed(standin: Standin) -> None:
    async with http_client(standin) as client:
        accepted = await submit(client, duration="10")
        await until_done(standin, accepted["request_id"])
        plain = await client.get(accepted["response_url"])
        longer = await client.get(accepted["response_url"] + "/response")
    assert plain.json() == longer.json()
    assert plain.headers["x-fal-request-id"] == accepted["request_id"]
    assert plain.headers["x-fal-billable-units"] == "20.0"  # sound doubles the seconds
    assert set(plain.json()["video"]) == {"url", "content_type", "file_name", "file_size"}
    assert plain.json()["video"]["url"].startswith("https://v3b.fal.media/files/b/")


async def test_result_before_the_end_is_a_400(tmp_path: Path) -> None:
    render = HeldRender()
    standin = create_standin(tmp_path, render=render)
    async with http_client(standin) as client:
        accepted = await submit(client)
        early = await client.get(accepted["response_url"])
    assert early.status_code == 400
    await standin.aclose()


async def test_stream_tells_every_state_and_ends_with_the_last(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing, pace=Pace(queue_s=0.12, running_s=0.12))
    events: list[dict[str, Any]] = []
    async with http_client(standin) as client:
        accepted = await submit(client)
        async with client.stream("GET", accepted["status_url"] + "/stream?logs=1") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    events.append(json.loads(line[6:]))
    assert [event["status"] for event in events] == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]


async def test_status_with_the_whole_endpoint_path_is_not_found(standin: Standin) -> None:
    async with http_client(standin) as client:
        accepted = await submit(client)
        for tail in ("", "/status", "/cancel"):
            method = "PUT" if tail == "/cancel" else "GET"
            answer = await client.request(method, f"{QUEUE}/{T2V}/requests/{accepted['request_id']}{tail}")
            assert answer.status_code == 404


@pytest.mark.parametrize("tail", ["/status", "/status/stream", "", "/cancel"])
async def test_unknown_request_is_not_found(standin: Standin, tail: str) -> None:
    method = "PUT" if tail == "/cancel" else "GET"
    async with http_client(standin) as client:
        answer = await client.request(method, f"{QUEUE}/fal-ai/kling-video/requests/nobody{tail}")
    assert (answer.status_code, answer.json()) == (404, {"status": "NOT_FOUND"})


async def test_unknown_endpoint_is_not_found(standin: Standin) -> None:
    async with http_client(standin) as client:
        for path in ("fal-ai/flux", "text-to-video", "fal-ai/kling-video/v9"):
            assert (await client.post(f"{QUEUE}/{path}", json={})).status_code == 404


REFUSED = [
    (T2V, {}, "missing", "prompt", None),
    (T2V, {"prompt": "  "}, "sequence_too_short", "prompt", {"min_length": 1}),
    (T2V, {"prompt": "x" * 2501}, "sequence_too_long", "prompt", {"max_length": 2500}),
    (T2V, {"prompt": 7}, "string_type", "prompt", None),
    (T2V, {"prompt": "x", "duration": "6"}, "one_of", "duration", {"expected": ["5", "10"]}),
    (T2V, {"prompt": "x", "duration": 5}, "string_type", "duration", None),
    (T2V, {"prompt": "x", "cfg_scale": 1.5}, "less_than_equal", "cfg_scale", {"le": 1.0}),
    (T2V, {"prompt": "x", "cfg_scale": -1}, "greater_than_equal", "cfg_scale", {"ge": 0.0}),
    (T2V, {"prompt": "x", "generate_audio": "yes"}, "bool_type", "generate_audio", None),
    (I2V, {"prompt": "x"}, "missing", "start_image_url", None),
    (I2V, {"prompt": "x", "start_image_url": "u", "voice_ids": ["a", "b", "c"]}, "sequence_too_long", "voice_ids",
     {"max_length": 2}),
    (VOICE, {}, "missing", "voice_url", None),
]  # fmt: skip


@pytest.mark.parametrize(("endpoint", "arguments", "kind", "field", "ctx"), REFUSED)
async def test_bad_arguments_get_a_detail_row(
    standin: Standin, endpoint: str, arguments: dict[str, Any], kind: str, field: str, ctx: dict[str, Any] | None
) -> None:
    async with http_client(standin) as client:
        answer = await client.post(f"{QUEUE}/{endpoint}", json=arguments)
    rows = answer.json()["detail"]
    assert answer.status_code == 422
    assert answer.headers["x-fal-retryable"] == "false"
    assert [(row["type"], row["loc"]) for row in rows] == [(kind, ["body", field])]
    assert rows[0]["url"] == f"https://docs.fal.ai/errors/#{kind}"
    assert rows[0].get("ctx") == ctx
    assert standin.tally.accepted == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"prompt": NaN}', b'{"prompt": "\\ud800"}', b"[" * 100_000])
async def test_bodies_that_are_no_json_object_are_refused(standin: Standin, body: bytes) -> None:
    async with http_client(standin) as client:
        answer = await client.post(f"{QUEUE}/{T2V}", content=body)
    assert answer.status_code == 422


async def test_a_failed_job_is_completed_and_its_result_repeats_the_refusal(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing, habits=Habits(checks_at="result"))
    async with http_client(standin) as client:
        accepted = (await client.post(f"{QUEUE}/{T2V}", json={"prompt": "x" * 2501})).json()
        status = await client.get(accepted["status_url"])
        results = [await client.get(accepted["response_url"]) for _ in range(2)]
    assert (status.status_code, status.json()["status"]) == (200, "COMPLETED")
    assert status.json()["error"] == "Invalid status code: 422"
    assert [answer.status_code for answer in results] == [422, 422]
    assert results[0].json()["detail"][0]["type"] == "sequence_too_long"
    assert "x-fal-billable-units" not in results[0].headers


async def test_a_file_from_outside_cannot_be_had(standin: Standin) -> None:
    async with http_client(standin) as client:
        accepted = await submit(client, I2V, start_image_url="https://example.com/a.png")
        await until_done(standin, accepted["request_id"])
        result = await client.get(accepted["response_url"])
    assert result.status_code == 422
    assert result.json()["detail"][0]["type"] == "file_download_error"
    assert result.json()["detail"][0]["loc"] == ["body", "start_image_url"]


async def test_create_voice_answers_with_a_voice_id(standin: Standin) -> None:
    async with http_client(standin) as client:
        url = "data:audio/wav;base64,UklGRg=="
        answer = await client.post(f"{QUEUE}/{VOICE}", json={"voice_url": url})
        await until_done(standin, answer.json()["request_id"])
        result = await client.get(answer.json()["response_url"])
    assert result.json() == {"voice_id": "829877809978941442"}
    assert result.headers["x-fal-billable-units"] == "1.0"


async def test_a_waiting_job_is_removed_by_cancel(tmp_path: Path) -> None:
    render = HeldRender()
    standin = create_standin(tmp_path, render=render)
    async with http_client(standin) as client:
        await submit(client)
        waiting = await submit(client)
        answer = await client.put(waiting["cancel_url"])
        status = await client.get(waiting["status_url"])
        result = await client.get(waiting["response_url"])
    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert status.json()["error_type"] == "client_cancelled"
    assert result.status_code == 499
    await standin.aclose()


async def test_a_running_job_is_asked_to_stop(tmp_path: Path) -> None:
    render = HeldRender()
    standin = create_standin(tmp_path, render=render)
    async with http_client(standin) as client:
        accepted = await submit(client)
        await render.has_begun.wait()
        answer = await client.put(accepted["cancel_url"])
        await until_done(standin, accepted["request_id"])
        result = await client.get(accepted["response_url"])
        again = await client.put(accepted["cancel_url"])
    assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    assert result.status_code == 499
    assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})


async def test_a_cancel_that_comes_too_late_leaves_a_finished_clip(tmp_path: Path) -> None:
    render = HeldRender()
    standin = create_standin(tmp_path, render=render, habits=Habits(is_cancel_honoured=False))
    async with http_client(standin) as client:
        accepted = await submit(client)
        await render.has_begun.wait()
        answer = await client.put(accepted["cancel_url"])
        render.is_let_go.set()
        await until_done(standin, accepted["request_id"])
        result = await client.get(accepted["response_url"])
    assert answer.status_code == 202
    assert "video" in result.json()


async def test_a_queue_longer_than_asked_for_is_a_429(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=HeldRender())
    async with http_client(standin) as client:
        for _ in range(3):
            await submit(client)
        answer = await client.post(f"{QUEUE}/{T2V}?fal_max_queue_length=1", json={"prompt": "x"})
    assert answer.status_code == 429
    await standin.aclose()


async def test_a_direct_call_waits_for_the_result(standin: Standin) -> None:
    async with http_client(standin) as client:
        answer = await client.post(f"https://fal.run/{T2V}", json={"prompt": "x"})
    assert "video" in answer.json()


@pytest.mark.parametrize("key", [None, "no-colon", "a b:c"])
async def test_a_call_without_a_key_is_a_401(standin: Standin, key: str | None) -> None:
    async with http_client(standin, key) as client:
        for url in (f"{QUEUE}/{T2V}", "https://rest.fal.ai/storage/auth/token", "https://v3.fal.media/files/upload"):
            answer = await client.post(url, json={"prompt": "x"})
            assert answer.status_code == 401
            assert isinstance(answer.json()["detail"], str)
    assert standin.tally.accepted == []


async def test_only_listed_keys_are_known_when_there_is_a_list(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing, keys=Keys(known=frozenset({"good:key"})))
    async with http_client(standin, "bad:key") as bad, http_client(standin, "good:key") as good:
        assert (await bad.post(f"{QUEUE}/{T2V}", json={"prompt": "x"})).status_code == 401
        assert (await good.post(f"{QUEUE}/{T2V}", json={"prompt": "x"})).status_code == 200


async def test_an_unfinished_job_is_rendered_by_the_next_standin(tmp_path: Path) -> None:
    held = create_standin(tmp_path, render=HeldRender())
    async with http_client(held) as client:
        first, second = await submit(client), await submit(client)
    await held.aclose()
    later = create_standin(tmp_path, render=draw_nothing)
    async with http_client(later) as client:
        await client.get(first["status_url"])
        for accepted in (first, second):
            await until_done(later, accepted["request_id"])
            assert "video" in (await client.get(accepted["response_url"])).json()


async def test_two_standins_on_one_folder_film_each_job_once(tmp_path: Path) -> None:
    """A page and a command line rehearse at the same time: neither loses, or draws again, what the other draws."""
    held = HeldRender()
    async with http_client(create_standin(tmp_path, render=held)) as one:
        accepted = await submit(one)
        await held.has_begun.wait()
        other = create_standin(tmp_path, render=draw_nothing)
        async with http_client(other) as two:
            assert (await two.get(accepted["status_url"])).json()["status"] == "IN_PROGRESS"
            later = await submit(two)
            await until_done(other, later["request_id"])
            assert (await two.get(accepted["status_url"])).json()["status"] == "IN_PROGRESS"
            assert (await one.get(later["status_url"])).json()["status"] == "COMPLETED"
            held.is_let_go.set()
            for _ in range(200):
                seen = (await two.get(accepted["status_url"])).json()["status"]
                if seen == "COMPLETED":
                    break
                await asyncio.sleep(0.02)
            assert seen == "COMPLETED"
    assert held.count == 1


async def test_a_finished_job_is_found_again_by_the_next_standin(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing)
    async with http_client(standin) as client:
        accepted = await submit(client)
        await until_done(standin, accepted["request_id"])
    async with http_client(create_standin(tmp_path, render=draw_nothing)) as client:
        result = (await client.get(accepted["response_url"])).json()
        assert (await client.get(result["video"]["url"])).content.startswith(b"\x00\x00\x00\x18ftyp")


async def test_a_render_that_breaks_is_a_500_and_not_a_hang(tmp_path: Path) -> None:
    async def broken(spec: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("out of paint")

    standin = create_standin(tmp_path, render=broken)
    async with http_client(standin) as client:
        accepted = await submit(client)
        await until_done(standin, accepted["request_id"])
        result = await client.get(accepted["response_url"])
    assert result.status_code == 500
    assert result.json()["detail"][0]["type"] == "internal_server_error"


async def test_no_file_of_the_standin_holds_the_key(tmp_path: Path) -> None:
    standin = create_standin(tmp_path, render=draw_nothing)
    async with http_client(standin, "visible-id:very-secret") as client:
        accepted = await submit(client)
        await until_done(standin, accepted["request_id"])
    written = files_under(tmp_path)
    assert written
    assert not any(b"very-secret" in data for data in written)


def files_under(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def test_a_workshop_that_closes_leaves_its_job_for_the_next_start(tmp_path: Path) -> None:
    async def closing(spec: dict[str, Any]) -> dict[str, Any]:
        raise MediaError("closed", "The studio is closing.")

    standin = create_standin(tmp_path, render=closing)
    async with http_client(standin) as client:
        accepted = await submit(client)
        await asyncio.sleep(0.05)
        assert (await client.get(accepted["status_url"])).json()["status"] == "IN_QUEUE"
    later = create_standin(tmp_path, render=draw_nothing)
    async with http_client(later) as client:
        await client.get(accepted["status_url"])
        assert (await until_done(later, accepted["request_id"])).is_billed
