"""An end that is not certain: asked again, looked up in fal's list, and booked right when the clip comes after all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.gateway.answers import Progress
from studio.gateway.errors import Charged, Gone, LostAnswer, NotReady, TakeFailed, Trouble
from studio.takes.take import Charge, State, actions
from tests.unit.takes.pretend_fal import FakeGateway, fault
from tests.unit.takes.rig import QUICK, OpenStudio, Studio, until


def _failed(status: int, charged: Charged = Charged.NO) -> TakeFailed:
    failed: TakeFailed = fault(TakeFailed, "runner_lost", charged=charged, status=status)
    return failed


@pytest.mark.parametrize("status", [400, 409, 500, 503, 504])
def test_a_failure_that_may_be_the_lines_own_is_asked_again(studio: Studio, status: int) -> None:
    studio.fal.result_faults = [_failed(status)]
    kept = studio.kept(studio.make())
    assert kept.charge is Charge.BILLED
    assert len(studio.fal.posts) == 1


def test_a_failure_that_stays_is_believed(studio: Studio) -> None:
    studio.fal.result_faults = [_failed(503) for _ in range(9)]
    failed = studio.until(studio.make().id, State.FAILED)
    assert failed.charge is Charge.NOT_BILLED
    assert len(studio.fal.result_faults) == 6


def test_fals_own_reason_is_believed_at_once(studio: Studio) -> None:
    studio.fal.result_faults = [_failed(422, Charged.MAYBE), _failed(422, Charged.MAYBE)]
    studio.until(studio.make().id, State.FAILED)
    assert len(studio.fal.result_faults) == 1


def test_a_clip_that_only_fals_list_still_shows_is_kept(studio: Studio) -> None:
    studio.fal.result_faults = [_failed(503) for _ in range(9)]
    studio.fal.looks = ["queued"]
    take = studio.make()
    queued = studio.until(take.id, State.QUEUED)
    job = studio.fal.jobs[str(queued.request_id)]
    job.result = {"video": {"url": "https://v3.fal.media/files/listed.mp4"}}
    job.looks = ["done"]
    assert studio.kept(take).result_url == "https://v3.fal.media/files/listed.mp4"


def test_a_clip_saved_again_after_a_failure_is_billed(studio: Studio) -> None:
    studio.fal.units = 5.0
    studio.fal.result_faults = [_failed(422, Charged.MAYBE)]
    failed = studio.until(studio.make().id, State.FAILED)
    assert failed.charge is Charge.MAY_BE_BILLED
    studio.desk.act(failed.id, "save_again")
    kept = studio.until(failed.id, State.KEPT)
    assert (kept.charge, kept.billed_usd_micros, kept.held_usd_micros) == (Charge.BILLED, 700_000, 0)


def test_saving_again_what_was_never_made_says_so_at_once(studio: Studio) -> None:
    studio.fal.result_faults = [_failed(422, Charged.MAYBE) for _ in range(2)]
    failed = studio.until(studio.make().id, State.FAILED)
    assert studio.desk.act(failed.id, "save_again").state is State.FETCHING
    again = studio.until(failed.id, State.FAILED)
    assert (again.reason or {})["code"] == "runner_lost"
    assert again.charge is Charge.MAY_BE_BILLED


def test_a_dropped_take_says_so_and_forgets_what_it_waited_for(studio: Studio) -> None:
    studio.runner.stop()
    take = studio.make()
    studio.ledger.note(take.id, reason={"code": "busy", "sentence": "We will ask again in 20 s."})
    dropped = studio.runner.drop(take.id)
    assert dropped.state is State.CANCELLED
    assert (dropped.reason or {})["code"] == "dropped"
    assert (dropped.reason or {})["charged"] == "no"


# -- fal answers, and says nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["missing_keys", "result_trouble", "not_ready"])
def test_a_result_that_never_comes_ends_and_leaves_a_way_back(studio: Studio, code: str) -> None:
    kind = NotReady if code == "not_ready" else Trouble
    studio.fal.result_faults = [fault(kind, code, charged=Charged.MAYBE, again=True) for _ in range(1000)]
    take = studio.make()
    shown = until(lambda: studio.ledger.get(take.id), lambda one: one.reason is not None)
    assert "line to fal.ai is down" not in (shown.reason or {})["sentence"]
    failed = studio.until(take.id, State.FAILED)
    assert (failed.charge, failed.held_usd_micros) == (Charge.MAY_BE_BILLED, 700_000)
    assert (failed.reason or {})["code"] == "no_result"
    studio.fal.result_faults, studio.fal.jobs[str(failed.request_id)].units = [], 5.0
    studio.desk.act(take.id, "save_again")
    assert studio.until(take.id, State.KEPT).billed_usd_micros == 700_000


def test_a_line_that_is_down_is_waited_out_however_long(studio: Studio) -> None:
    studio.fal.result_faults = [fault(Trouble, "dns", charged=Charged.MAYBE, again=True) for _ in range(12)]
    assert studio.kept(studio.make()).charge is Charge.BILLED


def test_a_take_that_fal_has_ended_takes_no_place_of_the_next_one(open_studio: OpenStudio) -> None:
    studio = open_studio(at_once={"live": 1}, tempo=replace(QUICK, odd_patience_s=60.0))
    studio.fal.result_faults = [fault(Trouble, "missing_keys", again=True) for _ in range(10_000)]
    stuck = studio.make()
    until(lambda: studio.ledger.get(stuck.id).completed_at, bool)
    studio.make(values={"prompt": "Another scene."})
    until(lambda: len(studio.fal.posts), lambda count: count == 2)


def test_a_status_word_that_nobody_knows_leads_to_the_result(studio: Studio) -> None:
    studio.fal.looks = ["queued", *[fault(Trouble, "unknown_status", again=True) for _ in range(6)], "running"]
    assert studio.kept(studio.make()).charge is Charge.BILLED


def test_a_person_may_let_go_of_a_take_that_fal_does_not_show(studio: Studio) -> None:
    studio.fal.looks = ["running", fault(Trouble, "forbidden", charged=Charged.MAYBE, again=True)]
    take = studio.make()
    shown = until(lambda: studio.ledger.get(take.id), lambda one: "stop_asking" in actions(one))
    assert shown.state in (State.QUEUED, State.RUNNING)
    let_go = studio.desk.act(take.id, "stop_asking")
    assert (let_go.state, let_go.charge, let_go.held_usd_micros) == (State.FAILED, Charge.MAY_BE_BILLED, 700_000)
    assert "save_again" in actions(let_go)


def test_a_take_that_runs_well_is_not_let_go(studio: Studio) -> None:
    studio.fal.looks = ["running"]
    take = studio.make()
    running = studio.until(take.id, State.RUNNING)
    assert "stop_asking" not in actions(running)


class ErrorFal(FakeGateway):
    """Ends every take with an error text and no error type."""

    async def watch(self, ticket: object, first_wait_s: float = 1, max_wait_s: float = 3):  # type: ignore[no-untyped-def]
        yield Progress("done", error="Runner disconnected before a clip was made")


def test_an_end_with_an_error_and_no_result_is_not_called_expired_and_billed(open_studio: OpenStudio) -> None:
    fal = ErrorFal()
    fal.lists_jobs = False
    fal.result_faults = [fault(Gone, "expired", charged=Charged.MAYBE) for _ in range(9)]
    studio = open_studio(fal=fal)
    failed = studio.desk.wait(studio.make().id, 5)
    assert (failed.state, failed.charge) == (State.FAILED, Charge.MAY_BE_BILLED)
    assert "Runner disconnected" in (failed.reason or {})["sentence"]


def test_gone_for_a_moment_is_not_gone(open_studio: OpenStudio) -> None:
    """A clip may be late at fal's edge: three answers of 404 within seconds prove nothing."""
    studio = open_studio(tempo=replace(QUICK, gone_patience_s=0.3))
    studio.fal.lists_jobs = False
    studio.fal.result_faults = [fault(Gone, "expired") for _ in range(5)]
    studio.fal.download_faults = [fault(Gone, "expired", charged=Charged.YES) for _ in range(5)]
    assert studio.kept(studio.make()).state is State.KEPT


def test_saving_again_what_fal_forgot_ends_as_it_was(studio: Studio) -> None:
    studio.fal.looks, studio.fal.lists_jobs = ["queued"], False
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.fal.jobs.clear()
    assert studio.until(take.id, State.FAILED).charge is Charge.MAY_BE_BILLED
    studio.desk.act(take.id, "save_again")
    again = studio.until(take.id, State.FAILED)
    assert again.charge is Charge.MAY_BE_BILLED
    assert (again.reason or {})["charged"] == "maybe"
    assert studio.fal.downloads == 0


def test_the_bill_of_a_clip_that_was_called_expired_is_booked_when_it_comes(studio: Studio) -> None:
    studio.fal.lists_jobs, studio.fal.units = False, 5.0
    studio.fal.result_faults = [fault(Gone, "expired") for _ in range(3)]
    failed = studio.until(studio.make().id, State.FAILED)
    assert (failed.charge, failed.billed_usd_micros) == (Charge.BILLED, None)
    studio.desk.act(failed.id, "save_again")
    assert studio.until(failed.id, State.KEPT).billed_usd_micros == 700_000


def test_fals_own_word_of_the_request_id_finds_a_lost_take(studio: Studio) -> None:
    """fal keeps no payloads for this account, so the id on the unreadable answer is all that there is."""
    request_id = f"req-1-{id(studio.fal):x}"
    lost = fault(LostAnswer, "lost_garbage", charged=Charged.MAYBE, request_id=request_id)
    studio.fal.submit_faults, studio.fal.lists_jobs = [lost], False
    studio.fal.listed_input = lambda _arguments: None
    take = studio.make()
    until(lambda: "looked_at" in (studio.ledger.get(take.id).reason or {}), bool)
    assert (studio.ledger.get(take.id).reason or {})["request_id"] == request_id
    studio.fal.lists_jobs = True
    assert studio.desk.act(take.id, "look").request_id == request_id
    assert len(studio.fal.posts) == 1


def test_files_that_fal_could_not_fetch_are_brought_up_anew(studio: Studio, tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.jpg").write_bytes(b"PICTURE")
    studio.fal.result_faults = [fault(TakeFailed, "file_download_error", charged=Charged.MAYBE, status=422)]
    values = {"prompt": "A lamp.", "start_image_url": str(tmp_path / "a.jpg")}
    failed = studio.desk.wait(studio.desk.make("image-to-video", values).id, 5)
    assert failed.state is State.FAILED
    studio.kept(studio.desk.act(failed.id, "send_again"))
    assert len(studio.fal.uploads) == 2
