"""A script: what happens, who speaks and what is heard, as plain values. Never compiles, parses or judges it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

MAX_LINES = 60
MAX_TEXT_CHARS = 20_000  # one box or one spoken text; Kling reads 2,500 in all, a paste may be longer
MAX_LABEL_CHARS = 400
MAX_PIECES = 40
SLOTS = (1, 2)
BOXES = ("scene", "camera", "ambience", "effects", "music")
PART_KINDS = ("scene", "camera", "lines", "ambience", "effects", "music", "end")
PIECE_KINDS = (
    "text",
    "label",
    "lead",
    "speaker",
    "implied",
    "delivery",
    "action",
    "connective",
    "tag",
    "verb",
    "speech",
)

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Piece:
    """One piece of a line as it was written: words of its own, or the place of one of the line's fields."""

    kind: str
    text: str = ""


@dataclass(frozen=True)
class Form:
    """How one line was written where that is not the studio's own form.

    `joint` stands between the line before and this one. `open` and `close` are the quotation marks; `close` is empty
    for a quote that was never closed.
    """

    pieces: tuple[Piece, ...]
    open: str = '"'
    close: str = '"'
    joint: str = " "


@dataclass(frozen=True)
class Line:
    """One spoken line. `slot` is the voice slot, 1 or 2, or None for any voice.

    `action` is a beat before the line. `verb` and `connective` of None are chosen by the line's place
    (“says”, then “After a beat, … replies”); an empty text means none. `form` of None is the studio's own form.
    """

    speaker: str = ""
    slot: int | None = None
    delivery: str = ""
    text: str = ""
    action: str = ""
    verb: str | None = None
    connective: str | None = None
    form: Form | None = None

    @property
    def is_unclosed(self) -> bool:
        return self.form is not None and bool(self.form.open) and not self.form.close


@dataclass(frozen=True)
class Part:
    """The place of one box (or of the lines) in a prompt that was read, with the words written before it."""

    kind: str
    before: str = ""


@dataclass(frozen=True)
class Script:
    """A whole script. `raw` is a prompt kept exactly as a person wrote it; then the other fields are a best reading.

    `layout` of None is the studio's own order: scene, camera, lines, ambience, effects, music.
    """

    scene: str = ""
    camera: str = ""
    lines: tuple[Line, ...] = ()
    ambience: str = ""
    effects: str = ""
    music: str = ""
    raw: str | None = None
    layout: tuple[Part, ...] | None = None

    @property
    def spoken(self) -> tuple[Line, ...]:
        """The lines that have words."""
        return tuple(line for line in self.lines if line.text.strip())

    @property
    def slots(self) -> tuple[int, ...]:
        """Voice slots that spoken lines use, in order."""
        return tuple(sorted({line.slot for line in self.spoken if line.slot is not None}))

    def with_line(self, index: int, **changes: Any) -> Script:
        """The script with one line changed. IndexError where there is no such line."""
        lines = list(self.lines)
        lines[index] = replace(lines[index], **changes)
        return replace(self, lines=tuple(lines))

    def without_lines(self, indexes: Iterable[int]) -> Script:
        gone = set(indexes)
        return replace(self, lines=tuple(line for i, line in enumerate(self.lines) if i not in gone))


def script_to_json(script: Script) -> dict[str, Any]:
    """The script as JSON values. What a field holds by default is left out of its line."""
    data: dict[str, Any] = {name: getattr(script, name) for name in BOXES}
    data["lines"] = [_line_to_json(line) for line in script.lines]
    data["raw"] = script.raw
    if script.layout is not None:
        data["layout"] = [[part.kind, part.before] for part in script.layout]
    return data


def _line_to_json(line: Line) -> dict[str, Any]:
    data = {key: value for key, value in asdict(line).items() if key != "form"}
    data = {key: value for key, value in data.items() if key in ("speaker", "slot", "delivery", "text") or value}
    for key in ("verb", "connective"):
        if getattr(line, key) is not None:
            data[key] = getattr(line, key)
    if line.form is not None:
        data["form"] = {
            "pieces": [[piece.kind, piece.text] for piece in line.form.pieces],
            "open": line.form.open,
            "close": line.form.close,
            "joint": line.form.joint,
        }
    return data


def script_from_json(data: object) -> Script:
    """A script from JSON of any origin. Never raises: wrong types become empty, sizes are cut, extra keys dropped."""
    if not isinstance(data, Mapping):
        return Script()
    rows = data.get("lines")
    lines = rows[:MAX_LINES] if isinstance(rows, (list, tuple)) else ()
    boxes = {name: _text(data.get(name)) for name in BOXES}
    return Script(
        **boxes,
        lines=tuple(_line_from_json(row) for row in lines if isinstance(row, Mapping)),
        raw=_maybe_text(data.get("raw")),
        layout=_layout_from_json(data.get("layout")),
    )


def _line_from_json(row: Mapping[str, Any]) -> Line:
    slot = row.get("slot")
    is_slot = isinstance(slot, int) and not isinstance(slot, bool) and slot in SLOTS
    return Line(
        speaker=_text(row.get("speaker"), MAX_LABEL_CHARS),
        slot=slot if is_slot else None,
        delivery=_text(row.get("delivery"), MAX_LABEL_CHARS),
        text=_text(row.get("text")),
        action=_text(row.get("action")),
        verb=_maybe_text(row.get("verb"), MAX_LABEL_CHARS),
        connective=_maybe_text(row.get("connective"), MAX_LABEL_CHARS),
        form=_form_from_json(row.get("form")),
    )


def _form_from_json(data: object) -> Form | None:
    if not isinstance(data, Mapping):
        return None
    pairs = _pairs(data.get("pieces"), PIECE_KINDS)
    if not any(kind == "speech" for kind, _ in pairs):
        return None
    marks = {key: _text(data.get(key), 8) for key in ("open", "close")}
    return Form(tuple(Piece(*pair) for pair in pairs), **marks, joint=_text(data.get("joint"), MAX_LABEL_CHARS))


def _layout_from_json(data: object) -> tuple[Part, ...] | None:
    pairs = _pairs(data, PART_KINDS)
    return tuple(Part(*pair) for pair in pairs) or None


def _pairs(data: object, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    if not isinstance(data, (list, tuple)):
        return []
    good = [pair for pair in data[:MAX_PIECES] if isinstance(pair, (list, tuple)) and len(pair) == 2]
    return [(str(kind), _text(text)) for kind, text in good if isinstance(kind, str) and kind in kinds]


def _text(value: object, limit: int = MAX_TEXT_CHARS) -> str:
    """Text of at most `limit` characters that can be written as UTF-8."""
    return _LONE_SURROGATE.sub("\ufffd", value[:limit]) if isinstance(value, str) else ""


def _maybe_text(value: object, limit: int = MAX_TEXT_CHARS) -> str | None:
    return _text(value, limit) if isinstance(value, str) else None
