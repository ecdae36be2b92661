"""A wish to cancel on its way to fal, beside the watching; only fal's own final word ends a take, never this."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from studio.gateway.errors import GatewayError
from studio.takes.crew import Crew, logger, plain_reason, ticket_of
from studio.takes.errors import StaleMove
from studio.takes.take import AT_FAL, State, Take


async def carry_wish(crew: Crew, take_id: str, wanted: asyncio.Event) -> None:
    """Once a person wants to cancel, tell fal, and write down what it said. Repeats only where no answer came, or where
    fal does not know the take yet: right after the submit it sometimes answers so."""
    await wanted.wait()
    while True:
        take = await crew.insist(crew.ledger.get, take_id)
        if take.state not in AT_FAL or take.cancel_answer is not None:
            return
        if take.is_cancel_requested:
            try:
                answer = await crew.gateway(take).cancel(ticket_of(take))
            except GatewayError as trouble:
                logger.info("the cancel of %s is not through: %s", take_id, trouble.code)
            else:
                if answer == "not_found":
                    await crew.sleep(crew.tempo.turn_s)
                    continue
                with contextlib.suppress(StaleMove):
                    await crew.insist(
                        crew.ledger.note,
                        take_id,
                        step="cancel_answer",
                        only_in=AT_FAL,
                        cancel_answer=answer,
                        reason=_cancel_words(take, answer),
                    )
                return
        await crew.sleep(crew.tempo.turn_s)


def _cancel_words(take: Take, answer: str) -> dict[str, Any]:
    """The honest state of a cancel: it may still turn out either way."""
    if answer == "too_late":
        return plain_reason(
            "too_late",
            "Too late to stop",
            "Filming had already begun, so this take will finish and bill. It is kept for you.",
            ("Keep watching",),
            "yes",
        )
    if answer == "removed" or take.state is State.QUEUED:
        return plain_reason(
            "cancelling", "Cancelling", "fal.ai was asked to take it out of the queue.", ("Keep watching",), "no"
        )
    return plain_reason(
        "cancelling",
        "Asked to stop",
        "fal.ai was asked to stop. Filming had begun, so it may still finish and bill; then it is kept for you.",
        ("Keep watching",),
        "maybe",
    )
