"""Turns a job into the renderer's order, and the renderer's report into fal's answer. Never renders by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Param
from studio.catalog.registry import find_endpoint
from studio.rehearsal.job import Job
from studio.rehearsal.rows import Failure, Row, model_failure, row
from studio.rehearsal.storage import MediaStore, StoredFile


@dataclass(frozen=True)
class Outcome:
    """How a rendering ended: an answer with its billable units, or a failure."""

    output: dict[str, Any] | None = None
    failure: Failure | None = None
    billable_units: float | None = None


@dataclass(frozen=True)
class Order:
    """`extras` go into every order as they are: the fonts folder, the speech engine, the encoder's preset."""

    store: MediaStore
    scratch: Path
    extras: dict[str, Any] = field(default_factory=dict)

    def progress_path(self, job: Job) -> Path:
        return self.scratch / f"{job.request_id}.progress"

    def stop_path(self, job: Job) -> Path:
        return self.scratch / f"{job.request_id}.stop"

    def draft_path(self, job: Job) -> Path:
        return self.scratch / f"{job.request_id}.mp4"

    def tidy(self, job: Job) -> None:
        """Remove what the renderer left beside the job."""
        for path in self.scratch.glob(f"{job.request_id}.*"):
            path.unlink(missing_ok=True)

    def spec(self, job: Job, endpoint: Endpoint) -> dict[str, Any] | Failure:
        """What `render` is called with: plain data for another process. A file that cannot be had is a Failure."""
        inputs, rows = {}, []
        for param in endpoint.file_params():
            url = job.arguments.get(param.name)
            if not url:
                continue
            stored = self._fetch(url)
            if stored is None:
                rows.append(_not_had(param, url))
            else:
                self.store.touch(stored)
                inputs[param.name] = str(stored.path)
        if rows:
            return model_failure(rows)
        values = endpoint.values({key: value for key, value in job.arguments.items() if endpoint.has(key)})
        return {
            **self.extras,
            "mode": endpoint.mode,
            "arguments": values,
            "inputs": inputs,
            "output_path": str(self.draft_path(job)),
            "progress_path": str(self.progress_path(job)),
            "stop_path": str(self.stop_path(job)),
        }

    def outcome(self, job: Job, report: dict[str, Any]) -> Outcome:
        """fal's answer for the renderer's report; the finished clip moves into the store."""
        if "refused" in report:
            refused = report["refused"]
            return Outcome(failure=model_failure(refused["rows"], refused.get("status_code", 422)))
        if "voice_id" in report:
            return Outcome({"voice_id": report["voice_id"]}, billable_units=1.0)
        url_path, path = self.store.reserve("output.mp4")
        Path(report["path"]).replace(path)
        video = self.store.keep(url_path, "video/mp4")
        output = {
            "video": {
                "url": url_path,
                "content_type": video.content_type,
                "file_name": "output.mp4",
                "file_size": video.size_bytes,
            }
        }
        return Outcome(output, billable_units=self._units(job, report))

    def _units(self, job: Job, report: dict[str, Any]) -> float:
        """What fal would bill: the sound's surcharge is carried by the units, at the silent price each."""
        endpoint = find_endpoint(job.endpoint_id)
        quote = endpoint.quote(job.arguments, float(report["duration_s"]))
        return round(quote.usd_micros / endpoint.price.picture, 6)

    def _fetch(self, url: str) -> StoredFile | None:
        if url.startswith("data:"):
            return self.store.keep_data_uri(url)
        return self.store.find_url(url)


def _not_had(param: Param, url: str) -> Row:
    message = "Failed to download the file. Please check if the URL is accessible and try again."
    return row("file_download_error", message, param.name, given=url[:300])
