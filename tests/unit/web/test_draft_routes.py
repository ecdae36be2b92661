"""A starter, an earlier take and a frame of a take come back as fields of a tab, with files that are here."""

from __future__ import annotations

from typing import Any

import pytest

from studio.catalog.registry import find_endpoint
from studio.script.compose import compile_prompt
from studio.script.scene import Line, Script, script_from_json, script_to_json
from studio.script.starters import all_starters
from studio.takes.take import Take
from studio.web.draft_routes import starter_cards
from studio.web.input_routes import is_ref
from tests.unit.web.rig import OWN, SAMPLES, Room, picture


@pytest.mark.parametrize("starter", all_starters(), ids=lambda starter: starter.id)
def test_every_starter_fills_its_tab(room: Room, starter: Any) -> None:
    draft = room.post("/studio/drafts/starter", {"starter": starter.id})
    endpoint = find_endpoint(draft["mode"])
    fields = draft["fields"]
    assert draft["mode"] == starter.mode
    assert set(fields["files"]) == set(starter.files)
    for file in fields["files"].values():
        assert is_ref(file["ref"])
        assert (room.home / file["ref"]).is_file()
        assert room.client.get(file["thumb"]).status_code == 200
    plain = {name: value for name, value in fields.items() if name not in ("files", "script")}
    assert all(endpoint.has(name) for name in plain)
    if "script" in fields:
        written = script_from_json(fields["script"]["script"])
        assert compile_prompt(written, endpoint.mode).text == fields["script"]["prompt"] == starter.prompt
    else:
        assert fields["prompt"] == starter.prompt


def test_starter_cards_show_pictures_that_are_served(room: Room) -> None:
    cards = starter_cards()
    assert [card["id"] for card in cards] == [starter.id for starter in all_starters()]
    assert {room.client.get(card["thumb"]).status_code for card in cards} == {200}


def test_unknown_starter_is_not_here(room: Room) -> None:
    answer = room.client.post("/studio/drafts/starter", json={"starter": "../pier"}, headers=OWN)
    assert answer.status_code == 404
    assert answer.json()["error"]["sentence"]


def test_take_comes_back_with_its_files_words_and_settings(room: Room) -> None:
    ref = room.taken_in("picture", picture(700, 500), "mine.jpg")["ref"]
    script = script_to_json(Script(scene="A pier at dusk.", lines=(Line("Mara", None, "quiet", "we sail at dawn."),)))
    values = {"start_image_url": ref, "prompt": "A pier at dusk.", "duration": "10", "negative_prompt": "rain"}
    take = room.kept("image-to-video", values=values, script=script)
    draft = room.post("/studio/drafts/take", {"take_id": take.id})
    fields = draft["fields"]
    assert (draft["mode"], draft["parent_id"]) == ("image-to-video", take.id)
    assert fields["files"]["start_image_url"]["ref"] == ref
    assert fields["files"]["start_image_url"]["name"] == "mine.jpg"
    assert (fields["duration"], fields["negative_prompt"], fields["generate_audio"]) == ("10", "rain", False)
    assert fields["script"]["script"]["lines"][0]["text"] == "we sail at dawn."
    assert "prompt" not in fields


def test_take_without_a_script_is_read_from_its_prompt(room: Room, kept: Take) -> None:
    script = room.post("/studio/drafts/take", {"take_id": kept.id})["fields"]["script"]["script"]
    assert compile_prompt(script_from_json(script), "text-to-video").text == kept.prompt


def test_trim_of_a_clip_and_the_standard_tier_come_back(room: Room) -> None:
    person = room.taken_in("picture", (SAMPLES / "char.jpg").read_bytes())["ref"]
    dance = room.taken_in("clip", (SAMPLES / "dance.mp4").read_bytes())["ref"]
    values = {"image_url": person, "video_url": dance, "character_orientation": "image"}
    edits = {"video_url": {"start_s": 0.5, "end_s": 3.75}}
    made = room.studio.desk.make("motion-control-standard", values, world="rehearsal", edits=edits)
    room.studio.desk.wait(made.id, 30)
    draft = room.post("/studio/drafts/take", {"take_id": made.id})
    assert draft["mode"] == "motion-control"
    clip = draft["fields"]["files"]["video_url"]
    assert (clip["ref"], clip["start_s"], clip["end_s"]) == (dance, 0.5, 3.75)


def test_take_whose_picture_is_gone_comes_back_without_it(room: Room) -> None:
    ref = room.taken_in("picture", picture(701, 500), "lost.jpg")["ref"]
    take = room.kept("image-to-video", values={"start_image_url": ref})
    (room.home / ref).unlink()
    files = room.post("/studio/drafts/take", {"take_id": take.id})["fields"]["files"]
    assert files["start_image_url"] is None


@pytest.mark.parametrize("field", ["start_image_url", "end_image_url"])
def test_frame_becomes_a_picture_of_the_next_take(room: Room, kept: Take, field: str) -> None:
    draft = room.post("/studio/drafts/frame", {"take_id": kept.id, "at_s": 2.0, "field": field})
    file = draft["fields"]["files"][field]
    assert draft["mode"] == "image-to-video"
    assert file["name"] == f"from {kept.label.lower()}"
    assert (file["width_px"], file["height_px"]) == (320, 180)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("take", {"take_id": "none"}),
        ("frame", {"take_id": "none", "at_s": 1}),
        ("frame", {"take_id": "none", "field": "video_url"}),
    ],
)
def test_draft_from_what_is_not_here_says_so(room: Room, path: str, body: dict[str, Any]) -> None:
    answer = room.client.post(f"/studio/drafts/{path}", json=body, headers=OWN)
    assert answer.status_code == 404
    assert answer.json()["error"]["sentence"]
