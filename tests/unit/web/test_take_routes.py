"""Takes are listed, played with ranges and acted on; what does not exist says so, and money asks twice."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from studio.takes.take import Take
from tests.unit.web.rig import OWN, Room


def test_kept_take_is_on_its_card_with_all_files(room: Room, kept: Take) -> None:
    card = room.get(f"/studio/takes/{kept.id}")
    assert (card["state"], card["world"], card["charge"]) == ("kept", "rehearsal", "free")
    assert card["duration_s"] == pytest.approx(5.0, abs=0.1)
    assert len(card["strip_times_s"]) == 12
    for url in (card["media"]["video"], card["media"]["poster"], card["media"]["strip"], card["media"]["silent"]):
        assert room.client.get(url).status_code == 200, url


def test_video_answers_ranges_so_that_a_player_can_seek(room: Room, kept: Take) -> None:
    url = room.get(f"/studio/takes/{kept.id}")["media"]["video"]
    whole = room.client.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    part = room.client.get(url, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert part.content == whole.content[100:200]
    beyond = room.client.get(url, headers={"Range": f"bytes={len(whole.content) + 1}-"})
    assert beyond.status_code == 416


def test_frame_is_the_one_shown_at_that_moment(room: Room, kept: Take) -> None:
    """The clip gets lighter with time."""
    greys = []
    for moment in (0.0, 2.5, 4.75):
        answer = room.client.get(f"/studio/takes/{kept.id}/frame?t={moment}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        with Image.open(io.BytesIO(answer.content)) as frame:
            assert frame.size == (320, 180)
            greys.append(frame.convert("L").getpixel((160, 90)))
    assert greys == sorted(greys)
    assert greys[2] - greys[0] > 100


def test_frame_beyond_the_end_is_the_last_one(room: Room, kept: Take) -> None:
    last = room.client.get(f"/studio/takes/{kept.id}/frame?t=4.9").content
    assert room.client.get(f"/studio/takes/{kept.id}/frame?t=99999").content == last


@pytest.mark.parametrize("moment", ["-1", "nan", "soon"])
def test_moment_that_is_none_is_refused_in_words(room: Room, kept: Take, moment: str) -> None:
    assert room.get(f"/studio/takes/{kept.id}/frame?t={moment}")["error"]["sentence"]


def test_endless_moment_is_the_last_frame(room: Room, kept: Take) -> None:
    assert room.client.get(f"/studio/takes/{kept.id}/frame?t=inf").status_code == 200


@pytest.mark.parametrize(
    "path", ["none", "none/video.mp4", "none/frame?t=1", "%00/video.mp4", "ledger.sqlite3/video.mp4"]
)
def test_unknown_take_is_not_here(room: Room, path: str) -> None:
    assert_gone(room.client.get(f"/studio/takes/{path}"))


@pytest.mark.parametrize(
    "name", ["other.mp4", "ledger.sqlite3", "..%2Frecipe.json", "%2e%2e", "start.jpg", "arriving.mp4", "video.mp4.part"]
)
def test_unknown_file_of_a_take_is_not_here(room: Room, kept: Take, name: str) -> None:
    answer = room.client.get(f"/studio/takes/{kept.id}/{name}")
    assert answer.status_code == 404
    assert not answer.content.startswith(b"SQLite")


SECTIONS = ["all", "rehearsals", "takes", "starred", "image", "text", "motion", "trouble", "bin", "no such section"]


@pytest.mark.parametrize("section", SECTIONS)
def test_sections_are_pages_of_cards_with_counts(room: Room, kept: Take, section: str) -> None:
    found = room.get(f"/studio/takes?filter={section}")
    assert found["pages"] >= 1
    assert len(found["takes"]) <= 48
    is_there = kept.id in [card["id"] for card in found["takes"]]
    assert is_there == (section in ("all", "rehearsals", "no such section"))


@pytest.mark.parametrize("sort", ["newest", "oldest", "price", "length", "; drop table takes"])
def test_every_order_gives_the_same_takes(room: Room, kept: Take, sort: str) -> None:
    usual = {card["id"] for card in room.get("/studio/takes")["takes"]}
    found = [card["id"] for card in room.get(f"/studio/takes?sort={sort}")["takes"]]
    assert set(found) == usual
    assert len(found) == len(usual)


def test_oldest_first_turns_the_order_round(room: Room, kept: Take) -> None:
    room.kept(key="later")
    newest = [card["id"] for card in room.get("/studio/takes")["takes"]]
    assert [card["id"] for card in room.get("/studio/takes?sort=oldest")["takes"]] == newest[::-1]


def test_counts_say_what_each_filter_would_show_with_this_search(room: Room, kept: Take) -> None:
    for search in ("", "lamp", "no such word anywhere"):
        counts = room.get(f"/studio/takes?search={search}")["counts"]
        for section in counts:
            assert counts[section] == room.get(f"/studio/takes?filter={section}&search={search}")["total"], section


def test_lineage_tells_where_a_take_came_from_and_what_follows(room: Room) -> None:
    first = room.kept(key="first")
    second = room.kept(
        key="second", parent_id=first.id, values={"prompt": "A lamp turns in the rain.", "duration": "10"}
    )
    told = room.get(f"/studio/takes/{second.id}/lineage")
    assert [card["id"] for card in told["chain"]] == [first.id, second.id]
    assert told["steps"] == ["Began with words alone, no voices", "1 word changed, now 10 s"]
    assert told["voices"] == []
    assert [card["id"] for card in room.get(f"/studio/takes/{first.id}/lineage")["follow"]] == [second.id]
    assert room.get(f"/studio/takes/{first.id}")["follow_count"] == 1
    assert room.get(f"/studio/takes/{second.id}")["follow_count"] == 0
    room.post(f"/studio/takes/{second.id}/delete")
    assert room.get(f"/studio/takes/{first.id}")["follow_count"] == 0


def test_differences_are_only_what_differs(room: Room, kept: Take) -> None:
    other = room.kept(key="differs", values={"aspect_ratio": "9:16", "cfg_scale": 0.8, "negative_prompt": "rain"})
    rows = room.get(f"/studio/takes/{other.id}/differences?other={kept.id}")["rows"]
    told = {row["name"]: (row["a"], row["b"]) for row in rows if row["name"] != "Wait"}
    assert told == {
        "Shape": ("9:16", "16:9"),
        "Avoid": ("rain", "blur, distort, and low quality"),
        "Follow the prompt": ("0.8", "0.5"),
    }
    assert room.get(f"/studio/takes/{kept.id}/differences?other={kept.id}")["rows"] == []


@pytest.mark.parametrize("path", ["none/lineage", "none/differences?other=none"])
def test_lineage_of_an_unknown_take_is_not_here(room: Room, path: str) -> None:
    assert_gone(room.client.get(f"/studio/takes/{path}"))


def test_difference_to_an_unknown_take_is_not_here(room: Room, kept: Take) -> None:
    assert_gone(room.client.get(f"/studio/takes/{kept.id}/differences?other=none"))


@pytest.mark.parametrize("search", ["lamp", "fog lamp", "rehearsal 1"])
def test_search_finds_words_and_numbers(room: Room, kept: Take, search: str) -> None:
    assert kept.id in [card["id"] for card in room.get(f"/studio/takes?search={search}")["takes"]]


@pytest.mark.parametrize(
    "query",
    [
        'search=" OR 1=1 --',
        "search=%00",
        "search=***",
        "search=" + "a" * 5000,
        "page=-5",
        "page=999999999999",
        "page=0",
    ],
)
def test_hostile_question_is_answered(room: Room, query: str) -> None:
    assert "takes" in room.get(f"/studio/takes?{query}")


def test_page_beyond_the_last_is_empty(room: Room, kept: Take) -> None:
    assert room.get("/studio/takes?page=900")["takes"] == []


def test_star_and_its_taking_back_answer_with_the_card(room: Room) -> None:
    take = room.kept(key="star")
    assert room.post(f"/studio/takes/{take.id}/star", {"starred": True})["card"]["starred"] is True
    assert take.id in [card["id"] for card in room.get("/studio/takes?filter=starred")["takes"]]
    assert room.post(f"/studio/takes/{take.id}/star", {"starred": False})["card"]["starred"] is False


def test_bin_and_back(room: Room) -> None:
    take = room.kept(key="bin")
    binned = room.post(f"/studio/takes/{take.id}/delete")["card"]
    assert binned["is_binned"]
    assert binned["actions"] == ["restore"]
    assert take.id in [card["id"] for card in room.get("/studio/takes?filter=bin")["takes"]]
    assert not room.post(f"/studio/takes/{take.id}/restore")["card"]["is_binned"]


def test_send_again_needs_a_second_press(room: Room) -> None:
    take = room.kept(key="once")
    before = room.get("/studio/takes")["total"]
    asked = room.post(f"/studio/takes/{take.id}/send_again")
    assert asked["error"]["code"] == "needs_confirm"
    assert "$" in asked["error"]["sentence"]
    assert room.get("/studio/takes")["total"] == before
    sent = room.post(f"/studio/takes/{take.id}/send_again", {"confirm": True, "key": "again"})["card"]
    assert sent["parent"]["id"] == take.id
    twice = room.post(f"/studio/takes/{take.id}/send_again", {"confirm": True, "key": "again"})["card"]
    assert twice["id"] == sent["id"]
    assert room.studio.desk.wait(sent["id"], 30).state.value == "kept"


@pytest.mark.parametrize("action", ["cancel", "drop", "look", "never_arrived", "explode", "__class__"])
def test_action_that_a_kept_take_does_not_allow_is_refused_in_words(room: Room, kept: Take, action: str) -> None:
    error = room.post(f"/studio/takes/{kept.id}/{action}")["error"]
    assert error["sentence"]
    assert error["charged"] == "no"


@pytest.mark.parametrize("action", ["star", "send_again", "cancel"])
def test_action_on_an_unknown_take_is_gone(room: Room, action: str) -> None:
    assert_gone(room.client.post(f"/studio/takes/none/{action}", json={"confirm": True}, headers=OWN))


@pytest.mark.parametrize("body", ["", "[]", "null", '{"place": "first"}', '{"key": []}', "{", "\x00"])
def test_body_of_another_shape_is_refused_in_words(room: Room, kept: Take, body: str) -> None:
    answer = room.client.post(
        f"/studio/takes/{kept.id}/star", content=body, headers={**OWN, "content-type": "application/json"}
    )
    assert answer.status_code == 200
    assert "Nothing was charged" in answer.json()["error"]["sentence"]


def test_recipe_is_json_without_a_secret(room: Room, kept: Take) -> None:
    recipe = json.loads(room.client.get(f"/studio/takes/{kept.id}/recipe.json").content)
    assert recipe
    assert "0123456789abcdefghij" not in json.dumps(recipe)


def assert_gone(answer: Any) -> None:
    assert answer.status_code == 404
    assert answer.json()["error"]["sentence"]
