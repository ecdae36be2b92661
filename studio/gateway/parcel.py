"""A file on its way up: looks like bytes to fal_client, is read from disk in pieces. Never holds the whole file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

_PIECE_BYTES = 512 * 1024

OnBytes = Callable[[int, "int | None"], None]


class Parcel:
    """Stands where fal_client's upload expects `bytes`: it has a length, and httpx sends it as an async stream.

    Iterating anew starts from the front, so that fal_client's fallback can send it a second time.
    """

    def __init__(self, path: Path, on_bytes: OnBytes | None = None) -> None:
        self.path = path
        self._size_bytes = path.stat().st_size
        self._on_bytes = on_bytes

    def __len__(self) -> int:
        return self._size_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._size_bytes  # a file that grows meanwhile must not break the promised length
        with self.path.open("rb") as file:  # opening is quick; the reads go to a thread
            while left and (piece := await asyncio.to_thread(file.read, min(_PIECE_BYTES, left))):
                left -= len(piece)
                yield piece
                self.tell(self._size_bytes - left)

    def read_part(self, start: int, size_bytes: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(size_bytes)

    def tell(self, done_bytes: int) -> None:
        if self._on_bytes is not None:
            self._on_bytes(done_bytes, self._size_bytes)


def header_safe_name(name: str) -> str:
    """A file name that may stand in an HTTP header: ASCII, no path, at most 80 characters, never empty."""
    stem, dot, suffix = name.replace("\\", "/").rsplit("/", 1)[-1].rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:80] or "upload"
    suffix = re.sub(r"[^A-Za-z0-9]+", "", suffix)[:8].lower()
    return f"{stem}.{suffix}" if suffix else stem
