"""Takes files in: kept once by their content under `inputs/`, looked at once, made ready for fal. Never uploads."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from studio.catalog.limits import MAX_UPLOAD_BYTES
from studio.catalog.param import Kind, Param, Problem
from studio.media.darkroom import Darkroom
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, PictureFacts, Prepared, SoundFacts
from studio.takes.folders import inside
from studio.takes.recipes import read_json_file, write_json
from studio.takes.storage import in_words

Facts = PictureFacts | ClipFacts | SoundFacts
_FACTS: dict[Kind, type[Any]] = {Kind.PICTURE: PictureFacts, Kind.CLIP: ClipFacts, Kind.SOUND: SoundFacts}
_PICTURES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif", "AVIF": ".avif", "HEIF": ".heic"}
_OTHERS = ("mp4", "mov", "mkv", "avi", "ts", "mpeg", "ogg", "mp3", "wav", "flac", "aac", "aiff")
_ENDINGS = {**_PICTURES, **{container: f".{container}" for container in _OTHERS}}
_BLOCK = 1024 * 1024


def _is_there(path: Path) -> bool:
    """False for what the system will not even look for, such as a name of thousands of letters."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


@dataclass(frozen=True)
class Input:
    """A file or link given for a parameter. `value` is what the take keeps: a path under the home folder or the URL."""

    field: str
    value: str
    sha256: str | None = None
    facts: Facts | None = None
    problems: tuple[Problem, ...] = ()


class Intake:
    """The folder `inputs` in the home folder: `ab/<sha256>.<ending>` with what is known of it beside."""

    def __init__(self, home: Path, darkroom: Darkroom) -> None:
        self._home = home
        self._darkroom = darkroom

    async def take_in(self, param: Param, given: str, edit: Mapping[str, Any], values: Mapping[str, Any]) -> Input:
        """Keep the file and look at it. What is wrong with it comes back as problems, never as an exception.

        A link stays as it is; fal fetches it. Raises StorageTrouble where the file cannot be kept.
        """
        if is_link(given):
            return Input(param.name, given.strip())
        path = self.resolve(given)
        if path is None or not await asyncio.to_thread(_is_there, path):
            return self._refused(param, given, "missing", f"{param.title}: there is no such file. Add it again.")
        try:
            sha256 = await asyncio.to_thread(_hash, path)
            if isinstance(sha256, Problem):
                return Input(param.name, given, problems=(replace(sha256, field=param.name),))
            facts = await self._look(param.kind, path, sha256)
        except MediaError as fault:
            return self._refused(param, given, fault.code, fault.message)
        except PermissionError:
            return self._refused(
                param, given, "unreadable", f"{param.title}: this file may not be read. Choose another."
            )
        with in_words():
            stored = await asyncio.to_thread(self._keep, path, sha256, facts)
        problems = tuple(self._check(param, facts, edit, values))
        return Input(param.name, stored, sha256, facts, problems)

    def resolve(self, given: str) -> Path | None:
        """The file that a value means: one we keep, or a path of the person's. None where it is no path at all."""
        if not given or "\0" in given:
            return None
        path = Path(given)
        if path.is_absolute():
            return path
        kept = inside(self._home, given)
        return kept if kept is not None and _is_there(kept) else path.absolute()

    def known(self, value: str) -> dict[str, Any]:
        """What is known of a kept file: `original_name`, `kind`, `sha256`, `facts`; empty where nothing is."""
        path = inside(self._home, value)
        return read_json_file(path.with_suffix(".json")) if path is not None else {}

    async def make_ready(self, param: Param, value: str, edit: Mapping[str, Any]) -> Prepared:
        """The file as fal should get it: fitted, upright, without metadata. Raises MediaError."""
        path = self.resolve(value)
        if path is None or not path.is_file():
            raise MediaError("missing", f"{param.title} is no longer on disk. Add it again.", param.name)
        ready = self._home / "inputs" / "ready"
        await asyncio.to_thread(ready.mkdir, parents=True, exist_ok=True)
        if param.kind is Kind.PICTURE:
            return await self._darkroom.prepare_picture(path, ready, crop_of(edit), str(edit.get("fit") or "pad"))
        start_s, end_s = span_of(edit)
        if param.kind is Kind.CLIP:
            return await self._darkroom.prepare_clip(path, ready, start_s, end_s)
        return await self._darkroom.prepare_sound(path, ready, start_s, end_s, edit.get("clean") is not False)

    def _refused(self, param: Param, given: str, code: str, message: str) -> Input:
        return Input(param.name, given, problems=(Problem(param.name, code, message),))

    def _check(self, param: Param, facts: Facts, edit: Mapping[str, Any], values: Mapping[str, Any]) -> list[Problem]:
        if isinstance(facts, PictureFacts):
            return self._darkroom.check_picture(facts, param.name)
        start_s, end_s = span_of(edit)
        if isinstance(facts, ClipFacts):
            orientation = str(values.get("character_orientation") or "video")
            found = self._darkroom.check_clip(facts, orientation, start_s, end_s)
        else:
            found = self._darkroom.check_sound(facts, start_s, end_s)
        return [replace(problem, field=param.name) for problem in found]

    async def _look(self, kind: Kind, path: Path, sha256: str) -> Facts:
        known = await asyncio.to_thread(read_json_file, self._note_path(sha256))
        if known.get("kind") == kind.value and isinstance(known.get("facts"), dict):
            facts = _from_note(kind, known["facts"])
            if facts is not None:
                return facts
        if kind is Kind.PICTURE:
            return await self._darkroom.inspect_picture(path)
        if kind is Kind.CLIP:
            return await self._darkroom.inspect_clip(path)
        return await self._darkroom.inspect_sound(path)

    def _keep(self, path: Path, sha256: str, facts: Facts) -> str:
        note = self._note_path(sha256)
        kept = note.with_suffix(_ending(facts))
        if not kept.exists():
            note.parent.mkdir(parents=True, exist_ok=True)
            copy = kept.with_name(f"{uuid.uuid4().hex}.part")
            try:
                _copy(path, copy)
                os.replace(copy, kept)
            finally:
                copy.unlink(missing_ok=True)
        kind = next(kind for kind, known in _FACTS.items() if isinstance(facts, known))
        if read_json_file(note).get("kind") != kind.value:
            about = {"original_name": path.name[:200], "kind": kind.value, "sha256": sha256, "facts": asdict(facts)}
            write_json(note, about)
        return kept.relative_to(self._home).as_posix()

    def _note_path(self, sha256: str) -> Path:
        return self._home / "inputs" / sha256[:2] / f"{sha256}.json"


def is_link(value: str) -> bool:
    return value.strip().lower().startswith(("https://", "http://"))


def span_of(edit: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Start and end in seconds of the part to keep, as far as they were given."""
    return _seconds(edit.get("start_s")), _seconds(edit.get("end_s"))


def crop_of(edit: Mapping[str, Any]) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom as shares of the picture."""
    crop = edit.get("crop")
    if not isinstance(crop, (list, tuple)) or len(crop) != 4:
        return None
    shares = [_seconds(value) for value in crop]
    left, top, right, bottom = shares
    if left is None or top is None or right is None or bottom is None:
        return None
    return left, top, right, bottom


def kept_duration_s(facts: ClipFacts, edit: Mapping[str, Any]) -> float:
    """How much of a clip is left after trimming, in seconds."""
    start_s, end_s = span_of(edit)
    end_s = facts.duration_s if end_s is None else min(end_s, facts.duration_s)
    return max(0.0, end_s - (start_s or 0.0))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return float(value)


def _ending(facts: Facts) -> str:
    """By what the file was found to be: a picture named `.html` must not be served as a page."""
    return _ENDINGS.get(facts.format if isinstance(facts, PictureFacts) else facts.container, ".bin")


def _hash(path: Path) -> str | Problem:
    if path.stat().st_size > MAX_UPLOAD_BYTES:
        limit = MAX_UPLOAD_BYTES // _BLOCK
        return Problem(
            "", "too_heavy", f"This file is over {limit} MB, the most the studio takes. Choose a smaller one."
        )
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _copy(source: Path, to: Path) -> None:
    with source.open("rb") as old, to.open("wb") as new:
        while block := old.read(_BLOCK):
            new.write(block)
        new.flush()
        os.fsync(new.fileno())


def _from_note(kind: Kind, given: dict[str, Any]) -> Facts | None:
    known = _FACTS[kind]
    names = {item.name for item in fields(known)}
    try:
        facts: Facts = known(**{name: value for name, value in given.items() if name in names})
    except TypeError:
        return None
    return facts
