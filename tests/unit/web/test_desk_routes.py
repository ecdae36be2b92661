"""Voices, limits, spend and key as the page asks for them; each test has a studio whose money is its own."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from studio.takes.take import State
from tests.unit.web.rig import GOOD_KEY, OWN, TEXT, Room, hum, opened

SECRET = GOOD_KEY.partition(":")[2]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with opened(tmp_path_factory.mktemp("shop") / "home", budget_day_usd_micros=10_000_000) as one:
        yield one


@pytest.fixture
def paying(shop: Room) -> Iterator[Room]:
    """The shop with a key that its fal knows; forgotten again afterwards."""
    assert "error" not in shop.post("/studio/key", {"key": GOOD_KEY})
    yield shop
    shop.post("/studio/key/remove")


@pytest.fixture
def limits(shop: Room) -> Iterator[dict[str, Any]]:
    """The limits as they stand, and again after the test."""
    before = shop.get("/studio/spend")["limits"]
    yield before
    dollars = {name: "" if value is None else f"{value / 1e6:.6f}" for name, value in before.items()}
    shop.post("/studio/limits", dollars)


# -- voices ------------------------------------------------------------------------------------------------------------


def test_voice_is_added_named_anew_and_deleted(shop: Room) -> None:
    voice = shop.post("/studio/voices/add", {"voice_id": "829877809978941442", "name": "Mara"})["voice"]
    assert (voice["voice_id"], voice["name"], voice["uses"]) == ("829877809978941442", "Mara", 0)
    change = {"name": "Mara, low", "note": "for the pier", "tags": ["low", "calm"]}
    changed = shop.post(f"/studio/voices/{voice['id']}", change)["voice"]
    assert (changed["name"], changed["note"], changed["tags"]) == ("Mara, low", "for the pier", ["low", "calm"])
    assert voice["id"] in ids(shop.get("/studio/voices"))
    assert voice["id"] not in ids(shop.post(f"/studio/voices/{voice['id']}/delete"))


def test_known_voice_is_not_added_twice(shop: Room) -> None:
    voice = shop.post("/studio/voices/add", {"voice_id": "111", "name": "One"})["voice"]
    assert shop.post("/studio/voices/add", {"voice_id": "111", "name": "Two"})["error"]["code"] == "voice_known"
    shop.post(f"/studio/voices/{voice['id']}/delete")


@pytest.mark.parametrize("voice_id", ["", "two words", "a\nb", "x" * 500, None, 7])
def test_what_is_no_voice_id_is_refused_in_words(shop: Room, voice_id: Any) -> None:
    before = ids(shop.get("/studio/voices"))
    assert shop.post("/studio/voices/add", {"voice_id": voice_id, "name": "x"})["error"]["sentence"]
    assert ids(shop.get("/studio/voices")) == before


@pytest.mark.parametrize("path", ["/studio/voices/none", "/studio/voices/none/delete"])
def test_unknown_voice_is_not_here(shop: Room, path: str) -> None:
    answer = shop.client.post(path, json={"name": "x"}, headers=OWN)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "no_such_voice"


def test_recording_is_checked_heard_and_made_a_voice_once(shop: Room) -> None:
    ref = shop.taken_in("sound", hum(8.0), "voice.wav")["ref"]
    cut = {"ref": ref, "start_s": 0.5, "end_s": 6.5}
    checked = shop.post("/studio/voices/check", cut)
    assert checked["known"] is None
    assert {"level": "ok", "text": "6.0 s long (5 to 30)"} in checked["checks"]
    heard = shop.client.get(shop.post("/studio/voices/audition", cut)["file"])
    assert heard.status_code == 200
    assert heard.headers["content-type"].startswith("audio/")
    wanted = {**cut, "name": "Mara", "world": "rehearsal", "has_consent": True}
    made = shop.post("/studio/voices", wanted)
    assert (made["voice"]["world"], made["is_known"]) == ("rehearsal", False)
    assert shop.client.get(made["voice"]["sample"]).status_code == 200
    again = shop.post("/studio/voices", wanted)
    assert (again["voice"]["id"], again["is_known"]) == (made["voice"]["id"], True)


def test_too_short_a_part_is_bad(shop: Room) -> None:
    ref = shop.taken_in("sound", hum(8.0), "voice.wav")["ref"]
    checks = shop.post("/studio/voices/check", {"ref": ref, "start_s": 0, "end_s": 2})["checks"]
    assert [check["level"] for check in checks if "5" in check["text"]] == ["bad"]


def test_voice_without_consent_is_not_made(shop: Room) -> None:
    ref = shop.taken_in("sound", hum(8.0), "voice.wav")["ref"]
    refused = shop.post("/studio/voices", {"ref": ref, "name": "Mara", "world": "live"})
    assert "Nothing was sent" in refused["error"]["sentence"]


@pytest.mark.parametrize("path", ["", "/check", "/audition"])
@pytest.mark.parametrize("ref", ["/etc/passwd", "inputs/../ledger.sqlite3", "https://example.com/a.wav", ""])
def test_recording_is_named_by_its_content_alone(shop: Room, path: str, ref: str) -> None:
    body = {"ref": ref, "name": "x", "world": "rehearsal", "has_consent": True}
    assert shop.post(f"/studio/voices{path}", body)["error"]["title"] == "Gone"


# -- money -------------------------------------------------------------------------------------------------------------


def test_limit_is_set_and_lifted(shop: Room, limits: dict[str, Any]) -> None:
    shown = shop.post("/studio/limits", {"day": "$12.50", "take": "", "ask_again": "2"})["limits"]
    assert (shown["day"], shown["take"], shown["ask_again"]) == (12_500_000, None, 2_000_000)
    assert shown["session"] == limits["session"]
    assert shop.get("/studio/state")["studio"]["today"]["limit"] == 12_500_000
    assert shop.post("/studio/limits", {"day": ""})["limits"]["day"] is None


@pytest.mark.parametrize("text", ["ten", "-1", "1e99", "NaN", "Infinity", "0x10", "1;2"])
def test_amount_that_is_none_changes_no_limit(shop: Room, limits: dict[str, Any], text: str) -> None:
    answer = shop.post("/studio/limits", {"take": "1", "day": text})
    assert text in answer["error"]["sentence"]
    assert shop.get("/studio/spend")["limits"] == limits


@pytest.mark.parametrize("body", [{"day": 5}, {"day": None}, {"day": {}}, [], "5", {"unknown": "5"}])
def test_limits_of_another_shape_change_nothing(shop: Room, limits: dict[str, Any], body: Any) -> None:
    shop.post("/studio/limits", body)
    assert shop.get("/studio/spend")["limits"] == limits


def test_limit_holds_a_take_back(paying: Room, limits: dict[str, Any]) -> None:
    paying.post("/studio/limits", {"day": "0.10"})
    before = len(list(paying.fal.book))
    refused = paying.studio.make_and_wait("text-to-video", TEXT, "live", "over")
    assert refused["state"] == "not_sent"
    assert refused["error"]["code"] == "budget"
    assert len(list(paying.fal.book)) == before


def test_spend_adds_up_with_the_ledger_and_the_csv(tmp_path: Any) -> None:
    with opened(tmp_path / "home", fal_key=GOOD_KEY) as paid:
        made = paid.studio.make_and_wait("text-to-video", TEXT, "live", "one")
        assert made["state"] == "kept", made
        spend = paid.get("/studio/spend")
        assert spend["today"]["spent"] == spend["month"] == spend["days"][-1]["spent"] == 350_000
        assert spend["modes"] == [{"title": "Text to video", "takes": 1, "estimate": 350_000, "billed": 350_000}]
        assert [row["take_id"] for row in spend["rows"]] == [made["take_id"]]
        assert len(spend["days"]) == 14
        answer = paid.client.get("/studio/spend.csv")
        assert answer.headers["content-type"].startswith("text/csv")
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == 1
        assert "0.350000" in rows[0].values()
        assert SECRET not in answer.text + json.dumps(spend)


def test_prices_are_compared_with_those_that_fal_lists(paying: Room) -> None:
    assert paying.post("/studio/prices/check")["sentence"]


# -- key ---------------------------------------------------------------------------------------------------------------


def test_key_is_set_and_never_shown(shop: Room) -> None:
    answer = shop.post("/studio/key", {"key": f"  {GOOD_KEY}\n"})
    state = shop.get("/studio/state")
    assert answer["sentence"].startswith("The key is set")
    assert (state["studio"]["world"], state["studio"]["key_tail"]) == ("live", GOOD_KEY[-4:])
    doctor = shop.get("/studio/doctor")
    assert ["FAL_KEY", "set"] in [row[:2] for row in doctor["rows"]]
    shown = json.dumps([answer, state, doctor]) + shop.client.get("/").text + shop.client.get("/config").text
    assert SECRET not in shown
    assert SECRET.encode() not in b"".join(p.read_bytes() for p in shop.home.rglob("*") if p.is_file())
    shop.post("/studio/key/remove")
    assert shop.get("/studio/state")["studio"]["has_key"] is False


def test_key_that_fal_does_not_know_is_refused_and_forgotten(shop: Room) -> None:
    refused = shop.post("/studio/key", {"key": "some-id:of-somebody-else-entirely"})
    assert refused["error"]["title"] == "Unknown key"
    assert "somebody" not in json.dumps(refused)
    assert shop.get("/studio/state")["studio"]["has_key"] is False


@pytest.mark.parametrize("key", ["", "no colon", "a b:c", "a:b\x00", "Key id:secret", "x" * 500, 5, None])
def test_what_is_no_key_is_refused_before_anyone_is_asked(shop: Room, key: Any) -> None:
    assert shop.post("/studio/key", {"key": key})["error"]["sentence"]
    assert shop.get("/studio/state")["studio"]["has_key"] is False


def test_take_without_a_key_is_not_sent(shop: Room) -> None:
    refused = shop.studio.make_and_wait("text-to-video", TEXT, "live", "")
    assert refused["state"] == "not_sent"
    assert "key" in refused["error"]["sentence"]


def test_live_take_sent_again_says_its_price_first(paying: Room) -> None:
    made = paying.studio.desk.make("text-to-video", TEXT, world="live", key="lost")
    done = paying.studio.desk.wait(made.id, 30)
    assert done.state is State.KEPT
    sentence = paying.post(f"/studio/takes/{made.id}/send_again")["error"]["sentence"]
    assert sentence == "A new take costs $0.35."


def ids(answer: dict[str, Any]) -> list[str]:
    return [voice["id"] for voice in answer["voices"]]


def test_colour_of_a_voice_is_kept(room: Room) -> None:
    voice = room.post("/studio/voices/add", {"voice_id": "829877809978941499", "name": "Ines"})["voice"]
    room.post(f"/studio/voices/{voice['id']}", {"colour": "v2"})
    kept = {one["id"]: one["colour"] for one in room.get("/studio/voices")["voices"]}
    assert kept[voice["id"]] == "v2"


def test_empty_ask_again_means_never(room: Room) -> None:
    assert room.post("/studio/limits", {"ask_again": ""})["limits"]["ask_again"] is None
    assert room.post("/studio/limits", {"ask_again": "1"})["limits"]["ask_again"] == 1_000_000
