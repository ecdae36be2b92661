"""Numbers as people read them; never decides anything."""

from __future__ import annotations

import math

from studio.catalog.limits import MIB


def seconds(value_s: float, limit_s: float | None = None) -> str:
    """`7.6 s`, `10 s`, `10.04 s`: two digits at most, none that say nothing.

    Rounds away from the limit that a value breaks: nobody understands that 3 s is less than 3 s.
    """
    return f"{_away(value_s, limit_s, 100):.2f}".rstrip("0").rstrip(".") + " s"


def size(size_bytes: float, limit_bytes: float | None = None) -> str:
    """`11.8 MB` or `340 KB`; a megabyte is 1024 x 1024 bytes, as in the limits. Rounds like `seconds`."""
    if size_bytes < MIB:
        return f"{max(1, round(size_bytes / 1024))} KB"
    limit = None if limit_bytes is None else limit_bytes / MIB
    return f"{_away(size_bytes / MIB, limit, 10):.1f}".removesuffix(".0") + " MB"


def _away(value: float, limit: float | None, parts: int) -> float:
    """To whole parts of one: to the nearest, or away from the limit."""
    if limit is None or value == limit:
        return round(value * parts) / parts
    hair = 1e-9  # so that 2.99, which is no whole number of hundredths in binary, stays itself
    away = math.floor(value * parts + hair) if value < limit else math.ceil(value * parts - hair)
    return away / parts


def pixels(width_px: int, height_px: int) -> str:
    """`240 x 600 px`."""
    return f"{width_px} x {height_px} px"


def megapixels(count: int, limit: int | None = None) -> str:
    """`48 megapixels`. Rounds like `seconds`."""
    return f"{_away(count / 1_000_000, None if limit is None else limit / 1_000_000, 1):,.0f} megapixels"
