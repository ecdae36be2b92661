"""An end that is not certain: asked again, looked up in fal's list, and booked right when the clip comes after all."""

from __future__ import annotations

import pytest

from studio.gateway.errors import Charged, TakeFailed
from studio.takes.take import Charge, State
from tests.unit.takes.pretend_fal import fault
from tests.unit.takes.rig import Studio


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
