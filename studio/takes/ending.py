"""How a take that fal was sent comes to its end: made, failed, stopped, gone, or given up; each with its money."""

from __future__ import annotations

from typing import Any

from studio.gateway.answers import Progress, Result
from studio.gateway.errors import ForbiddenHost, GatewayError, Gone, NotReady, TakeFailed, Trouble
from studio.takes.crew import Crew, plain_reason, reason_of, ticket_of
from studio.takes.folders import folder_of
from studio.takes.prices import listed_unit_usd_micros
from studio.takes.reconcile import result_from_list
from studio.takes.sending import forget_uploads
from studio.takes.settling import bill, failure
from studio.takes.take import AT_FAL, Charge, State, Take

# Answers of fal's own that say nothing of the take, in contrast to a line that is down.
ODD = ("unknown_status", "missing_keys", "not_ready", "result_trouble", "forbidden_host")


async def take_result(crew: Crew, take: Take, seen: Progress) -> Take:
    """Ask for the result of a take that is done, and write it down with its bill.

    A line that is down is waited out for as long as it takes. Where fal itself goes on answering without a result, it
    is believed after a while, and its list has the last word; a person may ask again later.
    """
    wait_s, odd_since = crew.tempo.retry_first_s, None
    gone, failed = Repeats(crew, crew.tempo.gone_times, crew.tempo.gone_patience_s), 0
    while take.state in AT_FAL:
        try:
            result = await crew.gateway(take).result(ticket_of(take), seen.error_type)
        except TakeFailed as fault:
            failed += 1
            if seen.error_type or _is_fals_own(fault) or failed >= crew.tempo.gone_times:
                return await _end_failed(crew, take, fault)
        except Gone as fault:
            if gone.is_enough():
                return await vanish(crew, take, fault, was_done=True, said=seen.error)
        except (NotReady, Trouble, ForbiddenHost) as trouble:
            await crew.remark(take, calm(trouble) if trouble.is_retryable else reason_of(trouble))
            if trouble.code in ODD:
                odd_since = crew.monotonic() if odd_since is None else odd_since
                if crew.monotonic() - odd_since >= crew.tempo.odd_patience_s:
                    return await _end_without_result(crew, take, trouble)
        else:
            return await keep_result(crew, take, result)
        await crew.sleep(wait_s)
        wait_s = min(wait_s * 2, crew.tempo.retry_longest_s)
        take = await crew.do(crew.ledger.get, take.id)
    return take


class Repeats:
    """Counts the same answer until it came often enough and over long enough to be believed."""

    def __init__(self, crew: Crew, times: int, patience_s: float) -> None:
        self._crew, self._times, self._patience_s = crew, times, patience_s
        self._count, self._first = 0, 0.0

    def is_enough(self) -> bool:
        """Count one more."""
        self._first = self._crew.monotonic() if self._count == 0 else self._first
        self._count += 1
        return self._count >= self._times and self._crew.monotonic() - self._first >= self._patience_s


async def _end_without_result(crew: Crew, take: Take, trouble: GatewayError) -> Take:
    result = await result_from_list(crew, take)
    if result is not None:
        return await keep_result(crew, take, result)
    sentence = (
        "fal.ai says that it has ended with this take, and hands out no clip. It may have been made and billed; "
        "the bill will tell. Save again asks once more."
    )
    return await give_up(crew, take, {**reason_of(trouble, sentence=sentence, charged="maybe"), "code": "no_result"})


async def give_up(crew: Crew, take: Take, reason: dict[str, Any]) -> Take:
    """No more asking by itself. What fal may bill stays held, and `save_again` stays possible."""
    money = failure(take, "no" if take.is_free else "maybe")
    return await crew.insist(crew.ledger.move, take.id, [take.state], State.FAILED, reason=reason, **money)


async def keep_result(crew: Crew, take: Take, result: Result) -> Take:
    """The result and what it cost, on disk before the download starts."""
    unit = await crew.insist(listed_unit, crew, take)
    video = result.video
    return await crew.insist(
        crew.ledger.move,
        take.id,
        [take.state],
        State.FETCHING,
        step="result",
        result=result.payload,
        result_url=video.url if video is not None else None,
        completed_at=crew.ledger.clock(),
        folder=take.folder or (folder_of(take, crew.home, crew.zone) if take.makes_video else None),
        queue_position=None,
        reason=None,
        **bill(take, result.billable_units, unit),
    )


def listed_unit(crew: Crew, take: Take) -> int | None:
    return None if take.is_free else listed_unit_usd_micros(crew.ledger, take.endpoint_id)


def _is_fals_own(fault: TakeFailed) -> bool:
    """The model's words about the input (422), or a cancel (499). Other codes may be the line's own."""
    return fault.status in (None, 422, 499)


async def _end_failed(crew: Crew, take: Take, fault: TakeFailed) -> Take:
    """fal goes on saying that it failed. Its list tells whether a clip was made, and billed, all the same."""
    result = None if _is_fals_own(fault) else await result_from_list(crew, take)
    return await fail(crew, take, fault) if result is None else await keep_result(crew, take, result)


async def fail(crew: Crew, take: Take, fault: TakeFailed) -> Take:
    """The take came to nothing, in fal's words and by its rules of billing."""
    if fault.code == "file_download_error":
        await crew.insist(forget_uploads, crew.ledger, take)
    if fault.code == "cancelled" and take.is_cancel_requested and take.state in AT_FAL:
        return await close_cancelled(crew, take, fault.billable_units, fault.detail)
    money = failure(take, fault.charged.value, fault.billable_units)
    charged = {Charge.BILLED: "yes", Charge.MAY_BE_BILLED: "maybe"}.get(money["charge"], "no")
    return await crew.insist(
        crew.ledger.move,
        take.id,
        [take.state],
        State.FAILED,
        completed_at=crew.ledger.clock(),
        queue_position=None,
        reason=reason_of(fault, charged=charged),
        **money,
    )


async def vanish(
    crew: Crew, take: Take, gone: GatewayError, *, was_done: bool = False, said: str | None = None
) -> Take:
    """fal no longer knows the take. Its own list may still hold the result; only then is it given up.

    `said` is the error that fal named when it ended with the take: then no clip was made to expire.
    """
    if take.state not in (*AT_FAL, State.FETCHING):
        return take
    result = None if take.state is State.FETCHING else await result_from_list(crew, take)
    if result is not None:
        return await keep_result(crew, take, result)
    if take.is_cancel_requested and not was_done and take.state is not State.FETCHING:
        return await close_cancelled(crew, take, is_certain=take.cancel_answer == "removed")
    is_made = bool(take.result_url) if take.state is State.FETCHING else was_done and not said
    charged = "yes" if is_made else "maybe"
    sentence = (
        "The clip expired at fal.ai before it could be saved. It was billed."
        if is_made
        else f"fal.ai ended with an error, “{said[:200]}”. It may have been billed; the bill will tell."
        if said
        else "fal.ai no longer knows this take. It may have been made and billed; the bill will tell."
    )
    if take.is_free:
        charged, sentence = "no", "The rehearsal was lost before it was drawn. Rehearse it again, free."
    reason = {**reason_of(gone, sentence=sentence, charged=charged), "code": "expired"}
    money = {} if take.state is State.FETCHING else failure(take, charged)
    return await crew.insist(crew.ledger.move, take.id, [take.state], State.FAILED, reason=reason, **money)


async def close_cancelled(
    crew: Crew, take: Take, units: float | None = None, detail: str = "", *, is_certain: bool = True
) -> Take:
    """Stopped for good: before it started for nothing, or while it ran for perhaps something.

    Not `is_certain` where fal never said that it stopped the take and only does not know it any more.
    """
    has_started = take.state is State.RUNNING or take.started_at is not None
    charged = "maybe" if has_started or not is_certain else "no"
    words = ("Cancelled before it started", "It was taken out of the queue. Nothing was charged.")
    if has_started:
        words = ("Stopped while filming", "It was stopped as asked. It may still be billed; the bill will tell.")
    elif not is_certain:
        sentence = "fal.ai no longer knows it and never answered the cancel. It may have been made; the bill will tell."
        words = ("Gone from fal.ai", sentence)
    reason = plain_reason("cancelled", *words, (), charged, detail)
    return await crew.insist(
        crew.ledger.move, take.id, [take.state], State.CANCELLED, reason=reason, **failure(take, charged, units)
    )


def calm(trouble: GatewayError) -> dict[str, Any]:
    """A look that failed, for a person: the take goes on at fal."""
    reason = reason_of(trouble)
    if trouble.code in ("bad_key", "no_key", "forbidden", "locked", "busy", *ODD):
        return reason
    sentence = "The line to fal.ai is down. Your take goes on there and nothing is lost; we keep asking."
    return {**reason, "code": "no_line", "title": "No line to fal.ai", "sentence": sentence}
