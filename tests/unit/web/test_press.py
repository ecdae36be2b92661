"""A press reads anything that a page may send, names no path, and sends one take however often it comes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.catalog.endpoint import Endpoint
from studio.catalog.registry import ENDPOINTS, find_endpoint
from studio.script.scene import Line, Script, script_to_json
from studio.web.input_routes import is_ref
from studio.web.press import Press, read_fields
from tests.unit.web.rig import Room, picture

REF = f"inputs/aa/{'a' * 64}.jpg"
PATHS = st.sampled_from(
    [REF, "/etc/passwd", "inputs/aa/../../x.jpg", "https://example.com/a.jpg", "", "\0", f"{REF}\n"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | PATHS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["ref", "path", "files", "script", "lines", "text", "start_s", "slot"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
FILE = (
    st.fixed_dictionaries({"ref": PATHS}, optional={"start_s": JSON, "end_s": JSON, "crop": JSON, "path": PATHS}) | JSON
)
NAMES = sorted({param.name for endpoint in ENDPOINTS for param in endpoint.params})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "files": st.fixed_dictionaries({"files": st.dictionaries(st.sampled_from(NAMES), FILE, max_size=4)}) | JSON,
        "script": st.fixed_dictionaries({}, optional={"script": JSON, "voice_ids": JSON, "prompt": JSON}) | JSON,
        "parent_id": JSON,
        "press": JSON,
        **dict.fromkeys(NAMES, JSON),
    },
)


@settings(max_examples=200)
@given(endpoint=st.sampled_from(ENDPOINTS), fields=FIELDS)
def test_any_fields_are_read_and_files_are_refs(endpoint: Endpoint, fields: dict[str, Any]) -> None:
    values, edits, script, parent_id = read_fields(endpoint, fields)
    for param in endpoint.file_params():
        assert param.name not in values or is_ref(values[param.name])
    assert set(values) <= {param.name for param in endpoint.params}
    assert set(edits) <= {param.name for param in endpoint.file_params() if param.name in values}
    assert script is None or isinstance(script, dict)
    assert parent_id is None or isinstance(parent_id, str)


@pytest.mark.parametrize("name", ["start_image_url", "end_image_url"])
def test_file_named_beside_the_wells_is_not_read(name: str) -> None:
    values, _, _, _ = read_fields(find_endpoint("image-to-video"), {name: "/etc/passwd", "files": {"files": {}}})
    assert name not in values


def test_script_becomes_the_prompt_and_trims_become_edits() -> None:
    script = script_to_json(Script(scene="Dusk.", lines=(Line("Mara", 1, "", "we sail at dawn."),)))
    fields = {
        "files": {"files": {"start_image_url": {"ref": REF, "name": "x", "fit": "crop"}}},
        "script": {"script": script, "voice_ids": ["v1"], "prompt": "not this one"},
        "duration": "10",
        "unknown": 1,
        "parent_id": "t1",
    }
    values, edits, said, parent_id = read_fields(find_endpoint("image-to-video"), fields)
    assert values["start_image_url"] == REF
    assert values["prompt"].startswith("Dusk.")
    assert "<<<voice_1>>>" in values["prompt"]
    assert (values["voice_ids"], values["duration"]) == (["v1"], "10")
    assert "unknown" not in values
    assert edits == {"start_image_url": {"fit": "crop"}}
    assert said is not None
    assert said["lines"][0]["text"] == "we sail at dawn."
    assert parent_id == "t1"


@pytest.fixture
def press(room: Room) -> Press:
    return Press(room.studio.desk, room.studio.gallery)


def fields_of(room: Room, name: str) -> dict[str, Any]:
    ref = room.taken_in("picture", picture(600, 400), f"{name}.jpg")["ref"]
    script = script_to_json(Script(scene=f"{name} at dusk."))
    return {
        "files": {"files": {"start_image_url": {"ref": ref}}},
        "script": {"script": script, "voice_ids": []},
        "duration": "5",
        "generate_audio": False,
        "press": f"press-{name}",
    }


def test_same_press_twice_is_one_take(room: Room, press: Press) -> None:
    fields = fields_of(room, "pier")
    first, again = (press("image-to-video", "rehearsal", fields) for _ in range(2))
    assert first["take_id"] == again["take_id"]
    assert first["card"]["prompt"] == "pier at dusk."
    assert room.studio.desk.wait(first["take_id"], 30).state.value == "kept"


def test_press_without_a_name_sends_nothing(room: Room, press: Press) -> None:
    before = room.get("/studio/takes")["total"]
    assert press("image-to-video", "live", {**fields_of(room, "quiet"), "press": ""}) == {
        "mode": "image-to-video",
        "press": "",
    }
    assert room.get("/studio/takes")["total"] == before


def test_missing_picture_is_said_at_its_field(room: Room, press: Press) -> None:
    answer = press("image-to-video", "rehearsal", {**fields_of(room, "bare"), "files": {}})
    assert [problem["field"] for problem in answer["problems"]] == ["start_image_url"]
    assert "take_id" not in answer


def test_live_press_without_a_key_says_so(room: Room, press: Press) -> None:
    answer = press("image-to-video", "live", fields_of(room, "keyless"))
    assert [problem["field"] for problem in answer["problems"]] == ["key"]


def test_picture_that_has_gone_is_said_at_its_field(room: Room, press: Press) -> None:
    gone = {"files": {"files": {"start_image_url": {"ref": REF}}}}
    answer = press("image-to-video", "rehearsal", {**fields_of(room, "gone"), **gone})
    assert "start_image_url" in [problem["field"] for problem in answer["problems"]]


@pytest.mark.parametrize("mode", ["no-such-mode", "", "create-voice"])
def test_press_of_another_mode_is_answered(press: Press, mode: str) -> None:
    answer = press(mode, "rehearsal", {"press": "x"})
    assert answer["is_answered"]
    assert answer.get("problems") or answer.get("error")


def test_world_that_is_none_makes_nothing(room: Room, press: Press) -> None:
    answer = press("image-to-video", "moon", fields_of(room, "moon"))
    assert [problem["field"] for problem in answer["problems"]] == ["world"]


@settings(max_examples=25, deadline=None)
@given(fields=FIELDS)
def test_any_press_gets_an_answer(answering: Press, fields: dict[str, Any]) -> None:
    answer = answering("motion-control", "rehearsal", {**fields, "press": "p", "prompt": 7})
    assert answer["mode"] == "motion-control"
    assert "take_id" not in answer
    assert answer.get("problems") or answer.get("error")


@pytest.fixture(scope="module")
def answering(room: Room) -> Press:
    return Press(room.studio.desk, room.studio.gallery)
