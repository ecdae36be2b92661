"""Who speaks a quote, how, and with what voice, from the words before it. Reads one line; never a whole prompt."""

from __future__ import annotations

import re

from studio.script.lead import Lead, clause_start, last, take_adverb, take_manner
from studio.script.lexicon import CHINESE_VERB, CONNECTIVE, NOT_A_SPEAKER, SIGN_WORDS, TAG, last_verb
from studio.script.prose import NAME_START, read_prose, read_subject
from studio.script.scene import Piece

WINDOW_CHARS = 400  # how far before a quote its speaker may be named
_COLON = re.compile(r"\s?[:：]")
_LABEL_TAIL = re.compile(r"\s*[:：,]?\s*(?:<<<voice_\d{1,3}>>>)?[^.!?。\n\[\]]{0,90}$")
_LABEL_SPLIT = re.compile(r"\s*[,:：，;|/]\s*|\s+[–—-]\s+|\s+\((?=[^)]*\)$)")
_CUE = re.compile(
    r"(?:\*\*)?(?P<name>[^\W\d_](?:[\w.'’#-]|"
    r" (?=[\w(#])){0,40})\s?(?:\((?P<how>[^()\n]{1,80})\))?\s*[:：](?:\*\*)?\s*(?P<rest>(?:<<<voice_\d{1,3}>>>)?)\s*$"
)
_PAREN = re.compile(r"\((?P<how>[^()\n]{1,80})\)\s*$")


def read_lead(text: str, start: int, end: int) -> Lead:
    """The attribution in `text[start:end]`, which ends at an opening quotation mark. Never raises."""
    floor = max(start, end - WINDOW_CHARS)
    if SIGN_WORDS.search(text, max(floor, end - 40), end) and not re.search(r"[,:]\s*$", text[floor:end]):
        return Lead(end, is_sign=True)
    for read in (_read_label, _read_paren, read_prose, _read_cue, _read_tag, _read_turn):
        lead = read(text, floor, end)
        if lead is not None:
            return lead
    return Lead(end)


def _read_label(text: str, floor: int, end: int) -> Lead | None:
    """`[Keeper, low and tired]: <<<voice_1>>> says, `"""
    close = text.rfind("]", floor, end)
    opening = text.rfind("[", floor, close) if close >= 0 else -1
    if opening < 0 or not text[opening + 1 : close].strip() or "\n" in text[opening:close]:
        return None
    if not _LABEL_TAIL.match(text, close + 1, end):
        return None
    lead = Lead(opening)
    _split_label(lead, text[opening + 1 : close])
    at = close + 1
    colon = _COLON.match(text, at, end)
    if colon:
        at = colon.end()
    lead.pieces = [Piece("label", "["), *lead.pieces, Piece("label", text[close:at])]
    _read_rest(lead, text[at:end])
    return lead


def _split_label(lead: Lead, inside: str) -> None:
    """`Character A: old sailor, raspy voice` into a speaker and a delivery."""
    core = inside.strip()
    left = inside[: len(inside) - len(inside.lstrip())]
    right = inside[len(inside.rstrip()) :]
    split = _LABEL_SPLIT.search(core)
    lead.speaker = core[: split.start()] if split else core
    lead.delivery = core[split.end() :] if split else ""
    lead.pieces = [Piece("label", left), Piece("speaker")]
    if split and lead.delivery:
        if "(" in split.group() and lead.delivery.endswith(")"):
            lead.delivery, right = lead.delivery[:-1], ")" + right
        lead.pieces += [Piece("label", split.group()), Piece("delivery")]
    elif split:
        right = split.group() + right
    lead.pieces.append(Piece("label", right))


def _read_rest(lead: Lead, rest: str) -> None:
    """What stands between a label (or a subject) and the quote: a tag, a verb, a manner, in any spacing."""
    found = TAG.search(rest)
    if found and int(found.group(1)) in (1, 2):
        lead.slot = int(found.group(1))
        lead.pieces += [Piece("text", rest[: found.start()]), Piece("tag")]
        rest = rest[found.end() :]
    verb = last_verb(rest) or last(CHINESE_VERB, rest)
    if verb is None:
        lead.pieces.append(Piece("text", rest))
        return
    head = rest[: verb.start()]
    take_adverb(lead, head)
    lead.verb = verb.group()
    lead.pieces.append(Piece("verb", verb.group()))
    take_manner(lead, rest[verb.end() :])


def _read_cue(text: str, floor: int, end: int) -> Lead | None:
    """`Mara (quiet): `"""
    start = clause_start(text, floor, end)
    connective = CONNECTIVE.match(text, start, end)
    if connective and connective.group().rstrip().endswith(","):
        start = connective.end()
        start += len(text[start:end]) - len(text[start:end].lstrip())
    match = _CUE.match(text, start, end)
    if match is None or match.group("name").strip().lower() in NOT_A_SPEAKER or match.group("name").count(" ") > 4:
        return None
    lead = Lead(start, speaker=match.group("name").rstrip(), delivery=match.group("how") or "")
    lead.pieces = [Piece("label", text[start : match.start("name")]), Piece("speaker")]
    at = match.start("name") + len(lead.speaker)
    if match.group("how"):
        lead.pieces += [Piece("label", text[at : match.start("how")]), Piece("delivery")]
        at = match.end("how")
    lead.pieces.append(Piece("label", text[at : match.start("rest")]))
    _read_rest(lead, text[match.start("rest") : end])
    return lead


def _read_tag(text: str, floor: int, end: int) -> Lead | None:
    """`The man <<<voice_1>>>: ` with no verb at all."""
    start = clause_start(text, floor, end)
    clause = text[start:end]
    found = last(TAG, clause)
    if found is None or int(found.group(1)) not in (1, 2) or clause[found.end() :].strip(" ,:：-—\n"):
        return None
    lead = Lead(start)
    read_subject(lead, clause[: found.end()])
    lead.pieces.append(Piece("text", clause[found.end() :]))
    return lead


def _read_paren(text: str, floor: int, end: int) -> Lead | None:
    """`(low and tired) `"""
    match = _PAREN.search(text, max(floor, end - 90), end)
    if match is None or match.start() != clause_start(text, floor, end):
        return None
    pieces = [
        Piece("label", "("),
        Piece("delivery"),
        Piece("label", ")"),
        Piece("text", text[match.end("how") + 1 : end]),
    ]
    return Lead(match.start(), pieces, delivery=match.group("how"))


def _read_turn(text: str, floor: int, end: int) -> Lead | None:
    """`The detective turns to her — `, a subject that is named by a dash or a colon alone."""
    start = clause_start(text, floor, end)
    clause = text[start:end].rstrip()
    if not clause.endswith((" —", " –", " -", ":")) or len(clause) > 120:
        return None
    if clause[:-1].strip().lower() in NOT_A_SPEAKER or not NAME_START.match(clause):
        return None
    lead = Lead(start)
    read_subject(lead, text[start:end])
    return lead if lead.speaker and len(lead.speaker.split()) <= 4 and len(lead.speaker) < len(clause) - 1 else None
