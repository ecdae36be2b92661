"""Facts against Kling's limits, in sentences for a person; pure, opens nothing."""

from __future__ import annotations

from studio.catalog.limits import ClipLimits, PictureLimits, SoundLimits
from studio.catalog.param import Problem
from studio.media.facts import ClipFacts, PictureFacts, SoundFacts
from studio.media.wording import pixels, seconds, size

MAX_ENLARGEMENT = 2.0  # beyond it an enlarged picture is only blur
_EPSILON_S = 0.001
_FACING = {"image": "The picture", "video": "The clip"}


def check_picture(facts: PictureFacts, field: str, limits: PictureLimits = PictureLimits()) -> list[Problem]:  # noqa: B008 frozen
    """What stands between this picture and Kling. What the studio mends by itself is advice, not blocking."""
    shown, low = pixels(facts.width_px, facts.height_px), limits.min_side_px
    side = min(facts.width_px, facts.height_px)
    problems = []
    if side * MAX_ENLARGEMENT < low:
        message = f"This picture is {shown}. Kling needs {low} px on each side. Choose a larger one."
        problems.append(Problem(field, "too_small", message))
    elif side < low:
        message = (
            f"This picture is {shown}. Kling needs {low} px on each side, so it will be enlarged. "
            "A larger one looks better."
        )
        problems.append(Problem(field, "will_enlarge", message, is_blocking=False))
    if not limits.min_aspect <= facts.aspect <= limits.max_aspect:
        message = (
            f"This picture is {shown}. Kling takes shapes from 1:{1 / limits.min_aspect:g} to {limits.max_aspect:g}:1, "
            "so blurred borders will be added. Crop it to avoid them."
        )
        problems.append(Problem(field, "will_pad", message, is_blocking=False))
    if facts.size_bytes > limits.max_bytes:
        message = (
            f"This picture is {size(facts.size_bytes, limits.max_bytes)}. Kling takes {size(limits.max_bytes)}, "
            "so it will be saved smaller."
        )
        problems.append(Problem(field, "will_recompress", message, is_blocking=False))
    return problems


def check_clip(
    facts: ClipFacts,
    orientation: str,
    start_s: float | None = None,
    end_s: float | None = None,
    field: str = "video_url",
    limits: ClipLimits = ClipLimits(),  # noqa: B008 frozen
) -> list[Problem]:
    """What stands between this clip, or the part kept of it, and Kling."""
    problems = _check_span(facts.duration_s, start_s, end_s, field)
    if not problems:
        kept_s = (facts.duration_s if end_s is None else min(end_s, facts.duration_s)) - (start_s or 0.0)
        problems = _check_clip_length(kept_s, orientation, field, limits)
    return [*problems, *_check_clip_size(facts, field, limits), *_check_range(facts, field)]


def _check_range(facts: ClipFacts, field: str) -> list[Problem]:
    if not facts.is_hdr:
        return []
    message = (
        "This clip is HDR. Its colours are brought to standard range and look flatter. "
        "Export it as SDR in another program to keep them."
    )
    return [Problem(field, "will_flatten", message, is_blocking=False)]


def _check_span(duration_s: float, start_s: float | None, end_s: float | None, field: str) -> list[Problem]:
    start, end = start_s or 0.0, duration_s if end_s is None else end_s
    if 0 <= start < end and start < duration_s and end <= duration_s + 0.1:
        return []
    message = (
        f"The part from {seconds(start)} to {seconds(end)} is not inside the {seconds(duration_s)} of this file. "
        "Choose a part inside it."
    )
    return [Problem(field, "bad_trim", message)]


def _check_clip_length(kept_s: float, orientation: str, field: str, limits: ClipLimits) -> list[Problem]:
    low, high = limits.min_duration_s, limits.max_duration_s(orientation)
    if kept_s < low - _EPSILON_S:
        message = (
            f"The clip is {seconds(kept_s, low)}. Kling needs {seconds(low)} at least. "
            "Keep more of it, or choose a longer one."
        )
        return [Problem(field, "too_short", message)]
    if kept_s <= high + _EPSILON_S:
        return []
    longest = max(cap for _, cap in limits.max_duration_s_by_orientation)
    facing = _FACING.get(orientation)
    where = f"With “Facing follows: {facing}” Kling takes" if facing else "Kling takes"
    also = f", or choose “{_FACING['video']}” for up to {seconds(longest)}" if high < kept_s <= longest else ""
    trim = seconds(kept_s - high, 0)
    message = f"The clip is {seconds(kept_s, high)}. {where} {seconds(high)} at most. Trim {trim}{also}."
    return [Problem(field, "too_long", message)]


def _check_clip_size(facts: ClipFacts, field: str, limits: ClipLimits) -> list[Problem]:
    shown, low, high = pixels(facts.width_px, facts.height_px), limits.min_side_px, limits.max_side_px
    short, long = sorted((facts.width_px, facts.height_px))
    if short * MAX_ENLARGEMENT < low or long * low > high * short:
        message = f"This clip is {shown}. Kling needs {low} to {high:,} px on each side. Choose a larger one."
        return [Problem(field, "too_small", message)]
    if short < low:
        message = (
            f"This clip is {shown}. Kling needs {low} px on each side, so it will be enlarged. "
            "A larger one looks better."
        )
        return [Problem(field, "will_enlarge", message, is_blocking=False)]
    is_heavy = facts.size_bytes > limits.max_bytes
    if long > high or is_heavy or facts.container not in limits.containers:
        given = size(facts.size_bytes, limits.max_bytes if is_heavy else None)
        message = (
            f"This clip is {shown}, {given}, {facts.container}. Kling takes mp4 or mov "
            f"up to {high:,} px and {size(limits.max_bytes)}, so it will be saved anew."
        )
        return [Problem(field, "will_convert", message, is_blocking=False)]
    return []


def check_sound(
    facts: SoundFacts,
    start_s: float | None = None,
    end_s: float | None = None,
    field: str = "voice_url",
    limits: SoundLimits = SoundLimits(),  # noqa: B008 frozen
) -> list[Problem]:
    """What stands between this recording and a voice made from it. Quality is advice, length is not."""
    problems = _check_span(facts.duration_s, start_s, end_s, field)
    if not problems:
        kept_s = (facts.duration_s if end_s is None else min(end_s, facts.duration_s)) - (start_s or 0.0)
        problems = _check_sound_length(kept_s, field, limits)
    return problems + _check_sound_quality(facts, field)


def _check_sound_length(kept_s: float, field: str, limits: SoundLimits) -> list[Problem]:
    low, high = limits.min_duration_s, limits.max_duration_s
    if kept_s < low - _EPSILON_S:
        message = (
            f"The recording is {seconds(kept_s, low)}. A voice needs {seconds(low)} at least. Choose a longer one."
        )
        return [Problem(field, "too_short", message)]
    if kept_s > high + _EPSILON_S:
        given, trim = seconds(kept_s, high), seconds(kept_s - high, 0)
        message = f"The recording is {given}. A voice takes {seconds(high)} at most. Trim {trim}."
        return [Problem(field, "too_long", message)]
    return []


def _check_sound_quality(facts: SoundFacts, field: str) -> list[Problem]:
    if facts.silence_share > 0.98:
        return [Problem(field, "silent", "This recording is silent. Choose one in which somebody speaks.")]
    advice = []
    if facts.silence_share > 0.5:
        advice.append(("mostly_silent", f"{facts.silence_share:.0%} of this recording is silent. Trim it to speech."))
    if facts.clipped_share > 0.001:
        advice.append(("clipped", "This recording is too loud in places and cracks. A quieter one is better."))
    if facts.rms_dbfs < -40:
        advice.append(("quiet", f"This recording is quiet ({facts.rms_dbfs:.0f} dB). “Clean” raises its level."))
    return [Problem(field, code, message, is_blocking=False) for code, message in advice]
