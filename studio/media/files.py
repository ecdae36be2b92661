"""Bytes on disk: size checks, content hash, sniffing and whole-or-nothing writing; never decodes media."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.catalog.limits import MAX_UPLOAD_BYTES
from studio.media import wording
from studio.media.errors import MediaError

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "a picture"),
    (0, b"\x89PNG", "a picture"),
    (0, b"GIF8", "a picture"),
    (8, b"WEBP", "a picture"),
    (4, b"ftypavi", "a picture"),
    (4, b"ftypmif1", "a picture"),
    (4, b"ftyphei", "a picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"8BPS", "a Photoshop file"),
    (4, b"ftypM4A", "a sound recording"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (8, b"WAVE", "a sound recording"),
    (0, b"ID3", "a sound recording"),
    (0, b"fLaC", "a sound recording"),
    (0, b"OggS", "a sound recording"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a compressed archive"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
)


def size_of(path: Path, what: str) -> int:
    """Bytes of a file that may be read as `what` (“picture”). Raises MediaError where there is nothing to read."""
    if not path.is_file():
        raise MediaError("missing", f"This {what} is no longer there. Add it again.")
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise MediaError("empty", f"This {what} is empty: 0 bytes arrived. Choose the file again.")
    if size_bytes > MAX_UPLOAD_BYTES:
        raise MediaError(
            "too_heavy",
            f"This {what} is {wording.size(size_bytes, MAX_UPLOAD_BYTES)}. "
            f"The studio takes {wording.size(MAX_UPLOAD_BYTES)} at most. Choose a smaller one.",
        )
    return size_bytes


def sniff(path: Path) -> str | None:
    """What the first bytes look like, in words (“a web page”), or None. The name of the file plays no part."""
    with path.open("rb") as file:
        head = file.read(2048)
    for offset, magic, name in _SIGNATURES:
        if head[offset : offset + len(magic)] == magic:
            return name
    return _sniff_text(head)


def _sniff_text(head: bytes) -> str | None:
    if b"\0" in head:
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:256].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start:
        return "a web page"
    if start.startswith((b"<?xml", b"<svg")):
        return "an SVG or XML file"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as broken:
        if broken.start < len(head) - 4:
            return None
    return "a text file"


def sha256_of(path: Path) -> str:
    """Hex digest of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place only when the block ends well; otherwise it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def by_content(out_dir: Path, suffix: str) -> Iterator[tuple[Path, list[Path]]]:
    """Like `whole`, but the final name is the hash of what was written; it is put into the list handed out."""
    out_dir.mkdir(parents=True, exist_ok=True)
    part = out_dir / f".{uuid.uuid4().hex}.part"
    named: list[Path] = []
    try:
        yield part, named
        named.append(out_dir / f"{sha256_of(part)}{suffix}")
        os.replace(part, named[0])
    finally:
        part.unlink(missing_ok=True)
