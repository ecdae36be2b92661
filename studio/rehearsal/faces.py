"""Picks a font that has the characters of a text: the bundled faces first, then what this machine has. Never fails.

A character that no font has is left out: a row of empty boxes tells nobody anything.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

BUNDLED = ("instrument-sans-latin-wght.woff2", "geist-mono-latin-wght.woff2")
FONT_FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "C:/Windows/Fonts",
)
_WELL_KNOWN = re.compile(
    r"(DejaVuSans|NotoSans-Regular|NotoSans\[|Arial ?Unicode|NotoSansCJK-Regular|NotoSansSC|PingFang|Hiragino|STHeiti"
    r"|msyh|YuGoth|malgun|wqy|DroidSansFallback|NotoSansArabic-Reg|NotoSansHebrew-Reg|NotoSansDevanagari-Reg"
    r"|NotoSansThai-Reg|segoeui|seguisym|seguiemj|Symbola|FreeSans|LiberationSans-Regular|arial|tahoma|Nirmala"
    r"|Loma|Waree|Sarabun|Thonburi|Leelaw|Kohinoor|Lohit)"
    r"[^/]*\.(ttf|ttc|otf)\Z",
    re.IGNORECASE,
)
_UNFIT = re.compile(r"Bold|Italic|Oblique|Condensed|Mono|Black|Heavy|Narrow", re.IGNORECASE)
_FAINT = re.compile(r"Light|Thin|Hairline", re.IGNORECASE)
_LIKE_OURS = re.compile(r"NotoSans-Reg|NotoSans\[|LiberationSans-Reg|/(arial|segoeui)\.ttf\Z", re.IGNORECASE)
_PROBE_PX = 24
_NOWHERE = "\U0010fffe"  # a character that no font has: what it looks like is the font's empty box
_MAX_FONTS = 80
_LEADING_VOWELS = "เแโใไເແໂໃໄ"  # Thai and Lao: written before the consonant that they belong to
_TRAILING = "ะาำๅๆฯະາຳໆ"  # Thai and Lao: letters that never begin a line
_VIRAMA = 9  # the combining class of the mark that ties two consonants of Indian writing together
# Joiners and colour selectors of emoji, and the marks that turn the direction of what follows.
_UNSEEN = "\u200d\ufe0e\ufe0f\u20e3\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def clean(text: str, limit: int = 4000) -> str:
    """Text that can be drawn: no control characters, lone surrogates or marks that are never seen; one line."""
    spaced = "".join(ch if unicodedata.category(ch) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else " " for ch in text)
    kept = "".join(ch for ch in spaced[:limit] if ch not in _UNSEEN)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(ch) in ("R", "AL") for ch in text)


def clusters(text: str) -> list[str]:
    """`text` in pieces that must not be torn apart: each a character with the marks that are drawn on it."""
    pieces: list[str] = []
    for ch in text:
        if pieces and _belongs(pieces[-1][-1], ch):
            pieces[-1] += ch
        else:
            pieces.append(ch)
    return pieces


def _belongs(before: str, ch: str) -> bool:
    is_mark = unicodedata.category(ch)[0] == "M" or ch in _TRAILING or "\U0001f3fb" <= ch <= "\U0001f3ff"
    is_tied = unicodedata.combining(before) == _VIRAMA and unicodedata.category(ch)[0] == "L"
    return is_mark or is_tied or before in _LEADING_VOWELS


@lru_cache(maxsize=4096)
def _writing(ch: str) -> str:
    """The writing that a letter or mark is of; empty for digits, punctuation and spaces, which are of every one."""
    if unicodedata.category(ch)[0] not in "LM":
        return ""
    name = unicodedata.name(ch, "").split(" ")[0]
    return "" if name == "COMBINING" else "CJK" if name in ("HIRAGANA", "KATAKANA", "IDEOGRAPHIC") else name


def _stretches(text: str) -> Iterator[str]:
    """`text` cut where its writing changes; what is of every writing stays with what is before it."""
    stretch = writing = ""
    for ch in text:
        if writing and _writing(ch) not in ("", writing):
            yield stretch
            stretch, writing = "", ""
        stretch, writing = stretch + ch, writing or _writing(ch)
    if stretch:
        yield stretch


class Faces:
    """The fonts for one rehearsal. `fonts_dir` holds the bundled ones; None where there are none."""

    def __init__(self, fonts_dir: str | None) -> None:
        self._own = tuple(str(Path(fonts_dir) / name) for name in BUNDLED[:1]) if fonts_dir else ()

    def font_for(self, text: str, size_px: int, weight: int = 500) -> Font:
        """One font for all of `text` where there is one, else the font that has most of it."""
        return _load(self._path_for(text), size_px, weight)

    def runs(self, text: str, size_px: int, weight: int = 500) -> list[tuple[str, Font]]:
        """`text` in pieces that each have one font. One piece when one font has it all, or when it is right to left."""
        pieces: list[tuple[str, str | None]] = []
        for part, path in self._parts(text):
            if pieces and (pieces[-1][1] == path or part.isspace()):
                pieces[-1] = (pieces[-1][0] + part, pieces[-1][1])
            else:
                pieces.append((part, path))
        return [(piece, _load(path, size_px, weight)) for piece, path in pieces]

    def drawable(self, text: str) -> str:
        """`text` without the characters that no font has."""
        placed = ((cluster, self._path_for(cluster)) for cluster in clusters(text))
        return "".join(_known(cluster, path) for cluster, path in placed if _has(path, cluster[0]))

    def _parts(self, text: str) -> Iterator[tuple[str, str | None]]:
        """Pieces with their fonts: the whole, else every writing whole, else character by character with its marks."""
        whole = self._path_for(text)
        if _covers(whole, text) and not self._lacks_only_signs(text):
            yield text, whole
        elif is_right_to_left(text):
            yield _known(text, whole), whole
        else:
            for stretch in _stretches(text):
                is_whole = _covers(self._path_for(stretch), stretch) and not self._lacks_only_signs(stretch)
                pieces = [stretch] if is_whole else clusters(stretch)
                yield from ((piece, self._path_for(piece)) for piece in pieces)

    def _lacks_only_signs(self, text: str) -> bool:
        """Whether our own face has the letters but not the rest: one arrow must not change the face of a sentence."""
        letters = "".join(ch for ch in text if _writing(ch))
        return bool(letters) and any(_covers(path, letters) and not _covers(path, text) for path in self._own)

    def _path_for(self, text: str) -> str | None:
        return _path_for(text, self._own)


@lru_cache(maxsize=8192)
def _path_for(text: str, own: tuple[str, ...]) -> str | None:
    needed = "".join(sorted({ch for ch in text if not ch.isspace()}))
    return next((path for path in own if _covers(path, needed)), None) or _best_installed(needed, own)


@lru_cache(maxsize=256)
def _load(path: str | None, size_px: int, weight: int) -> Font:
    """The font, at a weight where it has one. Without a path, or when it will not open: Pillow's own."""
    if path is not None:
        try:
            font = ImageFont.truetype(path, size_px)
        except OSError:
            return ImageFont.load_default(size_px)
        with contextlib.suppress(OSError, NotImplementedError):  # a font of one weight
            font.set_variation_by_axes([weight])
        return font
    return ImageFont.load_default(size_px)


def _covers(path: str | None, text: str) -> bool:
    return _missing(path, text) == 0


def _missing(path: str | None, text: str) -> int:
    return sum(not _has(path, ch) for ch in text)


def _known(text: str, path: str | None) -> str:
    return "".join(ch for ch in text if _has(path, ch))


@lru_cache(maxsize=16_384)
def _has(path: str | None, ch: str) -> bool:
    """Whether the font draws `ch` as anything but its empty box. What is never drawn every font has."""
    if ch.isspace() or unicodedata.category(ch) == "Cf":
        return True
    return _drawn(path, ch) != _drawn(path, _NOWHERE)


@lru_cache(maxsize=256)
def _probe(path: str | None) -> Font:
    """A font to be asked one character at a time. Plain layout: with shaping a mark alone gets a base drawn for it,
    so that a font without the mark would seem to have it."""
    try:
        return ImageFont.truetype(path, _PROBE_PX, layout_engine=ImageFont.Layout.BASIC) if path else _load(None, 24, 0)
    except OSError:
        return _load(None, _PROBE_PX, 0)


@lru_cache(maxsize=1024)
def _drawn(path: str | None, ch: str) -> tuple[tuple[int, int], bytes]:
    mask = _probe(path).getmask(ch)
    return mask.size, bytes(mask)


@lru_cache(maxsize=2048)
def _best_installed(needed: str, own: tuple[str, ...]) -> str | None:
    """The installed font that lacks the fewest of these characters."""
    best, fewest = (own[0] if own else None), (_missing(own[0], needed) if own else len(needed) + 1)
    for path in installed_fonts():
        lacking = _missing(path, needed)
        if lacking < fewest:
            best, fewest = path, lacking
        if fewest == 0:
            break
    return best


@lru_cache(maxsize=1)
def installed_fonts() -> tuple[str, ...]:
    """Upright fonts of this machine that are worth asking: those most like ours first, faint ones last."""
    found = [
        path.as_posix()
        for folder in FONT_FOLDERS
        if Path(folder).is_dir()
        for path in sorted(Path(folder).rglob("*"))
        if _WELL_KNOWN.search(path.as_posix()) and not _UNFIT.search(path.name)
    ]
    styles = {path: style for path in found if (style := _style(path)) is not None and not _UNFIT.search(style)}
    return tuple(sorted(styles, key=lambda path: _rank(path, styles[path]))[:_MAX_FONTS])


def _rank(path: str, style: str) -> int:
    return 2 if _FAINT.search(f"{Path(path).name} {style}") else 0 if _LIKE_OURS.search(path) else 1


def _style(path: str) -> str | None:
    """What a font says of itself, as “Book” or “ExtraLight”; None where it does not open."""
    try:
        return ImageFont.truetype(path, _PROBE_PX).getname()[1] or ""
    except OSError:
        return None
