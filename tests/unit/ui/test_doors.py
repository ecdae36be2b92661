"""The named API is the catalog: one door a mode, quote and create_voice, with fal's parameter names."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.utils import get_upload_folder

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Problem
from studio.catalog.registry import ENDPOINTS, find_endpoint, video_endpoints
from studio.takes.errors import Refused
from studio.ui.doors import build_doors

UPLOADED = str(Path(get_upload_folder()) / "ab12" / "photo.jpg")


@pytest.fixture(autouse=True)
def _one_upload_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio asks the environment each time; a studio opened by another test has told it of its own home."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(Path(UPLOADED).parents[1]))


LINK = "https://example.com/photo.jpg"


@dataclass
class Desk:
    """Writes down what it is asked."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def make(self, mode: str, values: Mapping[str, Any], world: str, key: str) -> dict[str, Any]:
        self.asked.append((mode, dict(values), world, key))
        return {"take_id": "t1", "state": "kept"}

    def quote(self, mode: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if mode not in {endpoint.mode for endpoint in ENDPOINTS}:
            raise Refused([Problem("mode", "unknown", "There is no such mode.")])
        self.asked.append((mode, dict(values)))
        return {"usd_micros": 1}

    def create_voice(self, values: Mapping[str, Any], name: str, world: str, key: str) -> dict[str, Any]:
        self.asked.append((dict(values), name, world, key))
        return {"voice_id": "v"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def doors(desk: Desk) -> dict[str, Any]:
    with gr.Blocks(analytics_enabled=False) as demo:
        build_doors(ENDPOINTS, desk.make, desk.quote, desk.create_voice)
    return {str(one.api_name): one for one in demo.fns.values()}


def test_doors_are_the_modes_quote_and_create_voice(doors: dict[str, Any]) -> None:
    modes = {endpoint.mode.replace("-", "_") for endpoint in video_endpoints()}
    assert set(doors) == modes | {"quote", "create_voice"}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.mode)
def test_arguments_are_the_api_own_names_required_first(doors: dict[str, Any], endpoint: Endpoint) -> None:
    given = inspect.signature(doors[endpoint.mode.replace("-", "_")].fn).parameters
    own = [param.name for param in endpoint.params]
    extra = ["world", "key"] + ([] if endpoint.makes_video else ["name"])
    assert sorted(given) == sorted(own + extra)
    assert list(given)[len(own) :] == extra
    needed = [name for name, one in given.items() if one.default is inspect.Parameter.empty]
    assert needed == [param.name for param in endpoint.params if param.is_required]
    assert list(given)[: len(needed)] == needed
    for param in endpoint.params:
        if not param.is_required:
            assert given[param.name].default == param.default
    assert given["world"].default == "rehearsal"


@pytest.mark.parametrize("endpoint", video_endpoints(), ids=lambda endpoint: endpoint.mode)
def test_each_value_reaches_the_desk_under_its_name(doors: dict[str, Any], desk: Desk, endpoint: Endpoint) -> None:
    door = doors[endpoint.mode.replace("-", "_")].fn
    names = list(inspect.signature(door).parameters)
    files = {param.name for param in endpoint.file_params()}
    told = {name: LINK if name in files else f"value of {name}" for name in names}
    assert door(*told.values()) == {"take_id": "t1", "state": "kept"}
    values = {name: value for name, value in told.items() if name not in ("world", "key")}
    assert desk.asked == [(endpoint.mode, values, "value of world", "value of key")]


def test_what_is_not_given_is_left_to_the_desk(doors: dict[str, Any], desk: Desk) -> None:
    doors["image_to_video"].fn("A pier.", {"path": UPLOADED}, "5", "", True, None, None, "rehearsal", "")
    ((_, values, _, _),) = desk.asked
    assert values["start_image_url"] == UPLOADED
    assert "end_image_url" not in values
    assert "voice_ids" not in values


HOSTILE = [
    "/etc/passwd",
    "pyproject.toml",
    "file:///etc/passwd",
    "",
    {"path": "/etc/passwd"},
    {"path": "/etc/passwd", "url": LINK},
    {"path": str(Path(get_upload_folder()) / ".." / "photo.jpg")},
    {"path": f"{UPLOADED}\0"},
    {"path": None},
    {},
    7,
    [UPLOADED],
]


@pytest.mark.parametrize("given", HOSTILE, ids=repr)
def test_path_that_the_caller_names_is_refused(doors: dict[str, Any], desk: Desk, given: Any) -> None:
    answers = [
        doors["image_to_video"].fn("A pier.", given, "5", "", True, None, None, "rehearsal", ""),
        doors["create_voice"].fn(given, "rehearsal", "", "Mara"),
        doors["quote"].fn("motion-control", {"video_url": given}),
    ]
    for answer in answers:
        assert (answer["take_id"], answer["state"]) == (None, "not_sent")
        assert "Nothing was sent" in answer["error"]["sentence"]
    assert desk.asked == []


@pytest.mark.parametrize("given", [UPLOADED, LINK, {"path": UPLOADED}, {"path": LINK, "meta": {}}], ids=repr)
def test_upload_and_link_are_let_in(doors: dict[str, Any], desk: Desk, given: Any) -> None:
    assert doors["create_voice"].fn(given, "rehearsal", "k", "Mara") == {"voice_id": "v"}
    ((values, name, world, key),) = desk.asked
    assert values["voice_url"] in (UPLOADED, LINK)
    assert (name, world, key) == ("Mara", "rehearsal", "k")


@pytest.mark.parametrize("values", [None, [], "x", 7])
def test_quote_of_values_that_are_none_is_answered(doors: dict[str, Any], values: Any) -> None:
    assert doors["quote"].fn("text-to-video", values) == {"usd_micros": 1}


def test_quote_of_an_unknown_mode_is_a_refusal(doors: dict[str, Any]) -> None:
    assert doors["quote"].fn("no-such-mode", {})["error"]["sentence"].startswith("There is no such mode.")


def test_each_door_says_what_it_is(doors: dict[str, Any]) -> None:
    for endpoint in ENDPOINTS:
        doc = doors[endpoint.mode.replace("-", "_")].fn.__doc__
        assert find_endpoint(endpoint.mode).source in doc
