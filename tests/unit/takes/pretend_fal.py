"""A pretend fal and a pretend darkroom: quick, obedient, and able to fail in every way a test asks for."""
# ruff: noqa: ASYNC240  the files here are a few bytes long

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.gateway.answers import Download, Progress, RemoteRequest, Result, Ticket, UnitPrice
from studio.gateway.errors import Charged, GatewayError, Gone, Meaning, NotSent, Refusal, TakeFailed
from studio.gateway.hosts import Hosts
from studio.gateway.reading import read_file
from studio.media.darkroom import Darkroom
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Derived, PictureFacts, Prepared, SoundFacts


def fault(
    kind: type[GatewayError], code: str, *, charged: Charged = Charged.NO, again: bool = False, **more: Any
) -> Any:
    meaning = Meaning(code, code.title(), f"It was {code}.", ("Do this",), charged, again)
    return kind(meaning, **more)


@dataclass
class Job:
    """One accepted request. `looks` are the states seen one after another; the last one stays."""

    request_id: str
    endpoint_id: str
    arguments: dict[str, Any]
    sent_at: datetime
    looks: list[Any] = field(default_factory=lambda: ["queued", "running", "done"])
    is_cancelled: bool = False
    result: Any = None
    units: float | None = None


class FakeGateway:
    """Counts every POST; faults are put into `submit_faults` and its like, one for each call, None for none."""

    def __init__(self, folder: Path | None = None) -> None:
        self.hosts = Hosts()
        self.posts: list[dict[str, Any]] = []
        self.jobs: dict[str, Job] = {}
        self.folder = folder
        self.submit_faults: list[Any] = []
        self.upload_faults: list[Any] = []
        self.result_faults: list[Any] = []
        self.download_faults: list[Any] = []
        self.cancel_answers: list[Any] = []
        self.clips: list[bytes] = []
        self.looks: list[Any] = ["queued", "running", "done"]
        self.units: float | None = None
        self.result_payload: dict[str, Any] | None = None
        self.listed_input: Callable[[dict[str, Any]], Any] = dict
        self.lists_jobs = True
        self.uploads: list[str] = []
        self.downloads = 0
        self.cancels = 0
        self.gate: asyncio.Event | None = None
        self.unit_prices: dict[str, UnitPrice] = {}

    async def submit(self, endpoint_id: str, arguments: Any, *, on_sending: Any = None) -> Ticket:
        trouble = self.submit_faults.pop(0) if self.submit_faults else None
        if isinstance(trouble, NotSent):
            raise trouble
        self.posts.append(dict(arguments))
        self._note("post")
        if isinstance(trouble, Refusal):
            raise trouble
        job = Job(
            f"req-{len(self.posts)}-{id(self):x}", endpoint_id, dict(arguments), datetime.now(UTC), list(self.looks)
        )
        job.units = self.units
        self.jobs[job.request_id] = job
        self._note("job", job.request_id)
        if trouble is not None:
            raise trouble
        return self.ticket({"request_id": job.request_id, "endpoint_id": endpoint_id})

    def ticket(self, given: Any) -> Ticket:
        row = given if isinstance(given, dict) else vars(given)
        base = f"https://queue.fal.run/fal-ai/kling-video/requests/{row['request_id']}"
        return Ticket(row["request_id"], base, f"{base}/status", f"{base}/cancel", 2, row.get("endpoint_id", ""))

    async def watch(self, ticket: Any, first_wait_s: float = 1, max_wait_s: float = 3) -> AsyncIterator[Progress]:
        request_id = self.ticket(ticket).request_id
        while True:
            await asyncio.sleep(first_wait_s)
            if self.gate is not None:
                await self.gate.wait()
            job = self.jobs.get(request_id)
            if job is None:
                raise fault(Gone, "not_found")
            look = job.looks[0] if len(job.looks) == 1 else job.looks.pop(0)
            if isinstance(look, GatewayError):
                yield Progress("queued", trouble=look)
                continue
            logs = ["Frame 84 of 150"] if look == "running" else []
            yield Progress(look, queue_position=1 if look == "queued" else None, logs=logs)
            if look == "done":
                return

    async def result(self, ticket: Any, said_type: str | None = None) -> Result:
        if self.result_faults:
            trouble = self.result_faults.pop(0)
            if trouble is not None:
                raise trouble
        request_id = self.ticket(ticket).request_id
        job = self.jobs.get(request_id)
        if job is None:
            raise fault(Gone, "expired")
        if job.is_cancelled:
            raise fault(TakeFailed, "cancelled", charged=Charged.MAYBE)
        payload = self.result_payload or {"video": {"url": f"https://v3.fal.media/files/{request_id}.mp4"}}
        return Result(payload, job.units, video=read_file(payload.get("video")), voice_id=payload.get("voice_id"))

    async def cancel(self, ticket: Any) -> str:
        self.cancels += 1
        answer = self.cancel_answers.pop(0) if self.cancel_answers else "requested"
        if isinstance(answer, GatewayError):
            raise answer
        return str(answer)

    async def upload(self, path: Path, content_type: str, file_name: str, on_bytes: Any = None) -> str:
        if self.upload_faults:
            raise self.upload_faults.pop(0)
        self.uploads.append(str(path))
        if on_bytes:
            on_bytes(10, 10)
        return f"https://v3.fal.media/files/up/{Path(path).name}"

    async def download(self, url: str, to: Path, on_bytes: Any = None, **_more: Any) -> Download:
        self.downloads += 1
        if self.download_faults:
            trouble = self.download_faults.pop(0)
            if trouble is not None:
                raise trouble
        data = self.clips.pop(0) if self.clips else b"CLIP 5.0"
        to.write_bytes(data)
        if on_bytes:
            on_bytes(len(data), len(data))
        return Download(len(data), "video/mp4", "0" * 64)

    async def requests_by_endpoint(self, endpoint_id: str, start: datetime, end: datetime) -> list[RemoteRequest]:
        if not self.lists_jobs:
            return []
        jobs = [job for job in self.jobs.values() if job.endpoint_id == endpoint_id and start <= job.sent_at <= end]
        return [
            RemoteRequest(
                j.request_id, endpoint_id, j.sent_at, None, None, 200, self.listed_input(j.arguments), j.result
            )
            for j in jobs
        ]

    async def prices(self, endpoint_ids: Any) -> dict[str, UnitPrice]:
        return {name: self.unit_prices[name] for name in endpoint_ids if name in self.unit_prices}

    def _note(self, what: str, detail: str = "") -> None:
        """To a file, so that a killed process leaves its traces."""
        if self.folder is not None:
            with (self.folder / "fal.log").open("a") as file:
                file.write(json.dumps([what, detail]) + "\n")


class FakeDarkroom:
    """A clip is `CLIP <seconds>`, a picture starts with PICTURE, a recording is `SOUND <seconds>`."""

    def __init__(self) -> None:
        self.derived = 0
        self.derive_fault: MediaError | None = None

    check_picture = Darkroom.check_picture
    check_clip = Darkroom.check_clip
    check_sound = Darkroom.check_sound

    async def inspect_picture(self, path: Path) -> PictureFacts:
        if not path.read_bytes().startswith(b"PICTURE"):
            raise MediaError("not_a_picture", "This file is not a picture. Choose another.")
        return PictureFacts(1280, 720, "JPEG", path.stat().st_size, False, False, _sha(path))

    async def inspect_clip(self, path: Path) -> ClipFacts:
        return self._clip(path)

    async def verify_clip(self, path: Path) -> ClipFacts:
        return self._clip(path)

    async def inspect_sound(self, path: Path) -> SoundFacts:
        seconds = float(path.read_bytes().split()[1])
        return SoundFacts(seconds, 44100, 1, -3.0, -20.0, 0.1, 0.0, "pcm", "wav", path.stat().st_size, _sha(path))

    async def prepare_picture(self, path: Path, out_dir: Path, crop: Any = None, fit: str = "pad") -> Prepared:
        return Prepared(_same(path, out_dir, ".jpg"), "image/jpeg", await self.inspect_picture(path), ())

    async def prepare_clip(self, path: Path, out_dir: Path, start_s: Any = None, end_s: Any = None) -> Prepared:
        return Prepared(_same(path, out_dir, ".mp4"), "video/mp4", self._clip(path), ())

    async def prepare_sound(self, path: Path, out_dir: Path, *span: Any) -> Prepared:
        return Prepared(_same(path, out_dir, ".wav"), "audio/wav", await self.inspect_sound(path), ())

    async def thumbnail(self, path: Path, out_path: Path, max_side_px: int = 640) -> None:
        out_path.write_bytes(b"THUMB")

    async def derive(self, clip_path: Path, out_dir: Path, stem: str = "") -> Derived:
        self.derived += 1
        facts = self._clip(clip_path)
        if self.derive_fault is not None:
            raise self.derive_fault
        names = [
            out_dir / name
            for name in ("poster.jpg", "strip.jpg", "waveform.json", f"{stem or clip_path.stem}-silent.mp4")
        ]
        for path in names:
            path.write_bytes(b"MADE")
        poster, strip, waveform, silent = names
        return Derived(facts, poster, strip, (0.0, 2.5), waveform, silent, ((0.5, 1.5),))

    def _clip(self, path: Path) -> ClipFacts:
        data = path.read_bytes()
        if not data.startswith(b"CLIP "):
            raise MediaError("not_a_clip", "This is not a clip.")
        return ClipFacts(float(data.split()[1]), 1280, 720, 30.0, True, "h264", "mp4", len(data), 0, _sha(path))


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _same(path: Path, out_dir: Path, ending: str) -> Path:
    to = out_dir / f"{_sha(path)}{ending}"
    to.write_bytes(path.read_bytes())
    return to
