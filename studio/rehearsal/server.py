"""The stand-in for fal as one ASGI app: checks the key, routes to queue, storage and platform, plays faults.

It speaks the protocol of fal's documentation and knows nothing of the studio. It never asks for money, never reaches
the network and never keeps a key.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.rehearsal.animatic import render_animatic
from studio.rehearsal.answers import refuse
from studio.rehearsal.faults import Faults, Tally
from studio.rehearsal.floor import Floor, Pace, Render
from studio.rehearsal.job import Clock, JobBook, utc_now
from studio.rehearsal.media_routes import MediaRoutes
from studio.rehearsal.order import Order
from studio.rehearsal.platform_routes import PlatformRoutes
from studio.rehearsal.queue import Habits, Queue
from studio.rehearsal.speech import SpeechEngine
from studio.rehearsal.stage_faults import FaultLayer
from studio.rehearsal.storage import MediaStore

_KEY = re.compile(r"Key [^\s:]+:[^\s:]+\Z")
_OPEN_PATHS = re.compile(r"/files/(b|put)/|/v1/models\Z")
_LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_EXPOSED = ["x-fal-request-id", "x-fal-billable-units", "x-fal-error-type", "x-fal-retryable", "etag"]


class Bench(Protocol):
    """What runs a function outside the event loop: the media room's Workshop fits."""

    async def run(self, fn: Callable[..., Any], /, *args: Any) -> Any: ...


@dataclass(frozen=True)
class Keys:
    """Which keys are known. Without a list every key that looks like `id:secret` is."""

    known: frozenset[str] | None = None
    admin: frozenset[str] = frozenset()

    def is_known(self, authorization: str) -> bool:
        if not _KEY.match(authorization):
            return False
        return self.known is None or authorization[4:] in self.known | self.admin

    def is_admin(self, authorization: str) -> bool:
        return authorization[4:] in self.admin


class Standin:
    """The app, with what a test may look at: `book` (every job) and `tally` (what was seen)."""

    def __init__(self, app: ASGIApp, book: JobBook, floor: Floor, faults: Faults, store: MediaStore) -> None:
        self._app = app
        self.book, self.floor, self.faults, self.store = book, floor, faults, store

    @property
    def tally(self) -> Tally:
        return self.faults.tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] == "http":
            self.floor.wake()
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.floor.wake()
            else:
                await self.aclose()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def aclose(self) -> None:
        """Stop rendering; what is unfinished is taken up again by the next stand-in on the same folder."""
        await self.floor.close()


def create_standin(
    folder: Path,
    *,
    bench: Bench | None = None,
    render: Render | None = None,
    faults: Faults | None = None,
    pace: Pace | None = None,
    habits: Habits | None = None,
    keys: Keys | None = None,
    speech: SpeechEngine | None = None,
    fonts_dir: Path | None = None,
    clock: Clock = utc_now,
) -> Standin:
    """A stand-in that keeps its jobs and files in `folder`. OSError when that cannot be written.

    `bench` runs the renderer in worker processes; without it a thread of this process does. `render` takes the
    renderer's place altogether. `speech` is an offline speech engine, `fonts_dir` holds the bundled faces.
    """
    faults, habits = faults or Faults(), habits or Habits()
    store, book = MediaStore(folder / "files"), JobBook(folder / "jobs", clock)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    extras = {"fonts_dir": str(fonts_dir) if fonts_dir else None, "speech": speech.as_spec() if speech else None}
    order = Order(store, scratch, extras)
    floor = Floor(book, order, render or _renderer(bench), pace or Pace(), faults)
    clean(book, store, habits.keep_s)
    media = MediaRoutes(store, faults, clock)
    routes = [
        *media.routes(),
        *PlatformRoutes(book, clock, habits.lists_open_jobs).routes(),
        Route("/tokens/", media.token, methods=["POST"]),
        *Queue(book, floor, faults, habits).routes(),
    ]
    app = _KeyCheck(Router(routes, default=_not_found, redirect_slashes=False), keys or Keys(), media)
    return Standin(_with_cors(FaultLayer(app, faults)), book, floor, faults, store)


def clean(book: JobBook, store: MediaStore, keep_s: float) -> None:
    """Forget jobs and files older than `keep_s` seconds, but not what an unfinished job still needs."""
    book.forget_before(keep_s)
    needed = {
        stored.url_path
        for job in book
        if not job.is_done
        for value in job.arguments.values()
        if isinstance(value, str) and (stored := store.find_url(value)) is not None
    }
    store.forget_before(keep_s, frozenset(needed))


def _renderer(bench: Bench | None) -> Render:
    async def render(spec: dict[str, Any]) -> dict[str, Any]:
        if bench is None:
            return await asyncio.to_thread(render_animatic, spec)
        report: dict[str, Any] = await bench.run(render_animatic, spec)
        return report

    return render


def _with_cors(app: ASGIApp) -> ASGIApp:
    """Pages on this machine may call the stand-in; pages of the web may not."""
    return CORSMiddleware(
        app,
        allow_origin_regex=_LOOPBACK_ORIGIN,
        allow_methods=["GET", "POST", "PUT", "DELETE", "HEAD"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(404, "Not found")(scope, receive, send)


class _KeyCheck:
    """401 without a key, but on media, which fal serves to everybody."""

    def __init__(self, app: ASGIApp, keys: Keys, media: MediaRoutes) -> None:
        self._app, self._keys, self._media = app, keys, media

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        authorization = request.headers.get("authorization", "")
        if not (_OPEN_PATHS.match(scope["path"]) or self._is_let_in(scope["path"], authorization)):
            await _unauthorized(scope["path"], bool(authorization))(scope, receive, send)
            return
        scope.setdefault("state", {})["is_admin"] = self._keys.is_admin(authorization)
        await self._app(scope, receive, send)

    def _is_let_in(self, path: str, authorization: str) -> bool:
        kind, _, secret = authorization.partition(" ")
        if path.startswith("/files/upload") and kind == "Bearer":
            return self._media.is_token_good(secret)
        return self._keys.is_known(authorization)


def _unauthorized(path: str, has_key: bool) -> JSONResponse:
    if path.startswith("/v1/"):
        return JSONResponse({"error": {"type": "authentication_error", "message": "Invalid or missing key"}}, 401)
    wrong, missing = "Invalid key", "Authentication is required to access this application"
    return refuse(401, wrong if has_key else missing)
