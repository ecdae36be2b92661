"""What Kling accepts of pictures, clips and recordings. Checked on this machine before any upload or cost.

Source: Kling's own documentation as gathered from several integrators (2026-08); fal's 2.6 page states only the
picture formats, the orientation caps and the five per cent. fal's own refusal has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class PictureLimits:
    """Bounds of a picture. Sides in pixels, aspect as width / height, size in bytes."""

    min_side_px: int = 300
    min_aspect: float = 0.4
    max_aspect: float = 2.5
    max_bytes: int = 10 * MIB
    formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")


@dataclass(frozen=True)
class ClipLimits:
    """Bounds of a reference clip. Durations in seconds."""

    min_duration_s: float = 3.0
    max_duration_s_by_orientation: tuple[tuple[str, float], ...] = (("image", 10.0), ("video", 30.0))
    min_side_px: int = 340
    max_side_px: int = 3850
    max_bytes: int = 100 * MIB
    containers: tuple[str, ...] = ("mp4", "mov")

    def max_duration_s(self, orientation: str) -> float:
        """The longest clip for a `character_orientation`; the smallest cap where it is unknown."""
        caps = dict(self.max_duration_s_by_orientation)
        return caps.get(orientation, min(caps.values()))


@dataclass(frozen=True)
class SoundLimits:
    """Bounds of a recording for create-voice. Durations in seconds."""

    min_duration_s: float = 5.0
    max_duration_s: float = 30.0
    max_bytes: int = 100 * MIB
    containers: tuple[str, ...] = ("mp3", "wav", "mp4", "mov")


# What the studio takes in from a person before it fits the file to Kling's bounds.
MAX_UPLOAD_BYTES = 512 * MIB
MAX_PICTURE_PIXELS = 120_000_000
