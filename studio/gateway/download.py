"""Fetches a finished file: resumes where it stopped, checks the size, renames at the end. Never sends a credential.

Bytes gather in `<name>.part` with a note beside it (`<name>.part.json`) of which version they are from, so that a
restart of the studio can go on where it stopped. Whether the file plays is for somebody who knows media.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import json
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from studio.gateway.answers import Download
from studio.gateway.parcel import OnBytes
from studio.gateway.wire import ANONYMOUS, Answered, Broken, Wire, broken_as_fault

MAX_FILE_BYTES = 2 * 1024**3
_BUFFER_BYTES = 512 * 1024
_MAX_HOPS = 4
_MEDIA_TYPES = ("video/", "audio/", "image/", "application/octet-stream", "binary/", "application/mp4")
# A line this slow is taken for dead: the connection is closed and the rest asked for anew.
_SLOW_WINDOW_S = 30.0
_SLOW_BYTES = 32 * 1024


@dataclass(frozen=True)
class Part:
    """What is already here of one file, and the validator (ETag or Last-Modified) of the version it belongs to."""

    path: Path
    note: Path

    @classmethod
    def beside(cls, to: Path) -> Part:
        return cls(to.with_name(f"{to.name}.part"), to.with_name(f"{to.name}.part.json"))

    def resume_point(self, url: str) -> tuple[int, str]:
        """How many bytes are here of this very file and version; (0, "") to start anew."""
        try:
            note = json.loads(self.note.read_text("utf-8"))
            if note["url_sha256"] == _sha256(url.encode()) and note["validator"]:
                return self.path.stat().st_size, str(note["validator"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return 0, ""

    def write_note(self, url: str, validator: str) -> None:
        # A hash of the link: links may be signed, and a signature is not for the disk.
        self.note.write_text(json.dumps({"url_sha256": _sha256(url.encode()), "validator": validator}), "utf-8")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def keep_as(self, to: Path) -> str:
        """Flush to the disk, rename to `to`, and return the SHA-256 of the bytes."""
        digest = hashlib.sha256()
        with self.path.open("r+b") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
            os.fsync(file.fileno())
        self.path.replace(to)
        self.note.unlink(missing_ok=True)
        _sync_folder(to.parent)
        return digest.hexdigest()


async def fetch(
    wire: Wire,
    url: str,
    to: Path,
    *,
    on_bytes: OnBytes | None = None,
    expected_bytes: int | None = None,
    max_bytes: int = MAX_FILE_BYTES,
    clock: Callable[[], float] = time.monotonic,
) -> Download:
    """One attempt. Raises Answered for a status that is not a file, Broken for a file that is not whole or not media.

    A part that can be gone on with stays on disk; one that proved wrong is removed.
    """
    part = Part.beside(to)
    try:
        start, validator = await asyncio.to_thread(part.resume_point, url)
        async with _opened(wire, url, start, validator) as response:
            if response.status_code == 416 or not _is_continued(response, start):
                await asyncio.to_thread(part.discard)
                raise Broken("short", "what is here does not fit what is there")
            start = start if response.status_code == 206 else 0
            total = _total_bytes(response, start)
            _require_media(response, total, max_bytes)
            await asyncio.to_thread(part.write_note, url, _validator(response))
            size = await _write_body(response, part.path, start, total, on_bytes, max_bytes, clock)
        _require_whole(part, size, total, expected_bytes)
        sha256 = await asyncio.to_thread(part.keep_as, to)
    except OSError as error:
        raise Broken("disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "disk", str(error)) from error
    except Broken as fault:
        if fault.kind in ("not_media", "empty", "too_long"):
            with contextlib.suppress(OSError):
                part.discard()
        raise
    return Download(size, response.headers.get("content-type"), sha256)


@contextlib.asynccontextmanager
async def _opened(wire: Wire, url: str, start: int, validator: str) -> AsyncIterator[httpx.Response]:
    """The answer for `url`, body unread, after at most four redirects; none of them carries a credential."""
    headers = {"Range": f"bytes={start}-", "If-Range": validator} if start else {}
    for _ in range(_MAX_HOPS):
        request = wire.build_request("GET", url, headers=headers, extensions={ANONYMOUS: True})
        response = await wire.send(request, stream=True)
        try:
            if response.is_redirect and "location" in response.headers:
                url = urljoin(url, response.headers["location"])
                continue
            if not response.is_success and response.status_code != 416:
                raise Answered(await _short_copy(response))
            yield response
            return
        finally:
            await response.aclose()
    raise Broken("reset", "redirected in circles")


async def _short_copy(response: httpx.Response) -> httpx.Response:
    """An error answer with the front of its body, for the detail text."""
    body = bytearray()
    with contextlib.suppress(Broken), broken_as_fault():
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) >= 4096:
                break
    headers = [(name, value) for name, value in response.headers.items() if name != "content-encoding"]
    return httpx.Response(response.status_code, headers=headers, content=bytes(body[:4096]))


async def _write_body(
    response: httpx.Response,
    path: Path,
    start: int,
    total: int | None,
    on_bytes: OnBytes | None,
    max_bytes: int,
    clock: Callable[[], float],
) -> int:
    size, buffer, window = start, bytearray(), (clock(), start)
    with path.open("r+b" if start else "wb") as file:  # opening is quick; the writes go to a thread
        file.seek(start)
        file.truncate()
        try:
            with broken_as_fault():
                async for chunk in response.aiter_bytes():
                    if size == 0 and _looks_like_a_page(chunk):
                        raise Broken("not_media", "the body is text")
                    buffer += chunk
                    size += len(chunk)
                    if size > max_bytes:
                        raise Broken("too_long", f"more than {max_bytes} bytes")
                    window = _require_moving(window, size, clock())
                    if len(buffer) >= _BUFFER_BYTES:
                        await asyncio.to_thread(file.write, bytes(buffer))
                        buffer.clear()
                    if on_bytes is not None:
                        on_bytes(size, total)
        finally:
            # Also when the line broke: the next attempt goes on from here.
            file.write(buffer)
    return size


def _require_moving(window: tuple[float, int], size: int, now: float) -> tuple[float, int]:
    began_at, began_size = window
    if now - began_at < _SLOW_WINDOW_S:
        return window
    if size - began_size < _SLOW_BYTES:
        raise Broken("timeout", "too slow to go on")
    return now, size


def _require_media(response: httpx.Response, total: int | None, max_bytes: int) -> None:
    kind = response.headers.get("content-type", "").lower()
    if kind and not kind.startswith(_MEDIA_TYPES):
        raise Broken("not_media", f"content type {kind[:80]}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Broken("not_media", "the body is encoded")
    if total is not None and total > max_bytes:
        raise Broken("too_long", f"{total} bytes, {max_bytes} at most")


def _require_whole(part: Part, size: int, total: int | None, expected_bytes: int | None) -> None:
    if size == 0:
        raise Broken("empty")
    if total is not None and size < total:
        raise Broken("short", f"{size} of {total} bytes")
    if (total is not None and size > total) or (expected_bytes is not None and size != expected_bytes):
        part.discard()
        raise Broken("short", f"{size} bytes, {total if total is not None else expected_bytes} announced")


def _is_continued(response: httpx.Response, start: int) -> bool:
    """True for a whole file, or for a part that begins where ours ends."""
    if response.status_code != 206:
        return True
    span = _content_range(response)
    return start > 0 and span is not None and span[0] == start


def _total_bytes(response: httpx.Response, start: int) -> int | None:
    span = _content_range(response)
    if response.status_code == 206 and span is not None and span[1] is not None:
        return span[1]
    length = response.headers.get("content-length", "")
    return start + int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None


def _content_range(response: httpx.Response) -> tuple[int, int | None] | None:
    found = re.fullmatch(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", response.headers.get("content-range", "").strip())
    return (int(found[1]), None if found[2] == "*" else int(found[2])) if found else None


def _validator(response: httpx.Response) -> str:
    """A strong ETag, else Last-Modified; RFC 9110 §13.1.5 allows no weak ETag in If-Range."""
    etag = str(response.headers.get("etag", ""))
    return etag if etag.startswith('"') else str(response.headers.get("last-modified", ""))


def _looks_like_a_page(chunk: bytes) -> bool:
    return chunk[:64].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"{"))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the rename durable. Some systems cannot open a folder; there the rename is as durable as it gets."""
    with contextlib.suppress(OSError):
        handle: Any = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
