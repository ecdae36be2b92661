"""A take as JSON: the card that the page shows, and the object that the command line prints. Pure; reads no ledger."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from studio.catalog.registry import find_endpoint
from studio.takes.captioning import planned_rows
from studio.takes.crew import Progress
from studio.takes.expectations import Expected, lateness, took_s
from studio.takes.settling import drift_usd_micros
from studio.takes.take import State, Take, actions, utc_now

MEDIA_NAMES = {
    "video": "video.mp4",
    "silent": "silent.mp4",
    "poster": "poster.jpg",
    "strip": "strip.jpg",
    "waveform": "waveform.json",
    "srt": "captions.srt",
    "vtt": "captions.vtt",
    "start": "start.jpg",
    "recipe": "recipe.json",
}
_START_PARAMS = ("start_image_url", "image_url")


def card(
    take: Take,
    *,
    expected: Expected | None = None,
    studio_place: int | None = None,
    progress: Progress | None = None,
    parent: Take | None = None,
    has_file: bool | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The take for a page. `has_file` False says that its clip is no longer on disk; None that nobody looked."""
    expected = expected or Expected()
    return {
        **_identity(take),
        **_money(take),
        "queue_position": take.queue_position,
        "studio_place": studio_place,
        "progress": (progress or Progress()).as_json(),
        "expected": expected.as_json(),
        "lateness": lateness(take, expected, now or utc_now()),
        "reason": _reason(take),
        **_clip(take, has_file is not False),
        "planned": planned_rows(take) if take.is_open else take.facts.get("planned") or [],
        "captions_in_picture": take.is_free,  # an animatic has its lines drawn into the frames
        "starred": take.starred,
        "is_binned": take.binned_at is not None,
        "parent": {"id": parent.id, "label": parent.label} if parent else None,
        "request_id": take.request_id,
        "result_url": take.result_url if take.state in (State.FETCHING, State.FAILED) else None,
        "arguments": arguments_of(take),
        "values": take.values,
        "edits": take.edits,
        "script": take.script,
        "start_thumb": _start_thumb(take),
        "actions": list(actions(take)),
        "model_title": _endpoint_word(take, "model_title"),
        "mode_title": _endpoint_word(take, "title"),
        "took_s": took_s(take),
        "is_cancel_requested": take.is_cancel_requested,
    }


def _identity(take: Take) -> dict[str, Any]:
    return {
        "id": take.id,
        "key": take.key,
        "number": take.number,
        "label": take.label,
        "world": take.world,
        "mode": take.mode,
        "endpoint": take.endpoint_id,
        "title": take.title,
        "prompt": take.prompt,
        "state": take.state.value,
        "is_open": take.is_open,
        "created_at": stamp(take.created_at),
        "submitted_at": stamp(take.submitted_at),
        "started_at": stamp(take.started_at),
        "finished_at": stamp(take.completed_at or take.closed_at),
    }


def _money(take: Take) -> dict[str, Any]:
    return {
        "estimate_usd_micros": take.estimate_usd_micros,
        "held_usd_micros": take.held_usd_micros,
        "billed_usd_micros": take.billed_usd_micros,
        "drift_usd_micros": drift_usd_micros(take),
        "billable_units": take.billable_units,
        "charge": take.charge.value,
    }


def _reason(take: Take) -> dict[str, Any] | None:
    if take.reason is None:
        return None
    empty: dict[str, Any] = {
        "code": "",
        "title": "",
        "sentence": "",
        "steps": [],
        "request_id": None,
        "detail": "",
        "charged": "no",
    }
    reason = {**empty, **take.reason}
    return {**reason, "request_id": reason["request_id"] or take.request_id}


def _clip(take: Take, has_file: bool) -> dict[str, Any]:
    facts = take.facts
    names = ("duration_s", "width_px", "height_px", "fps", "has_sound", "size_bytes")
    clip = {name: facts.get(name) for name in names}
    clip["duration_s"] = clip["duration_s"] or take.duration_s
    return {
        **clip,
        "media": _media(take) if take.file and has_file else None,
        "strip_times_s": facts.get("strip_times_s") or [],
        "speech": facts.get("speech") or [],
        "lines": facts.get("lines") or [],
        "voice_id": facts.get("voice_id"),
    }


def _media(take: Take) -> dict[str, Any]:
    made = take.facts.get("media")
    made = made if isinstance(made, dict) else {}
    names = ("silent", "poster", "strip", "waveform", "srt", "vtt")
    return {"video": media_url(take.id, "video"), **{n: media_url(take.id, n) if made.get(n) else None for n in names}}


def media_url(take_id: str, name: str) -> str:
    """Where the page fetches a file of a take."""
    return f"/studio/takes/{take_id}/{MEDIA_NAMES[name]}"


def _start_thumb(take: Take) -> str | None:
    given = next((take.values[name] for name in _START_PARAMS if take.values.get(name)), None)
    return media_url(take.id, "start") if isinstance(given, str) and given.startswith("inputs/") else None


def start_input(take: Take) -> str | None:
    """The kept picture that the take starts from, as a path under the home folder."""
    given = next((take.values[name] for name in _START_PARAMS if take.values.get(name)), None)
    return given if isinstance(given, str) and given.startswith("inputs/") else None


def arguments_of(take: Take) -> dict[str, Any]:
    """What was sent, or what would be."""
    if take.payload is not None:
        return take.payload
    try:
        return find_endpoint(take.endpoint_id).payload(take.values)
    except (KeyError, ValueError, TypeError):
        return take.values


def _endpoint_word(take: Take, name: str) -> str:
    try:
        return str(getattr(find_endpoint(take.endpoint_id), name))
    except KeyError:
        return take.mode


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 with Z, in milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z" if moment else None


def state_json(take: Take, home: Path) -> dict[str, Any]:
    """What `make`, `rehearse` and `show` print. `file` is absolute; `error` is None where nothing is wrong."""
    return {
        "take_id": take.id,
        "label": take.label,
        "number": take.number,
        "world": take.world,
        "mode": take.mode,
        "state": take.state.value,
        "endpoint": take.endpoint_id,
        "arguments": arguments_of(take),
        "key": take.key,
        "request_id": take.request_id,
        "estimate_usd_micros": take.estimate_usd_micros,
        "held_usd_micros": take.held_usd_micros,
        "billed_usd_micros": take.billed_usd_micros,
        "charge": take.charge.value,
        "file": str((home / take.file).absolute()) if take.file else None,
        "result_url": take.result_url,
        "voice_id": take.facts.get("voice_id"),
        "duration_s": take.facts.get("duration_s") or take.duration_s,
        "created_at": stamp(take.created_at),
        "finished_at": stamp(take.completed_at or take.closed_at),
        "error": None if take.state is State.KEPT else _reason(take),
        "actions": list(actions(take)),
    }


def is_kept(take: Take) -> bool:
    """What the exit code of the command line says."""
    return take.state is State.KEPT
