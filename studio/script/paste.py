"""Rows from a pasted page: a screenplay, `Name: line`, a list, or quoted prose. Never keeps the page's own form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from studio.script.lexicon import CHINESE_VERB, NOT_A_SPEAKER, is_verb
from studio.script.scene import MAX_LABEL_CHARS, MAX_LINES, MAX_TEXT_CHARS, Line

_HEADING = re.compile(
    r"^(?:\d{1,3}[.)]?\s+)?(?:INT|EXT|EST|I/E|INT\./EXT)\b[. ].*$|^(?:CUT|FADE|DISSOLVE|SMASH CUT)\b.{0,30}$|"
    r"^(?:THE END|FADE OUT)\.?$"
)
_CAPS_CUE = re.compile(r"^(?P<name>[^\W\d_a-z][^a-z:：.!?\"“”\n]{0,38}?)\s*(?P<notes>(?:\([^()\n]{1,60}\)\s*){0,3})$")
_STAGE_NOTE = re.compile(
    r"\(\s*(?:CONT['’]?D|MORE|V\.?\s?O\.?|O\.?\s?S\.?|O\.?\s?C\.?|continuing)\s*\.?\)", re.IGNORECASE
)
_PARENS = re.compile(r"^\((?P<how>[^()\n]{1,200})\)$")
_LEADING_PAREN = re.compile(r"^[(\[（](?P<how>[^()\[\]（）\n]{1,120})[)\]）]\s*")
_BULLET = re.compile(r"^\s*(?:[-*•–—]|\d{1,3}[.)])\s+")
_NAMED = re.compile(
    r"^\**\[?(?P<name>[^\W\d_][^:：\[\]()（）\"“”\n*]{0,39}?)\s?(?:[(（](?P<how>[^()（）\n]{1,120})[)）])?\s?\]?\**\s?[:：]\**\s*(?P<words>\S.*)$"
)
_BRACKETED = re.compile(
    r"^\[(?P<name>[^\[\],:\n]{1,60})(?:[,:]\s*(?P<how>[^\[\]\n]{1,160}))?\]\s*[:：]?\s*(?P<words>\S.*)$"
)
_QUOTED = re.compile(r"^(?:\"(.*)\"|“(.*)”|‘(.*)’|'(.*)'|«\s?(.*?)\s?»|「(.*)」|『(.*)』|„(.*)[“”])$", re.DOTALL)
_CHINESE_SAYING = re.compile(f"(?:{CHINESE_VERB.pattern})$")
_SPACES = re.compile(r"\s+")


def split_pasted(text: str) -> tuple[Line, ...]:
    """The rows of a pasted page, in the studio's own form, at most `MAX_LINES`. Empty for a blank page."""
    page = text[:MAX_TEXT_CHARS].replace("\r\n", "\n").replace("\r", "\n")
    rows = _screenplay(page) or _named(page) or _quoted(page) or _plain(page)
    return tuple(_neat(row) for row in rows if row.text.strip())[:MAX_LINES]


def _neat(row: Line) -> Line:
    flat: dict[str, Any] = {
        name: _SPACES.sub(" ", getattr(row, name)).strip() for name in ("text", "action", "speaker", "delivery")
    }
    flat["speaker"], flat["delivery"] = flat["speaker"][:MAX_LABEL_CHARS], flat["delivery"][:MAX_LABEL_CHARS]
    return replace(row, **flat, form=None, verb=None, connective=None)


# ---- screenplay -----------------------------------------------------------------------------------------------------


@dataclass
class _Page:
    """A screenplay while it is read: the rows so far, who has the cue, and the action since."""

    rows: list[Line] = field(default_factory=list)
    speaker: str = ""
    delivery: str = ""
    words: list[str] = field(default_factory=list)
    action: list[str] = field(default_factory=list)
    has_cue: bool = False

    def finish(self) -> None:
        """Close the speech under the current cue."""
        if self.speaker and self.words:
            text = _unquoted(" ".join(self.words))
            self.rows.append(Line(self.speaker, None, self.delivery, text, " ".join(self.action) if self.rows else ""))
            self.action = []
        self.speaker, self.delivery, self.words = "", "", []


def _screenplay(page: str) -> list[Line]:
    """Rows of a page with names in capitals on lines of their own; empty for any other page."""
    lines = [line.strip() for line in page.split("\n")]
    state = _Page()
    for at, line in enumerate(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if not line or _HEADING.match(line):
            state.finish()
        elif not state.words and not state.speaker and (cue := _cue(line, following)):
            state.speaker, state.delivery = cue
            state.has_cue = True
        elif state.speaker:
            _speech(state, line)
        elif row := _named_among_cues(line):
            state.rows.append(replace(row, action=" ".join(state.action) if state.rows else ""))
            state.action = []
        else:
            state.action.append(line)
    state.finish()
    return state.rows if state.has_cue else []


def _named_among_cues(line: str) -> Line | None:
    """A `Name: line` between cues, where a sentence with a colon is an action: the name has capitals throughout."""
    row = _named_row(line)
    if row is None or len(row.speaker.split()) > 3 or any(word[:1].islower() for word in row.speaker.split()):
        return None
    return replace(row, text=_unquoted(row.text))


def _cue(line: str, following: str) -> tuple[str, str] | None:
    match = _CAPS_CUE.match(line)
    if match is None or not following or not any(char.isalpha() for char in match.group("name")):
        return None
    name = match.group("name").strip()
    if not name.isupper() or len(name.split()) > 4 or name.lower() in NOT_A_SPEAKER:
        return None
    notes = _STAGE_NOTE.sub("", match.group("notes")).strip().strip("()").strip()
    return _title(name), notes.lower() if notes.isupper() else notes


def _speech(state: _Page, line: str) -> None:
    note = _PARENS.match(line)
    if note and not state.words:
        state.delivery = ", ".join(filter(None, (state.delivery, note.group("how"))))
    elif note:
        state.words.append("…" if note.group("how").lower() in ("beat", "pause", "a beat") else "")
    else:
        state.words.append(line)


def _title(name: str) -> str:
    """“OLD SAILOR” as “Old Sailor”; a name with figures or points keeps its own capitals."""
    return " ".join(word.capitalize() if word.isalpha() and len(word) > 1 else word for word in name.split())


# ---- Name: line -----------------------------------------------------------------------------------------------------


def _named(page: str) -> list[Line]:
    """Rows of a page of `Name: line`; words that follow on lines of their own belong to the line above."""
    rows: list[Line] = []
    action: list[str] = []
    is_open = False
    for raw in page.split("\n"):
        line = _BULLET.sub("", raw).strip()
        row = _named_row(line)
        if row is not None:
            rows.append(replace(row, action=" ".join(action) if rows else ""))
            action, is_open = [], True
        elif not line:
            is_open = False
        elif is_open and not _PARENS.match(line) and not _box(line):
            rows[-1] = replace(rows[-1], text=f"{rows[-1].text} {line}")
        elif not _box(line):
            action.append(line.strip("()"))
    return [replace(row, text=_unquoted(row.text)) for row in rows]


def _box(line: str) -> bool:
    return line.partition(":")[0].strip().lower() in NOT_A_SPEAKER and ":" in line


def _named_row(line: str) -> Line | None:
    match = _BRACKETED.match(line) or _NAMED.match(line)
    if match is None:
        return None
    name, words = match.group("name").strip(), match.group("words").strip()
    if name.lower() in NOT_A_SPEAKER or len(name.split()) > 5 or words.startswith("//") or _sounds_like_prose(name):
        return None
    how = match.group("how") or ""
    paren = _LEADING_PAREN.match(words)
    if paren and not how:
        how, words = paren.group("how"), words[paren.end() :]
    return (
        Line(_title(name) if name.isupper() and name.isascii() else name, None, how.strip(), words) if words else None
    )


def _sounds_like_prose(name: str) -> bool:
    """True for what is a sentence before its colon (“He said”, “他说”), which the reader of prose knows better."""
    words = name.split()
    return any(is_verb(word) for word in words) or bool(_CHINESE_SAYING.search(name))


# ---- prose and plain lines ------------------------------------------------------------------------------------------


def _quoted(page: str) -> list[Line]:
    from studio.script.parse import parse_prompt  # parse offers split_pasted as its own

    return [row for row in parse_prompt(page).lines if row.text.strip()]


def _plain(page: str) -> Iterator[Line] | list[Line]:
    """A row for each line of a page that names nobody."""
    return [Line(text=_unquoted(_BULLET.sub("", line).strip())) for line in page.split("\n") if line.strip()]


def _unquoted(words: str) -> str:
    match = _QUOTED.match(words.strip())
    if match is None:
        return words
    inner = next(group for group in match.groups() if group is not None)
    return words if any(mark in inner for mark in '"“”') else inner
