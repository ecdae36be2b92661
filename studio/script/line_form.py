"""One line of a script as words: in the studio's own form, or in the form it was read in. Never sees a whole prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from studio.script.lexicon import AUTO_CONNECTIVE, AUTO_CONNECTIVE_CHINESE, tag
from studio.script.scene import Form, Line, Piece

Bits = list[tuple[str, str]]  # kind of piece, its words

WIDE = re.compile(r"[\u3000-\u303f\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]")  # full-width writing, no space between
_TERMINAL = re.compile(r"[.!?…。！？:;,，；：—][”’\"')\]」』）»]{0,3}$|[\"”’」』»]$")
_SPACES = re.compile(r"\s+")
_QUOTE_CHOICES = (('"', '"'), ("“", "”"), ("「", "」"), ("«", "»"), ("『", "』"))


def as_sentence(text: str) -> str:
    """The text without outer white space, ended with a full stop where it has no end of its own."""
    text = text.strip()
    if not text or _TERMINAL.search(text):
        return text
    return text + ("。" if WIDE.match(text[-1]) else ".")


def line_bits(line: Line, previous: Line | None, *, has_tags: bool = True) -> Bits:
    """The pieces of one line, without what joins it to the line before."""
    line = line if has_tags or line.slot is None else replace(line, slot=None)
    return _formed_bits(line, line.form) if line.form is not None else _house_bits(tidy_line(line), previous)


def auto_connective(line: Line, previous: Line | None) -> str:
    """What leads to a line that names no connective of its own: nothing before the first or after an action."""
    if previous is None or line.action:
        return ""
    is_chinese = bool(WIDE.match(line.speaker)) and bool(WIDE.match(previous.speaker))
    return AUTO_CONNECTIVE_CHINESE if is_chinese else AUTO_CONNECTIVE


def auto_verb(line: Line, previous: Line | None) -> str:
    """“replies” to another speaker, else “says”; nothing where no voice tag needs a verb."""
    if line.slot is None:
        return ""
    is_reply = previous is not None and (previous.speaker, previous.slot) != (line.speaker, line.slot)
    return "replies" if is_reply else "says"


def _house_bits(line: Line, previous: Line | None) -> Bits:
    """`After a beat, [Mara, quiet, steady]: <<<voice_2>>> replies, "…"`, each piece only where it has words."""
    connective = auto_connective(line, previous) if line.connective is None else line.connective
    verb = auto_verb(line, previous) if line.verb is None else line.verb
    bits: Bits = []
    if line.action:
        bits += [("action", line.action), ("text", " ")]
    if connective:
        bits += [("connective", connective), ("text", " ")]
    bits += _label_bits(line)
    if line.slot is not None:
        bits += [("tag", tag(line.slot)), ("text", " ")]
    if verb:
        bits += [("text", verb + ", ")]
    return bits + _speech_bits(line.text, *_marks_for(line.text))


def _label_bits(line: Line) -> Bits:
    if line.speaker and line.delivery:
        name: Bits = [("speaker", line.speaker), ("label", ", "), ("delivery", line.delivery)]
        return [("label", "["), *name, ("label", "]:"), ("text", " ")]
    if line.speaker:
        return [("label", "["), ("speaker", line.speaker), ("label", "]:"), ("text", " ")]
    if line.delivery:
        return [("label", "("), ("delivery", line.delivery), ("label", ")"), ("text", " ")]
    return []


def _speech_bits(text: str, opening: str, closing: str) -> Bits:
    return [("text", opening), ("speech", text), ("text", closing)]


def _marks_for(text: str) -> tuple[str, str]:
    """Quotation marks that do not occur in the words."""
    return next(((o, c) for o, c in _QUOTE_CHOICES if o not in text and c not in text), _QUOTE_CHOICES[0])


@lru_cache(maxsize=256)
def tidy_line(line: Line) -> Line:
    """A line of the studio's own form on one line of text, with its action as a sentence; a read form as it is."""
    if line.form is not None:
        return line
    text = _SPACES.sub(" ", line.text).strip()
    if all(o in text or c in text for o, c in _QUOTE_CHOICES):
        text = text.replace('"', "'")
    flat = {name: _SPACES.sub(" ", getattr(line, name)).strip() for name in ("speaker", "delivery", "action")}
    flat["action"] = as_sentence(flat["action"])
    neat = replace(line, text=text, **flat)  # type: ignore[arg-type]  # mypy cannot match ** to names
    return line if neat == line else neat


def _formed_bits(line: Line, form: Form) -> Bits:
    """A line in the form it was read in, with the fields that the form has no place for put where they are heard."""
    pieces = list(_with_missing_pieces(line, form))
    bits: Bits = []
    for at, piece in enumerate(pieces):
        if piece.kind == "speech":
            bits += _speech_bits(line.text, form.open, form.close)
            continue
        words = _field_words(line, piece)
        if piece.kind in _FIELD_KINDS and not words and bits and at:
            _close_up(bits, pieces[at + 1].text if at + 1 < len(pieces) else "")
        bits.append((piece.kind, words))
    return bits


_FIELD_KINDS = frozenset(("speaker", "delivery", "action", "connective", "tag", "verb"))


def _field_words(line: Line, piece: Piece) -> str:
    if piece.kind == "tag":
        return tag(line.slot) if line.slot is not None else ""
    if piece.kind == "connective":
        return line.connective or ""
    if piece.kind == "verb":
        return line.verb if line.verb is not None else piece.text
    if piece.kind in _FIELD_KINDS:
        return str(getattr(line, piece.kind))
    return "" if piece.kind == "implied" else piece.text


def _close_up(bits: Bits, following: str) -> None:
    """Take back the space or comma that led to a field now empty."""
    kind, words = bits[-1]
    if kind in ("text", "label", "lead") and (
        following[:1] in ("", " ", ",", ":", "]", ")") or words.endswith((" ", ", "))
    ):
        bits[-1] = (kind, re.sub(r"(?:,\s?|\s)$", "", words))


def _with_missing_pieces(line: Line, form: Form) -> Iterator[Piece]:
    has = {piece.kind for piece in form.pieces}
    lead_in = _lead_in(line, form, has)
    for piece in form.pieces:
        if piece.kind == "speech":
            yield from lead_in
        yield piece
        if piece.kind == "speaker" and "delivery" not in has and line.delivery:
            yield Piece("text", ", ")
            yield Piece("delivery")


def _lead_in(line: Line, form: Form, has: set[str]) -> list[Piece]:
    """Pieces that must come before the words: a tag, or a speaker the form did not name."""
    pieces: list[Piece] = []
    implied = next((piece.text for piece in form.pieces if piece.kind == "implied"), "")
    if "speaker" not in has and line.speaker and line.speaker != implied:
        pieces += [Piece("label", "["), Piece("speaker"), Piece("label", "]: ")]
    if "delivery" not in has and "speaker" not in has and line.delivery:
        pieces += [Piece("label", "("), Piece("delivery"), Piece("label", ") ")]
    if "tag" not in has and line.slot is not None:
        pieces += [Piece("tag"), Piece("text", " ")]
    if "action" not in has and line.action:
        pieces = [Piece("action"), Piece("text", " "), *pieces]
    return pieces
