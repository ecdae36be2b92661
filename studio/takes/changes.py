"""What one take changed against another, in words for a person: settings, steps of a chain, counts of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from studio.catalog.pricing import format_usd
from studio.catalog.registry import find_endpoint
from studio.takes.expectations import took_s
from studio.takes.folders import inside
from studio.takes.recipes import read_json_file
from studio.takes.take import Charge, Take

NONE = "none"
_SETTINGS = {
    "start_image_url": "Start frame",
    "end_image_url": "End frame",
    "image_url": "Character",
    "video_url": "Movement",
    "voice_ids": "Voices",
    "duration": "Length",
    "generate_audio": "Sound",
    "keep_original_sound": "Clip sound",
    "aspect_ratio": "Shape",
    "negative_prompt": "Avoid",
    "cfg_scale": "Follow the prompt",
    "character_orientation": "Facing follows",
}
_COMES_AND_GOES = ("Start frame", "End frame", "Character", "Movement", "Voices", "Avoid")
_MOST_CHANGES = 3
# A sign of a script without spaces is a word of its own here; the page's comparison of words cuts the same way.
_WORDS = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


class Told(NamedTuple):
    """A setting in words, and the value that tells two of the same words apart."""

    words: str
    value: Any


def settings_in_words(take: Take, home: Path, voices: list[str]) -> dict[str, Told]:
    """Every setting of a take by its title. Files are called by the names they came with."""
    told = {}
    for name, title in _SETTINGS.items():
        value = take.values.get(name)
        if name == "voice_ids":
            told[title] = Told(", ".join(voices) or NONE, value or None)
        elif name == "duration":
            told[title] = _length(take)
        elif value not in (None, "", []):
            told[title] = Told(_in_words(take, home, name, value), [value, take.edits.get(name)])
    told["Model"] = Told(_model(take), take.endpoint_id)
    return told


def _in_words(take: Take, home: Path, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == "character_orientation":
        return "the clip" if value == "video" else "the picture"
    if not name.endswith("_url"):
        return str(value)
    path = inside(home, str(value))
    known = read_json_file(path.with_suffix(".json")) if path is not None else {}
    shown = str(known.get("original_name") or str(value).rpartition("/")[2] or value)
    return shown + _edit_words(take.edits.get(name))


def rows(a: Mapping[str, Told], b: Mapping[str, Told]) -> list[dict[str, str]]:
    """The settings that differ. Two of the same words are told apart in words."""
    found = []
    for name in [*_SETTINGS.values(), "Model"]:
        one, two = a.get(name, Told(NONE, None)), b.get(name, Told(NONE, None))
        if one.value != two.value:
            shown = f"{two.words}, another version" if one.words == two.words else two.words
            found.append({"name": name, "a": one.words, "b": shown})
    return found


def beginning(told: Mapping[str, Told]) -> str:
    """How the first take of a chain began."""
    source = next((told[name].words for name in ("Start frame", "Character") if name in told), "words alone")
    voices = told["Voices"].words
    return f"Began with {source}, {'no voices' if voices == NONE else f'voices {voices}'}"


def step(parent: tuple[Take, Mapping[str, Told]], child: tuple[Take, Mapping[str, Told]]) -> str:
    """What a take changed against the one it came from, in a few words."""
    (before, old), (after, new) = parent, child
    changed = max(changed_words(before.prompt, after.prompt))
    found = [f"{changed} word{'' if changed == 1 else 's'} changed"] if changed else []
    found += [words for row in rows(old, new) if (words := _change(row["name"], row["a"], row["b"]))]
    found = found or ["same recipe"]
    if before.is_free != after.is_free:
        found.insert(1 if found == ["same recipe"] else 0, "rehearsed" if after.is_free else "now filmed")
    more = len(found) - _MOST_CHANGES
    shown = found if more <= 1 else [*found[:_MOST_CHANGES], f"{more} more"]
    return ", ".join(shown)[:1].upper() + ", ".join(shown)[1:]


def _change(name: str, old: str, new: str) -> str:
    """One change; empty for a setting that one of the two modes does not have, for the mode itself is told."""
    if name in _COMES_AND_GOES:
        return f"{name.lower()} {'added' if old == NONE else 'removed' if new == NONE else 'changed'}"
    if NONE in (old, new):
        return ""
    if name == "Model":
        return f"now {new.partition(', ')[2]}"
    return f"now {new}" if name == "Length" else f"{name.lower()} {new}"


def outcome_rows(a: Take, b: Take) -> list[dict[str, str]]:
    """What two takes cost and how long they took, where that differs."""
    found = (("Billed", _bill(a), _bill(b)), ("Wait", _wait(a), _wait(b)))
    return [{"name": name, "a": one, "b": two} for name, one, two in found if one != two]


def changed_words(old: str, new: str) -> tuple[int, int]:
    """How many words went out and came in: all but the longest common run of words, counted bit by bit."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    places: dict[str, int] = {}
    for index, word in enumerate(before):
        places[word] = places.get(word, 0) | 1 << index
    everything = (1 << len(before)) - 1
    left = everything
    for word in after:
        found = left & places.get(word, 0)
        left = ((left + found) | (left - found)) & everything
    common = len(before) - left.bit_count()
    return len(before) - common, len(after) - common


def _length(take: Take) -> Told:
    given = take.values.get("duration") or take.duration_s or take.facts.get("duration_s")
    try:
        seconds = round(float(given), 1)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Told("not known", None)
    return Told(f"{seconds:g} s", seconds)


def _edit_words(edit: object) -> str:
    if not isinstance(edit, Mapping):
        return ""
    start_s, end_s = edit.get("start_s"), edit.get("end_s")
    if isinstance(start_s, int | float) and isinstance(end_s, int | float):
        return f", {start_s:.1f} s to {end_s:.1f} s"
    return ", cropped" if edit.get("crop") else ""


def _model(take: Take) -> str:
    try:
        endpoint = find_endpoint(take.endpoint_id)
    except KeyError:
        return take.mode
    return f"{endpoint.model_title}, {endpoint.title[:1].lower()}{endpoint.title[1:]}"


def _bill(take: Take) -> str:
    if take.is_free:
        return "free"
    if take.billed_usd_micros is not None:
        return format_usd(take.billed_usd_micros)
    words = {Charge.NOT_BILLED: "$0.00", Charge.MAY_BE_BILLED: "may be billed"}
    return words.get(take.charge, "bill pending")


def _wait(take: Take) -> str:
    seconds = took_s(take)
    if seconds is None:
        return "not known"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"
