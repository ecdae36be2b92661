"""A wish to cancel is never paid against, never forgotten, and never booked as free on a guess."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from studio.gateway.errors import Charged, Refusal, TakeFailed, Trouble
from studio.takes.take import Charge, State, actions
from tests.unit.takes.pretend_fal import FakeGateway, fault
from tests.unit.takes.rig import OpenStudio, Studio, until


class BusyFal(FakeGateway):
    """Holds the first POST until it is let go, then turns it away as busy."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    async def submit(self, endpoint_id: str, arguments: Any, *, on_sending: Any = None) -> Any:
        if self.posts:
            return await super().submit(endpoint_id, arguments)
        self.posts.append(dict(arguments))
        self.is_asked.set()
        await asyncio.to_thread(self.may_answer.wait)
        raise fault(Refusal, "busy", status=429, retry_after_s=0.05)


def test_a_take_that_was_cancelled_while_fal_turned_it_away_is_not_sent_again(open_studio: OpenStudio) -> None:
    fal = BusyFal()
    studio = open_studio(fal=fal)
    take = studio.make()
    assert fal.is_asked.wait(5)
    assert studio.desk.act(take.id, "cancel").is_cancel_requested
    fal.may_answer.set()
    ended = studio.desk.wait(take.id, 5)
    assert (ended.state, ended.charge, ended.held_usd_micros) == (State.CANCELLED, Charge.NOT_BILLED, 0)
    assert len(fal.posts) == 1


def test_a_cancel_that_fal_does_not_know_yet_is_asked_for_again(studio: Studio) -> None:
    studio.fal.looks = ["queued"]
    studio.fal.cancel_answers = ["not_found", "not_found", "removed"]
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.desk.act(take.id, "cancel")
    ended = studio.desk.wait(take.id, 5)
    assert (ended.state, ended.cancel_answer, studio.fal.cancels) == (State.CANCELLED, "removed", 3)


def test_a_cancel_that_fal_never_heard_is_not_booked_as_free(open_studio: OpenStudio) -> None:
    fal = FakeGateway()
    fal.looks, fal.lists_jobs = ["queued"], False
    fal.cancel_answers = [fault(Trouble, "reset", again=True)] * 1000
    studio = open_studio(fal=fal)
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.desk.act(take.id, "cancel")
    fal.jobs.clear()
    ended = studio.desk.wait(take.id, 5)
    assert (ended.state, ended.charge, ended.held_usd_micros) == (State.CANCELLED, Charge.MAY_BE_BILLED, 700_000)
    assert (ended.reason or {})["charged"] == "maybe"
    assert "save_again" in actions(ended)


def test_a_cancelled_take_that_was_made_after_all_can_still_be_had(studio: Studio) -> None:
    studio.fal.looks, studio.fal.units = ["queued"], 5.0
    studio.fal.cancel_answers = ["removed"]
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.desk.act(take.id, "cancel")
    gone = studio.desk.wait(take.id, 5)
    assert gone.charge is Charge.NOT_BILLED
    studio.desk.act(take.id, "save_again")
    kept = studio.until(take.id, State.KEPT)
    assert (kept.charge, kept.billed_usd_micros) == (Charge.BILLED, 700_000)


def test_a_take_saved_again_after_a_cancel_may_fail_in_fals_words(studio: Studio) -> None:
    studio.fal.looks, studio.fal.cancel_answers = ["queued", "done"], ["requested"]
    studio.fal.result_faults = [fault(TakeFailed, "runner_lost", status=503) for _ in range(3)]
    take = studio.make()
    studio.until(take.id, State.QUEUED, State.FAILED)
    failed = studio.desk.wait(take.id, 5)
    studio.ledger.note(take.id, is_cancel_requested=True)
    studio.fal.result_faults = [fault(TakeFailed, "cancelled", charged=Charged.MAYBE, status=499)]
    studio.desk.act(failed.id, "save_again")
    assert studio.until(take.id, State.FAILED).charge is not Charge.FREE


@pytest.mark.parametrize("answer", ["removed", "requested"])
def test_a_queue_that_forgot_a_cancelled_take_is_believed_only_if_it_said_removed(studio: Studio, answer: str) -> None:
    studio.fal.looks, studio.fal.lists_jobs = ["queued"], False
    studio.fal.cancel_answers = [answer]
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.desk.act(take.id, "cancel")
    until(lambda: studio.fal.cancels, lambda count: count == 1)
    studio.fal.jobs.clear()
    charge = studio.desk.wait(take.id, 5).charge
    assert charge is (Charge.NOT_BILLED if answer == "removed" else Charge.MAY_BE_BILLED)


def test_gone_is_still_the_word_for_a_take_that_nobody_cancelled(studio: Studio) -> None:
    studio.fal.looks, studio.fal.lists_jobs = ["queued"], False
    take = studio.make()
    studio.until(take.id, State.QUEUED)
    studio.fal.jobs.clear()
    ended = studio.desk.wait(take.id, 5)
    assert (ended.state, ended.charge) == (State.FAILED, Charge.MAY_BE_BILLED)
