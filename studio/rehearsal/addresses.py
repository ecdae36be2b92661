"""Where the stand-in says that it lives: fal's host names, or one base on loopback. Never opens a socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from studio.rehearsal.job import Job

QUEUE_HOST, RUN_HOST, REST_HOST, API_HOST = "queue.fal.run", "fal.run", "rest.fal.ai", "api.fal.ai"
MEDIA_HOSTS = ("v3.fal.media", "v3b.fal.media")
FAL_HOSTS = frozenset({QUEUE_HOST, RUN_HOST, REST_HOST, API_HOST, *MEDIA_HOSTS, "rest.alpha.fal.ai"})


@dataclass(frozen=True)
class Addresses:
    """The URL prefixes of one answer, without a slash at the end."""

    queue: str = f"https://{QUEUE_HOST}"
    media: str = f"https://{MEDIA_HOSTS[1]}"
    upload: str = f"https://{MEDIA_HOSTS[0]}"

    def job(self, job: Job) -> dict[str, str]:
        """The four values by which a client finds its job again."""
        at = f"{self.queue}/{job.app_id}/requests/{job.request_id}"
        return {
            "request_id": job.request_id,
            "response_url": at,
            "status_url": f"{at}/status",
            "cancel_url": f"{at}/cancel",
        }

    def output(self, job: Job) -> dict[str, Any]:
        """The model's answer with its media paths made whole."""
        output = dict(job.output or {})
        if isinstance(output.get("video"), dict):
            output["video"] = {**output["video"], "url": self.media + output["video"]["url"]}
        return output


def addresses_for(request: Request) -> Addresses:
    """fal's names when the request was meant for one of them, otherwise the address that was called."""
    if request.url.hostname in FAL_HOSTS:
        return Addresses()
    here = f"{request.url.scheme}://{request.url.netloc}"
    return Addresses(here, here, here)
