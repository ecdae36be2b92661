"""From queued to done: looks at fal, politely, and moves the take along. Never ends one and never fetches files."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from typing import cast

from studio.gateway.answers import Progress
from studio.gateway.errors import Gone
from studio.takes.cancelling import carry_wish
from studio.takes.crew import Crew, ticket_of
from studio.takes.ending import ODD, calm, close_cancelled, take_result, vanish
from studio.takes.errors import StaleMove
from studio.takes.take import AT_FAL, State, Take

_FRAME = re.compile(r"\bframes?\b\D{0,12}(\d+)\s*(?:/|of)\s*(\d+)", re.IGNORECASE)


async def watch(crew: Crew, take: Take) -> Take:
    """Look until fal says done, then take the result in. Returns the take: fetching, failed, cancelled or kept.

    Trouble on the way is shown and waited out: it says nothing about the take. A wish to cancel is carried to fal
    beside the looking, and the looking goes on, because only fal's final word tells which of the two came first.
    """
    wanted = crew.wishes.setdefault(take.id, asyncio.Event())
    wish = asyncio.create_task(carry_wish(crew, take.id, wanted))
    try:
        seen = await _until_done(crew, take)
    except _Ended as ended:
        return ended.take
    except Gone as gone:
        return await vanish(crew, await crew.do(crew.ledger.get, take.id), gone)
    finally:
        crew.wishes.pop(take.id, None)
        wish.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(wish, return_exceptions=True)
    return await take_result(crew, await _note_done(crew, take.id), seen)


class _Ended(Exception):
    def __init__(self, take: Take) -> None:
        self.take = take


async def _note_done(crew: Crew, take_id: str) -> Take:
    """fal has ended with it: from here on it takes no place there."""
    try:
        return await crew.insist(crew.ledger.note, take_id, only_in=AT_FAL, completed_at=crew.ledger.clock())
    except StaleMove:
        return await crew.do(crew.ledger.get, take_id)


async def _until_done(crew: Crew, take: Take) -> Progress:
    """fal's last word on the take. Raises Gone, or _Ended where the take needs no result."""
    tempo, removed_looks, odd_looks = crew.tempo, 0, 0
    watching = crew.gateway(take).watch(ticket_of(take), tempo.first_look_s, tempo.longest_look_s)
    looks = cast(AsyncGenerator[Progress, None], watching)
    async with contextlib.aclosing(looks):
        async for seen in looks:
            take = await _note_progress(crew, await crew.insist(crew.ledger.get, take.id), seen)
            if take.state not in AT_FAL:
                raise _Ended(take)
            if take.is_cancel_requested:
                crew.wishes[take.id].set()  # also where another process was told
            if seen.trouble is None and seen.state == "done":
                return seen
            odd_looks = odd_looks + 1 if seen.trouble is not None and seen.trouble.code in ODD else 0
            if odd_looks >= tempo.odd_looks:  # a word that fal never documented: its result tells what it meant
                return seen
            if take.cancel_answer == "removed" and seen.state == "queued":
                removed_looks += 1
                if removed_looks >= 3:  # fal took it out of its queue and goes on showing it there
                    raise _Ended(await close_cancelled(crew, take))
    raise _Ended(await crew.do(crew.ledger.get, take.id))


async def _note_progress(crew: Crew, take: Take, seen: Progress) -> Take:
    if seen.trouble is not None:
        await crew.remark(take, calm(seen.trouble))
        return take
    if take.reason is not None and not take.is_cancel_requested:
        await crew.remark(take, None)
    _show_frames(crew, take, seen.logs)
    try:
        if seen.state == "running" and take.state is State.QUEUED:
            return await crew.insist(
                crew.ledger.move,
                take.id,
                [State.QUEUED],
                State.RUNNING,
                step="running",
                started_at=crew.ledger.clock(),
                queue_position=None,
            )
        if seen.state == "queued" and take.state is State.QUEUED and seen.queue_position != take.queue_position:
            return await crew.insist(
                crew.ledger.note, take.id, only_in=[State.QUEUED], queue_position=seen.queue_position
            )
    except StaleMove:
        return await crew.do(crew.ledger.get, take.id)
    return take


def _show_frames(crew: Crew, take: Take, logs: list[str]) -> None:
    for line in reversed(logs):
        match = _FRAME.search(line[:300])
        if match:
            done, total = int(match[1]), int(match[2])
            seen = crew.progress.get(take.id)
            if total and (seen is None or seen.frames_done != done):
                crew.show(take.id, frames_done=min(done, total), frames_total=total)
            return
