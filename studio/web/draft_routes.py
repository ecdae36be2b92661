"""Drafts that the server fills: a starter, an earlier take, a frame of a take; gives fields, keeps nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from studio.catalog.param import Kind, Param
from studio.catalog.registry import find_endpoint
from studio.script.parse import parse_prompt
from studio.script.scene import script_from_json, script_to_json
from studio.script.starters import Starter, all_starters
from studio.takes.desk import Desk
from studio.takes.take import Take
from studio.web.input_routes import InputRoom
from studio.web.problems import Complaint
from studio.web.take_routes import TakeRoom

# A picture that suits a starter which is words alone.
_SCENES = {"a-song": "market.jpg"}
_PICTURE = Param("file", Kind.PICTURE, "This picture")


class StarterChoice(BaseModel):
    starter: str


class TakeChoice(BaseModel):
    take_id: str


class FrameChoice(BaseModel):
    take_id: str
    at_s: float = 0.0
    field: str = "start_image_url"


class DraftRoom:
    """`samples` is the folder of sample pictures that starters name."""

    def __init__(self, desk: Desk, inputs: InputRoom, takes: TakeRoom, samples: Path) -> None:
        self._desk = desk
        self._inputs = inputs
        self._takes = takes
        self._samples = samples

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/studio/drafts")
        router.post("/starter")(self.from_starter)
        router.post("/take")(self.from_take)
        router.post("/frame")(self.from_frame)
        return router

    async def from_starter(self, choice: StarterChoice) -> dict[str, Any]:
        starter = next((one for one in all_starters() if one.id == choice.starter), None)
        if starter is None:
            raise Complaint(404, "Not here", "This example is not here any more. Reload the page.")
        files = {name: await self._sample(starter, name) for name in starter.files}
        return {
            "mode": starter.mode,
            "fields": _fields(
                starter.mode, files, script_to_json(starter.script), dict(starter.values), starter.prompt
            ),
        }

    async def from_take(self, choice: TakeChoice) -> dict[str, Any]:
        """Everything that made a take, ready to be changed. Its parent is that take."""
        take = await asyncio.to_thread(self._desk.ledger.get, choice.take_id)
        mode = "motion-control" if take.mode.startswith("motion-control") else take.mode
        files: dict[str, Any] = {}
        for param in find_endpoint(take.mode).file_params():
            value = take.values.get(param.name)
            described = await self._inputs.describe_ref(str(value)) if value else None
            files[param.name] = {**described, **_trim_of(take, param.name)} if described else None
        values = {name: value for name, value in take.values.items() if name not in files}
        return {
            "mode": mode,
            "parent_id": take.id,
            "fields": _fields(mode, files, _script_of(take), values, take.prompt),
        }

    async def from_frame(self, choice: FrameChoice) -> dict[str, Any]:
        """A frame of a take as start or end of the image-to-video draft."""
        if choice.field not in ("start_image_url", "end_image_url"):
            raise Complaint(404, "Not known", "A frame can become the start or the end.")
        path = await self._takes.cut_frame(choice.take_id, choice.at_s)
        take = await asyncio.to_thread(self._desk.ledger.get, choice.take_id)
        name = f"from {take.label.lower()}"
        file = await self._inputs.look(_PICTURE, path, name)
        return {"mode": "image-to-video", "at_s": choice.at_s, "fields": {"files": {choice.field: file}}}

    async def _sample(self, starter: Starter, name: str) -> dict[str, Any]:
        param = find_endpoint(starter.mode)[name]
        return await self._inputs.look(param, self._samples / starter.files[name], starter.files[name])


def starter_cards() -> list[dict[str, str]]:
    """What the empty stage shows of each starter."""
    return [
        {
            "id": starter.id,
            "title": starter.title,
            "hint": starter.hint,
            "thumb": f"/studio/assets/samples/{_thumb_name(starter)}",
        }
        for starter in all_starters()
    ]


def _thumb_name(starter: Starter) -> str:
    pictures = [name for name in starter.files.values() if name.endswith(".jpg")]
    return pictures[0] if pictures else _SCENES.get(starter.id, "station.jpg")


def _trim_of(take: Take, name: str) -> dict[str, Any]:
    edit = take.edits.get(name)
    return {key: edit[key] for key in ("start_s", "end_s") if key in edit} if isinstance(edit, dict) else {}


def _script_of(take: Take) -> dict[str, Any]:
    if take.script:
        return script_to_json(script_from_json(take.script))
    return script_to_json(parse_prompt(take.prompt))


def _fields(
    mode: str, files: dict[str, Any], script: dict[str, Any], values: dict[str, Any], prompt: str
) -> dict[str, Any]:
    """Fields as the page's tab names them: `files`, `script` where there is dialogue, and plain values."""
    plain = {name: value for name, value in values.items() if name not in ("prompt", "voice_ids")}
    fields: dict[str, Any] = {**plain, "files": files}
    if find_endpoint(mode).has("generate_audio"):
        fields["script"] = {"script": script, "voice_ids": list(values.get("voice_ids") or []), "prompt": prompt}
    else:
        fields["prompt"] = prompt
    return fields
