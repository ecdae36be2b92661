"""Numbers as people read them; never decides anything."""

from __future__ import annotations

from studio.catalog.limits import MIB


def seconds(value_s: float) -> str:
    """`7.6 s`, `10 s`, `10.04 s`: two digits at most, none that say nothing."""
    return f"{value_s:.2f}".rstrip("0").rstrip(".") + " s"


def size(size_bytes: float) -> str:
    """`11.8 MB` or `340 KB`; a megabyte is 1024 x 1024 bytes, as in the limits."""
    if size_bytes < MIB:
        return f"{max(1, round(size_bytes / 1024))} KB"
    return f"{size_bytes / MIB:.1f}".removesuffix(".0") + " MB"


def pixels(width_px: int, height_px: int) -> str:
    """`240 x 600 px`."""
    return f"{width_px} x {height_px} px"


def megapixels(count: int) -> str:
    """`48 megapixels`."""
    return f"{count / 1_000_000:,.0f} megapixels"
