"""English speech spelled as Kling reads it best: lower case, figures as words. Offers changes; makes none silently.

The rule is the API page's: “For English speech, use lowercase letters; for acronyms or proper nouns, use uppercase.”
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from studio.script.language import detect_language
from studio.script.numbers import read_figure
from studio.script.vocabulary import ABBREVIATIONS, ACRONYMS, COMMON, PROPER, UNITS

_TOKEN = re.compile(
    r"(?P<unit>(?<![\w.,])\d[\d,]*(?:\.\d+)?\s?(?:km/h|mph|km|cm|mm|kg|lbs?|ft|mg|ml|kHz|Hz|GB|MB|°C|°F|min|hrs?|"
    r"secs?)(?![\w]))"
    r"|(?P<number>\bNo\.\s?(?=\d)|#(?=\d))"
    r"|(?P<figure>(?<![\w.,])(?:[$€£¥]\s?\d[\d,]*(?:\.\d{1,2})?(?:\s(?:million|billion|thousand))?|"
    r"\d{1,2}:\d{2}(?:\s?[ap]\.?m\b\.?)?|"
    r"\d[\d,]*(?:st|nd|rd|th)\b|\d{2,4}['’]?s\b|\d[\d,]*(?:\.\d+)?%?)(?<!,)(?![\w]))"
    r"|(?P<abbreviation>\b(?:Dr|Mr|Mrs|Ms|St|Prof|Sgt|Capt|Lt|Gen|Sr|Jr|Ave|Rd|Blvd|vs|etc|approx|dept|Mt)\.|"
    r"\be\.g\.|\bi\.e\.|\b[ap]\.m\.)"
    r"|(?P<symbol>(?<=\s)[&@](?=\s))"
    r"|(?P<word>[A-Za-zÀ-ɏ]+(?:['’][A-Za-zÀ-ɏ]+)*)"
)
_FIGURE_OF_MEASURE = re.compile(r"[\d.,]+")
_SENTENCE_START = re.compile(r"(?:^|[.!?…]+[\"”’']?|\n)\s*$")
_NOT_A_NAME_ENDING = re.compile(r"(?:ing|ed|ly|tion|ness|ment|less|ful|ever|self|body|thing|where)$")
_SYMBOLS = {"&": "and", "@": "at"}


@dataclass(frozen=True)
class Change:
    """Characters `start` to `end` of a text spelled otherwise. `reason`: case, shout, figure or abbreviation."""

    start: int
    end: int
    before: str
    after: str
    reason: str


@dataclass(frozen=True)
class Spelling:
    """A text as it would be spelled for speech, and every change that leads there, in order."""

    text: str
    changes: tuple[Change, ...]

    @property
    def has_shout(self) -> bool:
        return any(change.reason == "shout" for change in self.changes)

    def only(self, original: str, reasons: Collection[str]) -> Spelling:
        """The same spelling with the changes of some reasons, applied to the `original` text."""
        kept = tuple(change for change in self.changes if change.reason in reasons)
        return Spelling(_apply(original, kept), kept)


def spell_for_speech(text: str, names: Collection[str] = ()) -> Spelling:
    """The spelling for speech of an English text; of any other, the text itself without changes.

    `names` (of speakers, places) keep their capitals.
    """
    return _spell(text, frozenset(names))


@lru_cache(maxsize=256)  # while a line is written, the others stay as they are
def _spell(text: str, names: frozenset[str]) -> Spelling:
    if detect_language(text) != "en":
        return Spelling(text, ())
    known = {word for name in names for word in re.findall(r"[^\W\d_]+", name)}
    changes = tuple(_changes(text, known))
    return Spelling(_apply(text, changes), changes)


def _apply(text: str, changes: tuple[Change, ...]) -> str:
    words, at = [], 0
    for change in changes:
        words += [text[at : change.start], change.after]
        at = change.end
    return "".join([*words, text[at:]])


def _changes(text: str, names: set[str]) -> Iterator[Change]:
    is_shouted = _is_shouted(text)
    names = names | _capitals_inside(text)
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if kind == "word":
            after, reason = (token, "") if token.islower() else _word(token, text, match, names, is_shouted)
        elif kind == "unit":
            after, reason = _measure(token), "figure"
        elif kind == "figure":
            after, reason = read_figure(token.rstrip(".") if ":" in token else token) or token, "figure"
        elif kind == "number":
            after, reason = "number ", "abbreviation"
        elif kind == "symbol":
            after, reason = _SYMBOLS[token], "abbreviation"
        else:
            after, reason = _abbreviation(token, text, match), "abbreviation"
        if after != token:
            yield Change(match.start(), match.end(), token, after, reason)


def _is_shouted(text: str) -> bool:
    """True where most words are all in capitals."""
    words = [word for word in re.findall(r"[^\W\d_]{2,}", text) if word not in ACRONYMS]
    caps = sum(1 for word in words if str(word).isupper())
    return caps >= 2 and caps * 5 >= len(words) * 3


def _capitals_inside(text: str) -> set[str]:
    """Words that stand with a capital inside a sentence: names, also where they start one."""
    inside = set()
    for match in re.finditer(r"(?<=[a-z,;] )[A-Z][a-zà-ɏ]+", text):
        if match.group().lower() not in COMMON:
            inside.add(match.group())
    return inside


def _word(token: str, text: str, match: re.Match[str], names: set[str], is_shouted: bool) -> tuple[str, str]:
    core = re.split(r"['’]", token, maxsplit=1)[0]
    if token.islower() or core in names or token in names:
        return token, ""
    if len(core) > 1 and token.upper() == token:
        return _capitals(token, core, names, is_shouted), "shout"
    if core.capitalize() in PROPER or core in PROPER or not core[:1].isupper():
        return token, ""
    is_mixed = core[1:] != core[1:].lower()
    if is_mixed and not is_shouted:  # McKay, iPhone
        return token, ""
    if core == "I" or core.lower() in COMMON:
        return token.lower(), "case"
    starts = _SENTENCE_START.search(text, max(0, match.start() - 6), match.start()) or match.start() == 0
    if starts and _NOT_A_NAME_ENDING.search(core):
        return token.lower(), "case"
    return token, ""


def _capitals(token: str, core: str, names: set[str], is_shouted: bool) -> str:
    """A word in capitals: an acronym stays, a shouted word goes to lower case, a shouted name to one capital."""
    named = core.capitalize()
    if named in names or (named in PROPER and core not in ACRONYMS):
        return named + token[len(core) :].lower()
    if core in ACRONYMS or (not is_shouted and core.lower() not in COMMON and len(core) <= 5):
        return token
    return token.lower()


def _measure(token: str) -> str:
    figure = _FIGURE_OF_MEASURE.match(token)[0]  # type: ignore[index]  # the token starts with a figure
    one, many = UNITS[token[len(figure) :].strip()]
    return f"{read_figure(figure) or figure} {one if figure == '1' else many}"


def _abbreviation(token: str, text: str, match: re.Match[str]) -> str:
    if token.startswith("St"):
        following = text[match.end() : match.end() + 2].strip()
        return "saint" if following[:1].isupper() else _end("street", text, match)
    words = ABBREVIATIONS.get(token) or ABBREVIATIONS.get(token.lower(), token)
    return words if token in ("Dr.", "Mr.", "Mrs.", "Ms.", "Prof.", "Mt.") else _end(words, text, match)


def _end(words: str, text: str, match: re.Match[str]) -> str:
    """Keep the full stop of an abbreviation that ends the text."""
    return words + "." if not text[match.end() :].strip() else words
