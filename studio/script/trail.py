"""An attribution after a quote: `, says Mara softly`. Knows nothing of what stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.script.lead import MANNER
from studio.script.lexicon import is_verb
from studio.script.scene import Piece

_AFTER_VERB_FIRST = re.compile(
    r"(?P<gap>[,，]?\s*)(?P<verb>[^\W\d_]{3,12})\s+(?P<name>(?:(?:the|a|an|his|"
    r"her) )?[^\W\d_][\w'’-]*(?: [A-Z][\w'’-]*| (?!\w{3,}ly\b)[a-z]+(?=[,.!?;:]|$)){0,2})(?P<rest>[^.!?\n\"“]{0,60})"
)
_AFTER_NAME_FIRST = re.compile(
    r"(?P<gap>[,，]?\s*)(?P<name>(?:(?:the|a|an|his|"
    r"her) )?[^\W\d_][\w'’-]*(?: [\w'’-]+)??)"
    r"\s+(?P<adv>\w{3,}ly\s+)?(?P<verb>[^\W\d_]{3,12})(?P<rest>[^.!?\n\"“]{0,60})"
)


@dataclass(frozen=True)
class Trail:
    """An attribution after a quote: `, says Mara softly`."""

    end: int
    pieces: tuple[Piece, ...]
    speaker: str
    verb: str
    delivery: str = ""


def read_trail(text: str, start: int, end: int) -> Trail | None:
    """The attribution right after a closing quotation mark in `text[start:end]`, or None."""
    limit = min(end, start + 120)
    for pattern in (_AFTER_VERB_FIRST, _AFTER_NAME_FIRST):
        match = pattern.match(text, start, limit)
        if match and is_verb(match.group("verb")) and not is_verb(match.group("name")):
            return _trail(text, match)
    return None


def _trail(text: str, match: re.Match[str]) -> Trail:
    first, second = sorted(("verb", "name"), key=match.start)
    pieces = [Piece("text", match.group("gap"))]
    for name, following in ((first, second), (second, None)):
        pieces.append(Piece("verb", match.group("verb")) if name == "verb" else Piece("speaker"))
        if following:
            pieces.append(Piece("text", text[match.end(name) : match.start(following)]))
    at = match.end(second)
    rest = match.group("rest")
    core = rest.strip(" ,")
    delivery = core if core and MANNER.fullmatch(core) and len(core) < 60 else ""
    if delivery:
        pieces += [Piece("text", rest[: rest.find(core)]), Piece("delivery")]
        at += rest.find(core) + len(core)
    return Trail(at, tuple(pieces), match.group("name"), match.group("verb"), delivery)
