"""From a prompt to a script, to the letter: compiling what was read gives the same text. Never raises on any text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from studio.script.attribution import read_lead
from studio.script.boxes import Found, read_head, read_tail, read_whole
from studio.script.compose import compile_prompt, tidy
from studio.script.lexicon import CONNECTIVE, NOT_A_SPEAKER
from studio.script.line_form import auto_connective, auto_verb, line_bits
from studio.script.paste import split_pasted
from studio.script.quotes import Quote, find_quotes
from studio.script.scene import MAX_LINES, MAX_TEXT_CHARS, Form, Line, Part, Piece, Script
from studio.script.trail import Trail, read_trail

__all__ = ["merge", "parse_prompt", "split_pasted"]

_JOINT = re.compile(r"[\s,;，；、]*")
_BARE_CUE = re.compile(
    r"^(?P<left>[^\S\n]*)(?:\[(?P<label>[^\[\]\n]{1,120})\]|(?P<name>[^\W\d_](?:[\w.'’#-]|"
    r" (?=\w)){0,30})(?: ?\([^()\n]{1,80}\))?)(?P<colon>[^\S\n]*[:：][^\S\n]*)(?P<words>\S[^\n]*)$",
    re.MULTILINE,
)


@dataclass
class _Draft:
    """A line as it was found: where its own words start and end, and its fields."""

    start: int
    end: int
    line: Line


def parse_prompt(text: str) -> Script:
    """The script that a prompt spells. `compile_prompt` of it is `text` again, for every text.

    A text beyond the studio's own bounds is kept raw, with no rows.
    """
    if len(text) > MAX_TEXT_CHARS:
        return Script(raw=text)
    drafts = list(_drafts(text))[:MAX_LINES]
    script = _assemble(text, drafts)
    for simpler in (_in_house(script, text), script):
        if simpler is not None and compile_prompt(simpler).text == text:
            return simpler
    return replace(script, raw=text, layout=None)


def merge(old: Script, edited: str) -> Script:
    """The script after its prompt was edited by hand.

    Rows come from the edited text where it can be read back; a text that cannot be (a quote left open, all lines lost)
    is kept raw as written, beside the rows as they were. Boxes keep their words' places when only their total is known.
    """
    if old.raw is None and compile_prompt(old).text == edited:
        return old
    new = parse_prompt(edited)
    if new.raw is not None or _is_unreadable(old, new):
        return replace(old, raw=edited)
    return _keep_untouched(old, new)


def _is_unreadable(old: Script, new: Script) -> bool:
    return any(line.is_unclosed for line in new.lines) or bool(
        old.spoken and not new.lines and '"' in (new.scene + new.ambience)
    )


def _keep_untouched(old: Script, new: Script) -> Script:
    """The new script, with the old boxes and rows wherever the same words were only divided otherwise."""
    kept = replace(old, lines=new.lines, raw=None)
    text = compile_prompt(new).text
    if compile_prompt(kept).text == text:
        new = kept
    if len(new.lines) != len(old.spoken):
        return new
    rows = tuple(
        o if _tells_same(o, n) else n for o, n in zip(tidy(replace(old, raw=None)).lines, new.lines, strict=True)
    )
    same = replace(new, lines=rows)
    return same if compile_prompt(same).text == text else new


def _tells_same(old: Line, new: Line) -> bool:
    return (old.speaker, old.text, old.slot) == (new.speaker, new.text, new.slot)


# ---- finding the lines ----------------------------------------------------------------------------------------------


def _drafts(text: str) -> Iterator[_Draft]:
    quotes = find_quotes(text)
    if not quotes:
        yield from _bare_cues(text)
        return
    at = 0
    previous: Line | None = None
    leads = _Leads(text, quotes)
    for index, quote in enumerate(quotes):
        if quote.start < at or not text[quote.inner_start : quote.inner_end].strip():
            continue
        draft = _draft(text, at, quote, leads, index, previous)
        if draft is None:
            continue
        yield draft
        previous, at = draft.line, draft.end


class _Leads:
    """The words before and after each quote, each read once."""

    def __init__(self, text: str, quotes: list[Quote]) -> None:
        self.text, self.quotes = text, quotes

    def trail(self, index: int) -> Trail | None:
        """An attribution after quote `index` that does not rather introduce the next quote."""
        quote = self.quotes[index]
        after = self.quotes[index + 1] if index + 1 < len(self.quotes) else None
        limit = after.start if after else len(self.text)
        trail = read_trail(self.text, quote.end, limit)
        if trail is None or not quote.is_closed:
            return None
        rest = self.text[trail.end : limit].strip()
        if after is not None and rest in ("", ":", "："):
            return None
        return trail


def _draft(text: str, at: int, quote: Quote, leads: _Leads, index: int, previous: Line | None) -> _Draft | None:
    lead = read_lead(text, at, quote.start)
    quote = _without_inner_space(text, quote)
    words = text[quote.inner_start : quote.inner_end]
    trail = None if lead.is_attributed or lead.is_sign else leads.trail(index)
    if lead.is_sign or not (lead.is_attributed or trail or _sounds_spoken(words, text, quote)):
        return None
    if (
        trail is None
        and not lead.is_attributed
        and previous is not None
        and text[at : quote.start].strip(" ") in (",", ".", "")
    ):
        lead.speaker, lead.pieces = previous.speaker, [Piece("implied", previous.speaker)]
    marks = text[quote.start : quote.inner_start], text[quote.inner_end : quote.end]
    end = quote.end
    pieces = [*lead.pieces, Piece("speech")]
    line = Line(lead.speaker, lead.slot, lead.delivery, words, verb=lead.verb)
    if trail is not None:
        line = replace(line, speaker=trail.speaker, verb=trail.verb, delivery=trail.delivery)
        pieces, end = [*pieces, *trail.pieces], trail.end
    pieces = [piece for piece in pieces if piece.kind not in ("speaker", "delivery") or getattr(line, piece.kind)]
    return _Draft(lead.start, end, replace(line, form=Form(_joined(pieces), *marks)))


def _without_inner_space(text: str, quote: Quote) -> Quote:
    """The quote with up to three spaces at either end of its words counted to its marks, as in « … »."""
    words = text[quote.inner_start : quote.inner_end]
    left, right = len(words) - len(words.lstrip()), len(words) - len(words.rstrip())
    if max(left, right) > 3 or not quote.is_closed:
        return quote
    return Quote(quote.start, quote.inner_start + left, quote.inner_end - right, quote.end)


def _sounds_spoken(words: str, text: str, quote: Quote) -> bool:
    """True for quoted words that nobody is named for but that are no title or sign."""
    return bool(re.search(r"[.!?…。！？,，]$", words.strip())) or len(words.split()) > 2 or not quote.is_closed


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Pieces without the empty ones; neighbours of one kind of words as one."""
    kept: list[Piece] = []
    for piece in pieces:
        if piece.kind in ("text", "label", "lead") and not piece.text:
            continue
        if kept and piece.kind == kept[-1].kind and piece.kind in ("text", "label", "lead"):
            kept[-1] = Piece(piece.kind, kept[-1].text + piece.text)
        else:
            kept.append(piece)
    return tuple(kept)


def _bare_cues(text: str) -> Iterator[_Draft]:
    """`Mara: then who brings you home?`, each on a line of its own, in a text without quotation marks."""
    for match in _BARE_CUE.finditer(text):
        name = match.group("label") or match.group("name")
        if name.strip().lower() in NOT_A_SPEAKER or match.group("words").startswith("//"):
            continue
        start = match.start("words")
        lead = read_lead(text, match.end("left"), start)
        words = match.group("words").rstrip()
        if not lead.speaker:
            continue
        line = Line(lead.speaker, lead.slot, lead.delivery, words, verb=lead.verb)
        yield _Draft(
            lead.start, start + len(words), replace(line, form=Form(_joined([*lead.pieces, Piece("speech")]), "", ""))
        )


# ---- putting the script together ------------------------------------------------------------------------------------


def _assemble(text: str, drafts: list[_Draft]) -> Script:
    """Boxes, layout and lines that together spell `text`."""
    if not drafts:
        return _script(read_whole(text), ())
    head, connective = _split_connective(text[: drafts[0].start])
    rows = [_with_lead_in(drafts[0].line, "", connective)]
    for before, draft in pairwise(drafts):
        gap = text[before.end : draft.start]
        joint_end = _JOINT.match(gap).end()  # type: ignore[union-attr]
        action, connective = _split_connective(gap[joint_end:])
        row = _with_lead_in(draft.line, action, connective)
        rows.append(replace(row, form=replace(row.form, joint=gap[:joint_end])))  # type: ignore[type-var]
    return _script_around(head, rows, text[drafts[-1].end :])


def _script_around(head: str, rows: list[Line], tail: str) -> Script:
    before = read_head(head)
    joint = before.pop()[0].before
    return _script([*before, (Part("lines", joint), ""), *read_tail(tail)], _canonical(rows))


def _script(found: Found, lines: tuple[Line, ...]) -> Script:
    boxes: dict[str, str] = {}
    layout: list[Part] = []
    for part, words in found:
        if part.kind in boxes:  # a box met on both sides of the lines joins as plain words of the layout
            layout.append(Part("end", part.before + words))
            continue
        if words:
            boxes[part.kind] = words
        if words or part.before or part.kind == "lines":
            layout.append(part)
    return Script(lines=lines, layout=tuple(layout) or None, **boxes)


def _split_connective(gap: str) -> tuple[str, str]:
    """Words before a line, and the connective at their end with its white space."""
    core = gap.rstrip()
    at = max(core.rfind(mark, 0, len(core) - 1) for mark in ".!?;\n。！？，") + 1
    while at < len(core) and core[at].isspace():
        at += 1
    match = CONNECTIVE.fullmatch(core, at)
    return (gap[:at], gap[at:]) if match else (gap, "")


def _with_lead_in(line: Line, action: str, connective: str) -> Line:
    """The line with its action and connective as fields, and the pieces that hold their places."""
    pieces: list[Piece] = []
    changes: dict[str, str | None] = {"connective": ""}
    for kind, words in (("action", action), ("connective", connective)):
        core = words.rstrip()
        if core:
            pieces += [Piece(kind), Piece("text", words[len(core) :])]
            changes[kind] = core
        elif words:
            pieces.append(Piece("text", words))
    form = line.form or Form(())
    return replace(line, form=replace(form, pieces=_joined([*pieces, *form.pieces])), **changes)  # type: ignore[arg-type]


def _canonical(rows: list[Line]) -> tuple[Line, ...]:
    """Rows in the studio's own form wherever that writes the same words."""
    done: list[Line] = []
    for row in rows:
        done.append(_canonical_row(row, done[-1] if done else None))
    return tuple(done)


def _canonical_row(row: Line, previous: Line | None) -> Line:
    written = "".join(words for _kind, words in line_bits(row, previous))
    bare = replace(row, form=None)
    connective = None if row.connective == auto_connective(row, previous) else row.connective
    verb = None if (row.verb or "") == auto_verb(row, previous) else row.verb or ""
    house = replace(bare, connective=connective, verb=verb)
    is_joined = previous is None or row.form is None or row.form.joint == " "
    if is_joined and "".join(words for _kind, words in line_bits(house, previous)) == written:
        return house
    return row


def _in_house(script: Script, text: str) -> Script | None:
    """The script without its layout, where the studio's own order writes the same text."""
    if script.layout is None:
        return script
    plain = replace(script, layout=None)
    return plain if tidy(plain) == plain else None
