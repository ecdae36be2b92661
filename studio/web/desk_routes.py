"""Voices, spend, limits, key and health for the page: small answers of the desk in JSON; decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from studio.catalog.param import Kind, Param
from studio.catalog.pricing import parse_usd
from studio.catalog.registry import ENDPOINTS, find_endpoint
from studio.media.facts import SoundFacts
from studio.takes.desk import Desk
from studio.takes.gallery import Gallery
from studio.takes.prices import price_differences
from studio.takes.voices import Voice
from studio.web.input_routes import InputRoom, is_ref
from studio.web.problems import Complaint

ASK_AGAIN = "ask_again_usd_micros"
DEFAULT_ASK_AGAIN_USD_MICROS = 1_000_000
NEVER_ASK_USD_MICROS = 10**12  # an empty field: no take can cost as much
_SOUND = Param("voice_url", Kind.SOUND, "Recording")
_LIMITS = ("day", "session", "take")


class Cut(BaseModel):
    """A recording that was taken in, and the part of it to use; seconds."""

    ref: str
    start_s: float = 0.0
    end_s: float | None = None
    clean: bool = True

    @property
    def edits(self) -> dict[str, Any]:
        return {"start_s": self.start_s, "end_s": self.end_s, "clean": self.clean}


class NewVoice(Cut):
    name: str = Field(min_length=1, max_length=60)
    world: str = "live"
    has_consent: bool = False
    key: str = Field(default="", max_length=200)


class KnownVoice(BaseModel):
    voice_id: str = Field(max_length=200)
    name: str = Field(max_length=60)


class VoiceChange(BaseModel):
    name: str | None = Field(default=None, max_length=60)
    note: str | None = Field(default=None, max_length=1000)
    tags: list[str] | None = Field(default=None, max_length=20)
    colour: str | None = Field(default=None, max_length=20)


class KeyGiven(BaseModel):
    key: str = Field(default="", max_length=400)


class DeskRoom:
    """`swap_key` puts a key into the studio's memory, or takes it out with an empty text, and gives the one before.

    `on_key` is called when a key has come to stay or has gone.
    """

    def __init__(
        self,
        desk: Desk,
        gallery: Gallery,
        inputs: InputRoom,
        swap_key: Callable[[str], str],
        on_key: Callable[[], None],
        describe: Callable[[], list[tuple[str, str, str]]],
    ) -> None:
        self._desk = desk
        self._gallery = gallery
        self._inputs = inputs
        self._swap_key = swap_key
        self._on_key = on_key
        self._describe = describe

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/studio")
        router.get("/voices")(self.list_voices)
        router.post("/voices")(self.make_voice)
        router.post("/voices/check")(self.check_cut)
        router.post("/voices/audition")(self.audition)
        router.post("/voices/add")(self.add_voice)
        router.post("/voices/{voice_id}")(self.change_voice)
        router.post("/voices/{voice_id}/delete")(self.delete_voice)
        router.get("/spend")(self.spend)
        router.get("/spend.csv")(self.spend_csv)
        router.post("/limits")(self.set_limits)
        router.post("/prices/check")(self.check_prices)
        router.post("/key")(self.use_key)
        router.post("/key/remove")(self.remove_key)
        router.get("/doctor")(self.doctor)
        return router

    # -- voices --------------------------------------------------------------------------------------------------------

    def list_voices(self) -> dict[str, Any]:
        return {"voices": [self._shown(voice) for voice in self._desk.voices.list()]}

    def make_voice(self, given: NewVoice) -> dict[str, Any]:
        """Buys a voice, or rehearses one; waits for it. The same recording gives the voice that it made before."""
        if not given.has_consent:
            raise Complaint(422, "Consent is missing", "Confirm that this person agreed. Nothing was sent.")
        _need_ref(given.ref)
        before = {voice.id for voice in self._desk.voices.list()}
        voice = self._desk.create_voice(
            given.ref, given.name, given.key, world=given.world, edits=given.edits, timeout_s=600.0
        )
        return {"voice": self._shown(voice), "is_known": voice.id in before}

    def check_cut(self, given: Cut) -> dict[str, Any]:
        """What stands between this part of the recording and a good voice, each check as ok, caution or bad."""
        _need_ref(given.ref)
        draft = self._desk.draft("create-voice", {"voice_url": given.ref}, edits={"voice_url": given.edits})
        facts = next((item.facts for item in draft.inputs if isinstance(item.facts, SoundFacts)), None)
        made = self._desk.voices.by_source("live", draft.source_sha256)
        return {"checks": _checks(facts, given, list(draft.problems)), "known": made.name if made else None}

    async def audition(self, given: Cut) -> dict[str, Any]:
        """The part as it would be sent, to be heard before it is paid for."""
        _need_ref(given.ref)
        ready = await self._inputs.ready_sound(given.ref, given.edits)
        return {"file": ready}

    def add_voice(self, given: KnownVoice) -> dict[str, Any]:
        return {"voice": self._shown(self._desk.voices.add(given.name, given.voice_id))}

    def change_voice(self, voice_id: str, given: VoiceChange) -> dict[str, Any]:
        changes = {name: value for name, value in given.model_dump().items() if value is not None}
        if "tags" in changes:
            changes["tags"] = tuple(changes["tags"])
        return {"voice": self._shown(self._desk.voices.change(voice_id, **changes))}

    def delete_voice(self, voice_id: str) -> dict[str, Any]:
        self._desk.voices.delete(voice_id)
        return self.list_voices()

    def _shown(self, voice: Voice) -> dict[str, Any]:
        sample = voice.sample
        url = f"/studio/inputs/{sample.rsplit('/', 1)[-1]}/file" if sample and is_ref(sample) else None
        return {**voice.as_json(), "sample": url}

    # -- money ---------------------------------------------------------------------------------------------------------

    def spend(self) -> dict[str, Any]:
        """Today, this month, the last 14 days, each mode and the ledger. Amounts in micro-dollars."""
        spend, studio = self._desk.spend, self._gallery.studio()
        limits, asked_above = self._desk.budget.limits(), self.ask_again_usd_micros()
        return {
            "today": studio["today"],
            "month": spend.totals()["month"]["spent_usd_micros"],
            "days": [{"day": row.name, "spent": row.spent_usd_micros} for row in spend.by_day(14)],
            "modes": [
                {
                    "title": _title(row.name),
                    "takes": row.takes,
                    "estimate": row.estimated_usd_micros,
                    "billed": row.spent_usd_micros,
                }
                for row in spend.by_mode()
            ],
            "rows": [_ledger_row(row) for row in spend.by_take()],
            "limits": {
                **{name: limits.of(name) for name in _LIMITS},
                "ask_again": None if asked_above >= NEVER_ASK_USD_MICROS else asked_above,
            },
        }

    def spend_csv(self) -> Response:
        headers = {"content-disposition": 'attachment; filename="spend.csv"'}
        return Response(self._desk.spend.csv(), media_type="text/csv; charset=utf-8", headers=headers)

    def set_limits(self, given: dict[str, str]) -> dict[str, Any]:
        """Dollars as typed; an empty field lifts a limit."""
        try:
            chosen = {name: parse_usd(text) if text.strip() else None for name, text in given.items()}
        except (ValueError, AttributeError) as error:
            raise Complaint(422, "Not an amount", str(error)) from None
        self._desk.budget.set_limits(**{name: chosen[name] for name in _LIMITS if name in chosen})
        if "ask_again" in chosen:
            asked = chosen["ask_again"]
            self._desk.preferences.set(ASK_AGAIN, NEVER_ASK_USD_MICROS if asked is None else asked)
        self._desk.ledger.tell("")  # every open page counts with the new limits from now on
        return self.spend()

    def ask_again_usd_micros(self) -> int:
        value = self._desk.preferences.get(ASK_AGAIN, DEFAULT_ASK_AGAIN_USD_MICROS)
        return value if isinstance(value, int) and value >= 0 else DEFAULT_ASK_AGAIN_USD_MICROS

    def price_notes(self) -> dict[str, str]:
        """By mode, what to know before paying: fal lists another price than the studio counts with."""
        found = {difference.endpoint_id: difference.sentence for difference in price_differences(self._desk.ledger)}
        return {endpoint.mode: found[endpoint.id] for endpoint in ENDPOINTS if endpoint.id in found}

    def check_prices(self) -> dict[str, Any]:
        """Our rates against fal's list. A difference is said before anything is spent at the new price."""
        found = self._desk.check_prices(ENDPOINTS)
        if not found:
            return {"sentence": "fal.ai lists nothing that differs from the studio's rates."}
        return {"sentence": " ".join(difference.sentence for difference in found)}

    # -- key and health ------------------------------------------------------------------------------------------------

    async def use_key(self, given: KeyGiven) -> dict[str, Any]:
        """Asks fal about the key before it is used; one that fal does not know leaves the key before it in place."""
        key = given.key.strip()
        if ":" not in key or not key.isprintable() or " " in key:
            raise Complaint(422, "Not a key", "A fal.ai key looks like id:secret. Copy it again. Nothing was sent.")
        check = await asyncio.to_thread(self._desk.check_key, key)
        if check.is_ok is False:
            raise Complaint(422, "Unknown key", check.sentence)
        self._swap_key(key)
        self._on_key()
        return {"sentence": "The key is set. Takes can be made." if check.is_ok else check.sentence}

    def remove_key(self) -> dict[str, Any]:
        self._swap_key("")
        self._on_key()
        return {"sentence": "The key is forgotten."}

    def doctor(self) -> dict[str, Any]:
        return {"rows": self._describe()}


def _need_ref(ref: str) -> None:
    if not is_ref(ref):
        raise Complaint(422, "Gone", "This recording is no longer here. Choose it again.")


def _checks(facts: SoundFacts | None, cut: Cut, problems: list[Any]) -> list[dict[str, str]]:
    rows = [
        {"level": "bad" if problem.is_blocking else "caution", "text": problem.message}
        for problem in problems
        if problem.field == "voice_url"
    ]
    if facts is None:
        return rows
    codes = {problem.code for problem in problems}
    kept = (cut.end_s if cut.end_s is not None else facts.duration_s) - cut.start_s
    good = []
    if not codes & {"too_short", "too_long", "bad_trim"}:
        good.append(f"{kept:.1f} s long (5 to 30)")
    if not codes & {"silent", "mostly_silent"}:
        good.append(f"Speech in {facts.speech_share:.0%} of it")
    if "clipped" not in codes:
        good.append("No cracking")
    if "quiet" not in codes:
        good.append(f"Level {facts.rms_dbfs:.0f} dB")
    return [*({"level": "ok", "text": text} for text in good), *rows]


def _title(mode: str) -> str:
    try:
        return find_endpoint(mode).title
    except KeyError:
        return mode


def _ledger_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": row["at"],
        "take_id": row["take_id"],
        "label": row["take"],
        "what": row["what"],
        "estimate": row["estimate_usd_micros"],
        "billed": row["billed_usd_micros"],
        "charge": row["charge"],
        "note": row["note"],
    }
