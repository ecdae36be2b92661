"""A double of fal's own hosts over TLS, reached through a CONNECT proxy on loopback. Shares nothing with the stand-in.

It is written from fal's documentation alone, so that a mistake of the stand-in cannot hide one of the studio. What it
was sent is kept whole in `seen`; it never lets a connection out of this machine.
"""

from __future__ import annotations

import io
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import av
import numpy as np
import trustme

from tests.protocol.tls_doors import IDLE_S, Answer, HangUp, HostsDoor, Listener, Seen, TunnelDoor

QUEUE, RUN, REST, API = "queue.fal.run", "fal.run", "rest.fal.ai", "api.fal.ai"
UPLOADS, MEDIA = "v3.fal.media", "v3b.fal.media"
API_HOSTS = frozenset({QUEUE, RUN, REST, API})
MEDIA_HOSTS = frozenset({UPLOADS, MEDIA})
HOSTS = API_HOSTS | MEDIA_HOSTS
UPLOAD_TOKEN = "short-lived-upload-token"


@dataclass
class Job:
    endpoint_id: str
    arguments: dict[str, Any]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    looks: int = 0
    is_done: bool = False

    @property
    def app_id(self) -> str:
        return "/".join(self.endpoint_id.split("/")[:2])


class FalOverTls:
    """fal with one account, whose key is `key`. A context manager: it serves between enter and exit.

    A submit is answered while `may_answer` is set; a job ends while `may_finish` is set, once it was looked at
    `looks_before_end` times; the second half of a clip is sent while `may_deliver` is set. The next `answers_to_lose`
    submits are accepted, and their connection is closed instead of an answer. `units` are billed.
    """

    def __init__(self, key: str, authority: trustme.CA) -> None:
        self.key, self.hosts = key, HOSTS
        self.seen: list[Seen] = []
        self.strangers: list[str] = []
        self.broken: list[BaseException] = []
        self.heard_by_proxy: list[str] = []
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.may_answer, self.may_finish, self.may_deliver = threading.Event(), threading.Event(), threading.Event()
        self._let_all()
        self.answers_to_lose = self.looks_before_end = 0
        self.units = 5.0
        self._news = threading.Condition()
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*sorted(HOSTS)).configure_cert(self._tls)

    def __enter__(self) -> FalOverTls:
        self._server = Listener(HostsDoor, self)
        # The handshake belongs to the connection's own thread, not to the one that accepts.
        self._server.socket = self._tls.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._proxy = Listener(TunnelDoor, self)
        for server in (self._server, self._proxy):
            server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._let_all()
        for server in (self._proxy, self._server):
            server.stop()

    def _let_all(self) -> None:
        for permit in (self.may_answer, self.may_finish, self.may_deliver):
            permit.set()

    @property
    def address(self) -> tuple[str, int]:
        return self._server.server_address[0], self._server.server_address[1]  # type: ignore[return-value]

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self._proxy.server_address[1]}"

    # -- what a test may ask ------------------------------------------------------------------------------------------

    @property
    def submits(self) -> list[Seen]:
        """The POSTs that cost money."""
        return [one for one in self.seen if one.method == "POST" and one.host in (QUEUE, RUN)]

    def file(self, url: str) -> bytes:
        """The bytes that were uploaded to `url`. KeyError where nothing was."""
        return self.files[url.removeprefix(f"https://{MEDIA}")][1]

    def wait_until(self, is_so: Callable[[], bool], limit_s: float = 30.0) -> None:
        with self._news:
            seen = [f"{one.method} {one.host}{one.path}" for one in self.seen]
            assert self._news.wait_for(is_so, limit_s), f"not within {limit_s:g} s; before: {seen}"

    def between_halves(self, seen: Seen) -> None:
        if seen.host == MEDIA:
            self.may_deliver.wait(IDLE_S)

    # -- what the hosts say -------------------------------------------------------------------------------------------

    def answer(self, seen: Seen) -> Answer:
        with self._news:
            self.seen.append(seen)
            self._news.notify_all()
        if seen.host in API_HOSTS and seen.headers.get("authorization") != f"Key {self.key}":
            return 401, {"detail": "Invalid key"}, {}
        for method, host, matches, reply in self._routes():
            if seen.method == method and seen.host == host and matches(seen.path):
                return reply(seen)
        return 404, {"detail": "Not found"}, {}

    def _routes(self) -> Iterator[tuple[str, str, Callable[[str], bool], Callable[[Seen], Answer]]]:
        def ends(suffix: str) -> Callable[[str], bool]:
            return lambda path: "/requests/" in path and path.endswith(suffix)

        yield "GET", QUEUE, ends("/status"), self._status
        yield "PUT", QUEUE, ends("/cancel"), lambda seen: (202, {"status": "CANCELLATION_REQUESTED"}, {})
        yield "GET", QUEUE, ends(""), self._result
        yield "POST", QUEUE, lambda path: path.startswith("/fal-ai/kling-video/"), self._submit
        yield "POST", REST, "/storage/auth/token".__eq__, self._token
        yield "POST", UPLOADS, "/files/upload".__eq__, self._upload
        yield "GET", MEDIA, self.files.__contains__, self._file
        yield "GET", API, "/v1/models/pricing".__eq__, self._prices
        yield "GET", API, "/v1/models/requests/by-endpoint".__eq__, self._requests

    def _submit(self, seen: Seen) -> Answer:
        if seen.headers.get("content-type") != "application/json" or not isinstance(seen.json, dict):
            return 422, {"detail": [{"loc": ["body"], "msg": "not a JSON object", "type": "json_invalid"}]}, {}
        job = Job(seen.path.removeprefix("/"), seen.json)
        self.jobs[job.request_id] = job
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise HangUp
        self.may_answer.wait(IDLE_S)
        return 200, {"status": "IN_QUEUE", "queue_position": 0, **_links(job)}, {"x-fal-request-id": job.request_id}

    def _job(self, seen: Seen) -> Job | None:
        app_id, _, rest = seen.path.removeprefix("/").partition("/requests/")
        job = self.jobs.get(rest.split("/")[0])
        return job if job is not None and job.app_id == app_id else None

    def _status(self, seen: Seen) -> Answer:
        job = self._job(seen)
        if job is None:
            return 404, {"status": "NOT_FOUND"}, {}
        job.looks += 1
        job.is_done = job.is_done or (job.looks > self.looks_before_end and self.may_finish.is_set())
        with self._news:
            self._news.notify_all()
        if job.is_done:
            return 200, {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": 2.5}, **_links(job)}, {}
        return 202, {"status": "IN_PROGRESS", "logs": [], **_links(job)}, {}

    def _result(self, seen: Seen) -> Answer:
        job = self._job(seen)
        if job is None:
            return 404, {"status": "NOT_FOUND"}, {}
        if not job.is_done:
            return 400, {"detail": "Request is still in progress"}, {}
        headers = {"x-fal-request-id": job.request_id, "x-fal-billable-units": str(self.units)}
        return 200, self._output(job), headers

    def _output(self, job: Job) -> dict[str, Any]:
        if job.endpoint_id.endswith("/create-voice"):
            return {"voice_id": "829877809978941442"}
        path = f"/files/b/{job.request_id[:8]}/output.mp4"
        if path not in self.files:
            self.files[path] = "video/mp4", make_clip(self._length_s(job))
        size = len(self.files[path][1])
        about = {"content_type": "video/mp4", "file_name": "output.mp4", "file_size": size}
        return {"video": {"url": f"https://{MEDIA}{path}", **about}}

    def _length_s(self, job: Job) -> float:
        if "duration" in job.arguments:
            return float(job.arguments["duration"])
        with av.open(io.BytesIO(self.file(job.arguments["video_url"]))) as clip:
            return float((clip.duration or 0) / 1_000_000)

    def _token(self, seen: Seen) -> Answer:
        body = {"token": UPLOAD_TOKEN, "token_type": "Bearer", "base_url": f"https://{UPLOADS}"}
        return 200, {**body, "expires_at": "2099-01-01T00:00:00+00:00"}, {}

    def _upload(self, seen: Seen) -> Answer:
        if seen.headers.get("authorization") != f"Bearer {UPLOAD_TOKEN}":
            return 401, {"detail": "Invalid token"}, {}
        path = f"/files/b/{uuid.uuid4().hex[:8]}/{seen.headers.get('x-fal-file-name', 'file')}"
        self.files[path] = seen.headers.get("content-type", ""), seen.body
        return 200, {"access_url": f"https://{MEDIA}{path}"}, {}

    def _file(self, seen: Seen) -> Answer:
        content_type, data = self.files[seen.path]
        return 200, data, {"Content-Type": content_type}

    def _prices(self, seen: Seen) -> Answer:
        row = {"endpoint_id": seen.query.get("endpoint_id"), "unit_price": 0.07, "unit": "second", "currency": "USD"}
        return 200, {"prices": [row], "next_cursor": None, "has_more": False}, {}

    def _requests(self, seen: Seen) -> Answer:
        """What has ended, as fal probably lists it."""
        items = [
            {
                "request_id": job.request_id,
                "endpoint_id": job.endpoint_id,
                "sent_at": job.sent_at.isoformat(),
                "started_at": job.sent_at.isoformat(),
                "ended_at": datetime.now(UTC).isoformat(),
                "status_code": 200,
                "duration": 2.5,
                "json_input": job.arguments,
                "json_output": self._output(job),
            }
            for job in self.jobs.values()
            if job.is_done and job.endpoint_id == seen.query.get("endpoint_id")
        ]
        return 200, {"items": items, "next_cursor": None, "has_more": False}, {}


def _links(job: Job) -> dict[str, str]:
    at = f"https://{QUEUE}/{job.app_id}/requests/{job.request_id}"
    return {
        "request_id": job.request_id,
        "response_url": at,
        "status_url": f"{at}/status",
        "cancel_url": f"{at}/cancel",
    }


@cache
def make_clip(length_s: float) -> bytes:
    """An MP4 as Kling makes them: H.264 of 1280×720 at 24 frames a second, with AAC."""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        picture = av.VideoFrame.from_ndarray(np.full((1080, 1280), 128, np.uint8), format="yuv420p")
        for number in range(round(24 * length_s)):
            picture.pts = number
            container.mux(video.encode(picture))
            container.mux(sound.encode(_hum(number)))
        for stream in (video, sound):
            container.mux(stream.encode(None))
    return data.getvalue()


def _hum(number: int) -> av.AudioFrame:
    """One twenty-fourth of a second of a low tone."""
    at = (number * 2000 + np.arange(2000)) / 48_000
    frame = av.AudioFrame.from_ndarray((0.2 * np.sin(2 * np.pi * 110 * at)).astype(np.float32)[None], "fltp", "mono")
    frame.sample_rate, frame.pts = 48_000, number * 2000
    return frame
