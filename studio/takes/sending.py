"""From waiting to the one POST: turn, files, payload on disk, POST once, request id on disk. Never a second POST."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from studio.catalog.registry import find_endpoint
from studio.gateway.answers import Ticket
from studio.gateway.errors import GatewayError, LostAnswer, NotSent, Refusal, Trouble
from studio.media.errors import MediaError
from studio.media.facts import ClipFacts, Prepared
from studio.takes.crew import Crew, logger, plain_reason, reason_of
from studio.takes.errors import StaleMove
from studio.takes.intake import is_link
from studio.takes.ledger import Ledger
from studio.takes.recipes import write_slip
from studio.takes.rows import to_text, to_time
from studio.takes.schema import UPLOADS
from studio.takes.settling import failure
from studio.takes.take import Charge, State, Take

UPLOAD_LIFE = timedelta(hours=12)  # fal promises generated files seven days and names no life of uploads
_BUSY = ("busy", "concurrent")
_LENGTH_SLACK_S = 0.02  # less than one picture: lengths are written in the clip's own ticks


async def send(crew: Crew, take: Take) -> Take:
    """Bring a reserved take to fal. Returns it as it is afterwards: queued, unknown, failed, waiting or cancelled."""
    if take.is_cancel_requested:  # wished while fal was turning it away: nothing runs, so nothing is sent again
        return await crew.insist(crew.line.drop, take.id)
    try:
        claimed = await _claim(crew, take)
        return await post(crew, claimed)
    except _TurnedAway as refused:
        return await _not_sent(crew, take, refused.fault)
    except StaleMove:
        return await crew.do(crew.ledger.get, take.id)  # dropped meanwhile
    finally:
        crew.sending.discard(take.id)


class _TurnedAway(Exception):
    """The files could not be made ready or brought up."""

    def __init__(self, fault: GatewayError | MediaError) -> None:
        self.fault = fault


async def _claim(crew: Crew, take: Take) -> Take:
    """Wait for the turn, make the files ready, and take a place at fal with the exact payload on disk."""
    at_once = crew.at_once.get(take.world, 1)
    arguments: dict[str, Any] | None = None
    while True:
        crew.freed.clear()
        if not crew.is_stopping and await crew.insist(crew.line.is_turn, take.id, at_once):
            if arguments is None:
                arguments = await _arguments(crew, take)
            claimed = await _take_place(crew, take, at_once, arguments)
            if claimed is not None:
                return claimed
        await wait_for_news(crew)


async def _take_place(crew: Crew, take: Take, at_once: int, arguments: dict[str, Any]) -> Take | None:
    """A place at fal, or None where there is none. From here to the request id on disk, a stop waits for us."""
    crew.sending.add(take.id)
    claimed = None
    if not crew.is_stopping:
        claimed = await crew.insist(
            crew.line.claim, take.id, at_once, payload=arguments, runner_id=crew.runner_id, reason=None
        )
    if claimed is None:
        crew.sending.discard(take.id)
    return claimed


async def _arguments(crew: Crew, take: Take) -> dict[str, Any]:
    """The payload; a line that is down for a while is waited for, because bringing files up is free."""
    start, wait_s = crew.monotonic(), crew.tempo.retry_first_s
    while True:
        try:
            return await arguments_of(crew, take)
        except Trouble as trouble:
            if not trouble.is_retryable or crew.monotonic() - start > crew.tempo.upload_patience_s:
                raise _TurnedAway(trouble) from trouble
            sentence = "Your files are not at fal.ai yet: the line is down. We try again. Nothing was charged."
            await crew.remark(take, reason_of(trouble, sentence=sentence, charged="no"))
        except (GatewayError, MediaError) as fault:
            raise _TurnedAway(fault) from fault
        await crew.sleep(wait_s)
        wait_s = min(wait_s * 2, 20.0)


async def wait_for_news(crew: Crew) -> None:
    """Until a place may have come free here, or for a moment, because other processes free places too."""
    waiter = asyncio.ensure_future(crew.freed.wait())
    pause = asyncio.ensure_future(crew.sleep(crew.tempo.turn_s))
    try:
        await asyncio.wait({waiter, pause}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiter.cancel()
        pause.cancel()


async def post(crew: Crew, take: Take) -> Take:
    """The one POST of this take. Whatever happens from here on, it is not sent again by itself."""
    try:
        ticket = await crew.gateway(take).submit(take.endpoint_id, take.payload or {})
    except NotSent as fault:
        return await _not_sent(crew, take, fault)
    except Refusal as fault:
        if fault.code in _BUSY and fault.status == 429 and len(take.notes) < crew.tempo.busy_times:
            return await _back_in_line(crew, take, fault)
        return await _not_sent(crew, take, fault)
    except LostAnswer as fault:
        return await lose(crew, take, reason_of(fault))
    except Exception as fault:
        logger.exception("the submit of %s ended in an unknown way", take.id)
        return await lose(crew, take, lost_reason(type(fault).__name__))
    try:
        return await keep_ticket(crew, take, ticket)
    except sa.exc.IntegrityError:  # the id belongs to another take: fal never does that, but then nothing is certain
        return await lose(crew, take, lost_reason(f"request id {ticket.request_id} belongs to another take"))


async def keep_ticket(crew: Crew, take: Take, ticket: Ticket, step: str = "ticket", **columns: Any) -> Take:
    """Write down request id and URLs before anything else; then a slip beside the ledger."""
    logger.info("take %s is request %s", take.id, ticket.request_id)
    queued = await crew.insist(
        crew.ledger.move,
        take.id,
        [take.state],
        State.QUEUED,
        step=step,
        request_id=ticket.request_id,
        response_url=ticket.response_url,
        status_url=ticket.status_url,
        cancel_url=ticket.cancel_url,
        queue_position=ticket.queue_position,
        charge=Charge.FREE if take.is_free else Charge.HELD,
        reason=None,
        **columns,
    )
    try:
        await crew.do(write_slip, crew.home, queued, crew.ledger.durable)
    except OSError as error:
        logger.warning("no slip for %s: %s", take.id, error)
    return queued


async def lose(crew: Crew, take: Take, reason: dict[str, Any]) -> Take:
    """The outcome of the POST is unknown. The money stays held until it is known."""
    charge = Charge.FREE if take.is_free else Charge.MAY_BE_BILLED
    return await crew.insist(
        crew.ledger.move, take.id, [State.SUBMITTING], State.UNKNOWN, step="unknown", reason=reason, charge=charge
    )


def lost_reason(detail: str = "") -> dict[str, Any]:
    return plain_reason(
        "lost_answer",
        "We lost the answer",
        "The request may have left, but no reply was kept. It may be running. Nothing was sent again.",
        ("Look for it", "It never arrived", "Send a new one"),
        "maybe",
        detail,
    )


async def _back_in_line(crew: Crew, take: Take, fault: GatewayError) -> Take:
    """fal said that nothing runs and that it is busy: to the line again, then wait as long as it asked."""
    wait_s = min(fault.retry_after_s or crew.tempo.busy_s, 600.0)
    sentence = f"fal.ai is busy (429). We will ask again in {wait_s:.0f} s. Nothing was charged."
    note = {"at": to_text(crew.ledger.clock()), "busy": True, "wait_s": wait_s}
    waiting = await crew.insist(
        crew.ledger.move,
        take.id,
        [State.SUBMITTING],
        State.RESERVED,
        step="requeued",
        reason=reason_of(fault, sentence=sentence, charged="no"),
        notes=[*take.notes, note],
        submitted_at=None,
    )
    crew.sending.discard(take.id)  # nothing is under way, so a stop need not wait for this
    if not waiting.is_cancel_requested:
        await crew.sleep(wait_s)
    return waiting


async def _not_sent(crew: Crew, take: Take, fault: GatewayError | MediaError) -> Take:
    """Nothing runs and nothing was charged; the hold is given back."""
    if isinstance(fault, MediaError):
        reason = plain_reason(fault.code, "Not sent", fault.message, ("Edit draft",), detail=fault.detail)
        charged = "no"
    else:
        if fault.code == "file_download_error":  # its links lead nowhere any more: the next try brings the files up
            await crew.insist(forget_uploads, crew.ledger, take)
        reason, charged = reason_of(fault), "no" if isinstance(fault, NotSent | Refusal) else fault.charged.value
        # Files are brought up before the POST: whatever was lost there, no take was asked for.
        charged = "no" if take.state is State.RESERVED else charged
        reason["charged"] = charged
    try:
        return await crew.insist(
            crew.ledger.move,
            take.id,
            [take.state],
            State.FAILED,
            step="refused",
            reason=reason,
            **failure(take, charged),
        )
    except StaleMove:
        return await crew.do(crew.ledger.get, take.id)


# -- files ------------------------------------------------------------------------------------------------------------


async def arguments_of(crew: Crew, take: Take) -> dict[str, Any]:
    """The exact JSON for fal: every local file made ready, brought up and replaced by its URL.

    Raises MediaError or GatewayError; nothing paid has happened then.
    """
    endpoint = find_endpoint(take.endpoint_id)
    values = dict(take.values)
    for param in endpoint.file_params():
        value = values.get(param.name)
        if isinstance(value, str) and value and not is_link(value):
            edit = take.edits.get(param.name)
            ready = await crew.intake.make_ready(param, value, edit if isinstance(edit, dict) else {})
            refuse_longer(take, ready)
            values[param.name] = await _bring_up(crew, take, ready)
    return endpoint.payload(values)


def refuse_longer(take: Take, ready: Prepared) -> None:
    """A clip that came out longer than what was priced would cost more than what was held."""
    if isinstance(ready.facts, ClipFacts) and take.duration_s and take.at_most_usd_micros and take.rate_usd_micros:
        most = take.rate_usd_micros * math.ceil(ready.facts.duration_s - _LENGTH_SLACK_S)
        if most > take.at_most_usd_micros:
            raise MediaError(
                "longer_than_priced",
                f"The clip came out at {ready.facts.duration_s:.2f} s, longer than the {take.duration_s:.2f} s that "
                "were priced. Nothing was sent and nothing was charged. Add the clip again.",
            )


async def _bring_up(crew: Crew, take: Take, ready: Prepared) -> str:
    known = await crew.do(uploaded, crew.ledger, take.world, ready.facts.sha256)
    if known is not None:
        return known
    async with crew.uploading:
        total = ready.facts.size_bytes
        url = await crew.gateway(take).upload(
            ready.path,
            ready.content_type,
            Path(ready.path).name,
            lambda done, _total: crew.show(take.id, bytes_done=done, bytes_total=total),
        )
    crew.progress.pop(take.id, None)
    await crew.insist(remember_upload, crew.ledger, take.world, ready.facts.sha256, url)
    return url


def uploaded(ledger: Ledger, world: str, sha256: str) -> str | None:
    """The URL of the same bytes, brought up not long ago; so trying again does not carry them twice."""
    statement = sa.select(UPLOADS).where(UPLOADS.c.world == world, UPLOADS.c.sha256 == sha256)
    with ledger.reading() as connection:
        row = connection.execute(statement).mappings().first()
    at = to_time(row["uploaded_at"]) if row else None
    is_fresh = at is not None and timedelta() <= ledger.clock() - at < UPLOAD_LIFE
    return str(row["url"]) if row and is_fresh else None


def forget_uploads(ledger: Ledger, take: Take) -> None:
    """Forget the links that a take was sent with, so that its files are brought up again."""
    links = [value for value in (take.payload or {}).values() if isinstance(value, str)]
    with ledger.transaction() as connection:
        connection.execute(sa.delete(UPLOADS).where(UPLOADS.c.world == take.world, UPLOADS.c.url.in_(links)))


def remember_upload(ledger: Ledger, world: str, sha256: str, url: str) -> None:
    with ledger.transaction() as connection:
        connection.execute(sa.delete(UPLOADS).where(UPLOADS.c.world == world, UPLOADS.c.sha256 == sha256))
        row = {"world": world, "sha256": sha256, "url": url, "uploaded_at": to_text(ledger.clock())}
        connection.execute(sa.insert(UPLOADS).values(row))
