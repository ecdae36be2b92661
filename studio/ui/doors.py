"""Named API endpoints made from the catalog: each mode, quote and create_voice; reads arguments, decides nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from gradio.data_classes import FileData
from gradio.events import api
from gradio.utils import get_upload_folder

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param, Problem
from studio.takes.errors import Refused, StudioError
from studio.takes.intake import is_link

# Gives the JSON object of a take that is kept, or of one that came to nothing.
Make = Callable[[str, Mapping[str, Any], str, str], dict[str, Any]]
Quote = Callable[[str, Mapping[str, Any]], dict[str, Any]]
CreateVoice = Callable[[Mapping[str, Any], str, str, str], dict[str, Any]]

_TEXT_OPTIONS = (("world", "rehearsal"), ("key", ""))


def build_doors(endpoints: Sequence[Endpoint], make: Make, quote: Quote, create_voice: CreateVoice) -> None:
    """Inside a Blocks: `/image_to_video`, …, `/quote`, `/create_voice`, with fal's own parameter names.

    Every door takes `world` ("rehearsal", free, or "live", paid) and `key`, a name for the call: repeating a call with
    its key never makes a second take. A refusal is an answer: `{"take_id": null, "state": "not_sent", "error": {…}}`.
    """
    for endpoint in endpoints:
        name = endpoint.mode.replace("-", "_")
        if endpoint.makes_video:
            api(_mode_door(endpoint, make), api_name=name)
        else:
            api(_voice_door(endpoint, create_voice), api_name=name)
    files = frozenset(param.name for endpoint in endpoints for param in endpoint.file_params())
    api(_quote_door(quote, files), api_name="quote")


def _mode_door(endpoint: Endpoint, make: Make) -> Callable[..., dict[str, Any]]:
    def door(*given: Any) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            values, world, key = _read(endpoint, given)
            return make(endpoint.mode, values, world, key)

        return _answer(work)

    return _with_signature(door, endpoint, ())


def _voice_door(endpoint: Endpoint, create_voice: CreateVoice) -> Callable[..., dict[str, Any]]:
    def door(*given: Any) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            *rest, name = given
            values, world, key = _read(endpoint, rest)
            return create_voice(values, str(name or "Voice"), world, key)

        return _answer(work)

    return _with_signature(door, endpoint, (("name", "Voice"),))


def _quote_door(quote: Quote, files: frozenset[str]) -> Callable[..., dict[str, Any]]:
    def door(mode: str, values: dict[str, Any]) -> dict[str, Any]:
        """The price of a mode with these values. A clip counts with its length, so it must be a file or a link."""

        def work() -> dict[str, Any]:
            given = values if isinstance(values, Mapping) else {}
            return quote(
                str(mode), {name: _file(name, value) if name in files else value for name, value in given.items()}
            )

        return _answer(work)

    return door


def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except StudioError as error:
        return {"take_id": None, "state": "not_sent", "error": error.as_reason()}


def _read(endpoint: Endpoint, given: Sequence[Any]) -> tuple[dict[str, Any], str, str]:
    values = {
        param.name: _file(param.name, value) if param.kind.is_file else value
        for param, value in zip(endpoint.params, given, strict=False)
        if value is not None
    }
    world, key = given[len(endpoint.params) : len(endpoint.params) + 2]
    return values, str(world), str(key or "")


def _file(name: str, value: Any) -> str:
    """The path of an upload, or a link. Raises Refused for anything else.

    Gradio checks the paths in what calls itself its FileData; a bare text or another object could name any file of
    this machine.
    """
    given = value.get("path") if isinstance(value, Mapping) else value
    if isinstance(given, str) and (is_link(given) or _is_upload(given)):
        return given
    message = f"{name} must be an uploaded file or a link that starts with https://. Hand the file over as a file."
    raise Refused([Problem(name, "not_a_file", message)])


def _is_upload(path: str) -> bool:
    try:
        return Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve())
    except (OSError, ValueError):
        return False


def _with_signature(
    door: Callable[..., dict[str, Any]], endpoint: Endpoint, more: Sequence[tuple[str, str]]
) -> Callable[..., dict[str, Any]]:
    """Gradio reads names, types and defaults of an endpoint from its function's signature."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    required = [_parameter(param) for param in endpoint.params if param.is_required]
    ordered = [param for param in endpoint.params if param.is_required]
    ordered += [param for param in endpoint.params if not param.is_required]
    optional = [_parameter(param) for param in ordered[len(required) :]]
    options = [inspect.Parameter(n, kind, default=d, annotation=str) for n, d in (*_TEXT_OPTIONS, *more)]
    names = [param.name for param in ordered]

    def ordered_door(*given: Any) -> dict[str, Any]:
        by_name = dict(zip(names, given, strict=False))
        return door(*(by_name.get(param.name) for param in endpoint.params), *given[len(names) :])

    parameters = [*required, *optional, *options]
    ordered_door.__name__ = endpoint.mode.replace("-", "_")
    ordered_door.__doc__ = f"{endpoint.model_title}, {endpoint.title.lower()}. See {endpoint.source}."
    ordered_door.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": dict}
    ordered_door.__signature__ = inspect.Signature(parameters, return_annotation=dict)  # type: ignore[attr-defined]
    return ordered_door


def _parameter(param: Param) -> inspect.Parameter:
    kinds: dict[Kind, Any] = {
        Kind.TEXT: str,
        Kind.FLAG: bool,
        Kind.NUMBER: float,
        Kind.VOICES: list[str],
        Kind.PICTURE: FileData,
        Kind.CLIP: FileData,
        Kind.SOUND: FileData,
    }
    annotation = Literal[param.choices] if param.kind is Kind.CHOICE else kinds[param.kind]
    if param.is_required:
        return inspect.Parameter(param.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
    if param.default is None:
        annotation = annotation | None
    return inspect.Parameter(
        param.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=param.default, annotation=annotation
    )
