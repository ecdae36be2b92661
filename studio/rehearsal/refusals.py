"""Opens the files of an order, and refuses those that Kling would refuse, in fal's own form. Never repairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageOps

from studio.catalog.limits import MAX_PICTURE_PIXELS, ClipLimits, PictureLimits, SoundLimits
from studio.rehearsal.rows import Row, row

PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
CLIP_DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2"
LENGTH_SLACK_S = 0.1


class Refused(Exception):
    """The model would refuse this input: `rows` as fal words them."""

    def __init__(self, *rows: Row) -> None:
        super().__init__(rows[0]["msg"])
        self.rows = list(rows)


@dataclass(frozen=True)
class ClipFacts:
    """What a reference clip is. Length in seconds."""

    duration_s: float
    width_px: int
    height_px: int
    has_sound: bool


def open_picture(path: str, field: str, limits: PictureLimits | None = None) -> Image.Image:
    """The picture in RGB, upright, within Kling's bounds. Raises Refused."""
    limits = limits or PictureLimits()
    size_bytes = Path(path).stat().st_size
    if size_bytes > limits.max_bytes:
        message = f"File size exceeds the maximum of {limits.max_bytes} bytes"
        raise Refused(row("file_too_large", message, field, ctx={"max_size": limits.max_bytes}))
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as picture:
            _check_picture(picture.width, picture.height, field, limits)
            return ImageOps.exif_transpose(picture).convert("RGB")
    except Image.DecompressionBombError:
        raise Refused(row("image_too_large", "Image is too large", field)) from None
    except (OSError, ValueError, SyntaxError):
        raise Refused(row("image_load_error", "Failed to load the image.", field)) from None


def _check_picture(width: int, height: int, field: str, limits: PictureLimits) -> None:
    if width * height > MAX_PICTURE_PIXELS:
        raise Refused(row("image_too_large", "Image is too large", field))
    least = limits.min_side_px
    if min(width, height) < least:
        message = f"Image is too small. Minimum dimensions are {least}x{least} pixels."
        raise Refused(row("image_too_small", message, field, ctx={"min_height": least, "min_width": least}))
    aspect = width / height
    if not min(limits.min_aspect, 1 / limits.max_aspect) - 0.01 <= aspect <= limits.max_aspect + 0.01:
        ctx = {"min_aspect_ratio": limits.min_aspect, "max_aspect_ratio": limits.max_aspect}
        message = "The aspect ratio of the image is out of bounds."
        raise Refused(row("image_aspect_ratio_error", message, field, ctx=ctx))


def check_clip(path: str, field: str, orientation: str, limits: ClipLimits | None = None) -> ClipFacts:
    """The facts of a reference clip within Kling's bounds. Raises Refused."""
    limits = limits or ClipLimits()
    if Path(path).stat().st_size > limits.max_bytes:
        message = f"File size exceeds the maximum of {limits.max_bytes} bytes"
        raise Refused(row("file_too_large", message, field, ctx={"max_size": limits.max_bytes}))
    facts = clip_facts(path, field)
    longest = limits.max_duration_s(orientation)
    if facts.duration_s > longest + LENGTH_SLACK_S:
        message = f"Video duration exceeds the maximum of {longest:g} seconds"
        raise Refused(row("video_duration_too_long", message, field, ctx={"max_duration": longest}))
    if facts.duration_s < limits.min_duration_s - LENGTH_SLACK_S:
        message = f"Video duration is below the minimum of {limits.min_duration_s:g} seconds"
        raise Refused(row("video_duration_too_short", message, field, ctx={"min_duration": limits.min_duration_s}))
    if min(facts.width_px, facts.height_px) < limits.min_side_px:
        message = f"Video is too small. Minimum side is {limits.min_side_px} pixels."
        raise Refused(row("image_too_small", message, field, ctx={"min_height": limits.min_side_px}))
    return facts


def clip_facts(path: str, field: str) -> ClipFacts:
    """What the container says of its picture track. Raises Refused when there is none to read."""
    try:
        with av.open(path, format=None, options={"skip_frame": "all"}) as container:
            if container.format.name != CLIP_DEMUXERS:
                raise _unsupported(field)
            video = container.streams.video[0]
            seconds = _length_s(video, container)
            return ClipFacts(seconds, video.width, video.height, bool(container.streams.audio))
    except (av.FFmpegError, OSError, IndexError, ValueError):
        raise _unsupported(field) from None


def recording_length_s(path: str, field: str) -> float:
    """The length of a recording for a voice, within bounds. Raises Refused."""
    limits = SoundLimits()
    try:
        with av.open(path) as container:
            sound = container.streams.audio[0]
            seconds = _length_s(sound, container)
    except (av.FFmpegError, OSError, IndexError, ValueError):
        supported: dict[str, Any] = {"supported_formats": list(limits.containers)}
        raise Refused(row("unsupported_audio_format", "Unsupported audio format.", field, ctx=supported)) from None
    if seconds < limits.min_duration_s - LENGTH_SLACK_S:
        message = f"Audio duration is below the minimum of {limits.min_duration_s:g} seconds"
        raise Refused(row("audio_duration_too_short", message, field, ctx={"min_duration": limits.min_duration_s}))
    if seconds > limits.max_duration_s + LENGTH_SLACK_S:
        message = f"Audio duration exceeds the maximum of {limits.max_duration_s:g} seconds"
        raise Refused(row("audio_duration_too_long", message, field, ctx={"max_duration": limits.max_duration_s}))
    return seconds


def _length_s(stream: Any, container: Any) -> float:
    """The stream's own length, else what the container says; 0.0 when neither does."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float((container.duration or 0) / av.time_base)


def _unsupported(field: str) -> Refused:
    ctx = {"supported_formats": list(ClipLimits().containers)}
    return Refused(row("unsupported_video_format", "Unsupported video format.", field, ctx=ctx))
