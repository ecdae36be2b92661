"""What page, API and command line ask: checks, one take a click, voices bought once, cards."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from studio.catalog.kling_2_6 import TEXT_TO_VIDEO
from studio.catalog.registry import ENDPOINTS
from studio.gateway.answers import UnitPrice
from studio.gateway.errors import Gone, LostAnswer, Refusal, Trouble
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Prepared
from studio.takes.budget import Limits
from studio.takes.cards import state_json
from studio.takes.errors import BudgetRefusal, KeyReused, NotPossible, Refused, StorageTrouble, StudioError
from studio.takes.gallery import Gallery
from studio.takes.ledger import Ledger
from studio.takes.prices import remember_prices
from studio.takes.sending import refuse_longer
from studio.takes.take import State, Take
from tests.unit.takes.pretend_fal import fault
from tests.unit.takes.rig import TEXT, OpenStudio, Studio, a_take, until


def refused(studio: Studio, mode: str, values: dict[str, Any], **more: Any) -> dict[str, str]:
    with pytest.raises(Refused, match="nothing was charged") as told:
        studio.desk.make(mode, values, **more)
    assert studio.ledger.page().total == 0
    return {problem.field: problem.code for problem in told.value.problems if problem.is_blocking}


def test_a_double_click_makes_one_take(studio: Studio) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(studio.make(key="click").id)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 12
    assert len(set(made)) == 1
    studio.kept(studio.ledger.get(made[0]))
    assert studio.make(key="click").id == made[0]
    assert len(studio.fal.posts) == 1


def test_a_key_with_other_values_is_refused_plainly(studio: Studio) -> None:
    studio.make(key="click")
    with pytest.raises(KeyReused, match="already used for Take 1 with other values"):
        studio.make(key="click", values={"duration": "10"})
    assert studio.make(key="click", world="rehearsal").label == "Rehearsal 1"


def test_the_same_picture_under_another_name_is_the_same_click(studio: Studio, tmp_path: Path) -> None:
    ids = []
    for name in ("a.jpg", "b.JPG"):
        (tmp_path / name).write_bytes(b"PICTURE of a pier")
        values = {"prompt": "x", "start_image_url": str(tmp_path / name)}
        ids.append(studio.desk.make("image-to-video", values, key="click").id)
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("mode", "values", "problems"),
    [
        ("text-to-video", {"prompt": ""}, {"prompt": "missing"}),
        ("text-to-video", {"prompt": "x" * 2501}, {"prompt": "too_long"}),
        ("text-to-video", {"prompt": "x", "nonsense": 1}, {"nonsense": "unknown"}),
        ("text-to-video", {"prompt": "<<<voice_1>>> hi"}, {"prompt": "voice_tag"}),
        (
            "image-to-video",
            {"prompt": "<<<voice_2>>> hi", "start_image_url": "https://x/a.jpg", "voice_ids": ["v"]},
            {"prompt": "voice_tag"},
        ),
        ("image-to-video", {"prompt": "x", "start_image_url": "/no/such/file.jpg"}, {"start_image_url": "missing"}),
        ("image-to-video", {"prompt": "x", "start_image_url": "bad\0name"}, {"start_image_url": "missing"}),
        ("dance", {"prompt": "x"}, {"mode": "unknown"}),
        ("motion-control", {"character_orientation": "video"}, {"image_url": "missing", "video_url": "missing"}),
        ("text-to-video", {"prompt": float("nan")}, {"values": "type"}),
    ],
)  # fmt: skip
def test_bad_values_are_refused_before_anything_is_written(
    studio: Studio, mode: str, values: dict[str, Any], problems: dict[str, str]
) -> None:
    assert refused(studio, mode, values) == problems
    assert studio.fal.posts == []


def test_a_file_that_is_no_picture_is_refused_and_not_kept(studio: Studio, tmp_path: Path) -> None:
    secret = tmp_path / "passwords.txt"
    secret.write_text("root:x")
    assert refused(studio, "image-to-video", {"prompt": "x", "start_image_url": str(secret)}) == {
        "start_image_url": "not_a_picture"
    }
    assert not list((studio.home / "inputs").rglob("*.bin"))


def test_a_clip_too_long_for_its_orientation_is_refused(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"PICTURE")
    (tmp_path / "b.mp4").write_bytes(b"CLIP 12.0")
    values = {
        "image_url": str(tmp_path / "a.jpg"),
        "video_url": str(tmp_path / "b.mp4"),
        "character_orientation": "image",
    }
    assert "video_url" in refused(studio, "motion-control", values)
    quote = studio.desk.quote("motion-control", values, edits={"video_url": {"start_s": 2.4, "end_s": 10.0}})
    assert (quote.usd_micros, quote.at_most_usd_micros) == (851_200, 896_000)


def test_a_clip_behind_a_link_is_measured_before_it_is_priced(studio: Studio) -> None:
    studio.fal.clips = [b"CLIP 6.0"]
    values = {
        "image_url": "https://x.test/a.jpg",
        "video_url": "https://v3.fal.media/files/b/b.mp4",
        "character_orientation": "video",
    }
    assert studio.desk.quote("motion-control", values).usd_micros == 672_000


def test_a_clip_at_a_foreign_host_is_never_asked_for(studio: Studio) -> None:
    studio.fal.clips = [b"CLIP 6.0"]
    values = {
        "image_url": "https://x.test/a.jpg",
        "video_url": "https://x.test/b.mp4",
        "character_orientation": "video",
    }
    assert refused(studio, "motion-control", values) == {"video_url": "foreign_link"}
    assert studio.fal.clips, "the clip was fetched from a host that is not fal's"


def test_a_rehearsed_voice_is_no_live_voice(studio: Studio) -> None:
    studio.desk.voices.add("Marlow", "rv1", world="rehearsal")
    values = {"prompt": "<<<voice_1>>> hi", "start_image_url": "https://x/a.jpg", "voice_ids": ["rv1"]}
    assert refused(studio, "image-to-video", values) == {"voice_ids": "rehearsed_voice"}


def test_no_key_means_no_live_take(open_studio: OpenStudio) -> None:
    studio = open_studio(key_tail=lambda: None)
    assert refused(studio, "text-to-video", TEXT) == {"key": "no_key"}
    studio.kept(studio.make(world="rehearsal"))


def test_a_budget_refusal_writes_and_sends_nothing(open_studio: OpenStudio) -> None:
    studio = open_studio(limits=Limits(1_000_000))
    studio.make()
    with pytest.raises(BudgetRefusal):
        studio.make()
    assert studio.ledger.page().total == 1
    assert [p.field for p in studio.desk.check("text-to-video", TEXT) if p.is_blocking] == ["budget"]


def test_if_the_intent_cannot_be_written_nothing_is_sent(open_studio: OpenStudio, tmp_path: Path) -> None:
    class FullLedger(Ledger):
        def add(self, *_args: Any, **_more: Any) -> Any:
            raise OSError(28, "No space left on device")

    studio = open_studio(tmp_path / "home", ledger=FullLedger("", tmp_path / "home"))
    with pytest.raises(StorageTrouble, match="no room left"):
        studio.make()
    assert studio.fal.posts == []


def test_a_request_id_that_cannot_be_written_is_held_until_it_can(open_studio: OpenStudio, tmp_path: Path) -> None:
    class Flaky(Ledger):
        faults = 5

        def move(self, take_id: str, from_states: Any, to_state: State, **more: Any) -> Any:
            if more.get("step") == "ticket" and self.faults:
                self.faults -= 1
                raise StorageTrouble("disk_full", "Full", "It is full.")
            return super().move(take_id, from_states, to_state, **more)

    studio = open_studio(tmp_path / "home", ledger=Flaky("", tmp_path / "home"))
    kept = studio.kept(studio.make())
    assert kept.request_id in studio.fal.jobs
    assert len(studio.fal.posts) == 1


# -- voices -----------------------------------------------------------------------------------------------------------


def recording(tmp_path: Path, name: str = "a.wav") -> str:
    path = tmp_path / name
    path.write_bytes(b"SOUND 12.0")
    return str(path)


def test_a_voice_is_never_bought_twice(studio: Studio, tmp_path: Path) -> None:
    studio.fal.result_payload = {"voice_id": "829877809978941442"}
    voice = studio.desk.create_voice(recording(tmp_path), "Marlow")
    again = studio.desk.create_voice(recording(tmp_path, "other name.wav"), "Somebody else", "another-key")
    assert (voice.voice_id, voice.name, again.id) == ("829877809978941442", "Marlow", voice.id)
    studio.desk.voices.delete(voice.id)
    assert studio.desk.voices.list() == ()
    assert studio.desk.create_voice(recording(tmp_path), "Back").id == voice.id
    assert len(studio.fal.posts) == 1
    assert len(studio.desk.voices.list("live")) == 1


def test_a_voice_whose_answer_was_lost_is_not_bought_again(studio: Studio, tmp_path: Path) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    with pytest.raises(StudioError) as lost:
        studio.desk.create_voice(recording(tmp_path), "Marlow")
    assert lost.value.code == "lost_reset"
    with pytest.raises(StudioError):
        studio.desk.create_voice(recording(tmp_path), "Marlow", "new-key")
    assert len(studio.fal.posts) == 1


def test_a_refused_voice_may_be_bought_again(studio: Studio, tmp_path: Path) -> None:
    studio.fal.result_payload = {"voice_id": "v9"}
    studio.fal.submit_faults = [fault(Refusal, "locked")]
    with pytest.raises(StudioError, match="locked"):
        studio.desk.create_voice(recording(tmp_path), "Marlow")
    assert studio.desk.create_voice(recording(tmp_path), "Marlow").voice_id == "v9"


def test_voices_are_named_noted_counted_and_taken_away(studio: Studio) -> None:
    voice = studio.desk.voices.add("  Mar\nlow ", "v1", tags=("old", ""))
    studio.desk.make(
        "image-to-video", {"prompt": "<<<voice_1>>> hi", "start_image_url": "https://x/a.jpg", "voice_ids": ["v1"]}
    )
    changed = studio.desk.voices.change(voice.id, note="raspy", name="Keeper")
    assert (voice.name, changed.name, changed.note, changed.tags, changed.uses) == (
        "Mar low",
        "Keeper",
        "raspy",
        ("old",),
        1,
    )
    assert [found.id for found in studio.desk.voices.list(search="RASPY")] == [voice.id]
    with pytest.raises(StudioError, match="here already"):
        studio.desk.voices.add("Twice", "v1")
    with pytest.raises(StudioError, match="one word"):
        studio.desk.voices.add("Bad", "two words")


# -- cards ------------------------------------------------------------------------------------------------------------


def test_a_kept_card_has_its_media_lines_and_facts(studio: Studio) -> None:
    script = {"scene": "Dusk", "lines": [{"speaker": "Keeper", "slot": None, "text": "we sail at dawn."}]}
    kept = studio.kept(studio.make(script=script))
    card = Gallery(studio.desk).card(kept.id)
    assert card["media"]["video"] == f"/studio/takes/{kept.id}/video.mp4"
    assert card["lines"][0]["text"] == "we sail at dawn."
    assert card["lines"][0]["is_heard"] is True
    assert (card["label"], card["title"], card["state"], card["is_open"]) == ("Take 1", "Dusk", "kept", False)
    for name in ("video", "silent", "poster", "strip", "waveform", "srt", "vtt", "recipe"):
        assert Gallery(studio.desk).file(kept.id, name).is_file()


def test_a_card_whose_file_is_gone_offers_no_media(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    (studio.home / str(kept.file)).unlink()
    assert Gallery(studio.desk).card(kept.id)["media"] is None
    with pytest.raises(NotPossible):
        Gallery(studio.desk).file(kept.id, "video")


def test_no_file_name_leads_out_of_a_takes_folder(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    for name in ("../../ledger.sqlite3", "/etc/passwd", "media", ""):
        with pytest.raises(NotPossible):
            Gallery(studio.desk).file(kept.id, name)


def test_an_open_card_has_its_plan_place_and_actions(open_studio: OpenStudio) -> None:
    studio = open_studio(starts=False)
    studio.make()
    second = studio.make(script={"lines": [{"speaker": "A", "text": "hello there"}]})
    card = Gallery(studio.desk).card(second.id)
    assert (card["studio_place"], card["actions"], card["charge"]) == (1, ["drop", "reorder"], "held")
    assert card["planned"][0]["is_heard"] is False


def test_the_snapshot_holds_money_counts_and_newest_first(studio: Studio) -> None:
    first = studio.kept(studio.make())
    second = studio.kept(studio.make(world="rehearsal", parent_id=first.id))
    snapshot = Gallery(studio.desk).snapshot()
    assert [card["id"] for card in snapshot["takes"]] == [second.id, first.id]
    assert snapshot["takes"][0]["parent"] == {"id": first.id, "label": "Take 1"}
    assert snapshot["studio"]["today"] == {"spent": 700_000, "held": 0, "limit": None}
    assert snapshot["studio"]["counts"]["all"] == 2
    assert snapshot["rev"] == studio.ledger.revision()


def test_the_command_line_object_has_what_was_promised(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    told = state_json(kept, studio.home)
    assert told["error"] is None
    assert Path(told["file"]).is_file()
    assert told["arguments"]["duration"] == "5"
    assert set(told) >= {
        *("take_id", "state", "endpoint", "arguments", "request_id", "estimate_usd_micros", "billed_usd_micros"),
        *("file", "error"),
    }


def test_the_bin_keeps_a_take_for_thirty_days_and_its_row_for_good(open_studio: OpenStudio, clock: Any) -> None:
    studio = open_studio(clock=clock)
    kept = studio.kept(studio.make())
    gallery = Gallery(studio.desk)
    studio.desk.act(kept.id, "delete")
    assert gallery.empty_bin() == 0
    assert studio.desk.act(kept.id, "restore").binned_at is None
    studio.desk.act(kept.id, "delete")
    clock.pass_s(31 * 24 * 3600)
    assert gallery.empty_bin() == 1
    assert not (studio.home / str(kept.folder)).exists()
    assert studio.desk.spend.totals()["all"]["spent_usd_micros"] == 700_000


def test_a_changed_price_is_told_before_it_is_paid(studio: Studio) -> None:
    endpoint = "fal-ai/kling-video/v2.6/pro/text-to-video"
    assert studio.desk.check_prices(ENDPOINTS) == ()
    studio.fal.unit_prices = {endpoint: UnitPrice(90_000, "second", "USD")}
    assert [found.listed_usd_micros for found in studio.desk.check_prices(ENDPOINTS)] == [90_000]
    told = [p for p in studio.desk.check("text-to-video", TEXT) if p.code == "price_changed"]
    assert "$0.09" in told[0].message
    studio.fal.unit_prices = {endpoint: UnitPrice(140_000, "second", "USD")}
    assert studio.desk.check_prices(ENDPOINTS) == ()


def test_waiting_ends_when_the_time_is_over(open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.fal.looks = ["queued"]
    take = studio.make()
    assert studio.desk.wait(take.id, 0.05).is_open
    until(lambda: studio.ledger.get(take.id).state, lambda state: state is State.QUEUED)


def test_a_voice_of_one_world_is_never_taken_for_one_of_the_other(studio: Studio) -> None:
    live = studio.desk.voices.add("Marlow", "8298")
    rehearsed = studio.desk.voices.add("Marlow", "8298", world="rehearsal")
    assert studio.desk.voices.get("8298", "rehearsal").id == rehearsed.id
    assert studio.desk.voices.get("8298", "live").id == live.id


def test_the_whole_recording_is_the_same_wish_from_page_and_command_line(studio: Studio, tmp_path: Path) -> None:
    studio.fal.result_payload = {"voice_id": "v1"}
    whole = {"start_s": 0.0, "end_s": 12.0, "clean": True}
    voice = studio.desk.create_voice(recording(tmp_path), "Marlow", edits=whole)
    assert studio.desk.create_voice(recording(tmp_path), "Marlow").id == voice.id
    assert studio.desk.create_voice(recording(tmp_path), "Marlow", edits={"start_s": 0.0, "end_s": None}).id == voice.id
    assert len(studio.fal.posts) == 1


def test_a_lost_voice_that_is_sent_again_keeps_name_and_mark(studio: Studio, tmp_path: Path) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    lost = studio.desk.wait(studio.desk.begin_voice(recording(tmp_path), "Ada", note="calm").id, 5)
    assert isinstance(lost, Take)
    studio.fal.result_payload = {"voice_id": "v3"}
    studio.kept(studio.desk.act(lost.id, "send_again", key="again"))
    voice = studio.desk.voices.get("v3")
    assert (voice.name, voice.note) == ("Ada", "calm")
    assert studio.desk.create_voice(recording(tmp_path), "Ada").voice_id == "v3"
    assert len(studio.fal.posts) == 2


def test_a_voice_that_was_given_up_is_asked_for_again_and_never_kept_empty(studio: Studio, tmp_path: Path) -> None:
    studio.fal.lists_jobs = False
    studio.fal.result_payload = {"voice_id": "v77"}
    studio.fal.result_faults = [fault(Gone, "expired")] * 3
    failed = studio.desk.wait(studio.desk.begin_voice(recording(tmp_path), "Marlow").id, 5)
    assert isinstance(failed, Take)
    assert failed.state is State.FAILED
    studio.fal.result_faults = [fault(Trouble, "reset", again=True)]
    studio.desk.act(failed.id, "save_again")
    assert studio.until(failed.id, State.KEPT).facts["voice_id"] == "v77"
    assert [voice.voice_id for voice in studio.desk.voices.list()] == ["v77"]


def test_a_kept_live_take_is_not_sent_again(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    with pytest.raises(NotPossible):
        studio.desk.act(kept.id, "send_again")
    assert len(studio.fal.posts) == 1


def test_an_absurd_file_name_is_a_missing_file(studio: Studio) -> None:
    with pytest.raises(Refused) as refused:
        studio.desk.make("image-to-video", {"prompt": "x", "start_image_url": "a" * 5000})
    assert [problem.code for problem in refused.value.problems] == ["missing"]


def test_a_link_cannot_be_cut(studio: Studio) -> None:
    link = "https://v3.fal.media/files/a/clip.mp4"
    values = {"image_url": "https://v3.fal.media/files/a/x.png", "video_url": link, "character_orientation": "video"}
    studio.fal.clips = [b"CLIP 30.0"]
    draft = studio.desk.draft("motion-control", values, edits={"video_url": {"start_s": 0.0, "end_s": 3.0}})
    assert "link_cut" in [problem.code for problem in draft.problems if problem.is_blocking]


def test_a_clip_that_comes_out_longer_than_its_hold_is_not_sent(studio: Studio, tmp_path: Path) -> None:
    """Held for 8 s; what fal would round up to 9 s is not sent, what is a tick longer is."""
    take = a_take(1, rate_usd_micros=112_000, at_most_usd_micros=896_000, duration_s=7.99)
    refuse_longer(take, prepared_clip(8.005))
    with pytest.raises(MediaError, match="longer than"):
        refuse_longer(take, prepared_clip(8.08))


def prepared_clip(seconds: float) -> Prepared:
    return Prepared(Path("x"), "video/mp4", ClipFacts(seconds, 1280, 720, 30.0, True, "h264", "mp4", 1, 0, "x"), ())


def test_a_changed_price_is_held_for_whole_seconds_and_for_sound(studio: Studio, tmp_path: Path) -> None:
    remember_prices(studio.ledger, {TEXT_TO_VIDEO.id: UnitPrice(80_000, "second", "USD")})
    quote = studio.desk.draft("text-to-video", {"prompt": "x"}).quote
    assert quote is not None
    assert (quote.usd_micros, quote.at_most_usd_micros) == (700_000, 800_000)
