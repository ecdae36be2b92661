"""Which words of a prompt are scene, camera, ambience, effects or music. Reads the text around lines, never lines."""

from __future__ import annotations

import re
from functools import lru_cache

from studio.script.lexicon import (
    AMBIENCE_WORDS,
    CAMERA_WORDS,
    EFFECTS_WORDS,
    LABEL_BOX,
    MUSIC_WORDS,
)
from studio.script.scene import Part

Found = list[tuple[Part, str]]  # a part with the words before it, and its own words

_BREAK = re.compile(r"[.!?…]{1,8}[”’\"')\]]{0,4}(?:\s+|$)|[。！？]{1,8}[”’」』）]{0,4}\s*|\n\s*")
_WORD = re.compile(r"\S")
_JOINT = re.compile(r"[\s,;.，；]*")  # what may stand between a line and the first words after it
_LABEL = re.compile(r"(?:[*#\-•]{0,3}[^\S\n]*)([A-Za-z]{2,12}(?: [A-Za-z]{2,10})?)(?:\*\*)?[^\S\n]*[:：](?:\*\*)?\s*")
_ORDER = {"scene": 0, "camera": 1, "ambience": 2, "effects": 3, "music": 4}


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence (end is past its last mark, before the white space)."""
    found: list[tuple[int, int]] = []
    start = _JOINT.match(text).end()  # type: ignore[union-attr]
    for match in _BREAK.finditer(text, start):
        end = match.start() + len(match.group().rstrip())
        if end > start:
            found.append((start, end))
        word = _WORD.search(text, match.end())
        start = word.start() if word else len(text)
    if start < len(text):
        found.append((start, len(text.rstrip())))
    return found


@lru_cache(maxsize=512)  # while one sentence is written, the others stay as they are
def classify(sentence: str) -> str:
    """The box a sentence sounds like; “scene” where nothing speaks for another."""
    if CAMERA_WORDS.search(sentence):
        return "camera"
    is_music, is_effect = bool(MUSIC_WORDS.search(sentence)), bool(EFFECTS_WORDS.search(sentence))
    is_ambience = bool(AMBIENCE_WORDS.search(sentence))
    if is_music and not is_effect and not is_ambience:
        return "music"
    if is_effect and not is_ambience and not is_music:
        return "effects"
    return "ambience" if is_ambience or is_music else "scene"


def read_head(text: str) -> Found:
    """The boxes before the first line: scene, then camera."""
    return _read(text, "scene", ("scene", "camera"))


def read_tail(text: str) -> Found:
    """The boxes after the last line: ambience, effects, music; camera only where it is named."""
    return _read(text, "ambience", ("ambience", "effects", "music"))


def read_whole(text: str) -> Found:
    """The boxes of a prompt without lines."""
    return _read(text, "scene", tuple(_ORDER))


@lru_cache(maxsize=64)
def _read_cached(text: str, default: str, kinds: tuple[str, ...]) -> tuple[tuple[Part, str], ...]:
    runs: list[tuple[str, int, int, int]] = []  # kind, where its label starts, start and end of its words
    label_kind: str | None = None
    for start, end in sentences(text):
        kind, words_at = _labelled(text, start, end)
        if kind is not None:
            label_kind = kind
        elif runs and label_kind is not None:
            runs[-1] = (*runs[-1][:3], end)
            continue
        kind = kind or _by_sound(text[start:end], default, kinds)
        if runs and runs[-1][0] == kind and words_at == start:
            runs[-1] = (*runs[-1][:3], end)
        else:
            runs.append((kind, start, words_at, end))
    return tuple(_to_parts(text, _in_order(runs, default)))


def _read(text: str, default: str, kinds: tuple[str, ...]) -> Found:
    return list(_read_cached(text, default, kinds))


def _by_sound(sentence: str, default: str, kinds: tuple[str, ...]) -> str:
    kind = classify(sentence)
    return kind if kind in kinds else default


def _labelled(text: str, start: int, end: int) -> tuple[str | None, int]:
    """The box that a sentence names (“Camera: …”) and where its words start."""
    match = _LABEL.match(text, start, end)
    kind = LABEL_BOX.get(match.group(1).lower()) if match else None
    if match is None or kind is None or match.end() >= end:
        return None, start
    return kind, match.end()


def _in_order(runs: list[tuple[str, int, int, int]], default: str) -> list[tuple[str, int, int, int]]:
    """Runs joined until each box is met once, in order; an unnamed run out of order joins the one before."""
    last_default = max((i for i, run in enumerate(runs) if run[0] == default and run[1] == run[2]), default=-1)
    kept: list[tuple[str, int, int, int]] = []
    for i, run in enumerate(runs):
        kind, label_at, words_at, end = run
        is_new = all(kind != other[0] for other in kept)
        is_named = label_at != words_at
        is_after = i >= last_default and (not kept or _ORDER[kind] > _ORDER[kept[-1][0]])
        if is_new and (is_named or is_after):
            kept.append(run)
        elif kept:
            kept[-1] = (*kept[-1][:3], end)
        else:
            kept.append((default, label_at, label_at, end))
    return kept


def _to_parts(text: str, runs: list[tuple[str, int, int, int]]) -> Found:
    parts: Found = []
    at = 0
    for kind, _label_at, words_at, end in runs:
        parts.append((Part(kind, text[at:words_at]), text[words_at:end]))
        at = end
    parts.append((Part("end", text[at:]), ""))
    return parts
