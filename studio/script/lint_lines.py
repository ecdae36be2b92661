"""Findings about the lines themselves: who speaks, in what words, and when. Knows nothing of saved voices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from studio.script.findings import Draft, Finding, Fix
from studio.script.language import NAMES, detect_language, is_voiced
from studio.script.lexicon import PRONOUNS
from studio.script.quotes import PAIRS
from studio.script.scene import Line, Script
from studio.script.spelling import Spelling, spell_for_speech

_SEVERAL = re.compile(
    r"\b(?:both|all|everyone|everybody|the crowd|crowd|chorus|together|in unison|the group|twins|the others|they)\b",
    re.IGNORECASE,
)
_TWO_NAMES = re.compile(
    r"^(?P<one>[^,&/+]{1,60}?)(?:\s+(?:and|und|et|y|e)\s+|\s*[&/+]\s*|和|与)(?P<two>[^,&/+]{1,60})$"
)
_ASKS_ACCENT = re.compile(r"\b(?:accent|in english|translated)\b", re.IGNORECASE)
_ALSO_SINGS = re.compile(r"\b(?:sing|sings|chant|chants|choir|hum|hums)\b", re.IGNORECASE)
_SHOWN_CHANGES = 3


def check_lines(draft: Draft) -> Iterator[Finding]:
    """Every finding about a single line, row by row. None where the mode speaks no lines."""
    if not draft.has_speech:
        return
    for index, line in draft.lines:
        yield from _check_unclosed(draft, index, line)
        yield from _check_speaker(draft, index, line)
        yield from _check_several(draft, index, line)
        yield from _check_language(draft, index, line)
        yield from _check_spelling(draft, index, line)
    yield from _check_overlap(draft)


def _check_unclosed(draft: Draft, index: int, line: Line) -> Iterator[Finding]:
    if not line.is_unclosed or line.form is None:
        return
    mark = PAIRS.get(line.form.open, line.form.open)[0]
    fix = draft.mend_line("Close the quote", index, form=replace(line.form, close=mark))
    yield Finding(
        "unclosed_quote", "This quote is never closed, so Kling may speak what follows. Close it.", index, "text", fix
    )


def _check_speaker(draft: Draft, index: int, line: Line) -> Iterator[Finding]:
    name = line.speaker.strip()
    if not name:
        label = _other_speaker(draft, index)
        fix = draft.mend_line(f"Name the speaker {label}", index, speaker=label)
        yield Finding(
            "no_speaker", "This line has no speaker, so Kling will pick one. Name who says it.", index, "speaker", fix
        )
    elif name.casefold() in PRONOUNS:
        label = _label_for(draft, name)
        message = f"“{name}” could be anybody in the frame. Use one label for each speaker, such as “{label}”."
        fix = Fix(f"Use “{label}”", script=_renamed(draft, name, label))
        yield Finding("pronoun_speaker", message, index, "speaker", fix)


def _other_speaker(draft: Draft, index: int) -> str:
    """The likely speaker of a line without one: the other of two who take turns, else a new label."""
    names = [name for name in draft.names if name.casefold() not in PRONOUNS]
    before = next((line.speaker for i, line in reversed(draft.lines) if i < index and line.speaker), "")
    others = [name for name in names if name != before]
    if before and len(others) == 1:
        return others[0]
    return _new_label(draft)


def _label_for(draft: Draft, pronoun: str) -> str:
    taken = [name for name in draft.names if name.casefold() in PRONOUNS]
    return _new_label(draft, taken.index(pronoun) if pronoun in taken else 0)


def _new_label(draft: Draft, skip: int = 0) -> str:
    """“Character A”, or the next letter that is free."""
    taken = {name.casefold() for name in draft.names}
    free = [
        f"Character {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if f"character {letter.lower()}" not in taken
    ]
    return free[min(skip, len(free) - 1)] if free else "Character"


def _renamed(draft: Draft, old: str, new: str) -> Script:
    script = draft.script
    lines = tuple(replace(line, speaker=new) if line.speaker.strip() == old else line for line in script.lines)
    return replace(script, lines=lines)


def _check_several(draft: Draft, index: int, line: Line) -> Iterator[Finding]:
    two = _TWO_NAMES.match(line.speaker)
    if (not two and not _SEVERAL.search(line.speaker)) or _ALSO_SINGS.search(f"{line.delivery} {line.verb or ''}"):
        return
    message = "Two people speaking at once come out as one voice or none. Give each a line of their own."
    if two is None:
        label = _new_label(draft)
        yield Finding(
            "two_at_once", message, index, "speaker", draft.mend_line(f"Let {label} say it", index, speaker=label)
        )
        return
    first, second = two.group("one").strip(), two.group("two").strip()
    script = draft.script
    rows = list(script.lines)
    rows[index : index + 1] = [replace(line, speaker=first), Line(second, None, line.delivery, line.text)]
    yield Finding(
        "two_at_once", message, index, "speaker", Fix("Split into two lines", replace(script, lines=tuple(rows)))
    )


def _check_language(draft: Draft, index: int, line: Line) -> Iterator[Finding]:
    language = detect_language(line.text)
    if is_voiced(language) or _ASKS_ACCENT.search(line.delivery):
        return
    name = NAMES[language]
    accent = (
        f"in English with {'an' if name[0] in 'AEIOU' else 'a'} {name} accent" if language != "other" else "in English"
    )
    delivery = ", ".join(filter(None, (line.delivery, accent)))
    what = name if language != "other" else "line"
    message = f"Spoken in English: only English and Chinese are voiced. This {what} will be translated."
    yield Finding(
        "translated", message, index, "text", draft.mend_line(f"Ask for it {accent}", index, delivery=delivery)
    )


def _check_spelling(draft: Draft, index: int, line: Line) -> Iterator[Finding]:
    spelling = spell_for_speech(line.text, draft.names)
    groups = (
        ("shouting", ("shout",), "Kling reads capitals as letters. Make lower case"),
        ("figures", ("figure", "abbreviation"), "Figures and short forms may be read wrongly. Write them as words"),
        ("capitals", ("case",), "English speech is best in lower case, with capitals for names"),
    )
    for code, reasons, message in groups:
        if any(change.reason in reasons for change in spelling.changes):
            only = spelling.only(line.text, reasons)
            fix = draft.mend_line(_fix_label(code), index, text=only.text)
            yield Finding(code, f"{message}: {_shown(only)}.", index, "text", fix)


def _fix_label(code: str) -> str:
    return "Write as words" if code == "figures" else "Make lower case"


def _shown(spelling: Spelling) -> str:
    """“STOP → stop, RIGHT → right, and 2 more”."""
    pairs = list(dict.fromkeys(f"{change.before.strip()} → {change.after.strip()}" for change in spelling.changes))
    more = len(pairs) - _SHOWN_CHANGES
    return ", ".join(pairs[:_SHOWN_CHANGES]) + (f", and {more} more" if more > 0 else "")


def _check_overlap(draft: Draft) -> Iterator[Finding]:
    end = 0.0
    for row in draft.plan.rows:
        if row.start_s < end - 0.05:
            message = "This line starts while another is spoken. Kling speaks one line at a time. Let it follow."
            fix = draft.mend_line("Let it follow", row.index, connective=None, action="", form=None)
            yield Finding("overlap", message, row.index, "action", fix)
        end = max(end, row.end_s)
