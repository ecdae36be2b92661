"""The stand-in's media store on disk: names, pieces, sizes, age. Never speaks HTTP and never decodes a file."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from studio.rehearsal.addresses import MEDIA_HOSTS

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_DATA_URI_BYTES = 10 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATH = re.compile(r"/files/b/([0-9a-f]{16})/([A-Za-z0-9_][A-Za-z0-9._-]{0,119})\Z")


class TooLarge(Exception):
    """More bytes than the store takes for one file."""


@dataclass(frozen=True)
class StoredFile:
    """`url_path` is what follows the host in its URL."""

    path: Path
    url_path: str
    content_type: str
    size_bytes: int


class MediaStore:
    """Files under `folder/<key>/`, each with a small JSON of facts beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def reserve(self, file_name: str) -> tuple[str, Path]:
        """A new (URL path, file path) for a name given from outside, which is made harmless."""
        key, name = secrets.token_hex(8), safe_name(file_name)
        place = self._folder / key
        place.mkdir()
        return f"/files/b/{key}/{name}", place / name

    def keep(self, url_path: str, content_type: str) -> StoredFile:
        """Record the facts of a file whose bytes are in place."""
        path = self.path_of(url_path)
        facts = {"content_type": content_type or "application/octet-stream"}
        (path.parent / ".facts.json").write_text(json.dumps(facts), encoding="utf-8")
        return StoredFile(path, url_path, facts["content_type"], path.stat().st_size)

    def find(self, url_path: str) -> StoredFile | None:
        """The file at a URL path, or None when there is none or it has been cleaned away."""
        if not _PATH.match(url_path):
            return None
        path = self.path_of(url_path)
        try:
            facts = json.loads((path.parent / ".facts.json").read_text(encoding="utf-8"))
            return StoredFile(path, url_path, facts["content_type"], path.stat().st_size)
        except (OSError, ValueError, KeyError):
            return None

    def touch(self, stored: StoredFile) -> None:
        """Note that a file is in use, so that its age counts from now."""
        with contextlib.suppress(OSError):
            os.utime(stored.path.parent)

    def find_url(self, url: str) -> StoredFile | None:
        """The file that a full URL names, when that URL is one of ours."""
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or host not in (*MEDIA_HOSTS, *_LOOPBACK):
            return None
        return self.find(unquote(parts.path))

    async def write(self, path: Path, chunks: AsyncIterator[bytes]) -> str:
        """Stream bytes into `path`; returns their MD5 for an ETag. TooLarge leaves nothing behind."""
        size, digest = 0, hashlib.md5(usedforsecurity=False)
        beside = path.with_name(f".{secrets.token_hex(4)}.incoming")
        with beside.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    beside.unlink()
                    raise TooLarge
                digest.update(chunk)
                file.write(chunk)
        beside.replace(path)
        return digest.hexdigest()

    def part_path(self, url_path: str, number: int) -> Path:
        return self.path_of(url_path).parent / f".part-{number:05d}"

    def parts(self, url_path: str) -> list[int]:
        """The numbers of the pieces that have come."""
        pieces = self.path_of(url_path).parent.glob(".part-*")
        return sorted(int(piece.name[6:]) for piece in pieces if piece.name[6:].isdecimal())

    def join_parts(self, url_path: str) -> None:
        """Put the pieces together in order of their numbers. TooLarge when they are too much for one file."""
        target = self.path_of(url_path)
        parts = sorted(target.parent.glob(".part-*"))
        if sum(part.stat().st_size for part in parts) > MAX_FILE_BYTES:
            raise TooLarge
        with target.open("wb") as whole:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, whole)
                part.unlink()

    def keep_data_uri(self, uri: str) -> StoredFile | None:
        """Store a small `data:` URI; None when it is not one that can be read."""
        head, _, body = uri[5:].partition(",")
        if not head.endswith(";base64") or len(body) * 3 // 4 > MAX_DATA_URI_BYTES:
            return None
        try:
            data = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return None
        content_type = head.removesuffix(";base64").split(";")[0]
        url_path, path = self.reserve("inline." + (content_type.rpartition("/")[2] or "bin"))
        path.write_bytes(data)
        return self.keep(url_path, content_type)

    def forget_before(self, age_s: float, in_use: frozenset[str] = frozenset()) -> None:
        """Remove files not written to for `age_s` seconds, but those whose URL path is in use."""
        limit, kept = time.time() - age_s, {path.split("/")[3] for path in in_use}
        for place in self._folder.iterdir():
            if place.is_dir() and place.name not in kept and place.stat().st_mtime < limit:
                shutil.rmtree(place, ignore_errors=True)

    def path_of(self, url_path: str) -> Path:
        """Where the bytes of a URL path go. ValueError for a path that is not this store's."""
        match = _PATH.match(url_path)
        if match is None:
            raise ValueError("not a path of this store")
        return self._folder / match[1] / match[2]


def safe_name(file_name: str) -> str:
    """A name for a URL and a disk, whatever was given: letters, digits, dot, dash; never hidden, never empty."""
    name = file_name.replace("\\", "/").rpartition("/")[2]
    stem, dot, suffix = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    return f"{stem[:80] or 'file'}.{suffix[:12]}" if suffix else (stem[:80] or "file")
