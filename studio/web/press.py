"""A press of Rehearse or Generate: the page's fields become API values, and the desk is asked once; decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from studio.catalog.endpoint import Endpoint
from studio.catalog.registry import find_endpoint
from studio.script.compose import compile_prompt
from studio.script.scene import script_from_json, script_to_json
from studio.takes.desk import Desk
from studio.takes.errors import Refused, StudioError
from studio.takes.gallery import Gallery
from studio.web.input_routes import is_ref

log = logging.getLogger(__name__)

_EDITS = ("start_s", "end_s", "fit", "crop")
_BROKEN = {
    "title": "Something went wrong here",
    "sentence": "The studio could not finish this press. Look at Takes before you press again. "
    "One press never counts twice.",
}


class Press:
    """Answers for the page: `{"mode", "press", "take_id", "card"}`, or with `problems` and `error`."""

    def __init__(self, desk: Desk, gallery: Gallery) -> None:
        self._desk = desk
        self._gallery = gallery

    def __call__(self, mode: str, world: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """`fields` are a tab's fields by name. `press` among them names this press; empty, it sends nothing."""
        press = str(fields.get("press") or "")[:200]
        answer: dict[str, Any] = {"mode": mode, "press": press}
        if not press:
            return answer
        try:
            endpoint = find_endpoint(mode)
            values, edits, script, parent_id = read_fields(endpoint, fields)
            take = self._desk.make(
                mode, values, world=world, key=press, script=script, edits=edits, parent_id=parent_id
            )
            return {**answer, "take_id": take.id, "card": self._gallery.card(take.id)}
        except Refused as refused:
            blocking = [problem for problem in refused.problems if problem.is_blocking]
            shown = [{"field": problem.field, "message": problem.message} for problem in blocking]
            return {**answer, "problems": shown, "is_answered": True}
        except StudioError as error:
            return {**answer, "error": error.as_reason(), "is_answered": True}
        except Exception:
            log.exception("a press of %s was not finished", mode)
            return {**answer, "error": _BROKEN, "is_answered": True}


def read_fields(
    endpoint: Endpoint, fields: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, str | None]:
    """API values, edits of files, the script and the parent out of a tab's fields, which may hold anything.

    Files count only as references to what was taken in here: a page cannot name a path.
    """
    values: dict[str, Any] = {}
    edits: dict[str, Any] = {}
    for param in endpoint.file_params():
        file = _files(fields).get(param.name)
        if isinstance(file, Mapping) and is_ref(file.get("ref")):
            values[param.name] = file["ref"]
            edit = {name: file[name] for name in _EDITS if file.get(name) is not None}
            if edit:
                edits[param.name] = edit
    said = fields.get("script")
    script = None
    if isinstance(said, Mapping) and endpoint.has("prompt"):
        written = script_from_json(said.get("script"))
        script = script_to_json(written)
        values["prompt"] = compile_prompt(written, endpoint.mode).text
        voices = said.get("voice_ids")
        if endpoint.has("voice_ids") and isinstance(voices, list) and voices:
            values["voice_ids"] = voices
    for name, value in fields.items():
        if endpoint.has(name) and name not in values and not endpoint[name].kind.is_file:
            values[name] = value
    parent = fields.get("parent_id")
    return values, edits, script, parent if isinstance(parent, str) and parent else None


def _files(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    wells = fields.get("files")
    files = wells.get("files") if isinstance(wells, Mapping) else None
    return files if isinstance(files, Mapping) else {}
