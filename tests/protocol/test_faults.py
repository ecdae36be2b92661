"""Money under faults, the quick part: no click is paid twice, no paid take is lost, no limit is passed, no key shows.

The whole of it is `python -m tests.protocol.fault_run --runs 1000 --seed 1`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from studio.gateway.answers import Ticket
from studio.gateway.fal import Gateway
from studio.rehearsal.faults import MENU, Step
from tests.protocol.fault_plans import FULL_MENU, Plan, all_plans, quick_plans
from tests.protocol.fault_run import run_plans
from tests.protocol.proving import KEY

QUICK = quick_plans(64, seed=7)
SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_a_paid_take_is_never_doubled_and_never_lost(share: int) -> None:
    books = run_plans(QUICK[share::SHARES])
    assert books.broken == []
    assert books.paid <= books.accepted <= books.clicks
    assert (books.lost, books.doubled) == (0, 0)
    assert books.kept + books.recovered + books.asked >= books.paid > 0


def test_the_quick_part_meets_every_step() -> None:
    met = {step for plan in QUICK for step in (*plan.rows, *plan.lasting)}
    assert met == set(FULL_MENU) == set(Step) - {Step.STREAM}


def test_a_thousand_runs_meet_every_fault_at_every_step_once_and_for_good() -> None:
    plans = list(all_plans(1000, seed=1))
    single = [plan for plan in plans if not plan.name.startswith("drawn")]
    once = {(step, fault.name) for plan in single for step, row in plan.rows.items() for fault in row if fault}
    lasting = {(step, fault.name) for plan in single for step, fault in plan.lasting.items()}
    wanted = {(step, fault.name) for step, faults in FULL_MENU.items() for fault in faults}
    assert wanted <= once
    assert {pair for pair in wanted if pair[0] is not Step.FILM} == lasting
    assert all(fault in FULL_MENU[step] for step, faults in MENU.items() if step is not Step.STREAM for fault in faults)
    assert len(plans) == 1000


def test_the_same_seed_draws_the_same_faults() -> None:
    assert list(all_plans(600, seed=3)) == list(all_plans(600, seed=3))
    assert list(all_plans(600, seed=3)) != list(all_plans(600, seed=4))


class TwiceSending(Gateway):
    """What must never be: the POST goes out again."""

    async def submit(self, endpoint_id: str, arguments: Mapping[str, Any], **more: Any) -> Ticket:
        await super().submit(endpoint_id, arguments, **more)
        return await super().submit(endpoint_id, arguments, **more)


class Chatty(Gateway):
    """What must never be: the key in a log."""

    async def submit(self, endpoint_id: str, arguments: Mapping[str, Any], **more: Any) -> Ticket:
        logging.getLogger("studio.gateway").warning("sending with %s", KEY)
        return await super().submit(endpoint_id, arguments, **more)


def test_a_second_post_would_be_seen() -> None:
    books = run_plans([Plan(0, "no fault", 1)], kind=TwiceSending)
    assert books.doubled == 1
    assert any("2 jobs for 1 takes" in words for words in books.broken)


def test_a_key_in_the_log_would_be_seen() -> None:
    assert any("the log" in words for words in run_plans([Plan(0, "no fault", 1)], kind=Chatty).broken)
