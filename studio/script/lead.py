"""What was read before a quote, and the words for manner in it. Shared by the readers of labels and of prose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from studio.script.scene import Piece

_CLAUSE_END = re.compile(r"[.!?;…]{1,8}[\"”’')\]]{0,3}\s+|[。！？；]{1,8}[”’」』）]{0,3}\s*|\n\s*")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Sgt|Capt|Lt|Jr|Sr|vs|No)\.\s$")
ADVERB = re.compile(r"\b(?P<how>(?:very |so |almost )?\w{3,}ly(?: and \w{3,}ly)?)\s*$", re.IGNORECASE)
MANNER = re.compile(
    r"(?P<how>(?:in|with|through|under|barely|like|as|quietly|loudly|softly|gently|without|from|over)\b[^,:\"]{2,70}|"
    r"\w{3,}ly(?:,? (?:and |but )?\w{3,}ly)?|(?:low|quiet|tired|calm|warm|angry|hoarse|soft|excited)[\w ,]{0,40})",
    re.IGNORECASE,
)


@dataclass
class Lead:
    """What was read before a quote. `start` is where the line's own words begin; what is before is scene."""

    start: int
    pieces: list[Piece] = field(default_factory=list)
    speaker: str = ""
    delivery: str = ""
    slot: int | None = None
    verb: str | None = None
    is_sign: bool = False

    @property
    def is_attributed(self) -> bool:
        return bool(self.speaker or self.verb or self.slot is not None or self.delivery)


def take_adverb(lead: Lead, words: str) -> None:
    adverb = ADVERB.search(words) if not lead.delivery else None
    if adverb is None:
        lead.pieces.append(Piece("text" if not words.strip(" ,") else "lead", words))
        return
    before, after = words[: adverb.start()], words[adverb.end("how") :]
    lead.delivery = adverb.group("how")
    lead.pieces += [Piece("lead" if before.strip() else "text", before), Piece("delivery"), Piece("text", after)]


def take_manner(lead: Lead, words: str) -> None:
    core = words.strip(" ,:：，\t\n")
    at = words.find(core) if core else -1
    if core and not lead.delivery and MANNER.fullmatch(core):
        lead.delivery = core
        lead.pieces += [Piece("text", words[:at]), Piece("delivery"), Piece("text", words[at + len(core) :])]
    else:
        lead.pieces.append(Piece("text", words))


def clause_start(text: str, floor: int, end: int) -> int:
    """Where the last clause of the words before a quote begins."""
    start = floor
    for match in _CLAUSE_END.finditer(text, floor, end):
        if match.end() < end and not _ABBREVIATION.search(text, max(floor, match.end() - 6), match.end()):
            start = match.end()
    return start + len(text[start:end]) - len(text[start:end].lstrip(" \t\n,"))


def last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of a pattern in a text."""
    return max(pattern.finditer(text), key=re.Match.start, default=None)
