"""Names for folders and files that a person can read and every file system takes. Never reads or writes."""

from __future__ import annotations

import re
import unicodedata
from datetime import tzinfo
from pathlib import Path

from studio.takes.take import Take

MAX_SLUG_BYTES = 60
MAX_WORDS = 8
# Windows refuses these as file names, with any ending and in any case.
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(10))})
_TAG = re.compile(r"<<<[^>]*>>>")
_SENTENCE = re.compile(r"[.!?\n。！？]")
_KEPT = ("L", "M", "N")  # letters, their marks, and digits of any script


def slug(text: str, otherwise: str = "take") -> str:
    """Letters and digits joined by single hyphens, at most 60 bytes: `dusk-on-a-wooden-pier`.

    Scripts other than Latin stay as they are. Never empty, never a reserved name, never with a path in it.
    """
    plain = unicodedata.normalize("NFKC", _TAG.sub(" ", text[:2000])).lower()
    plain = unicodedata.normalize("NFC", plain).replace("'", "").replace("\u2019", "")
    kept = "".join(mark if unicodedata.category(mark)[0] in _KEPT else " " for mark in plain)
    words = kept.split()[:MAX_WORDS]
    name = _cut("-".join(words), MAX_SLUG_BYTES).strip("-")
    if not name or name in RESERVED:
        return f"{otherwise}-{name}" if name else otherwise
    return name


def _cut(text: str, max_bytes: int) -> str:
    """The beginning of the text, ended at a word where that loses little, never within a character."""
    raw = text.encode("utf-8", "ignore")
    if len(raw) <= max_bytes:
        return raw.decode()
    short = raw[:max_bytes].decode("utf-8", "ignore")
    head, mark, _ = short.rpartition("-")
    return head if mark and len(head) > len(short) // 2 else short


def title_of(text: str, otherwise: str) -> str:
    """The first words of a scene as one line of at most 60 characters."""
    line = " ".join(_TAG.sub(" ", _SENTENCE.split(text.strip(), maxsplit=1)[0]).split())
    line = "".join(mark for mark in line if unicodedata.category(mark)[0] != "C")
    if len(line) > 60:
        line = line[:59].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return line or otherwise


def stem_of(take: Take) -> str:
    """`0014-dusk-on-a-wooden-pier`, `R0007-…` for a rehearsal."""
    return f"{'R' if take.is_free else ''}{take.number:04d}-{slug(take.title)}"


def folder_of(take: Take, home: Path, zone: tzinfo | None = None) -> str:
    """A folder for the take's files, relative to `home`, that no other take has; the day is the person's own."""
    day = take.created_at.astimezone(zone).strftime("%Y-%m-%d") if take.created_at else "undated"
    base = Path("rehearsals" if take.is_free else "takes") / day
    stem, folder, count = stem_of(take), base / stem_of(take), 2
    while (home / folder).exists():
        folder, count = base / f"{stem}-{count}", count + 1
    return folder.as_posix()


def inside(home: Path, relative: str) -> Path | None:
    """The file that a stored name means, or None where it would lead out of the home folder."""
    try:
        root = home.resolve()
        path = (root / relative).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(root) else None
