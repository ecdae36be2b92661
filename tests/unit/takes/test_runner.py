"""A take's life under the runner: kept, lost, refused, cancelled, waiting, and taken over."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from studio.gateway.errors import Charged, Gone, LostAnswer, NotSent, Refusal, TakeFailed, Trouble
from studio.media.errors import MediaError
from studio.takes.errors import NotPossible
from studio.takes.take import Charge, State
from tests.unit.takes.pretend_fal import FakeGateway, fault
from tests.unit.takes.rig import OpenStudio, Studio, until


def test_a_take_is_kept_with_its_file(studio: Studio) -> None:
    studio.fal.units = 5.0
    kept = studio.kept(studio.make())
    folder = studio.home / str(kept.folder)
    assert (studio.home / str(kept.file)).read_bytes() == b"CLIP 5.0"
    assert folder.name == "0001-dusk-on-a-wooden-pier"
    assert {path.name for path in folder.iterdir()} >= {"poster.jpg", "strip.jpg", "waveform.json", "recipe.json"}
    assert (kept.billed_usd_micros, kept.charge, kept.held_usd_micros) == (700_000, Charge.BILLED, 0)
    assert len(studio.fal.posts) == 1


def test_durable_steps_come_in_the_promised_order(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    until(lambda: (studio.home / "slips" / f"{kept.id}.json").exists(), lambda there: not there)
    done = [step for step, is_done in studio.steps if is_done]
    assert done == ["intent", "submitting", "ticket", "slip", "running", "result", "file", "recipe", "kept"]
    assert [step for step, is_done in studio.steps if not is_done] == done


def test_lost_answer_is_unknown_and_never_resent(studio: Studio) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset", charged=Charged.MAYBE)]
    take = studio.make()
    lost = studio.desk.wait(take.id, 5)
    assert lost.state is State.UNKNOWN
    assert lost.charge is Charge.MAY_BE_BILLED
    assert lost.held_usd_micros == 700_000
    until(lambda: studio.ledger.get(take.id).reason, lambda reason: "looked_at" in (reason or {}))
    assert len(studio.fal.posts) == 1
    assert studio.ledger.get(take.id).state is State.UNKNOWN


def test_lost_take_is_found_in_fals_list_and_kept(studio: Studio) -> None:
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    take = studio.make()
    kept = studio.until(take.id, State.KEPT)
    assert kept.request_id in studio.fal.jobs
    assert len(studio.fal.posts) == 1


def test_a_lost_take_is_never_given_a_request_of_another_take(studio: Studio) -> None:
    first = studio.kept(studio.make())
    studio.fal.lists_jobs = True
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    second = studio.make()
    found = studio.until(second.id, State.KEPT)
    assert found.request_id != first.request_id


def test_two_requests_that_look_the_same_are_left_to_the_person(studio: Studio) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset"), fault(LostAnswer, "lost_reset")]
    lost = [studio.until(take.id, State.UNKNOWN) for take in (studio.make(), studio.make())]
    studio.fal.lists_jobs = True
    for take in lost:
        looked = studio.desk.act(take.id, "look")
        assert looked.state is State.UNKNOWN
        assert "2 requests" in str(looked.reason)
    assert len(studio.fal.posts) == 2


def test_a_strange_fault_while_sending_counts_as_lost(studio: Studio) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [RuntimeError("a bug of ours")]
    assert studio.desk.wait(studio.make().id, 5).state is State.UNKNOWN
    assert len(studio.fal.posts) == 1


def test_never_arrived_frees_the_money(studio: Studio) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    take = studio.desk.wait(studio.make().id, 5)
    closed = studio.desk.act(take.id, "never_arrived")
    assert (closed.state, closed.charge, closed.held_usd_micros) == (State.FAILED, Charge.NOT_BILLED, 0)
    with pytest.raises(NotPossible):
        studio.desk.act(take.id, "look")


def test_send_again_is_a_new_take_with_a_new_key(studio: Studio) -> None:
    studio.fal.lists_jobs = False
    studio.fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    lost = studio.desk.wait(studio.make().id, 5)
    again = studio.desk.act(lost.id, "send_again")
    assert again.id != lost.id
    assert again.key != lost.key
    assert again.parent_id == lost.id
    assert studio.kept(again).values == lost.values


def test_refusal_gives_the_money_back(studio: Studio) -> None:
    studio.fal.submit_faults = [fault(Refusal, "locked")]
    failed = studio.desk.wait(studio.make().id, 5)
    assert (failed.state, failed.charge, failed.held_usd_micros) == (State.FAILED, Charge.NOT_BILLED, 0)
    assert failed.reason is not None
    assert failed.reason["code"] == "locked"


def test_not_sent_is_failed_and_free(studio: Studio) -> None:
    studio.fal.submit_faults = [fault(NotSent, "dns")]
    failed = studio.desk.wait(studio.make().id, 5)
    assert (failed.state, failed.charge) == (State.FAILED, Charge.NOT_BILLED)
    assert studio.fal.posts == []


def test_a_busy_fal_is_asked_again_because_nothing_runs(studio: Studio) -> None:
    busy = fault(Refusal, "busy", status=429, retry_after_s=0.01)
    studio.fal.submit_faults = [busy, busy]
    studio.kept(studio.make())
    assert len(studio.fal.jobs) == 1


def test_trouble_while_watching_is_shown_and_waited_out(studio: Studio) -> None:
    away = fault(Trouble, "reset", again=True)
    studio.fal.looks = ["queued", *[away] * 20, "running", "done"]
    take = studio.make()
    calm = until(lambda: studio.ledger.get(take.id).reason, lambda reason: reason is not None)
    assert "nothing is lost" in calm["sentence"]
    assert studio.kept(take).reason is None


def test_failure_with_fals_reason_is_booked_by_its_rule(studio: Studio) -> None:
    studio.fal.result_faults = [fault(TakeFailed, "content_policy", charged=Charged.MAYBE)]
    failed = studio.desk.wait(studio.make().id, 5)
    assert (failed.state, failed.charge) == (State.FAILED, Charge.MAY_BE_BILLED)
    assert failed.held_usd_micros == 700_000


def test_a_result_that_is_late_is_asked_for_again(studio: Studio) -> None:
    studio.fal.result_faults = [fault(Trouble, "result_trouble", again=True)] * 3
    studio.kept(studio.make())


@pytest.mark.parametrize("bad", [b"", b"<html>no</html>", b"CLI"])
def test_what_is_not_a_clip_is_never_kept(studio: Studio, bad: bytes) -> None:
    studio.fal.clips = [bad, bad]
    kept = studio.kept(studio.make())
    assert (studio.home / str(kept.file)).read_bytes() == b"CLIP 5.0"


def test_a_clip_of_the_wrong_length_is_fetched_again_and_in_the_end_kept(studio: Studio) -> None:
    studio.fal.clips = [b"CLIP 2.0"] * 10
    kept = studio.kept(studio.make())
    assert kept.facts["duration_s"] == 2.0
    assert studio.fal.downloads == 3


def test_full_disk_is_told_and_the_clip_comes_when_there_is_room(studio: Studio) -> None:
    full = fault(Trouble, "disk_full", charged=Charged.YES, again=True)
    studio.fal.download_faults = [full] * 30
    take = studio.make()
    told = until(lambda: studio.ledger.get(take.id), lambda seen: seen.reason is not None)
    assert told.state is State.FETCHING
    assert told.reason["code"] == "disk_full"
    assert told.result_url is not None
    studio.kept(take)


def test_a_clip_that_expired_is_failed_and_billed(studio: Studio) -> None:
    studio.fal.download_faults = [fault(Gone, "expired", charged=Charged.YES)] * 3
    failed = studio.desk.wait(studio.make().id, 5)
    assert (failed.state, failed.charge) == (State.FAILED, Charge.BILLED)
    assert failed.reason is not None
    assert failed.reason["code"] == "expired"
    assert studio.desk.act(failed.id, "save_again").state is State.FETCHING
    studio.kept(failed)


def test_a_result_that_the_queue_forgot_is_found_in_fals_list(studio: Studio) -> None:
    studio.fal.result_faults = [fault(Gone, "expired")] * 3
    studio.fal.looks = ["queued", "running", "done"]
    take = studio.make()
    queued = studio.until(take.id, State.QUEUED, State.RUNNING)
    studio.fal.jobs[str(queued.request_id)].result = {"video": {"url": "https://v3.fal.media/files/found.mp4"}}
    assert studio.kept(take).result_url == "https://v3.fal.media/files/found.mp4"


def test_a_strip_that_cannot_be_made_never_holds_up_a_kept_take(studio: Studio) -> None:
    studio.darkroom.derive_fault = MediaError("worker", "It ended.")
    assert studio.kept(studio.make()).facts["strip_times_s"] == []


# -- cancel -----------------------------------------------------------------------------------------------------------


def test_cancelled_before_it_started_costs_nothing(studio: Studio) -> None:
    studio.fal.looks = ["queued"]
    studio.fal.cancel_answers = ["removed"]
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.desk.act(take.id, "cancel")
    gone = studio.desk.wait(take.id, 5)
    assert (gone.state, gone.charge, gone.held_usd_micros) == (State.CANCELLED, Charge.NOT_BILLED, 0)


def test_a_take_that_finishes_after_its_cancel_is_kept(studio: Studio) -> None:
    studio.fal.looks = ["queued", *["running"] * 30, "done"]
    studio.fal.cancel_answers = [fault(Trouble, "reset", again=True), "requested"]
    take = studio.make()
    studio.until(take.id, State.RUNNING)
    studio.desk.act(take.id, "cancel")
    kept = studio.kept(take)
    assert kept.charge is Charge.BILLED
    assert kept.reason is not None
    assert kept.reason["code"] == "too_late"
    assert studio.fal.cancels == 2


def test_a_take_stopped_while_filming_may_be_billed(studio: Studio) -> None:
    studio.fal.looks = ["running"]
    take = studio.make()
    running = studio.until(take.id, State.RUNNING)
    studio.desk.act(take.id, "cancel")
    job = studio.fal.jobs[str(running.request_id)]
    job.is_cancelled, job.looks = True, ["done"]
    stopped = studio.desk.wait(take.id, 5)
    assert (stopped.state, stopped.charge) == (State.CANCELLED, Charge.MAY_BE_BILLED)


def test_a_finished_take_cannot_be_cancelled(studio: Studio) -> None:
    kept = studio.kept(studio.make())
    with pytest.raises(NotPossible, match="clip is made"):
        studio.desk.act(kept.id, "cancel")


# -- the waiting line --------------------------------------------------------------------------------------------------


def held_up(studio: Studio) -> asyncio.Event:
    """fal's looks stop until the event is set (on the runner's loop)."""
    studio.fal.gate = asyncio.Event()
    return studio.fal.gate


def test_takes_wait_in_order_and_can_be_reordered_and_dropped(studio: Studio) -> None:
    gate = held_up(studio)
    takes = [studio.make(values={"prompt": f"Scene {number}"}) for number in range(6)]
    until(lambda: len(studio.fal.posts), lambda count: count == 2)
    line = studio.runner.reorder(takes[5].id, 0)
    assert line == [takes[number].id for number in (5, 2, 3, 4)]
    assert studio.desk.act(takes[3].id, "drop").charge is Charge.NOT_BILLED
    assert studio.runner.crew.line.places("live") == {takes[5].id: 0, takes[2].id: 1, takes[4].id: 2}
    assert len(studio.fal.posts) == 2
    studio.runner.crew.freed.clear()
    studio.runner.call(_set(gate))
    for number in (0, 1, 2, 4, 5):
        studio.kept(takes[number])
    prompts = [post["prompt"] for post in studio.fal.posts]
    assert set(prompts[2:4]) == {"Scene 5", "Scene 2"}  # both fit at once, so either may be first
    assert "Scene 3" not in prompts
    assert len(prompts) == 5


async def _set(gate: asyncio.Event) -> None:
    gate.set()


def test_no_more_than_the_account_allows_run_at_once_over_two_runners(open_studio: OpenStudio) -> None:
    one = open_studio()
    two = open_studio(one.home, fal=one.fal)
    gate = held_up(one)
    takes = [one.make() for _ in range(3)] + [two.make() for _ in range(3)]
    until(lambda: len(one.fal.posts), lambda count: count == 2)
    two.runner.call(asyncio.sleep(0.1))
    assert len(one.fal.posts) == 2
    one.fal.gate = None
    one.runner.call(_set(gate))
    for take in takes:
        assert one.desk.wait(take.id, 10).state is State.KEPT
    assert len(one.fal.posts) == 6


# -- restarts ---------------------------------------------------------------------------------------------------------


def test_a_new_runner_takes_over_where_the_old_one_ended(open_studio: OpenStudio) -> None:
    first = open_studio()
    gate = held_up(first)
    take = first.make()
    first.until(take.id, State.QUEUED)
    first.runner.stop()
    first.fal.gate = None
    assert not gate.is_set()
    second = open_studio(first.home, fal=first.fal)
    assert second.kept(take).request_id in first.fal.jobs
    assert len(first.fal.posts) == 1


def test_a_living_runner_adopts_the_takes_of_a_dead_one(open_studio: OpenStudio) -> None:
    second = open_studio()
    first = open_studio(second.home, starts=False, fal=second.fal)
    take = first.make()
    assert second.kept(take).runner_id == second.runner.id


def test_the_takes_of_a_living_runner_are_left_alone(open_studio: OpenStudio) -> None:
    first = open_studio()
    held_up(first)
    take = first.make()
    first.until(take.id, State.QUEUED)
    second = open_studio(first.home, fal=first.fal)
    second.runner.call(asyncio.sleep(0.15))
    assert second.ledger.get(take.id).runner_id == first.runner.id


def test_submitting_without_a_request_id_becomes_unknown_and_is_not_sent(open_studio: OpenStudio) -> None:
    first = open_studio(starts=False)
    take = first.make()
    first.runner.crew.line.claim(take.id, 2, payload={"prompt": "x"})
    second = open_studio(first.home, fal=first.fal)
    lost = second.until(take.id, State.UNKNOWN)
    assert lost.reason is not None
    assert "Nothing was sent again" in lost.reason["sentence"]
    assert first.fal.posts == []


def test_a_take_is_fetched_after_a_restart_without_a_second_download_of_a_whole_file(open_studio: OpenStudio) -> None:
    first = open_studio()
    first.fal.download_faults = [fault(Trouble, "reset", again=True)] * 1000
    take = first.make()
    first.until(take.id, State.FETCHING)
    first.runner.stop()
    folder = first.home / str(first.ledger.get(take.id).folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{folder.name}.mp4").write_bytes(b"CLIP 5.0")
    fal = FakeGateway()
    fal.jobs = first.fal.jobs
    second = open_studio(first.home, fal=fal)
    second.kept(take)
    assert fal.downloads == 0


# -- rehearsals and news ----------------------------------------------------------------------------------------------


def test_a_rehearsal_goes_the_same_way_and_is_free(studio: Studio) -> None:
    kept = studio.kept(studio.make(world="rehearsal"))
    assert (kept.charge, kept.estimate_usd_micros, kept.billed_usd_micros) == (Charge.FREE, 0, 0)
    assert kept.label == "Rehearsal 1"
    assert str(kept.folder).startswith("rehearsals/")
    assert Path(str(kept.folder)).name.startswith("R0001-")
    assert studio.fal.posts == []


def test_subscribers_hear_of_changes_by_another_process(open_studio: OpenStudio) -> None:
    one, heard = open_studio(), []
    one.runner.subscribe(heard.append)
    other = open_studio(one.home, starts=False)
    take = other.make(world="rehearsal")
    until(lambda: list(heard), lambda ids: take.id in ids)


def test_frames_of_a_rehearsal_are_shown_as_progress(studio: Studio) -> None:
    studio.stand_in.looks = ["running"] * 40 + ["done"]
    take = studio.make(world="rehearsal")
    seen = until(lambda: studio.runner.progress(take.id), lambda progress: progress.frames_total is not None)
    assert (seen.frames_done, seen.frames_total) == (84, 150)


def test_files_are_made_ready_and_brought_up_once(studio: Studio, tmp_path: Path) -> None:
    picture = tmp_path / "photo of me.JPG"
    picture.write_bytes(b"PICTURE of a pier")
    values = {"prompt": "It moves", "start_image_url": str(picture)}
    takes = [studio.desk.make("image-to-video", values) for _ in range(2)]
    for take in takes:
        studio.kept(take)
    assert len(studio.fal.uploads) == 1
    assert studio.fal.posts[0]["start_image_url"].startswith("https://v3.fal.media/")
    recipe = json.loads((studio.home / str(studio.ledger.get(takes[0].id).folder) / "recipe.json").read_text())
    assert recipe["inputs"][0]["original_name"] == "photo of me.JPG"


def test_an_upload_that_fails_for_good_leaves_the_take_unsent_and_free(studio: Studio, tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"PICTURE")
    studio.fal.upload_faults = [fault(Refusal, "locked")]
    take = studio.desk.make("image-to-video", {"prompt": "x", "start_image_url": str(picture)})
    failed = studio.desk.wait(take.id, 5)
    assert (failed.state, failed.charge) == (State.FAILED, Charge.NOT_BILLED)
    assert studio.fal.posts == []


def test_an_upload_over_a_broken_line_is_tried_again(studio: Studio, tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"PICTURE")
    studio.fal.upload_faults = [fault(Trouble, "reset", again=True)] * 3
    studio.kept(studio.desk.make("image-to-video", {"prompt": "x", "start_image_url": str(picture)}))


def test_a_studio_that_waits_out_a_busy_fal_stops_at_once(open_studio: OpenStudio) -> None:
    studio = open_studio()
    studio.fal.submit_faults = [fault(Refusal, "busy", status=429, retry_after_s=600)]
    take = studio.make()
    until(lambda: len(studio.fal.posts), lambda count: count == 1)
    studio.until(take.id, State.RESERVED)
    until(lambda: studio.runner.crew.sending, lambda sending: not sending)
    studio.runner.stop(patience_s=3600.0)  # it would wait an hour for anything that is under way
    assert studio.ledger.get(take.id).state is State.RESERVED


def test_a_take_has_one_keeper_though_two_processes_ask_for_it(open_studio: OpenStudio) -> None:
    class Slow(FakeGateway):
        now = most = 0

        async def download(self, url: str, to: Path, on_bytes: Any = None, **more: Any) -> Any:
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.sleep(0.3)
                return await super().download(url, to, on_bytes)
            finally:
                self.now -= 1

    fal = Slow()
    fal.lists_jobs = False
    fal.submit_faults = [fault(LostAnswer, "lost_reset")]
    first = open_studio(fal=fal)
    lost = first.make()
    first.until(lost.id, State.UNKNOWN)
    second = open_studio(first.home, fal=fal)
    fal.lists_jobs = True
    second.desk.act(lost.id, "look")
    assert first.until(lost.id, State.KEPT).runner_id in (first.runner.id, second.runner.id)  # whoever found it first
    assert fal.most == 1


def test_what_waited_when_the_studio_closed_is_sent_soon_after_but_not_weeks_later(
    open_studio: OpenStudio, clock: Any
) -> None:
    first = open_studio(clock=clock, at_once={"live": 0})
    soon = first.make(values={"prompt": "Soon."})
    first.runner.stop()
    first.ledger.close()
    clock.pass_s(60)
    second = open_studio(first.home, clock=clock, fal=first.fal)
    second.kept(soon)
    second.runner.stop()
    second.ledger.close()
    third = open_studio(first.home, clock=clock, fal=first.fal, at_once={"live": 0})
    late = third.make(values={"prompt": "Late."})
    third.runner.stop()
    third.ledger.close()
    clock.pass_s(21 * 24 * 3600)
    fourth = open_studio(first.home, clock=clock, fal=first.fal)
    let_lie = fourth.desk.wait(late.id, 5)
    assert (let_lie.state, let_lie.charge, let_lie.held_usd_micros) == (State.FAILED, Charge.NOT_BILLED, 0)
    assert (let_lie.reason or {})["charged"] == "no"
    assert len(first.fal.posts) == 1
