"""The desk: what page, API and command line ask of takes, each as one plain call. Decides nothing by itself."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Problem
from studio.catalog.pricing import Quote
from studio.gateway.answers import KeyCheck
from studio.gateway.errors import GatewayError
from studio.takes.budget import Budget, Limits
from studio.takes.draft import Draft, read_draft, search_words, shown_title
from studio.takes.errors import NotPossible, Refused, StudioError
from studio.takes.ledger import Ledger
from studio.takes.preferences import Preferences
from studio.takes.prices import PriceDifference, price_differences, remember_prices
from studio.takes.runner import Runner
from studio.takes.spend import Spend
from studio.takes.take import Charge, State, Take, actions, series_of
from studio.takes.voices import Voice, VoiceShelf

T = TypeVar("T")
MAX_KEY_CHARS = 200
CREATE_VOICE = "create-voice"


class Desk:
    """Joins ledger, runner and budget; every method may be called from any thread but the runner's own.

    `key_tail` gives the last characters of the fal key, or None where there is none. `session_id` names this sitting
    for the session limit; takes made without one of their own belong to it.
    """

    def __init__(
        self,
        ledger: Ledger,
        runner: Runner,
        *,
        limits: Limits | None = None,
        session_id: str = "",
        key_tail: Callable[[], str | None] | None = None,
    ) -> None:
        self.ledger = ledger
        self.runner = runner
        self.home = ledger.home
        self.budget = Budget(ledger, limits, runner.crew.zone)
        self.preferences = Preferences(ledger)
        self.voices = VoiceShelf(ledger)
        self.spend = Spend(ledger, runner.crew.zone)
        self.session_id = session_id or secrets.token_hex(6)
        self.key_tail = key_tail or (lambda: "")

    # -- before a take -------------------------------------------------------------------------------------------------

    def draft(
        self, mode: str, values: Mapping[str, Any], *, world: str = "live", edits: Mapping[str, Any] | None = None
    ) -> Draft:
        """The draft with everything that can be known before it is paid for. Raises Refused for an unknown mode."""
        return self.run(read_draft(self.runner.crew, self.voices, mode, values, edits, world))

    def quote(self, mode: str, values: Mapping[str, Any], *, edits: Mapping[str, Any] | None = None) -> Quote:
        """The live price. Raises Refused where a clip's length is needed and cannot be known, and for what could never
        be made; what is only missing yet costs nothing."""
        draft = self.draft(mode, values, edits=edits)
        senseless = [problem for problem in draft.problems if problem.is_blocking and problem.code != "missing"]
        if senseless:
            raise Refused(senseless)
        if draft.quote is None:
            unpriced = Problem("price", "unpriced", "The price cannot be known yet: the clip is missing or unreadable.")
            raise Refused([problem for problem in draft.problems if problem.is_blocking] or [unpriced])
        return draft.quote

    def check(
        self, mode: str, values: Mapping[str, Any], *, world: str = "live", edits: Mapping[str, Any] | None = None
    ) -> list[Problem]:
        """Everything wrong with a draft, advice included; the budget and the key too, for the live world."""
        draft = self.draft(mode, values, world=world, edits=edits)
        problems = list(draft.problems)
        if world == "live":
            problems += self._key_problems()
            refusal = self.budget.refusal(draft.quote.at_most_usd_micros, self.session_id) if draft.quote else None
            problems += [Problem("budget", refusal.limit_name, refusal.sentence)] if refusal else []
        return problems

    # -- a take --------------------------------------------------------------------------------------------------------

    def make(
        self,
        mode: str,
        values: Mapping[str, Any],
        *,
        world: str = "live",
        key: str = "",
        script: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
        session_id: str = "",
        edits: Mapping[str, Any] | None = None,
    ) -> Take:
        """Write the intent, hold its money, hand it to the runner, and return at once.

        The same `key` gives the same take, from any process. Raises Refused, BudgetRefusal, KeyReused or
        StorageTrouble; then nothing was written, sent or charged.
        """
        draft = self._sendable(mode, values, world, edits)
        return self._begin(draft, key, script=script, parent_id=parent_id, session_id=session_id)

    def send_again(self, take_id: str, key: str = "") -> Take:
        """A new take, paid anew, with the same values and a new key: for one that was lost, failed or cancelled."""
        old = self.ledger.get(take_id)
        if old.is_open:
            raise NotPossible("It is still under way, so it is not sent again.")
        if old.mode == CREATE_VOICE:
            return self._buy_voice_again(old, key)
        return self.make(
            old.mode, old.values, world=old.world, key=key, script=old.script, parent_id=old.id, edits=old.edits
        )

    def _buy_voice_again(self, old: Take, key: str) -> Take:
        """A voice keeps its name and its recording's mark, so that the next one who wants it finds it."""
        edits = old.edits.get("voice_url")
        name, note = str(old.facts.get("voice_name") or old.title), str(old.facts.get("voice_note") or "")
        self.ledger.note(old.id, dedupe=None)  # a person has decided that this one is lost
        try:
            begun = self.begin_voice(
                str(old.values.get("voice_url") or ""),
                name,
                key,
                world=old.world,
                note=note,
                edits=edits if isinstance(edits, dict) else None,
            )
        except StudioError:
            self.ledger.note(old.id, dedupe=old.dedupe)
            raise
        if isinstance(begun, Voice):
            raise NotPossible(f"This recording is a voice already: {begun.name}. Use it, free.")
        return begun

    def wait(self, take_id: str, timeout_s: float | None = None) -> Take:
        """Until the take is kept, failed, cancelled or unknown, or the time is over."""
        return self.runner.wait(take_id, timeout_s)

    def act(self, take_id: str, action: str, *, key: str = "", place: int = 0) -> Take:
        """Do one of a card's `actions`. Raises NotPossible where the take does not allow it now."""
        take = self.ledger.get(take_id)
        acts: dict[str, Callable[[], object]] = {
            "cancel": lambda: self.runner.cancel(take_id),
            "drop": lambda: self.runner.drop(take_id),
            "reorder": lambda: self.runner.reorder(take_id, place),
            "look": lambda: self.runner.resolve_unknown(take_id, "look"),
            "never_arrived": lambda: self.runner.resolve_unknown(take_id, "never_arrived"),
            "send_again": lambda: self.send_again(take_id, key),
            "save_again": lambda: self.runner.save_again(take_id),
            "stop_asking": lambda: self.runner.stop_asking(take_id),
            "star": lambda: self.ledger.note(take_id, starred=True),
            "unstar": lambda: self.ledger.note(take_id, starred=False),
            "delete": lambda: self.delete(take_id),
            "restore": lambda: self.ledger.note(take_id, binned_at=None),
        }
        if action not in acts:
            raise NotPossible(f"A take cannot be told to “{action[:40]}”.")
        if action == "send_again" and not take.is_free and action not in actions(take):
            raise NotPossible("It came to what it should, so it is not sent again. Tweak it to make another.")
        done = acts[action]()
        return done if isinstance(done, Take) else self.ledger.get(take_id)

    def delete(self, take_id: str) -> Take:
        """Into the bin. A take that is under way, or whose outcome is unknown, stays."""
        if not self.ledger.get(take_id).is_closed:
            raise NotPossible("It is not finished, so it cannot be put into the bin. Cancel it first.")
        return self.ledger.note(take_id, binned_at=self.ledger.clock())

    # -- voices --------------------------------------------------------------------------------------------------------

    def begin_voice(
        self,
        source: str,
        name: str,
        key: str = "",
        *,
        world: str = "live",
        note: str = "",
        edits: Mapping[str, Any] | None = None,
        session_id: str = "",
    ) -> Voice | Take:
        """Start making a voice from a recording: the Voice where this recording already made one, else its take.

        The same recording is never bought twice: while it is being made, and after an answer was lost, that same take
        comes back.
        """
        draft = self._sendable(CREATE_VOICE, {"voice_url": source}, world, {"voice_url": edits} if edits else None)
        made = self.voices.by_source(world, draft.source_sha256)
        if made is not None:
            return self.voices.restore(made.id) if made.deleted_at else made
        facts = {"voice_name": name, "voice_note": note, "source_sha256": draft.source_sha256}
        return self._begin(draft, key, title=name, facts=facts, dedupe=draft.source_sha256, session_id=session_id)

    def create_voice(
        self, source: str, name: str, key: str = "", *, timeout_s: float | None = 900.0, **more: Any
    ) -> Voice:
        """`begin_voice`, and wait for it. StudioError with the take's own reason where it came to nothing."""
        begun = self.begin_voice(source, name, key, **more)
        if isinstance(begun, Voice):
            return begun
        take = self.wait(begun.id, timeout_s)
        if take.state is State.KEPT:
            return self.voices.get(str(take.facts.get("voice_id")), take.world)
        reason = take.reason or {}
        sentence = str(reason.get("sentence") or "The voice is still being made. Ask again with the same recording.")
        charged = str(reason.get("charged") or "maybe")
        code, title = str(reason.get("code") or "not_yet"), str(reason.get("title") or "Not yet")
        raise StudioError(code, title, sentence, (), charged)

    # -- fal's books ---------------------------------------------------------------------------------------------------

    def check_key(self, key: str | None = None) -> KeyCheck:
        """Whether fal knows the key in use, or one that is only being tried."""
        return self.run(self.runner.crew.gateways["live"].check_key(key))

    def check_prices(self, endpoints: tuple[Endpoint, ...]) -> tuple[PriceDifference, ...]:
        """Read fal's price list and return what differs from ours; the last reading where fal does not answer."""
        try:
            listed = self.run(self.runner.crew.gateways["live"].prices([endpoint.id for endpoint in endpoints]))
        except GatewayError:
            return price_differences(self.ledger)
        remember_prices(self.ledger, listed)
        return price_differences(self.ledger)

    # -- inside --------------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.call(work) if self.runner.is_running else asyncio.run(work)

    def _key_problems(self) -> list[Problem]:
        if self.key_tail() is not None:
            return []
        return [Problem("key", "no_key", "Making a take needs a fal.ai key. Add one, or rehearse for free.")]

    def _sendable(self, mode: str, values: Mapping[str, Any], world: str, edits: Mapping[str, Any] | None) -> Draft:
        if world not in self.runner.crew.gateways:
            raise Refused([Problem("world", "unknown", f"There is no world called “{world[:40]}”.")])
        draft = self.draft(mode, values, world=world, edits=edits)
        problems = [*draft.problems, *(self._key_problems() if world == "live" else [])]
        if not draft.is_sendable or any(problem.is_blocking for problem in problems):
            unpriced = Problem(
                "price", "unpriced", "The price cannot be known, so nothing is sent. Add the clip again."
            )
            raise Refused(problems if any(problem.is_blocking for problem in problems) else [*problems, unpriced])
        return draft

    def _begin(
        self,
        draft: Draft,
        key: str,
        *,
        script: Mapping[str, Any] | None = None,
        parent_id: str | None = None,
        session_id: str = "",
        title: str = "",
        facts: dict[str, Any] | None = None,
        dedupe: str | None = None,
    ) -> Take:
        key = key.strip() or secrets.token_urlsafe(18)
        if len(key) > MAX_KEY_CHARS:
            raise Refused([Problem("key", "too_long", f"A key has {MAX_KEY_CHARS} characters at most. Shorten it.")])
        quote = draft.quote
        if quote is None:
            raise Refused([Problem("price", "unpriced", "The price cannot be known, so nothing is sent.")])
        is_live = draft.world == "live"
        endpoint = draft.endpoint
        names = [voice.name for voice in self.voices.list(draft.world) if voice.voice_id in _voice_ids(draft)]
        said = dict(script) if isinstance(script, Mapping) else None
        take = Take(
            id=f"t{secrets.token_hex(8)}",
            key=key,
            number=0,
            world=draft.world,
            mode=endpoint.mode,
            endpoint_id=endpoint.id,
            series=series_of(draft.world, endpoint.makes_video),
            makes_video=endpoint.makes_video,
            title=(" ".join(title.split())[:60]) or shown_title(endpoint, draft.values, said),
            fingerprint=draft.fingerprint,
            values=draft.values,
            edits=draft.edits,
            script=said,
            parent_id=parent_id,
            estimate_usd_micros=quote.usd_micros if is_live else 0,
            at_most_usd_micros=quote.at_most_usd_micros if is_live else 0,
            rate_usd_micros=quote.rate_usd_micros,
            duration_s=quote.duration_s,
            charge=Charge.HELD if is_live else Charge.FREE,
            created_at=self.ledger.clock(),
            facts=facts or {},
            runner_id=self.runner.id,
            session_id=(session_id or self.session_id)[:80],
            dedupe=dedupe,
            search_text=search_words(draft.values, said, names),
        )
        kept, is_new = self.budget.reserve(take)
        if is_new:
            self.runner.submit(kept)
        return kept


def _voice_ids(draft: Draft) -> list[str]:
    ids = draft.values.get("voice_ids")
    return [str(item) for item in ids] if isinstance(ids, list) else []
