"""Picks up takes whose runner is no more. Never touches a take of a runner that lives."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from studio.takes.crew import plain_reason
from studio.takes.errors import StaleMove
from studio.takes.ledger import Ledger
from studio.takes.locks import is_alive
from studio.takes.schema import TAKES
from studio.takes.sending import lost_reason
from studio.takes.take import Charge, State, Take

STALE = timedelta(hours=1)
_UNDER_WAY = (State.RESERVED, State.QUEUED, State.RUNNING)


def adopt(ledger: Ledger, home: Path, runner_id: str) -> list[Take]:
    """Claim every take of dead runners for this one; returns those to look after, this runner's own included.

    A take that was being sent and has no request id becomes unknown: the request may have left. One that still waited
    to be sent is sent only soon after: nobody expects a press of last week to be paid for by a start of today.
    """
    alive: dict[str | None, bool] = {runner_id: True}
    adopted = []
    for take in ledger.open_takes():
        if take.runner_id not in alive:
            alive[take.runner_id] = is_alive(home, take.runner_id)
        if take.runner_id == runner_id and take.state in _UNDER_WAY:
            adopted.append(take)
        elif not alive[take.runner_id] and _claim(ledger, take, runner_id):
            adopted.append(_settle_lost(ledger, ledger.get(take.id)))
    return adopted


def _claim(ledger: Ledger, take: Take, runner_id: str) -> bool:
    """Change hands, unless another runner was quicker."""
    is_still = TAKES.c.runner_id.is_(None) if take.runner_id is None else TAKES.c.runner_id == take.runner_id
    with ledger.transaction("claimed") as connection:
        statement = sa.update(TAKES).where(TAKES.c.id == take.id, is_still).values(runner_id=runner_id)
        if connection.execute(statement).rowcount != 1:
            return False
        ledger.log(connection, take.id, "claimed", None, None, {"runner_id": runner_id})
    return True


def _settle_lost(ledger: Ledger, take: Take) -> Take:
    if take.state is State.RESERVED and not take.is_free and _is_stale(ledger, take):
        return _let_lie(ledger, take)
    if take.state is not State.SUBMITTING:
        return take
    charge = Charge.FREE if take.is_free else Charge.MAY_BE_BILLED
    reason = lost_reason("The studio ended while the request was being sent.")
    try:
        return ledger.move(take.id, [State.SUBMITTING], State.UNKNOWN, step="unknown", reason=reason, charge=charge)
    except StaleMove:
        return ledger.get(take.id)


def _is_stale(ledger: Ledger, take: Take) -> bool:
    return take.created_at is None or ledger.clock() - take.created_at > STALE


def _let_lie(ledger: Ledger, take: Take) -> Take:
    sentence = "It still waited when the studio was closed, over an hour ago, so it was not sent. Nothing was charged."
    reason = plain_reason("waited_too_long", "Not sent", sentence, ("Send again",))
    try:
        return ledger.move(
            take.id, [State.RESERVED], State.FAILED, reason=reason, charge=Charge.NOT_BILLED, held_usd_micros=0
        )
    except StaleMove:
        return ledger.get(take.id)
