"""Captions of a take as SRT and WebVTT. Pure text; never times a line itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from studio.script.language import detect_language
from studio.script.scene import Line

MAX_ROW_CHARS = 42  # a row of captions in the Latin alphabet (the limit that broadcasters and streaming houses share)
MAX_WIDE_ROW_CHARS = 16  # a row of Chinese, Japanese or Korean
MIN_CUE_S = 0.3
_ILL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_WIDE = ("zh", "ja", "ko", "th")


@dataclass(frozen=True)
class Cue:
    """One caption: when, who, in which voice slot, what. `is_heard` is False for a time that is only planned."""

    start_s: float
    end_s: float
    speaker: str
    slot: int | None
    text: str
    is_heard: bool = False


def cues_for(
    lines: Sequence[Line], times: Iterable[tuple[int, float, float]], *, is_heard: bool = False
) -> tuple[Cue, ...]:
    """Cues for lines given (index, start, end) in seconds; an index without a line is left out."""
    return tuple(
        Cue(start, end, lines[index].speaker, lines[index].slot, lines[index].text, is_heard)
        for index, start, end in times
        if 0 <= index < len(lines) and lines[index].text.strip()
    )


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip text. Speakers are named where there is more than one; angle brackets cannot start a tag."""
    shown = _in_order(cues)
    blocks = []
    for number, cue in enumerate(shown, 1):
        rows = wrap(_with_speaker(cue, shown))
        words = "\n".join(row.replace("<", "\u2039").replace(">", "\u203a") for row in rows).replace("-->", "->")
        blocks.append(f"{number}\n{_stamp(cue.start_s, ',')} --> {_stamp(cue.end_s, ',')}\n{words}\n")
    return "\n".join(blocks)


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT text, with the speaker as a voice span and the voice slot as its class."""
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(_in_order(cues), 1):
        words = "\n".join(_escape(row) for row in wrap(_clean(cue.text)))
        voice = _clean(cue.speaker).replace("\n", " ")
        if voice:
            slot = f".voice-{cue.slot}" if cue.slot is not None else ""
            words = f"<v{slot} {_escape(voice)}>{words}</v>"
        blocks.append(f"{number}\n{_stamp(cue.start_s, '.')} --> {_stamp(cue.end_s, '.')}\n{words}\n")
    return "\n".join(blocks)


def wrap(text: str) -> list[str]:
    """Rows of a caption of about equal length, none longer than a row may be where the words allow it."""
    is_wide = detect_language(text) in _WIDE
    limit = MAX_WIDE_ROW_CHARS if is_wide else MAX_ROW_CHARS
    if len(text) <= limit:
        return [text]
    count = -(-len(text) // limit)
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
        cut = max((word.rfind(mark, 1, width) for mark in "，。！？、；："), default=-1) + 1 or width
        yield word[:cut]
        word = word[cut:]
    if word:
        yield word


def _in_order(cues: Iterable[Cue]) -> list[Cue]:
    """Cues with words, by time, each at least a blink long and never before zero."""
    shown = []
    for cue in cues:
        start = max(0.0, cue.start_s if cue.start_s == cue.start_s else 0.0)
        end = max(start + MIN_CUE_S, cue.end_s if cue.end_s == cue.end_s else 0.0)
        if _clean(cue.text):
            shown.append(
                Cue(min(start, 86_400), min(end, 86_401), cue.speaker, cue.slot, _clean(cue.text), cue.is_heard)
            )
    return sorted(shown, key=lambda cue: (cue.start_s, cue.end_s))


def _with_speaker(cue: Cue, shown: list[Cue]) -> str:
    has_several = len({other.speaker for other in shown}) > 1
    name = _clean(cue.speaker)
    return f"{name}: {cue.text}" if has_several and name else cue.text


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
