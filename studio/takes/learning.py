"""Speaking rates learned from a person's own paid takes, kept in the ledger. Never measures sound itself."""

from __future__ import annotations

from studio.script.heard import HeardLine, learn
from studio.script.rates import Rates
from studio.takes.captioning import lines_of
from studio.takes.ledger import Ledger
from studio.takes.preferences import Preferences
from studio.takes.take import Take

PREFERENCE = "speaking_rates"
_SEEN = "speaking_rates_from"
_KEPT_SEEN = 400


class SpeakingRates:
    """What has been learned so far. A rehearsal teaches nothing: its speech is our own."""

    def __init__(self, ledger: Ledger) -> None:
        self._preferences = Preferences(ledger)

    def read(self) -> Rates:
        """The rates as they stand; the defaults where nothing was learned or what was kept cannot be read."""
        return Rates.from_json(self._preferences.get(PREFERENCE))

    def for_take(self, take: Take) -> Rates:
        """The rates with this take's voices in their slots."""
        return self.read().with_slots(voices_of(take))

    def learn_from(self, take: Take) -> bool:
        """Learn from a kept take, once. False where there is nothing to learn."""
        seen = self._preferences.get(_SEEN, [])
        seen = [str(item) for item in seen] if isinstance(seen, list) else []
        rows = take.facts.get("lines")
        if take.is_free or take.id in seen or not isinstance(rows, list):
            return False
        heard = [
            HeardLine(int(row["index"]), float(row["start_s"]), float(row["end_s"]))
            for row in rows
            if isinstance(row, dict) and row.get("is_heard")
        ]
        if not heard:
            return False
        rates = learn(self.read(), lines_of(take), heard, voices_of(take))
        self._preferences.set(PREFERENCE, rates.to_json())
        self._preferences.set(_SEEN, [*seen, take.id][-_KEPT_SEEN:])
        return True


def voices_of(take: Take) -> tuple[str, ...]:
    """The voice ids of slots 1 and 2, as far as they are filled."""
    given = take.values.get("voice_ids")
    return tuple(str(voice) for voice in given) if isinstance(given, list) else ()
