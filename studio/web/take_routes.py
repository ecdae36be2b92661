"""Takes for the page: lists, files with ranges, and the actions of a person; every decision is the desk's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from studio.catalog.pricing import format_usd
from studio.media.darkroom import Darkroom
from studio.takes.desk import Desk
from studio.takes.gallery import Gallery
from studio.takes.listing import SORTS, Filter
from studio.takes.take import State
from studio.web.problems import Complaint

PAGE_SIZE = 48
_TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
}
FILTERS: Mapping[str, Filter] = {
    "all": Filter(),
    "starred": Filter(is_starred=True),
    "image": Filter(world="live", mode="image-to-video"),
    "text": Filter(world="live", mode="text-to-video"),
    "motion": Filter(world="live", modes=("motion-control", "motion-control-standard")),
    "takes": Filter(world="live"),
    "rehearsals": Filter(world="rehearsal"),
    "trouble": Filter(states=(State.UNKNOWN, State.FAILED)),
    "bin": Filter(is_binned=True),
}
# A kept take's files do not change; one that is made anew has another id.
_KEPT = {"cache-control": "private, max-age=86400"}


class Action(BaseModel):
    """What a button sends along. `is_confirmed`/`confirm` says that the price was seen and pressed again."""

    key: str = ""
    place: int = 0
    starred: bool | None = None
    confirm: bool = False


class TakeRoom:
    """`darkroom` cuts single frames out of kept clips into `scratch`."""

    def __init__(self, desk: Desk, gallery: Gallery, darkroom: Darkroom, scratch: Path) -> None:
        self._desk = desk
        self._gallery = gallery
        self._darkroom = darkroom
        self._scratch = scratch

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/studio/takes")
        router.get("")(self.list)
        router.get("/{take_id}")(self._gallery.card)
        router.get("/{take_id}/frame")(self.frame)
        router.get("/{take_id}/lineage")(self._gallery.lineage)
        router.get("/{take_id}/differences")(self._gallery.differences)
        router.get("/{take_id}/{name}", response_model=None)(self.send)
        router.post("/{take_id}/{action}")(self.act)
        return router

    def list(self, search: str = "", filter: str = "all", sort: str = "newest", page: int = 1) -> dict[str, Any]:
        """One page of cards, and how many takes each filter would show with the same search."""
        words = search[:200]
        order = sort if sort in SORTS else SORTS[0]
        chosen = replace(FILTERS.get(filter, FILTERS["all"]), search=words, sort=order)
        offset = (max(1, min(page, 100_000)) - 1) * PAGE_SIZE
        found = self._gallery.page(chosen, limit=PAGE_SIZE, offset=offset)
        pages = max(1, -(-found["total"] // PAGE_SIZE))
        return {**found, "counts": self._gallery.counts(FILTERS, words), "pages": pages, "page_size": PAGE_SIZE}

    def send(self, take_id: str, name: str) -> Response:
        """A file of a take, named as its card names it. Starlette answers ranges, so that a player can seek."""
        path = self._gallery.file(take_id, name)
        shown = path.name if path.suffix == ".mp4" else f"{path.parent.name}-{path.name}"
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        return FileResponse(path, media_type=kind, filename=shown, content_disposition_type="inline", headers=_KEPT)

    async def frame(self, take_id: str, t: float = 0.0) -> Response:
        """The exact frame shown at `t` seconds, full size, as a download."""
        path = await self.cut_frame(take_id, t)
        return FileResponse(path, media_type="image/png", filename=f"{take_id}-{path.name}")

    async def cut_frame(self, take_id: str, at_s: float) -> Path:
        """The frame as a PNG; made once for each moment. Raises NotPossible, Complaint or MediaError."""
        if at_s != at_s or at_s < 0:
            raise Complaint(422, "Not a moment", "A frame is named by its second, from 0 on.")
        clip = await asyncio.to_thread(self._gallery.file, take_id, "video")
        path = self._scratch / "frames" / f"{take_id}-{round(min(at_s, 3600) * 1000):07d}ms.png"
        if not await asyncio.to_thread(path.exists):
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            await self._darkroom.frame(clip, at_s, path)
        return path

    def act(self, take_id: str, action: str, given: Action) -> dict[str, Any]:
        """What the card's buttons ask for; the answer is the card as it is then."""
        if action == "send_again" and not given.confirm:
            take = self._desk.ledger.get(take_id)
            price = format_usd(take.estimate_usd_micros)
            return {
                "error": {"code": "needs_confirm", "title": "Press again", "sentence": f"A new take costs {price}."}
            }
        if action == "star" and given.starred is False:
            action = "unstar"
        done = self._desk.act(take_id, action, key=given.key, place=given.place)
        return {"card": self._gallery.card(done.id)}
