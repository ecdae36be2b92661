"""The last step: a verified clip gets its captions and recipe, a bought voice its name. Never downloads or decodes."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from studio.media.facts import ClipFacts, Derived
from studio.takes.captioning import captions_for
from studio.takes.crew import Crew, logger
from studio.takes.errors import StudioError
from studio.takes.learning import SpeakingRates
from studio.takes.recipes import RECIPE_NAME, recipe_of, remove_slip, write_json
from studio.takes.storage import in_words
from studio.takes.take import State, Take
from studio.takes.voices import put_voice, voice_of

VOICES_FOLDER = "voices"


def facts_in(found: Derived | ClipFacts) -> ClipFacts:
    return found.facts if isinstance(found, Derived) else found


async def keep_clip(crew: Crew, take: Take, path: Path, found: Derived | ClipFacts) -> Take:
    """Write captions and recipe beside the clip, and move the take to kept. `found` is what was made from it, or bare
    facts where nothing could be.

    A caption that cannot be made never holds up a take that is safely here.
    """
    extra = {**asdict(facts_in(found)), **await _beside(crew, take, path, found)}
    changes = {
        "facts": {**take.facts, **extra},
        "file": path.relative_to(crew.home).as_posix(),
        "reason": _late_words(take),
        "kept_at": crew.ledger.clock(),
    }
    await crew.insist(_write_recipe, crew, take, changes)
    kept = await crew.insist(crew.ledger.move, take.id, [State.FETCHING], State.KEPT, step="kept", **changes)
    await crew.do(forget_slip, crew, take.id)
    await _learn(crew, kept)
    return kept


async def _learn(crew: Crew, kept: Take) -> None:
    """The desk's timing gets better with every take that was heard; a take is never held up by that."""
    try:
        await crew.do(SpeakingRates(crew.ledger).learn_from, kept)
    except (StudioError, ValueError, TypeError) as error:
        logger.warning("nothing was learned from %s: %s", kept.id, error)


def _late_words(take: Take) -> dict[str, Any] | None:
    """A kept take that was to be cancelled says so; every passing trouble is forgotten."""
    if not take.is_cancel_requested:
        return None
    return {
        "code": "too_late",
        "title": "Too late to stop",
        "sentence": "Filming had already begun when it was cancelled, so this take was finished, billed and kept."
        if not take.is_free
        else "The rehearsal was finished before it could be stopped.",
        "steps": [],
        "request_id": take.request_id,
        "detail": "",
        "charged": "no" if take.is_free else "yes",
        "fields": [],
    }


async def _beside(crew: Crew, take: Take, path: Path, found: Derived | ClipFacts) -> dict[str, Any]:
    if not isinstance(found, Derived):
        return {"media": {}, "strip_times_s": []}
    media = {name: Path(getattr(found, name)).name for name in ("poster", "strip", "waveform", "silent")}
    heard = {"speech": [list(span) for span in found.speech]}
    captions: dict[str, Any] = {}
    try:
        rates = await crew.do(SpeakingRates(crew.ledger).for_take, take)
        captions = await crew.do(captions_for, take, found.speech, path.parent, rates)
    except (OSError, ValueError, StudioError) as error:
        logger.warning("no captions for %s: %s", take.id, error)
    media |= captions.pop("files", {})
    return {"media": media, "strip_times_s": list(found.strip_times_s), **heard, **captions}


def _write_recipe(crew: Crew, take: Take, changes: dict[str, Any]) -> None:
    kept = replace(take, state=State.KEPT, closed_at=changes["kept_at"], **changes)
    with in_words(), crew.ledger.durable("recipe"):
        write_json(crew.home / str(take.folder) / RECIPE_NAME, recipe_of(kept, crew.home))


async def keep_voice(crew: Crew, take: Take) -> Take:
    """Put the bought voice into the library and keep its take, in one transaction."""
    return await crew.insist(_keep_voice, crew, take)


def voice_id_of(take: Take) -> str:
    """The id in a voice's result, or an empty text where none came."""
    given = (take.result or {}).get("voice_id")
    return str(given) if isinstance(given, (str, int)) and not isinstance(given, bool) else ""


def _keep_voice(crew: Crew, take: Take) -> Take:
    voice_id = voice_id_of(take)
    if not voice_id:
        raise ValueError("a voice without an id is none")
    now = crew.ledger.clock()
    facts = {**take.facts, "voice_id": voice_id}
    bought = replace(take, state=State.KEPT, kept_at=now, closed_at=now, facts=facts, reason=None)
    with in_words():  # before the ledger says kept: the slip goes when it does
        write_json(crew.home / VOICES_FOLDER / f"{take.id}.json", recipe_of(bought, crew.home))
    with crew.ledger.transaction("kept") as connection:
        kept = crew.ledger.move_within(
            connection, take.id, [State.FETCHING], State.KEPT, step="kept", kept_at=now, facts=facts, reason=None
        )
        put_voice(connection, crew.ledger, voice_of(kept, voice_id))
    crew.ledger.tell(take.id)
    forget_slip(crew, take.id)
    return kept


def forget_slip(crew: Crew, take_id: str) -> None:
    """The recipe, or the ledger alone, now tells what the slip told."""
    try:
        remove_slip(crew.home, take_id)
    except OSError as error:
        logger.warning("a slip stayed behind for %s: %s", take_id, error)
