"""Captions of a take as SRT and WebVTT, fitted to its clip. Pure text; never listens to a take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from studio.script.language import detect_language
from studio.script.scene import Line

MAX_ROW_CHARS = 42  # a row of captions in the Latin alphabet (the limit that broadcasters and streaming houses share)
MAX_WIDE_ROW_CHARS = 16  # a row of Chinese, Japanese or Korean
MAX_ROWS = 2
MIN_CUE_S = 0.3
MIN_GAP_S = 0.8  # a line that was not heard needs this much room to be read, or as much as it was planned for
_ILL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_WIDE = ("zh", "ja", "ko", "th")
_CLOSING = "，。、；：？！）》」』】…”’,.;:?!)"  # never the first on a row

Times = tuple[int, float, float]
"""The index of a line, its start and its end in seconds."""


@dataclass(frozen=True)
class Cue:
    """One caption: when, who, in which voice slot, what. `is_heard` is False for a time that is only planned."""

    start_s: float
    end_s: float
    speaker: str
    slot: int | None
    text: str
    is_heard: bool = False


def fit_times(times: Sequence[Times], heard: Container[int], duration_s: float) -> list[Times]:
    """Times of lines in their order, one after another inside the clip. `heard` holds the lines that were heard.

    A heard line keeps its time. One that was only planned goes into the gap between its heard neighbours, or is left
    out where there is none: a caption must not contradict what is heard.
    """
    fitted: list[Times] = []
    free_from = 0.0
    for place, (index, start, end) in enumerate(times):
        free_to = next((later[1] for later in times[place + 1 :] if later[0] in heard), duration_s)
        room = min(free_to, duration_s) - free_from
        wanted = max(end - start, MIN_CUE_S)
        if index in heard:
            start, end = (min(max(edge, free_from), duration_s) for edge in (start, end))
        elif room < min(wanted, MIN_GAP_S):
            continue
        else:
            start = min(max(start, free_from), free_from + room - min(wanted, room))
            end = start + min(wanted, room)
        fitted.append((index, start, end))
        free_from = end
    return fitted


def cues_for(lines: Sequence[Line], times: Iterable[Times], heard: Container[int] = ()) -> tuple[Cue, ...]:
    """Cues for lines given (index, start, end) in seconds; an index without a line is left out."""
    return tuple(
        Cue(start, end, lines[index].speaker, lines[index].slot, lines[index].text, index in heard)
        for index, start, end in times
        if 0 <= index < len(lines) and lines[index].text.strip()
    )


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip text. Speakers are named where there is more than one; angle brackets cannot start a tag."""
    shown = _in_order(cues)
    pages = (page for cue in shown for page in _pages(cue, _with_speaker(cue, shown)))
    blocks = []
    for number, (start, end, rows) in enumerate(pages, 1):
        words = "\n".join(row.replace("<", "\u2039").replace(">", "\u203a") for row in rows).replace("-->", "->")
        blocks.append(f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{words}\n")
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT text, with the speaker as a voice span and the voice slot as its class."""
    blocks = ["WEBVTT\n"]
    pages = ((cue, page) for cue in _in_order(cues) for page in _pages(cue, cue.text))
    for number, (cue, (start, end, rows)) in enumerate(pages, 1):
        words = "\n".join(_escape(row) for row in rows)
        if cue.speaker:
            slot = f".voice-{cue.slot}" if cue.slot is not None else ""
            words = f"<v{slot} {_escape(cue.speaker)}>{words}</v>"
        blocks.append(f"{number}\n{_stamp(start, '.')} --> {_stamp(end, '.')}\n{words}\n")
    return "\n".join(blocks)


def _pages(cue: Cue, text: str) -> Iterator[tuple[float, float, list[str]]]:
    """A cue's text as start, end and rows of captions that follow each other, each as long as its share of the text."""
    rows = wrap(text)
    whole, start, shown = sum(map(len, rows)), cue.start_s, 0
    for first in range(0, len(rows), MAX_ROWS):
        page = rows[first : first + MAX_ROWS]
        shown += sum(map(len, page))
        end = cue.end_s if shown == whole else cue.start_s + (cue.end_s - cue.start_s) * shown / whole
        yield start, end, page
        start = end


def wrap(text: str) -> list[str]:
    """Rows of a caption of about equal length, none longer than a row may be where the words allow it."""
    is_wide = detect_language(text) in _WIDE
    limit = MAX_WIDE_ROW_CHARS if is_wide else MAX_ROW_CHARS
    if len(text) <= limit:
        return [text]
    count = -(-len(text) // limit)
    count += count % MAX_ROWS if count > MAX_ROWS else 0  # pages are full, so that the last one is not a single word
    return list(_fill(text, max(1, min(limit, -(-len(text) // count) + 4))))


def _fill(text: str, width: int) -> Iterator[str]:
    row = ""
    for word in text.split(" "):
        for part in _chunks(word, width):
            if row and len(row) + 1 + len(part) > width:
                yield row
                row = part
            else:
                row = f"{row} {part}" if row else part
    if row:
        yield row


def _chunks(word: str, width: int) -> Iterator[str]:
    """A word in pieces no longer than a row: Chinese has no spaces to break at."""
    while len(word) > width:
        cut = max((word.rfind(mark, 1, width) for mark in "，。！？、；："), default=-1) + 1 or _cut(word, width)
        yield word[:cut]
        word = word[cut:]
    if word:
        yield word


def _cut(word: str, width: int) -> int:
    """Where to cut a word at `width` or a little before: not between a character and a mark that belongs to it."""
    for cut in range(width, width // 2, -1):
        if word[cut] not in _CLOSING and unicodedata.category(word[cut])[0] != "M":
            return cut
    return width


def _in_order(cues: Iterable[Cue]) -> list[Cue]:
    """Cues with words, by time, never before zero; one that ends before it starts is a blink long."""
    shown = []
    for cue in cues:
        start = max(0.0, cue.start_s if cue.start_s == cue.start_s else 0.0)
        end = cue.end_s if cue.end_s > start else start + MIN_CUE_S
        text, speaker = _clean(cue.text), _clean(cue.speaker)
        if text:
            shown.append(Cue(min(start, 86_400), min(end, 86_401), speaker, cue.slot, text, cue.is_heard))
    return sorted(shown, key=lambda cue: (cue.start_s, cue.end_s))


def _with_speaker(cue: Cue, shown: list[Cue]) -> str:
    has_several = len({other.speaker for other in shown}) > 1
    return f"{cue.speaker}: {cue.text}" if has_several and cue.speaker else cue.text


def _clean(text: str) -> str:
    """One row of text: a blank row would end a cue, a control character would break a player."""
    return _SPACES.sub(" ", _ILL.sub(" ", text)).strip()


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(seconds: float, point: str) -> str:
    millis = round(seconds * 1000)
    hours, rest = divmod(millis, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
