"""Takes pictures, clips and recordings in from the page: streamed to disk, checked, shown; decodes nothing itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from studio.catalog.limits import MAX_UPLOAD_BYTES, MIB
from studio.catalog.param import Kind, Param
from studio.media.darkroom import Darkroom
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, PictureFacts, SoundFacts
from studio.takes.intake import Input, Intake
from studio.web.problems import Complaint

_KINDS = {
    "picture": Param("file", Kind.PICTURE, "This picture"),
    "clip": Param("file", Kind.CLIP, "This clip"),
    "sound": Param("file", Kind.SOUND, "This recording"),
}
_REF = re.compile(r"inputs/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,5}")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:]+")
_EDGES = " .-\t\u00a0\u2028\u3000"
_TYPES = {
    **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
    **{f".{name}": f"image/{name}" for name in ("png", "webp", "gif", "avif", "heic", "heif")},
    **dict.fromkeys((".mp4", ".m4v"), "video/mp4"),
    ".mov": "video/quicktime",
    **dict.fromkeys(
        (".webm", ".mkv"), "video/webm"
    ),  # a browser plays what it can, and asks for no more than this name
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
    ".mpeg": "video/mpeg",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    **{f".{name}": f"audio/{name}" for name in ("wav", "ogg", "flac", "aac", "aiff")},
}
_TRIM_TILES = 12
_LEFT_S = 3600.0


def is_ref(value: object) -> bool:
    """True for the only form in which a page may name a file: one that was taken in here, by its content."""
    return isinstance(value, str) and _REF.fullmatch(value) is not None


class InputRoom:
    """Uploads of the page. Files land in `home/inputs`; their small pictures lie beside them."""

    def __init__(self, home: Path, intake: Intake, darkroom: Darkroom, *, max_bytes: int = MAX_UPLOAD_BYTES) -> None:
        self._home = home
        self._max_bytes = max_bytes
        self._intake = intake
        self._darkroom = darkroom

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/studio/inputs")
        router.post("")(self.upload)
        router.get("/{name}/{part}")(self.send)
        return router

    async def upload(self, request: Request, kind: str) -> dict[str, Any]:
        """The body is the file itself; its name comes in `X-File-Name`, percent-encoded."""
        param = _KINDS.get(kind)
        if param is None:
            raise Complaint(404, "Not known", f"The studio takes pictures, clips and recordings, not “{kind}”.")
        name = clean_name(unquote(request.headers.get("x-file-name", "")))
        folder = self._home / "inputs" / "incoming" / uuid.uuid4().hex
        path = folder / name
        try:
            await self._receive(request, path)
            return await self.look(param, path, name)
        finally:
            await asyncio.to_thread(_clear, folder)

    def sweep(self) -> None:
        """Remove what uploads left that were cut short by the end of a studio; one under way is younger than that."""
        incoming = self._home / "inputs" / "incoming"
        for folder in incoming.iterdir() if incoming.is_dir() else ():
            with contextlib.suppress(OSError):
                if time.time() - folder.stat().st_mtime > _LEFT_S:
                    _clear(folder)

    async def look(self, param: Param, path: Path, name: str) -> dict[str, Any]:
        """Keeps a file that is on this machine already and describes it for the page. Raises Complaint."""
        found = await self._intake.take_in(param, str(path), {}, {})
        # How long a clip may be depends on settings that can still change, and trimming mends it.
        blocking = [p for p in found.problems if p.is_blocking and not p.code.endswith(("too_long", "duration"))]
        if found.facts is None or blocking:
            sentence = " ".join(problem.message for problem in (blocking or found.problems))
            raise Complaint(422, "Not usable", sentence)
        return await self._describe(found, name)

    async def describe_ref(self, ref: str, name: str = "") -> dict[str, Any] | None:
        """What the page shows of a kept file, or None where it is gone."""
        known = self._intake.known(ref) if is_ref(ref) else {}
        kind = known.get("kind")
        if kind not in _KINDS or not (self._home / ref).is_file():
            return None
        found = await self._intake.take_in(_KINDS[kind], str(self._home / ref), {}, {})
        return await self._describe(found, name or str(known.get("original_name", "")))

    async def ready_sound(self, ref: str, edits: dict[str, Any]) -> str:
        """The address of a recording cut and cleaned as it would be sent."""
        ready = await self._intake.make_ready(_KINDS["sound"], ref, edits)
        name = f"{ready.facts.sha256}{ready.path.suffix}"
        kept = self._home / "inputs" / name[:2] / name
        await asyncio.to_thread(_copy_once, ready.path, kept)
        return f"/studio/inputs/{name}/file"

    async def _receive(self, request: Request, path: Path) -> None:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        size = 0
        file = await asyncio.to_thread(path.open, "wb")
        try:
            async for block in request.stream():
                size += len(block)
                if size > self._max_bytes:
                    limit = self._max_bytes // MIB
                    raise Complaint(
                        413,
                        "Too large",
                        f"This file is over {limit} MB, the most the studio takes. Choose a smaller one.",
                    )
                await asyncio.to_thread(file.write, block)
        except OSError as error:
            raise Complaint(
                507,
                "Not kept",
                f"The file could not be written: {error.strerror}. Free some space, then choose it again.",
            ) from None
        finally:
            await asyncio.to_thread(file.close)

    async def _describe(self, found: Input, name: str) -> dict[str, Any]:
        path = self._home / found.value
        about: dict[str, Any] = {"ref": found.value, "name": name, "sha256": found.sha256}
        advice = [problem.message for problem in found.problems if not problem.is_blocking]
        stem = f"/studio/inputs/{quote(path.name)}"
        try:
            if isinstance(found.facts, PictureFacts):
                await self._once(path.with_suffix(".thumb.jpg"), lambda to: self._darkroom.thumbnail(path, to))
                about |= {
                    "width_px": found.facts.width_px,
                    "height_px": found.facts.height_px,
                    "thumb": f"{stem}/thumb",
                }
            elif isinstance(found.facts, ClipFacts):
                await self._once(path.with_suffix(".thumb.jpg"), lambda to: self._darkroom.poster(path, to))
                await self._once(
                    path.with_suffix(".strip.jpg"), lambda to: self._darkroom.filmstrip(path, to, _TRIM_TILES)
                )
                about |= {"width_px": found.facts.width_px, "height_px": found.facts.height_px}
                about |= {"duration_s": found.facts.duration_s, "has_sound": found.facts.has_sound}
                about |= {"thumb": f"{stem}/thumb", "strip": f"{stem}/strip", "file": f"{stem}/file"}
            elif isinstance(found.facts, SoundFacts):
                wave = path.with_suffix(".wave.json")
                await self._once(wave, lambda to: self._darkroom.waveform(path, to))
                about |= {
                    "duration_s": found.facts.duration_s,
                    "file": f"{stem}/file",
                    "peaks": await asyncio.to_thread(_peaks, wave),
                }
        except MediaError as fault:
            raise Complaint(422, "Not usable", fault.message) from None
        return {**about, "changes": advice}

    async def _once(self, to: Path, make: Any) -> None:
        if not await asyncio.to_thread(to.exists):
            await make(to)

    def send(self, name: str, part: str) -> Response:
        """The kept file or one of its small pictures; only names that are a content hash can be asked for."""
        if not is_ref(f"inputs/{name[:2]}/{name}"):
            raise Complaint(404, "Gone", "This file is no longer here. Choose it again.")
        path = self._home / "inputs" / name[:2] / name
        endings = {"file": path.suffix, "thumb": ".thumb.jpg", "strip": ".strip.jpg"}
        wanted = path.with_suffix(endings.get(part, ".none"))
        if part not in endings or not wanted.is_file():
            raise Complaint(404, "Gone", "This file is no longer here. Choose it again.")
        headers = {"cache-control": "private, max-age=31536000, immutable", "content-security-policy": "sandbox"}
        kind = _TYPES.get(
            wanted.suffix, "application/octet-stream"
        )  # never guessed: a person's file is no page of ours
        return FileResponse(wanted, media_type=kind, headers=headers)


def clean_name(name: str) -> str:
    """A file name that is safe on any disk and still the person's own: at most 120 characters, ending kept."""
    bare = _UNSAFE.sub("-", name.encode("utf-8", "ignore").decode("utf-8")).strip(_EDGES)
    stem, dot, ending = bare.rpartition(".")
    if not dot or len(ending) > 5:
        stem, ending = bare, ""
    stem, ending = stem[:40].strip(_EDGES) or "file", ending.strip(_EDGES)
    return f"{stem}.{ending}" if ending else stem


def _copy_once(source: Path, to: Path) -> None:
    if not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f"{uuid.uuid4().hex}.part")
        shutil.copyfile(source, part)
        part.replace(to)


def _peaks(path: Path) -> list[float]:
    try:
        peaks = json.loads(path.read_text(encoding="utf-8")).get("peaks", [])
    except (OSError, ValueError):
        return []
    step = max(1, len(peaks) // 200)
    return [max(peaks[at : at + step]) for at in range(0, len(peaks), step)]


def _clear(folder: Path) -> None:
    for path in folder.glob("*"):
        path.unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()
