"""Files up and down: fal_client's own protocol on the way up, whole files or none on the way down."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio.gateway.errors import Charged, ForbiddenHost, Gone, NotSent, Refusal, Trouble
from studio.gateway.parcel import Parcel, header_safe_name
from tests.unit.gateway.fal_double import KEY, Wireside, gateway, reply

TOKEN = {
    "token": "cdn-token-1",
    "token_type": "Bearer",
    "base_url": "https://v3b.fal.media",
    "expires_at": "2099-01-01T00:00:00Z",
}
FILE_URL = "https://v3.fal.media/files/b/in.png"
CLIP_URL = "https://v3.fal.media/files/a/out.mp4"
PICTURE = b"\x89PNG" + bytes(1_200_000)
CLIP = bytes(range(256)) * 4000  # about 1 MB; the first bytes are 0, 1, 2, 3


def storage(request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if path == "/storage/auth/token":
        return reply(200, TOKEN)
    if path == "/files/upload":
        return reply(200, {"access_url": FILE_URL})
    if path == "/files/upload/multipart":
        return reply(200, {"access_url": "https://v3b.fal.media/files/b/big.mp4", "uploadId": "u1"})
    if "/multipart/u1/" in path:
        return reply(200, {}, headers={"etag": f"e{path.rsplit('/', 1)[1]}"})
    if path == "/storage/upload/initiate":
        return reply(200, {"upload_url": "https://storage.googleapis.com/b/x?X-Goog-Signature=s", "file_url": FILE_URL})
    return reply(200)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def append(path: Path, more: bytes) -> None:
    with path.open("ab") as file:
        file.write(more)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    path.write_bytes(PICTURE)
    return path


async def test_upload_asks_for_a_token_and_streams_the_file(picture: Path) -> None:
    wireside = Wireside(storage)
    told: list[int] = []
    url = await gateway(wireside).upload(
        picture, "image/png", "Strandbad Wörthsee.PNG", lambda done, _: told.append(done)
    )
    assert url == FILE_URL
    assert wireside.paths == ["POST /storage/auth/token", "POST /files/upload"]
    assert wireside.keys == [f"Key {KEY}", "Bearer cdn-token-1"]
    assert wireside.bodies[1] == PICTURE
    sent = wireside.requests[1].headers
    assert sent["content-length"] == str(len(PICTURE))
    assert "transfer-encoding" not in sent
    assert (sent["content-type"], sent["x-fal-file-name"]) == ("image/png", "Strandbad-W-rthsee.png")
    assert told[-1] == len(PICTURE)
    assert len(told) > 1


async def test_the_fallback_puts_to_storage_without_the_key(picture: Path) -> None:
    def without_cdn(request: httpx.Request) -> httpx.Response:
        return reply(503, text="down") if request.url.path == "/files/upload" else storage(request)

    wireside = Wireside(without_cdn)
    assert await gateway(wireside).upload(picture, "image/png", "a.png") == FILE_URL
    assert wireside.paths[2:] == ["POST /storage/upload/initiate", "PUT /b/x"]
    assert wireside.requests[2].url.query == b"storage_type=gcs"
    assert json.loads(wireside.bodies[2]) == {"file_name": "a.png", "content_type": "image/png"}
    assert wireside.keys[3] is None
    assert wireside.bodies[3] == PICTURE


async def test_large_files_go_up_in_ordered_parts(tmp_path: Path) -> None:
    big = tmp_path / "big.mp4"
    with big.open("wb") as file:
        file.truncate(100 * 1024 * 1024 + 5)
    wireside = Wireside(storage)
    url = await gateway(wireside).upload(big, "video/mp4", "big.mp4")
    assert url == "https://v3b.fal.media/files/b/big.mp4"
    assert wireside.paths[1] == "POST /files/upload/multipart"
    assert sorted(int(path.rsplit("/", 1)[1]) for path in wireside.paths[2:-1]) == list(range(1, 12))
    parts = json.loads(wireside.bodies[-1])["parts"]
    assert [part["partNumber"] for part in parts] == list(range(1, 12))
    assert len(wireside.bodies[-2]) in (5, 10 * 1024 * 1024)
    assert set(wireside.keys[1:]) == {"Bearer cdn-token-1"}


async def test_an_upload_token_never_goes_to_a_strange_host(tmp_path: Path) -> None:
    big = tmp_path / "big.mp4"
    with big.open("wb") as file:
        file.truncate(100 * 1024 * 1024 + 5)

    def hostile(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/storage/auth/token":
            return reply(200, {**TOKEN, "base_url": "https://evil.example"})
        if request.url.path == "/files/upload/multipart":
            return reply(200, {"access_url": "https://evil.example/b", "uploadId": "u1"})
        return storage(request)

    wireside = Wireside(hostile)
    with pytest.raises(ForbiddenHost):
        await gateway(wireside).upload(big, "video/mp4", "big.mp4")
    assert {request.url.host for request in wireside.requests} <= {"rest.fal.ai", "v3.fal.media"}


async def test_an_upload_is_tried_again_because_it_is_free(picture: Path) -> None:
    wireside = Wireside(httpx.ReadError("x"), httpx.ReadError("x"), storage)
    assert await gateway(wireside).upload(picture, "image/png", "a.png") == FILE_URL


@pytest.mark.parametrize(
    ("answer", "code", "sort"),
    [
        (reply(401, {"detail": "x"}), "bad_key", Refusal),
        (reply(403, {"detail": "User is locked. Reason: Exhausted balance."}), "locked", Refusal),
        (reply(413, text="x"), "upload_too_big", Refusal),
        (reply(500, text="x"), "upload_trouble", Trouble),
        (reply(200, text="garbage"), "upload_trouble", Trouble),
        (httpx.ConnectError("x"), "upload_trouble", Trouble),
    ],
)
async def test_a_failed_upload_costs_nothing_and_says_so(
    picture: Path, answer: httpx.Response | Exception, code: str, sort: type[Exception]
) -> None:
    with pytest.raises(sort) as caught:
        await gateway(Wireside(answer)).upload(picture, "image/png", "a.png")
    error: Any = caught.value
    assert (error.code, error.charged) == (code, Charged.NO)


@pytest.mark.parametrize("link", ["http://v3.fal.media/x", "javascript:alert(1)", 7, None, "https://127.0.0.1/x"])
async def test_a_strange_link_for_an_upload_is_not_used(picture: Path, link: object) -> None:
    def odd(request: httpx.Request) -> httpx.Response:
        return reply(200, {"access_url": link}) if request.url.path == "/files/upload" else storage(request)

    with pytest.raises(Trouble):
        await gateway(Wireside(odd)).upload(picture, "image/png", "a.png")


async def test_a_file_that_is_gone_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(NotSent) as caught:
        await gateway(Wireside(storage)).upload(tmp_path / "none.png", "image/png", "a.png")
    assert caught.value.code == "file_unreadable"


@pytest.mark.parametrize(
    ("name", "safe"),
    [("../../etc/passwd", "passwd"), ("a b\r\nX: y.PNG", "a-b-X-y.png"), ("", "upload"), ("ü.jpg", "upload.jpg"),
     ("C:\\pics\\me.jpeg", "me.jpeg"), ("n" * 300 + ".mp4", "n" * 80 + ".mp4")],
)  # fmt: skip
def test_file_names_are_safe_in_a_header(name: str, safe: str) -> None:
    assert header_safe_name(name) == safe


async def test_a_parcel_can_be_sent_twice_and_keeps_its_length(picture: Path) -> None:
    parcel = Parcel(picture)
    append(picture, b"grown")
    first = b"".join([piece async for piece in parcel])
    second = b"".join([piece async for piece in parcel])
    assert first == second
    assert len(first) == len(parcel)


# -- down -----------------------------------------------------------------------------------------------------------


class Cut(httpx.AsyncByteStream):
    """A body that breaks off after `good` bytes."""

    def __init__(self, data: bytes, good: int) -> None:
        self._data, self._good = data, good

    async def __aiter__(self) -> Any:
        yield self._data[: self._good]
        raise httpx.ReadError("connection reset")


class MediaHost(httpx.AsyncBaseTransport):
    """A file host that knows ranges; breaks off the first `cuts` answers midway."""

    def __init__(self, data: bytes = CLIP, cuts: int = 0, etag: str | None = '"v1"', knows_ranges: bool = True) -> None:
        self.data, self.cuts, self.etag, self.knows_ranges = data, cuts, etag, knows_ranges
        self.ranges: list[str | None] = []
        self.keys: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        wanted = request.headers.get("range")
        self.ranges.append(wanted)
        self.keys.append(request.headers.get("authorization"))
        start, status, headers = 0, 200, {"content-type": "video/mp4"}
        if self.etag:
            headers["etag"] = self.etag
        if wanted and self.knows_ranges and request.headers.get("if-range") == self.etag:
            start, status = int(wanted.removeprefix("bytes=").removesuffix("-")), 206
            headers["content-range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        body = self.data[start:]
        headers["content-length"] = str(len(body))
        if self.cuts:
            self.cuts -= 1
            return httpx.Response(status, headers=headers, stream=Cut(body, len(body) // 2))
        return httpx.Response(status, headers=headers, content=body)


async def test_download_is_whole_hashed_and_renamed(tmp_path: Path) -> None:
    host, to, told = MediaHost(), tmp_path / "take.mp4", list[tuple[int, int | None]]()
    got = await gateway(host).download(
        CLIP_URL, to, lambda done, total: told.append((done, total)), expected_bytes=len(CLIP)
    )
    assert to.read_bytes() == CLIP
    assert got.sha256 == hashlib.sha256(CLIP).hexdigest()
    assert (got.size_bytes, got.content_type) == (len(CLIP), "video/mp4")
    assert told[-1] == (len(CLIP), len(CLIP))
    assert names_in(tmp_path) == ["take.mp4"]


async def test_no_key_goes_to_any_download(tmp_path: Path) -> None:
    host = MediaHost()
    await gateway(host).download("https://rest.fal.ai/files/out.mp4", tmp_path / "a.mp4")
    await gateway(host).download(CLIP_URL, tmp_path / "b.mp4")
    assert host.keys == [None, None]


async def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    host = MediaHost(cuts=2)
    await gateway(host).download(CLIP_URL, tmp_path / "a.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == CLIP
    half, three_quarters = len(CLIP) // 2, len(CLIP) * 3 // 4
    assert host.ranges == [None, f"bytes={half}-", f"bytes={three_quarters}-"]


async def test_a_download_resumes_after_a_restart(tmp_path: Path) -> None:
    to = tmp_path / "a.mp4"
    with pytest.raises(Trouble) as caught:
        await gateway(MediaHost(cuts=3)).download(CLIP_URL, to)
    assert (caught.value.charged, caught.value.is_retryable) == (Charged.YES, True)
    assert not to.exists()
    host = MediaHost()
    await gateway(host).download(CLIP_URL, to)
    assert to.read_bytes() == CLIP
    assert host.ranges[0] not in (None, "bytes=0-")


@pytest.mark.parametrize("change", [{"etag": '"v2"'}, {"etag": None}, {"etag": 'W/"v1"'}, {"knows_ranges": False}])
async def test_another_version_or_a_plain_host_starts_anew(tmp_path: Path, change: dict[str, Any]) -> None:
    to = tmp_path / "a.mp4"
    with pytest.raises(Trouble):
        await gateway(MediaHost(data=b"\0" * len(CLIP), cuts=3)).download(CLIP_URL, to)
    await gateway(MediaHost(**change)).download(CLIP_URL, to)
    assert to.read_bytes() == CLIP


async def test_the_part_of_one_link_is_not_used_for_another(tmp_path: Path) -> None:
    to = tmp_path / "a.mp4"
    with pytest.raises(Trouble):
        await gateway(MediaHost(data=b"\0" * len(CLIP), cuts=3)).download(CLIP_URL, to)
    host = MediaHost()
    await gateway(host).download(CLIP_URL + "?other", to)
    assert host.ranges == [None]
    assert to.read_bytes() == CLIP


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(200, text="<!DOCTYPE html><p>login"), "not_media"),
        (reply(200, content=b"  <html>", headers={"content-type": "video/mp4"}), "not_media"),
        (reply(200, content=b'{"detail": 1}', headers={"content-type": "application/octet-stream"}), "not_media"),
        (reply(200, {"detail": "x"}), "not_media"),
        (reply(200, content=b"", headers={"content-type": "video/mp4"}), "empty"),
        (reply(200, content=b"\0" * 99, headers={"content-type": "video/mp4"}), "short"),
        (reply(200, content=b"\0" * 101, headers={"content-type": "video/mp4"}), "short"),
        (reply(416, text=""), "short"),
        (reply(206, content=b"\0" * 100, headers={"content-range": "bytes 50-149/150"}), "short"),
        (reply(403, text="x"), "download_locked"),
        (reply(500, text="x"), "download_trouble"),
        (reply(429, text="x"), "download_trouble"),
        (httpx.ConnectError("x"), "download_trouble"),
        (httpx.ReadTimeout("x"), "download_trouble"),
    ],
)
async def test_what_is_not_the_whole_clip_is_never_kept(
    tmp_path: Path, answer: httpx.Response | Exception, code: str
) -> None:
    to = tmp_path / "a.mp4"
    with pytest.raises(Trouble) as caught:
        await gateway(Wireside(answer)).download(CLIP_URL, to, expected_bytes=100)
    assert (caught.value.code, caught.value.is_retryable, caught.value.charged) == (code, True, Charged.YES)
    assert not to.exists()


@pytest.mark.parametrize("status", [404, 410])
async def test_an_expired_clip_is_gone(tmp_path: Path, status: int) -> None:
    with pytest.raises(Gone) as caught:
        await gateway(Wireside(reply(status, text="x"))).download(CLIP_URL, tmp_path / "a.mp4")
    assert caught.value.charged is Charged.YES


@pytest.mark.parametrize(
    "url", ["http://v3.fal.media/a.mp4", "https://192.168.1.1/a.mp4", "file:///etc/passwd", "nonsense"]
)
async def test_links_to_strange_places_are_not_opened(tmp_path: Path, url: str) -> None:
    host = MediaHost()
    with pytest.raises(ForbiddenHost):
        await gateway(host).download(url, tmp_path / "a.mp4")
    assert host.ranges == []


async def test_a_redirect_is_followed_without_a_key_and_only_to_good_places(tmp_path: Path) -> None:
    good = reply(302, headers={"location": "https://storage.example.com/x.mp4"})
    wireside = Wireside(good, reply(200, content=b"\0" * 9, headers={"content-type": "video/mp4"}))
    await gateway(wireside).download(CLIP_URL, tmp_path / "a.mp4")
    assert [request.url.host for request in wireside.requests] == ["v3.fal.media", "storage.example.com"]
    assert wireside.keys == [None, None]
    with pytest.raises(ForbiddenHost):
        await gateway(Wireside(reply(302, headers={"location": "https://127.0.0.1/"}))).download(
            CLIP_URL, tmp_path / "b"
        )
    with pytest.raises(Trouble):
        await gateway(Wireside(good)).download(CLIP_URL, tmp_path / "c")


async def test_a_file_beyond_the_bound_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        await gateway(MediaHost()).download(CLIP_URL, tmp_path / "a.mp4", max_bytes=1000)
    assert (caught.value.code, caught.value.is_retryable) == ("too_big", False)
    assert names_in(tmp_path) == []


async def test_a_dripping_line_is_taken_for_dead_and_gone_on_with(tmp_path: Path) -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for _ in range(50):
                yield b"\0" * 10

    seconds = iter(range(0, 10_000, 10))
    wireside = Wireside(lambda _: None)

    async def drip(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "video/mp4"}, stream=Drip())

    wireside.handle_async_request = drip  # type: ignore[method-assign]
    with pytest.raises(Trouble) as caught:
        await gateway(wireside, clock=lambda: float(next(seconds))).download(CLIP_URL, tmp_path / "a.mp4")
    assert "too slow" in caught.value.detail


async def test_a_folder_that_cannot_be_written_is_said_and_the_clip_waits(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(Trouble) as caught:
        await gateway(MediaHost()).download(CLIP_URL, blocked / "a.mp4")
    assert (caught.value.code, caught.value.charged) == ("disk", Charged.YES)


async def test_a_full_disk_is_said(tmp_path: Path) -> None:
    def full(done: int, total: int | None) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(Trouble) as caught:
        await gateway(MediaHost()).download(CLIP_URL, tmp_path / "a.mp4", full)
    assert (caught.value.code, caught.value.is_retryable) == ("disk_full", True)
    assert caught.value.sentence == "The clip waits at fal.ai. Free some space, then save again."
