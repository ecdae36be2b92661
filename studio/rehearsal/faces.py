"""Picks a font that has the characters of a text: the bundled faces first, then what this machine has. Never fails.

A text that no font covers is drawn with empty boxes; drawing something is better than stopping a rehearsal.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
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
    r"|NotoSansThai-Reg|segoeui|seguisym|seguiemj|Symbola|FreeSans|LiberationSans-Regular|arial|tahoma|Nirmala)"
    r"[^/]*\.(ttf|ttc|otf)\Z",
    re.IGNORECASE,
)
_PROBE_PX = 24
_NOWHERE = "\U0010fffe"  # a character that no font has: what it looks like is the font's empty box
_MAX_FONTS = 80
# Joiners and colour selectors of emoji, and the marks that turn the direction of what follows.
_UNSEEN = "\u200d\ufe0e\ufe0f\u20e3\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def clean(text: str, limit: int = 4000) -> str:
    """Text that can be drawn: no control characters, lone surrogates or marks that are never seen; one line."""
    spaced = "".join(ch if unicodedata.category(ch) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") else " " for ch in text)
    kept = "".join(ch for ch in spaced[:limit] if ch not in _UNSEEN)
    return " ".join(unicodedata.normalize("NFC", kept).split())


def is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(ch) in ("R", "AL") for ch in text)


class Faces:
    """The fonts for one rehearsal. `fonts_dir` holds the bundled ones; None where there are none."""

    def __init__(self, fonts_dir: str | None) -> None:
        self._own = tuple(str(Path(fonts_dir) / name) for name in BUNDLED[:1]) if fonts_dir else ()

    def font_for(self, text: str, size_px: int, weight: int = 500) -> Font:
        """One font for all of `text` where there is one, else the font that has most of it."""
        needed = "".join(sorted({ch for ch in text if not ch.isspace()}))
        for path in self._own:
            if not needed or _covers(path, needed):
                return _load(path, size_px, weight)
        return _load(_best_installed(needed, self._own), size_px, weight)

    def runs(self, text: str, size_px: int, weight: int = 500) -> list[tuple[str, Font]]:
        """`text` in pieces that each have one font. One piece when one font has it all."""
        whole = self.font_for(text, size_px, weight)
        if _has_all(whole, text) or is_right_to_left(text):
            return [(text, whole)]
        pieces: list[tuple[str, Font]] = []
        for ch in text:
            font = pieces[-1][1] if pieces and ch.isspace() else self.font_for(ch, size_px, weight)
            if pieces and pieces[-1][1] is font:
                pieces[-1] = (pieces[-1][0] + ch, font)
            else:
                pieces.append((ch, font))
        return pieces


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


@lru_cache(maxsize=4096)
def _covers(path: str, text: str) -> bool:
    return _missing(path, text) == 0


def _missing(path: str, text: str) -> int:
    return sum(not _has(path, ch) for ch in text)


@lru_cache(maxsize=16_384)
def _has(path: str, ch: str) -> bool:
    """Whether the font draws `ch` as anything but its empty box."""
    font = _load(path, _PROBE_PX, 500)
    return _drawn(font, ch) != _drawn(font, _NOWHERE)


def _has_all(font: Font, text: str) -> bool:
    box = _drawn(font, _NOWHERE)
    return all(ch.isspace() or _drawn(font, ch) != box for ch in set(text))


def _drawn(font: Font, ch: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(ch)
    return mask.size, bytes(mask)


@lru_cache(maxsize=512)
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
    """Fonts of this machine that are worth asking, those of wide use first."""
    found = [
        path
        for folder in FONT_FOLDERS
        if Path(folder).is_dir()
        for path in sorted(Path(folder).rglob("*"))
        if _WELL_KNOWN.search(path.as_posix()) and not re.search(r"Bold|Italic|Oblique|Condensed|Mono", path.name)
    ]
    usable = [str(path) for path in found if _opens(str(path))]
    return tuple(usable[:_MAX_FONTS])


def _opens(path: str) -> bool:
    try:
        ImageFont.truetype(path, _PROBE_PX)
    except OSError:
        return False
    return True
