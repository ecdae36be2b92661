"""Finds lost takes in fal's own list of requests, by comparing what was sent. Never sends anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from studio.gateway.answers import RemoteRequest, Result
from studio.gateway.errors import GatewayError
from studio.gateway.reading import read_file, read_voice_id
from studio.takes.crew import Crew, logger, plain_reason, reason_of
from studio.takes.errors import NotPossible, StaleMove
from studio.takes.ledger import Ledger
from studio.takes.rows import to_text
from studio.takes.sending import keep_ticket
from studio.takes.take import Charge, State, Take

# The two clocks may differ, and a request may be listed as sent when fal began with it.
EARLIER = timedelta(minutes=10)
LATER = timedelta(minutes=60)
HISTORY = timedelta(days=2)


async def look(crew: Crew, take: Take) -> Take:
    """Look for an unknown take once: it is the one unclaimed request with the same payload, or it stays unknown."""
    if take.state is not State.UNKNOWN or take.submitted_at is None:
        return take
    start, end = take.submitted_at - EARLIER, take.submitted_at + LATER
    try:
        listed = await crew.gateway(take).requests_by_endpoint(take.endpoint_id, start, end)
    except GatewayError as trouble:
        return await _say(crew, take, f"fal.ai's list could not be read: {trouble.sentence}", trouble.detail)
    fitting = await _unclaimed(crew, take, listed)
    if len(fitting) != 1:
        return await _say(crew, take, _found_words(len(fitting)))
    try:
        ticket = crew.gateway(take).ticket({"request_id": fitting[0].request_id, "endpoint_id": take.endpoint_id})
        return await keep_ticket(crew, take, ticket, step="found", runner_id=crew.runner_id)
    except GatewayError as fault:
        return await _say(crew, take, fault.sentence, fault.detail)
    except (StaleMove, sa.exc.IntegrityError):
        return await crew.do(crew.ledger.get, take.id)  # moved, or the request claimed, by somebody else meanwhile


async def _unclaimed(crew: Crew, take: Take, listed: Iterable[RemoteRequest]) -> list[RemoteRequest]:
    hint = (take.reason or {}).get("request_id")  # fal's own word, on an answer that could not be read otherwise
    rows = [row for row in listed if row.request_id == hint] or [
        row for row in listed if is_same_payload(take.payload or {}, row.json_input)
    ]
    fitting = {row.request_id: row for row in rows}
    claimed = await crew.do(crew.ledger.claimed_requests, take.world, list(fitting))
    return [row for request_id, row in fitting.items() if request_id not in claimed]


def is_same_payload(sent: dict[str, Any], listed: object) -> bool:
    """Whether fal's record of an input is what we sent. fal may add its own defaults; nothing of ours may differ."""
    if not sent or not isinstance(listed, dict):
        return False
    return all(name in listed and _same(value, listed[name]) for name, value in sent.items())


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return abs(ours - theirs) < 1e-9
    return bool(ours == theirs)


def _found_words(count: int) -> str:
    if count == 0:
        return "fal.ai lists no such request yet. It may list a take only once that has ended."
    return f"fal.ai lists {count} requests that look the same, so it cannot be told which one this is."


async def _say(crew: Crew, take: Take, words: str, detail: str = "") -> Take:
    """Add what the last look found to the reason that stands."""
    before = take.reason or {}
    first = str(before.get("first_sentence") or before.get("sentence") or "The outcome of this take is unknown.")
    reason = plain_reason(
        str(before.get("code") or "lost_answer"),
        str(before.get("title") or "We lost the answer"),
        f"{first} {words}",
        ("Look for it", "It never arrived", "Send a new one"),
        "no" if take.is_free else "maybe",
        str(before.get("detail") or detail),
    )
    reason |= {"first_sentence": first, "looked_at": to_text(crew.ledger.clock())}
    reason |= {"request_id": before.get("request_id")}
    try:
        return await crew.do(crew.ledger.note, take.id, only_in=[State.UNKNOWN], reason=reason)
    except StaleMove:
        return await crew.do(crew.ledger.get, take.id)


def never_arrived(ledger: Ledger, take_id: str) -> Take:
    """A person says that it never reached fal: closed as not billed. Raises NotPossible where it is not unknown."""
    take = ledger.get(take_id)
    reason = plain_reason(
        "never_arrived",
        "It never arrived",
        "You said that this request never reached fal.ai. It is counted as not billed.",
        ("Send a new one",),
    )
    charge = Charge.FREE if take.is_free else Charge.NOT_BILLED
    try:
        return ledger.move(
            take_id,
            [State.UNKNOWN],
            State.FAILED,
            reason=reason,
            charge=charge,
            held_usd_micros=0,
            billed_usd_micros=0,
        )
    except StaleMove:
        raise NotPossible("Its outcome is known by now. Look at the take again.") from None


async def result_from_list(crew: Crew, take: Take) -> Result | None:
    """The result as fal's list of requests holds it, for a take that the queue no longer knows."""
    if take.submitted_at is None or not take.request_id:
        return None
    start, end = take.submitted_at - EARLIER, take.submitted_at + HISTORY
    try:
        listed = await crew.gateway(take).requests_by_endpoint(take.endpoint_id, start, end)
    except GatewayError as trouble:
        logger.info("no help from fal's list for %s: %s", take.id, reason_of(trouble)["code"])
        return None
    for row in listed:
        if row.request_id == take.request_id and isinstance(row.json_output, dict):
            result = Result(
                row.json_output,
                video=read_file(row.json_output.get("video")),
                voice_id=read_voice_id(row.json_output.get("voice_id")),
            )
            if (result.video if take.makes_video else result.voice_id) is not None:
                return result
    return None
