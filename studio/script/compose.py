"""From a script to the prompt that Kling reads, with a span for every piece of it. Never changes what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from studio.script.boxes import Found, read_head, read_tail, read_whole
from studio.script.lexicon import BOX_WRITES
from studio.script.line_form import WIDE, as_sentence, line_bits, tidy_line
from studio.script.scene import BOXES, Line, Part, Script

HEAD, TAIL = ("scene", "camera"), ("ambience", "effects", "music")
VOICED_MODE = "image-to-video"

_SPAN_KIND = {
    "speaker": "label",
    "implied": "label",
    "label": "label",
    "lead": "action",
    "connective": "action",
    "action": "action",
    "delivery": "delivery",
    "tag": "tag",
    "speech": "speech",
}


Bit = tuple[str, str, int | None]  # kind of piece, its words, index of its line


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a prompt: text, tag, speech, label, delivery or action; and their line."""

    kind: str
    start: int
    end: int
    line_index: int | None = None


@dataclass(frozen=True)
class Compiled:
    """The prompt and its spans. The spans follow one another without a gap from 0 to the length of the text."""

    text: str
    spans: tuple[Span, ...]

    def speech_span(self, line_index: int) -> Span | None:
        """Where the words of a line stand, without their quotation marks."""
        return next((s for s in self.spans if s.kind == "speech" and s.line_index == line_index), None)


def compile_prompt(script: Script, mode: str | None = None) -> Compiled:
    """The prompt of `script`. A `mode` other than image to video leaves the voice tags of the lines out.

    A raw script compiles to exactly its raw text. Lines without words are left out. Never raises.
    """
    return _compile(script, has_tags=mode is None or mode == VOICED_MODE)


@lru_cache(maxsize=8)  # the desk asks for the prompt, and its linter for the same one
def _compile(script: Script, *, has_tags: bool) -> Compiled:
    return _gather(script_bits(script, has_tags=has_tags))


def tidy(script: Script) -> Script:
    """The script in the spelling that compiling gives it: boxes as whole sentences, lines on one line, no empty lines.

    `compile_prompt(tidy(s))` is the same text as `compile_prompt(s)`; a tidy script without a layout and with plain
    boxes is read back from its own prompt as it was.
    """
    if script.raw is not None:
        return script
    lines = [tidy_line(line) for line in script.spoken]
    if script.layout is not None:
        return replace(script, lines=tuple(lines))
    boxes = {name: as_sentence(getattr(script, name)) for name in BOXES}
    if lines and lines[0].form is None and lines[0].action:
        boxes["scene"] = _join(boxes["scene"], lines[0].action)
        lines[0] = replace(lines[0], action="")
    return replace(script, lines=tuple(lines), **boxes)  # type: ignore[arg-type]  # mypy cannot match ** to names


def script_bits(script: Script, *, has_tags: bool = True) -> Iterator[Bit]:
    """Every piece of the prompt in order."""
    if script.raw is not None:
        from studio.script.parse import parse_prompt  # the reader of prompts writes through this module

        reading = parse_prompt(script.raw)
        if reading.raw is None:
            yield from script_bits(reading)
        else:
            yield "text", script.raw, None
        return
    if script.layout is not None:
        yield from _laid_out(script, has_tags=has_tags)
    else:
        yield from _in_house_order(tidy_boxes(script), has_tags=has_tags)


def tidy_boxes(script: Script) -> Script:
    """`tidy`, with the rows kept at their places so that spans name the caller's lines."""
    neat = tidy(script)
    rows = iter(neat.lines)
    return replace(neat, lines=tuple(next(rows) if line.text.strip() else line for line in script.lines))


def _in_house_order(script: Script, *, has_tags: bool) -> Iterator[Bit]:
    before = _with_labels({name: getattr(script, name) for name in HEAD}, script)
    after = _with_labels({name: getattr(script, name) for name in TAIL}, script)
    written = ""
    for block in (before, _LINES, after):
        if block is _LINES:
            for bit in _line_blocks(script, written, has_tags=has_tags):
                written = bit[1] or written
                yield bit
            continue
        for words in block:
            yield "text", _gap(written, words) + words, None
            written = words


_LINES: tuple[str, ...] = ("\0lines",)


def _line_blocks(script: Script, written: str, *, has_tags: bool) -> Iterator[Bit]:
    previous: Line | None = None
    for index, line in enumerate(script.lines):
        if not line.text.strip():
            continue
        bits = line_bits(line, previous, has_tags=has_tags)
        first = next((words for _kind, words in bits if words), "")
        joint = (line.form.joint if line.form is not None else " ") if previous is not None else _gap(written, first)
        yield "text", joint, None
        for kind, words in bits:
            yield kind, words, index
        previous = line


def _with_labels(boxes: dict[str, str], script: Script) -> tuple[str, ...]:
    """The words of each box, named (“Music: …”) only where they would be read back into another box without it."""
    filled = {name: words for name, words in boxes.items() if words}
    if not filled:
        return ()
    if not script.spoken:
        return _whole_with_labels(script) if "scene" in boxes else ()
    read = read_head if "scene" in boxes else read_tail
    return _least_labels(filled, read)


def _whole_with_labels(script: Script) -> tuple[str, ...]:
    filled = {name: getattr(script, name) for name in BOXES if getattr(script, name)}
    return _least_labels(filled, read_whole)


def _least_labels(filled: dict[str, str], read: Callable[[str], Found]) -> tuple[str, ...]:
    names = list(filled)
    plain = tuple(filled.values())
    for count in range(len(names) + 1):  # label none, then the last box, then the last two, …
        labelled = set(names[len(names) - count :])
        words = tuple(BOX_WRITES[n] + w if n in labelled else w for n, w in filled.items())
        text = _join(*words)
        if {part.kind: words for part, words in read(text) if words} == filled:
            return words
    return plain


def _laid_out(script: Script, *, has_tags: bool = True) -> Iterator[Bit]:
    """A prompt in the order and with the words between that it was read with; new boxes take their usual place."""
    written = ""
    for part in _with_new_parts(script):
        if part.kind == "lines":
            if not script.spoken:
                continue
            yield "text", part.before, None
            for bit in _laid_lines(script, has_tags=has_tags):
                written = bit[1] or written
                yield bit
            continue
        words = "" if part.kind == "end" else getattr(script, part.kind)
        if not words and part.kind != "end":
            continue
        before = part.before if part.before != _NEW else _gap(written, words)
        yield "text", before + words, None
        written = words or written


_NEW = "\0new"


def _laid_lines(script: Script, *, has_tags: bool) -> Iterator[Bit]:
    previous: Line | None = None
    for index, line in enumerate(script.lines):
        if not line.text.strip():
            continue
        if previous is not None:
            yield "text", line.form.joint if line.form is not None else " ", None
        for kind, words in line_bits(line, previous, has_tags=has_tags):
            yield kind, words, index
        previous = line


def _with_new_parts(script: Script) -> list[Part]:
    """The layout with a place for every box that was filled after the prompt was read."""
    parts = list(script.layout or ())
    order = ("scene", "camera", "lines", "ambience", "effects", "music", "end")
    for kind in order[:-1]:
        is_filled = bool(script.spoken) if kind == "lines" else bool(getattr(script, kind))
        if not is_filled or any(part.kind == kind for part in parts):
            continue
        later = set(order[order.index(kind) + 1 :])
        at = next((i for i, part in enumerate(parts) if part.kind in later), len(parts))
        parts.insert(at, Part(kind, _NEW if kind != "lines" else " "))
    return parts


def _gap(before: str, words: str) -> str:
    """What joins two sentences: a space, or nothing between full-width writing."""
    if not before or not words or before[-1].isspace():
        return ""
    return "" if WIDE.match(before[-1]) and WIDE.match(words[0]) else " "


def _join(*texts: str) -> str:
    joined = ""
    for text in texts:
        joined += _gap(joined, text) + text
    return joined


def _gather(bits: Iterator[Bit]) -> Compiled:
    spans: list[Span] = []
    words: list[str] = []
    at = 0
    for kind, text, index in bits:
        if not text:
            continue
        spans.append(Span(_SPAN_KIND.get(kind, "text"), at, at + len(text), index))
        words.append(text)
        at += len(text)
    return Compiled("".join(words), tuple(spans))
