"""Where quoted words stand in a text, in any of the usual quotation marks. Never decides who speaks them."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

PAIRS = {'"': '"', "“": "”", "„": "“”", "«": "»", "「": "」", "『": "』", "＂": "＂", "‹": "›", "‘": "’"}
_MARK = re.compile(r"[\"“”„«»「」『』＂‹›‘’']")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")
_SENTENCE_END = frozenset(".,!?…—-。，！？")


@dataclass(frozen=True)
class Quote:
    """Quoted words. `start` is the opening mark, `end` is past the closing mark, if there is one.

    All are character offsets.
    """

    start: int
    inner_start: int
    inner_end: int
    end: int

    @property
    def is_closed(self) -> bool:
        return self.end > self.inner_end


def find_quotes(text: str) -> list[Quote]:
    """Every outermost quote, in order; one never closed reaches the end of its paragraph. Linear in the text."""
    marks = [match.start() for match in _MARK.finditer(text)]
    if not marks:
        return []
    return list(_Scan(text, marks).quotes())


class _Scan:
    """One pass over the quotation marks of a text; every closing mark is looked up in a sorted list, never searched."""

    def __init__(self, text: str, marks: list[int]) -> None:
        self.text, self.marks = text, marks
        self.breaks = [match.start() for match in _PARAGRAPH.finditer(text)]
        self.where: dict[str, list[int]] = {}
        for at in marks:
            self.where.setdefault(text[at], []).append(at)
        apostrophes = self.where.get("'", []) + self.where.get("’", [])
        self.closers = sorted(at for at in apostrophes if self._can_close(at))
        self.sure_closers = [at for at in self.closers if text[at - 1] in _SENTENCE_END]
        self.openers = [at for at in self.where.get("'", []) if self._can_open(at)]

    def quotes(self) -> list[Quote]:
        found: list[Quote] = []
        after = 0
        for at in self.marks:
            if at < after or not self._opens(at):
                continue
            quote = self._quote_from(at)
            if quote is not None:
                found.append(quote)
                after = quote.end
        return found

    def _opens(self, at: int) -> bool:
        char = self.text[at]
        if char == "'":
            return self._can_open(at)
        if char == '"':
            return not (at and self.text[at - 1].isdigit())  # 6" is a length
        return char in PAIRS

    def _quote_from(self, at: int) -> Quote | None:
        limit = self._paragraph_end(at)
        close = self._close_of(at, limit)
        if close is not None:
            return Quote(at, at + 1, close, close + 1)
        if self.text[at] in "'‘":  # more often an apostrophe than a forgotten mark
            return None
        end = at + 1 + len(self.text[at + 1 : limit].rstrip())
        line_end = self.text.find("\n", at, end)
        end = line_end if line_end >= 0 else end
        return Quote(at, at + 1, end, end)

    def _close_of(self, at: int, limit: int) -> int | None:
        char = self.text[at]
        if char in "'‘":
            return self._close_of_single(at, limit)
        places = [_next(self.where.get(mark, []), at + 1) for mark in PAIRS[char]]
        places = [place for place in places if place is not None and place < limit]
        return min(places) if places else None  # type: ignore[type-var]

    def _close_of_single(self, at: int, limit: int) -> int | None:
        """The closing ' or ’: one after punctuation is surer than one after a letter (the sailors' boat)."""
        first = _next(self.closers, at + 2)
        if first is None or first >= limit:
            return None
        sure = _next(self.sure_closers, at + 2)
        opener = _next(self.openers, at + 1)
        if sure is not None and sure < limit and (opener is None or sure < opener):
            return sure
        return first

    def _paragraph_end(self, at: int) -> int:
        end = _next(self.breaks, at)
        return len(self.text) if end is None else end

    def _can_open(self, at: int) -> bool:
        before = self.text[at - 1] if at else " "
        after = self.text[at + 1 : at + 2]
        return not before.isalnum() and before not in "’'.,!?" and bool(after) and not after.isspace()

    def _can_close(self, at: int) -> bool:
        after = self.text[at + 1 : at + 2]
        return at > 0 and not self.text[at - 1].isspace() and not after.isalnum()


def _next(places: list[int], at: int) -> int | None:
    index = bisect_left(places, at)
    return places[index] if index < len(places) else None
