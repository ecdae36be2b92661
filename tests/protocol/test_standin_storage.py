"""The stand-in stores files by all three ways of fal and serves them with ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.rehearsal.server import Standin, clean, create_standin
from studio.rehearsal.storage import MediaStore, safe_name
from tests.unit.rehearsal.rig import SAMPLES, draw_nothing, http_client, upload

REST = "https://rest.fal.ai"


@pytest.fixture
def standin(tmp_path: Path) -> Standin:
    return create_standin(tmp_path, render=draw_nothing)


async def test_a_token_and_one_post_store_a_file(standin: Standin) -> None:
    async with http_client(standin) as client:
        url = await upload(client, SAMPLES / "pier.jpg", "image/jpeg")
    async with http_client(standin, None) as anybody:
        answer = await anybody.get(url)
    assert url.startswith("https://v3b.fal.media/files/b/")
    assert url.endswith("/pier.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == (SAMPLES / "pier.jpg").read_bytes()


async def test_parts_with_a_token_are_joined_in_order(standin: Standin) -> None:
    async with http_client(standin) as client:
        token = (await client.post(f"{REST}/storage/auth/token", json={})).json()
        auth = {"Authorization": f"Bearer {token['token']}", "Content-Type": "video/mp4"}
        begun = (await client.post(f"{token['base_url']}/files/upload/multipart", headers=auth)).json()
        at = f"{begun['access_url']}/multipart/{begun['uploadId']}"
        parts = []
        for number, piece in ((2, b"world"), (1, b"hello ")):
            answer = await client.put(f"{at}/{number}", content=piece, headers=auth)
            parts.append({"partNumber": number, "etag": answer.headers["etag"]})
        short = await client.post(f"{at}/complete", json={"parts": parts[:1]}, headers=auth)
        whole = await client.post(f"{at}/complete", json={"parts": parts}, headers=auth)
        answer = await client.get(begun["access_url"])
    assert (short.status_code, whole.status_code) == (400, 200)
    assert (answer.content, answer.headers["content-type"]) == (b"hello world", "video/mp4")


async def test_a_place_asked_for_first_is_filled_without_a_key(standin: Standin) -> None:
    async with http_client(standin) as client, http_client(standin, None) as keyless:
        place = (
            await client.post(
                f"{REST}/storage/upload/initiate?storage_type=fal-cdn-v3",
                json={"content_type": "image/png", "file_name": "a b.png"},
            )
        ).json()
        assert (await client.get(place["file_url"])).status_code == 404
        put = await keyless.put(place["upload_url"], content=b"png", headers={"Content-Type": "image/png"})
        answer = await keyless.get(place["file_url"])
    assert put.status_code == 200
    assert (answer.content, answer.headers["content-type"]) == (b"png", "image/png")


async def test_a_place_can_be_filled_in_parts(standin: Standin) -> None:
    async with http_client(standin) as client, http_client(standin, None) as keyless:
        body = {"content_type": "video/mp4", "file_name": "a.mp4"}
        place = (await client.post(f"{REST}/storage/upload/initiate-multipart", json=body)).json()
        path, _, query = place["upload_url"].partition("?")
        parts: list[dict[str, Any]] = []
        for number, piece in ((1, b"one"), (2, b"two")):
            parts.append((await keyless.put(f"{path}/{number}?{query}", content=piece)).json())
        done = await keyless.post(f"{path}/complete?{query}", json={"parts": parts})
        answer = await keyless.get(place["file_url"])
    assert [set(part) for part in parts] == [{"partNumber", "etag"}] * 2
    assert done.status_code == 200
    assert answer.content == b"onetwo"


async def test_an_expired_token_is_a_401(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    standin = create_standin(tmp_path, render=draw_nothing, clock=lambda: now[0])
    async with http_client(standin) as client:
        token = (await client.post(f"{REST}/storage/auth/token", json={})).json()["token"]
        now[0] += timedelta(hours=2)
        answer = await client.post(
            "https://v3.fal.media/files/upload", content=b"x", headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("wanted", "status", "size"),
    [("bytes=0-9", 206, 10), ("bytes=-5", 206, 5), ("bytes=10-", 206, 90), ("bytes=200-", 416, None)],
)
async def test_ranges_of_a_file(standin: Standin, tmp_path: Path, wanted: str, status: int, size: int | None) -> None:
    path = tmp_path / "hundred.bin"
    path.write_bytes(bytes(range(100)))
    async with http_client(standin) as client:
        url = await upload(client, path, "video/mp4")
        answer = await client.get(url, headers={"Range": wanted})
    assert answer.status_code == status
    if size is not None:
        assert len(answer.content) == size


async def test_a_key_sent_to_the_media_host_is_noticed(standin: Standin) -> None:
    async with http_client(standin) as client:
        url = await upload(client, SAMPLES / "README.md", "text/plain")
        await client.get(url)
    async with http_client(standin, None) as keyless:
        await keyless.get(url)
    assert standin.tally.keys_on_media == 1


@pytest.mark.parametrize(
    "path",
    [
        "/files/b/../../jobs/x.json",
        "/files/b/0123456789abcdef/.facts.json",
        "/files/b/0123456789abcdef/%2e%2e",
        "/files/",
    ],
)
async def test_paths_that_leave_the_store_are_not_found(standin: Standin, path: str) -> None:
    async with http_client(standin) as client:
        assert (await client.get(f"https://v3b.fal.media{path}")).status_code == 404
        assert (await client.put(f"https://v3b.fal.media{path}", content=b"x")).status_code == 404


@given(st.text(max_size=300))
def test_any_file_name_becomes_a_harmless_one(name: str) -> None:
    safe = safe_name(name)
    assert safe.isascii()
    assert 1 <= len(safe) <= 100
    assert not set(safe) & set('/\\:*?"<>| \n\0')
    assert safe[0] not in ".-"


def test_any_safe_name_can_be_found_again(tmp_path: Path) -> None:
    store = MediaStore(tmp_path)
    for name in ("a.jpg", ".hidden", "...", "", "ü b.mp4", "x" * 500 + "." + "y" * 500, "CON"):
        url_path, path = store.reserve(name)
        path.write_bytes(b"1")
        store.keep(url_path, "image/jpeg")
        found = store.find(url_path)
        assert found is not None
        assert found.size_bytes == 1


async def test_old_files_go_but_those_of_waiting_jobs_stay(tmp_path: Path) -> None:
    async def stalled(spec: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError("not in this test")

    standin = create_standin(tmp_path, render=stalled)
    store = standin.store
    urls = []
    for name in ("old.jpg", "needed.jpg"):
        url_path, path = store.reserve(name)
        path.write_bytes(b"x")
        store.keep(url_path, "image/jpeg")
        urls.append(f"https://v3b.fal.media{url_path}")
    standin.book.open("fal-ai/kling-video/v2.6/pro/image-to-video", {"start_image_url": urls[1]})
    clean(standin.book, store, keep_s=-1)
    assert store.find_url(urls[0]) is None
    assert store.find_url(urls[1]) is not None
