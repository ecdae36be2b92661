"""How fast each voice speaks each language: default rates, and rates learned from takes. Pure; never stored here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from studio.script.language import detect_language
from studio.script.units import count_units

ANY_VOICE = ""
KEPT_SAMPLES = 15
SURE_AFTER = 3  # takes; from then on the measured rate replaces the default (DESIGN.md 4.5)
_PLAUSIBLE = (0.4, 2.5)  # times the default; outside it the measurement, not the voice, was wrong
_MIN_SECONDS, _MIN_UNITS = 0.3, 2

UNIT_NAMES = {
    "words": ("word", "words"),
    "characters": ("character", "characters"),
    "syllables": ("syllable", "syllables"),
    "morae": ("syllable", "syllables"),
    "blocks": ("syllable", "syllables"),
}


@dataclass(frozen=True)
class Pace:
    """A speaking rate: `per_s` units in a second."""

    unit: str
    per_s: float

    def unit_name(self, count: float) -> str:
        one, many = UNIT_NAMES[self.unit]
        return one if count == 1 else many


DEFAULT_PACES: Mapping[str, Pace] = {
    # English 2.5 words/s is 150 words a minute, the middle of what voice-over guides give for conversation
    # (140 to 160); Chinese 5 characters/s is 300 a minute, the pace of Mandarin news reading is 240 to 300.
    "en": Pace("words", 2.5),
    "zh": Pace("characters", 5.0),
    # Syllables a second of Pellegrino, Coupé and Marsico (Language 87, 2011): Spanish 7.82, French 7.18, Italian 6.99,
    # German 5.97, Japanese 7.84, against English 6.19. Scaled by 0.6, as 2.5 words/s (3.75 syllables) is to 6.19.
    "es": Pace("syllables", 4.7),
    "fr": Pace("syllables", 4.3),
    "it": Pace("syllables", 4.2),
    "pt": Pace("syllables", 4.2),
    "de": Pace("syllables", 3.6),
    "ja": Pace("morae", 4.7),
    # Not in that study; taken between its slowest and fastest.
    "ru": Pace("syllables", 4.0),
    "uk": Pace("syllables", 4.0),
    "pl": Pace("syllables", 4.0),
    "el": Pace("syllables", 4.4),
    "ko": Pace("blocks", 4.2),
    "nl": Pace("syllables", 3.7),
    "sv": Pace("syllables", 3.8),
    "tr": Pace("syllables", 4.2),
    "other": Pace("words", 2.2),
}


@dataclass(frozen=True)
class Rates:
    """What was measured so far, per voice and language, oldest first, and which voice sits in which slot.

    `samples` maps (voice id, language) to measured units a second. A measured rate is blended with the default while
    there are fewer than three takes, and replaces it from the third on; the median keeps one bad take from mattering.
    """

    samples: Mapping[tuple[str, str], tuple[float, ...]] = field(default_factory=dict)
    slots: tuple[str, ...] = ()

    def with_slots(self, voice_ids: tuple[str, ...]) -> Rates:
        """The same rates for a draft whose slots 1, 2 hold these voices."""
        return replace(self, slots=voice_ids)

    def pace(self, slot: int | None, text: str) -> Pace:
        """The rate for a text in a slot."""
        return self.pace_of(self._voice(slot), detect_language(text))

    def is_learned(self, slot: int | None, text: str) -> bool:
        """Whether anything that was heard has a part in the rate for a text in a slot."""
        language = detect_language(text)
        return any(self.samples.get((voice, language)) for voice in (self._voice(slot), ANY_VOICE))

    def pace_of(self, voice: str, language: str) -> Pace:
        """The rate of a voice in a language: its own, else that of any voice, else the default."""
        default = DEFAULT_PACES.get(language, DEFAULT_PACES["other"])
        own = self.samples.get((voice, language), ())
        if len(own) >= SURE_AFTER:
            return Pace(default.unit, median(own))
        prior = default.per_s
        if voice != ANY_VOICE:
            prior = self.pace_of(ANY_VOICE, language).per_s
        share = len(own) / SURE_AFTER
        return Pace(default.unit, prior if not own else prior + (median(own) - prior) * share)

    def update(self, voice: str, text: str, seconds: float) -> Rates:
        """The rates after `text` was heard to take `seconds` from `voice`. An implausible measure is left out."""
        language = detect_language(text)
        default = DEFAULT_PACES.get(language, DEFAULT_PACES["other"])
        units = count_units(text, default.unit)
        if not _MIN_SECONDS <= seconds < 60 or units < _MIN_UNITS:
            return self
        per_s = units / seconds
        if not _PLAUSIBLE[0] <= per_s / default.per_s <= _PLAUSIBLE[1]:
            return self
        samples = dict(self.samples)
        for key in {(voice, language), (ANY_VOICE, language)}:
            samples[key] = (*samples.get(key, ()), per_s)[-KEPT_SAMPLES:]
        return replace(self, samples=samples)

    def _voice(self, slot: int | None) -> str:
        return self.slots[slot - 1] if slot is not None and 0 < slot <= len(self.slots) else ANY_VOICE

    def to_json(self) -> dict[str, Any]:
        return {"samples": [[*key, list(values)] for key, values in sorted(self.samples.items())]}

    @staticmethod
    def from_json(data: object) -> Rates:
        """Rates from JSON of any origin; what is not a rate is left out."""
        rows = data.get("samples") if isinstance(data, Mapping) else None
        samples: dict[tuple[str, str], tuple[float, ...]] = {}
        for row in rows[:2000] if isinstance(rows, list) else []:
            if isinstance(row, list) and len(row) == 3 and isinstance(row[0], str) and isinstance(row[1], str):
                values = row[2] if isinstance(row[2], list) else []
                good = tuple(float(v) for v in values if isinstance(v, (int, float)) and 0.1 < v < 100)
                if good:
                    samples[row[0], row[1]] = good[-KEPT_SAMPLES:]
        return Rates(samples)
