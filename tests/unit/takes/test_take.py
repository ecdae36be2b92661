"""Legal moves are data, and the ledger makes no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.takes.errors import NotPossible, StaleMove
from studio.takes.ledger import Ledger
from studio.takes.take import CLOSED, MOVES, OPEN, State, actions, can_move
from tests.unit.takes.rig import a_take


def test_every_state_is_in_the_table() -> None:
    assert set(MOVES) == set(State)


def test_nothing_leaves_kept_and_a_cancelled_take_is_only_ever_fetched() -> None:
    """A cancel that came too late, or that fal never heard, may have left a clip that was paid for."""
    assert not MOVES[State.KEPT]
    assert MOVES[State.CANCELLED] == {State.FETCHING}
    assert "save_again" not in actions(a_take(1, state=State.CANCELLED))
    assert "save_again" in actions(a_take(1, state=State.CANCELLED, request_id="r"))


def test_a_take_that_may_have_been_sent_never_goes_back_to_submitting() -> None:
    sources = [state for state in State if can_move(state, State.SUBMITTING)]
    assert sources == [State.RESERVED]
    assert not can_move(State.UNKNOWN, State.RESERVED)
    assert not can_move(State.QUEUED, State.RESERVED)


@given(st.sampled_from(State), st.sampled_from(State))
def test_open_states_reach_an_end(source: State, target: State) -> None:
    reached, waiting = set(), [source]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached.add(state)
            waiting += MOVES[state]
    assert source in CLOSED or reached & set(CLOSED)


@pytest.mark.parametrize("source", list(State))
@pytest.mark.parametrize("target", list(State))
def test_the_ledger_makes_no_move_that_the_table_lacks(ledger: Ledger, source: State, target: State) -> None:
    ledger.insert_intent(a_take(1, state=source))
    if can_move(source, target):
        assert ledger.move("t1-live", [source], target).state is target
    else:
        with pytest.raises(ValueError, match="never goes"):
            ledger.move("t1-live", [source], target)


def test_a_move_from_another_state_is_stale_and_changes_nothing(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1, state=State.QUEUED))
    with pytest.raises(StaleMove):
        ledger.move("t1-live", [State.RUNNING], State.FETCHING, result_url="https://x")
    assert ledger.get("t1-live").result_url is None
    assert [event["step"] for event in ledger.events("t1-live")] == ["intent"]


def test_every_move_is_in_the_event_log(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1))
    ledger.move("t1-live", [State.DRAFTED], State.RESERVED)
    ledger.move("t1-live", [State.RESERVED], State.CANCELLED)
    moves = [(event["from_state"], event["to_state"]) for event in ledger.events("t1-live")]
    assert moves == [(None, "drafted"), ("drafted", "reserved"), ("reserved", "cancelled")]
    assert ledger.get("t1-live").closed_at is not None


@pytest.mark.parametrize("state", list(State))
def test_every_state_offers_only_what_it_allows(state: State) -> None:
    offered = actions(a_take(1, state=state))
    assert ("cancel" in offered) is (state in OPEN and state not in (State.DRAFTED, State.RESERVED, State.FETCHING))
    assert ("never_arrived" in offered) is (state is State.UNKNOWN)
    assert not ("delete" in offered and state in OPEN)


def test_an_unknown_take_is_told_plainly(ledger: Ledger) -> None:
    with pytest.raises(NotPossible, match="There is no take"):
        ledger.get("t-none")
