"""A speaker named in prose: “A king walks slowly and says”, “他低声说：”. Knows nothing of labels and cues."""

from __future__ import annotations

import re

from studio.script.lead import ADVERB, Lead, clause_start, last, take_adverb, take_manner
from studio.script.lexicon import CHINESE_MANNER, CHINESE_VERB, CONNECTIVE, TAG, last_verb
from studio.script.scene import Piece

VERB_WITHIN_CHARS = 100  # how far before a quote its verb may stand
NP_STOP = re.compile(
    r"\s(?=<<<)|\s(?=(?:in|at|on|with|of|by|from|under|over|near|beside|behind|before|after|through|into|who|that|"
    r"which|is|are|was|were|"
    r"has|have|while|as|then|and|but|to|toward|towards|up|down|looks?|sits?|stands?|walks?|turns?|wearing|holding|"
    r"looking|"
    r"sitting|standing|leaning|smiling|slowly|quickly|suddenly|slumped|dressed|leans|steps|stares|\w{2,}[^\Wsu']s|"
    r"\w{3,}ly|\w{3,}ing|\w{3,}ed)\b)|[,:]"
)
_PAIR = re.compile(
    r"(?:(?:the|a|an|his|her) )?[^\W\d_]\w* and (?:(?:the|a|an|his|her) )?(?!\w+ly\b|[a-z]+s\b|"
    r"then\b)[^\W\d_]\w*\s*(?:together\s*)?",
    re.IGNORECASE,
)
NAME_START = re.compile(
    r"(?:(?:a|an|the|his|her|my|our|their|its|one|other|another|some|two|both|old|young|each|no|this|that|le|la|"
    r"les|un|une|el|los|"
    r"der|die|das|ein|eine|o|um|uma|il|lo|uno|una|he|she|they|it|i|we|you|somebody|someone)\b|[^\W\d_])",
    re.IGNORECASE,
)
_HAN_SUBJECT = re.compile(r"[\u3400-\u9fff\u3040-\u30ff·A-Za-z ]{1,12}$")
_HAN_PRONOUN = re.compile(r"他们|她们|我们|[他她它我你]|[\u3400-\u9fff]{0,6}(?:人|者|长|王|妈|爸|爷|奶|孩|师|生|娘|郎)")


def read_prose(text: str, floor: int, end: int) -> Lead | None:
    """`A king walks slowly and says `, `The man <<<voice_1>>> said, `, `他低声说：`"""
    start = clause_start(text, floor, end)
    clause = text[start:end]
    chinese = CHINESE_VERB.search(clause, max(0, len(clause) - 30))
    if chinese:
        chinese = last(CHINESE_VERB, clause)
        if chinese and not clause[chinese.end() :].strip(" ：:，,“\n"):
            return _chinese_lead(clause, start, chinese)
    verb = last_verb(clause, _near_end(clause))
    if verb is None or len(clause) - verb.end() > VERB_WITHIN_CHARS:
        return None
    subject_end, rest = verb.start(), clause[verb.start() :]
    lead = Lead(start)
    read_subject(lead, clause[:subject_end])
    lead.verb = verb.group()
    lead.pieces.append(Piece("verb", verb.group()))
    tail = rest[len(verb.group()) :]
    found = TAG.search(tail)
    if found and lead.slot is None and int(found.group(1)) in (1, 2):
        lead.slot = int(found.group(1))
        lead.pieces += [Piece("text", tail[: found.start()]), Piece("tag"), Piece("text", tail[found.end() :])]
    else:
        take_manner(lead, tail)
    return lead


def _near_end(clause: str) -> int:
    """Where to look for the verb from: a word's start not far before the quote."""
    far = len(clause) - VERB_WITHIN_CHARS
    return 0 if far <= 0 else max(0, clause.find(" ", far))


def read_subject(lead: Lead, chunk: str) -> None:
    """Fill speaker, tag and adverb from the words before a verb; set where the line starts within them."""
    found = last(TAG, chunk)
    tail = ""
    if found and int(found.group(1)) in (1, 2):
        tail, chunk, lead.slot = chunk[found.end() :], chunk[: found.start()], int(found.group(1))
    skipped = _subject_start(chunk)
    skipped += len(chunk) - skipped - len(chunk[skipped:].lstrip())
    lead.start += skipped
    chunk = chunk[skipped:]
    stop = NP_STOP.search(chunk)
    pair = _PAIR.fullmatch(chunk)
    name_end = stop.start() if stop and not pair else len(chunk.rstrip())
    lead.speaker = chunk[:name_end].strip()
    lead.pieces.append(Piece("speaker"))
    between = chunk[len(lead.speaker) :]
    if lead.slot is None:
        take_adverb(lead, between)
        return
    lead.pieces += [Piece("lead" if between.strip() else "text", between), Piece("tag")]
    take_adverb(lead, tail)


def _subject_start(chunk: str) -> int:
    """Where the subject begins: after a connective, or after the last comma when a short name follows it."""
    connective = CONNECTIVE.match(chunk)
    at = (
        connective.end() + len(chunk[connective.end() :]) - len(chunk[connective.end() :].lstrip()) if connective else 0
    )
    if connective and not chunk[at:].strip():
        at = 0
    comma = max(chunk.rfind(", ", at), chunk.rfind(" while ", at), chunk.rfind(" as ", at))
    joined = chunk.rfind(" and ", at)
    if joined > comma and NP_STOP.search(
        chunk, max(comma, at), joined
    ):  # “… turns and Tom says”, not “Ann and Tom say”
        comma = joined
    if comma < 0:
        return at
    word_end = chunk.find(" ", comma + 1) if not chunk.startswith(", ", comma) else comma + 1
    after = chunk[word_end + 1 :]
    bare = ADVERB.sub("", after).strip()
    if bare and len(bare.split()) <= 4 and NAME_START.match(bare) and not NP_STOP.match(" " + bare):
        return word_end + 1
    return at


def _chinese_lead(clause: str, start: int, verb: re.Match[str]) -> Lead:
    chunk = clause[: verb.start()]
    found = last(TAG, chunk)
    lead = Lead(start)
    tag_bits: list[Piece] = []
    if found and int(found.group(1)) in (1, 2):
        lead.slot = int(found.group(1))
        tag_bits = [Piece("tag"), Piece("text", chunk[found.end() :])]
        chunk = chunk[: found.start()]
    comma = max(chunk.rfind(mark) for mark in "，,、")
    name = _HAN_SUBJECT.search(chunk, comma + 1)
    pieces: list[Piece] = []
    if name and name.group().strip():
        lead.start += name.start()
        lead.speaker = name.group().strip()
        core = name.group()
        left = core[: len(core) - len(core.lstrip())]
        pieces = [Piece("text", left), Piece("speaker"), Piece("text", core[len(core.rstrip()) :])]
    else:
        subject = _HAN_PRONOUN.match(chunk)
        lead.speaker = subject.group() if subject else ""
        pieces = [Piece("speaker"), Piece("lead", chunk[len(lead.speaker) :])]
    words = verb.group()
    manner = CHINESE_MANNER.match(words)
    how = manner.group() if manner else ""
    lead.delivery, lead.verb = how, words[len(how) :]
    middle = [Piece("delivery")] if how else []
    lead.pieces = [*pieces, *tag_bits, *middle, Piece("verb", lead.verb), Piece("text", clause[verb.end() :])]
    return lead
