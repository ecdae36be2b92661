"""What a person drops is kept by its content, or refused in a sentence; nothing else can be named or read."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from studio.media.darkroom import Darkroom
from studio.takes.intake import Intake
from studio.web.input_routes import InputRoom, clean_name, is_ref
from studio.web.problems import add_problem_handlers
from tests.unit.web.rig import OWN, SAMPLES, Room, hum, picture

NAMES = [
    "../../../etc/passwd",
    "..%2F..%2Fevil.jpg",
    "%00.jpg",
    "C:\\Windows\\win.ini",
    "<img src=x onerror=alert(1)>.jpg",
    "${alert(1)}.jpg",
    ".",
    "..",
    "",
    "%F0%9F%8E%AC" * 80,
    "con.jpg",
    "a" * 5000,
    "%ff%fe.jpg",
]


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60,000 pixels on each side."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


BAD_PICTURES = {
    "empty": b"",
    "text": b"Dear diary",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "truncated": picture()[:200],
    "tiny": picture(120, 90),
    "a clip": (SAMPLES / "dance.mp4").read_bytes()[:4000],
    "bomb": bomb(),
}


def test_real_picture_is_kept_as_it_is_and_shown_small(room: Room) -> None:
    given = (SAMPLES / "pier.jpg").read_bytes()
    sha256 = hashlib.sha256(given).hexdigest()
    about = room.taken_in("picture", given, "my pier.jpg")
    assert (about["name"], about["sha256"]) == ("my pier.jpg", sha256)
    assert about["ref"] == f"inputs/{sha256[:2]}/{sha256}.jpg"
    assert (room.home / about["ref"]).read_bytes() == given
    thumb = room.client.get(about["thumb"])
    assert thumb.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(thumb.content)) as small, Image.open(io.BytesIO(given)) as whole:
        assert (about["width_px"], about["height_px"]) == whole.size
        assert max(small.size) <= 640
        assert small.width / small.height == pytest.approx(whole.width / whole.height, rel=0.02)


def test_same_file_twice_is_kept_once_under_each_name(room: Room) -> None:
    first = room.taken_in("picture", picture(500, 400), "one.jpg")
    again = room.taken_in("picture", picture(500, 400), "two.jpg")
    assert (first["ref"], first["name"], again["name"]) == (again["ref"], "one.jpg", "two.jpg")


@pytest.mark.parametrize("name", ["page.html", "logo.svg", "run.js", "photo.jpeg", "photo", "a.png"])
def test_file_gets_the_ending_of_what_it_is(room: Room, name: str) -> None:
    given = picture(420, 400)
    page = given[:20] + b"\xff\xfe\x00\x1b<script>alert(1)</script>" + given[20:]
    about = room.taken_in("picture", page, name)
    assert (about["ref"][-4:], about["name"]) == (".jpg", name)
    answer = room.client.get(f"/studio/inputs/{Path(about['ref']).name}/file")
    assert answer.headers["content-type"] == "image/jpeg"


def test_file_of_an_unknown_ending_is_no_page(room: Room) -> None:
    kept = room.home / "inputs" / "aa" / f"{HASH}.html"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("<script>alert(1)</script>")
    answer = room.client.get(f"/studio/inputs/{kept.name}/file")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_clip_is_shown_with_its_length_and_strip(room: Room) -> None:
    about = room.taken_in("clip", (SAMPLES / "dance.mp4").read_bytes(), "dance.mp4")
    assert about["duration_s"] > 3
    assert room.client.get(about["strip"]).headers["content-type"] == "image/jpeg"
    part = room.client.get(about["file"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)


def test_recording_is_shown_with_its_waveform(room: Room) -> None:
    about = room.taken_in("sound", hum(), "voice.wav")
    assert about["duration_s"] == pytest.approx(6.0, abs=0.1)
    assert 20 < len(about["peaks"]) <= 400
    assert all(0 <= peak <= 1 for peak in about["peaks"])


@pytest.mark.parametrize("fault", BAD_PICTURES)
def test_bad_picture_gets_a_sentence_and_leaves_nothing(room: Room, fault: str) -> None:
    answer = room.upload("picture", BAD_PICTURES[fault], "photo.jpg")
    assert answer.status_code == 200
    error = answer.json()["error"]
    assert error["title"]
    assert error["sentence"].endswith(".")
    assert "Traceback" not in error["sentence"]
    assert str(room.home) not in error["sentence"]
    assert leftovers(room.home) == []


@pytest.mark.parametrize(
    ("kind", "content"), [("clip", picture()), ("clip", b""), ("sound", picture()), ("sound", b"x")]
)
def test_file_of_another_kind_gets_a_sentence(room: Room, kind: str, content: bytes) -> None:
    answer = room.upload(kind, content, "thing.bin")
    assert answer.status_code == 200
    assert answer.json()["error"]["sentence"]


@pytest.mark.parametrize("kind", ["script", "../picture", ""])
def test_unknown_kind_is_not_known(room: Room, kind: str) -> None:
    assert room.upload(kind, picture()).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_stays_a_name(room: Room, name: str) -> None:
    about = room.upload("picture", picture(400, 400), name.encode("ascii", "replace").decode()).json()
    assert not set(about["name"]) & set("/\\\0")
    assert 0 < len(about["name"]) <= 120
    assert is_ref(about["ref"])
    assert leftovers(room.home) == []


@given(st.text(max_size=300))
def test_clean_name_fits_any_disk(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned
    assert cleaned not in (".", "..")
    assert not set(cleaned) & set("/\\:\0\n")
    assert len(cleaned.encode()) <= 255
    assert clean_name(cleaned) == cleaned


@pytest.fixture
def narrow(tmp_path: Path, room: Room) -> Iterator[tuple[TestClient, Path]]:
    """A door that takes 64 KiB at most, on a home of its own."""
    darkroom: Darkroom = room.studio.darkroom
    app = FastAPI()
    add_problem_handlers(app)
    app.include_router(InputRoom(tmp_path, Intake(tmp_path, darkroom), darkroom, max_bytes=65_536).routes())
    with TestClient(app) as client:
        yield client, tmp_path


def test_too_large_a_file_is_cut_off_while_it_streams(narrow: tuple[TestClient, Path]) -> None:
    client, home = narrow
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * 65_536:
            sent += 65_536
            yield bytes(65_536)

    answer = client.post("/studio/inputs?kind=picture", content=endless(), headers=OWN)
    assert answer.status_code == 413
    assert "Choose a smaller one" in answer.json()["error"]["sentence"]
    assert leftovers(home) == []
    assert not [path for path in home.rglob("*") if path.is_file()]


def test_file_at_the_limit_is_let_in(narrow: tuple[TestClient, Path]) -> None:
    client, _ = narrow
    small = picture(320, 320)
    assert len(small) <= 65_536
    assert "ref" in client.post("/studio/inputs?kind=picture", content=small, headers=OWN).json()


HASH = "a" * 64


@pytest.mark.parametrize(
    "path",
    [
        f"/studio/inputs/{HASH}.jpg/file",  # well formed, and not here
        f"/studio/inputs/{HASH}/file",
        f"/studio/inputs/{HASH.upper()}.jpg/file",
        "/studio/inputs/..%2F..%2Fledger.sqlite3/file",
        "/studio/inputs/ledger.sqlite3/file",
        "/studio/inputs/%2Fetc%2Fpasswd/file",
        f"/studio/inputs/{HASH}.jpg%00/file",
        f"/studio/inputs/{HASH}.jpg%0A/file",
    ],
)
def test_what_is_no_ref_is_not_here(room: Room, path: str) -> None:
    answer = room.client.get(path)
    assert answer.status_code == 404
    assert not answer.content.startswith((b"SQLite", b"root:"))


@pytest.mark.parametrize("part", ["..", "json", "thumb.jpg", "FILE", "strip"])
def test_only_named_parts_of_a_picture_are_sent(room: Room, part: str) -> None:
    ref = room.taken_in("picture", picture(360, 360))["ref"]
    assert room.client.get(f"/studio/inputs/{Path(ref).name}/{part}").status_code == 404


@given(st.text(max_size=90) | st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=3))
def test_only_content_hashes_are_refs(value: object) -> None:
    assert not is_ref(value)


@pytest.mark.parametrize("value", ["inputs/../../etc/passwd", f"inputs/aa/{HASH}.jpg\n", f"/inputs/aa/{HASH}.jpg", ""])
def test_near_refs_are_none(value: str) -> None:
    assert not is_ref(value)


def test_ref_is_one() -> None:
    assert is_ref(f"inputs/aa/{HASH}.jpg")


def leftovers(home: Path) -> list[Path]:
    return list((home / "inputs" / "incoming").glob("*"))


def test_what_a_killed_studio_left_of_an_upload_is_swept_away(room: Room, tmp_path: Path) -> None:
    incoming = tmp_path / "inputs" / "incoming"
    old, young = incoming / "old", incoming / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "a.mp4").write_bytes(b"x")
    os.utime(old, (1, 1))
    InputRoom(tmp_path, room.studio.desk.runner.crew.intake, room.studio.darkroom).sweep()
    assert (old.exists(), young.exists()) == (False, True)
