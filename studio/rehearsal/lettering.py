"""Lays out and paints text: captions and tags on plates of their own, paragraphs on a slate. Never fails on a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw

from studio.rehearsal.faces import Faces, Font, clean

Colour = tuple[int, int, int]

INK: Colour = (0xF2, 0xF3, 0xF4)
QUIET: Colour = (0x95, 0x9D, 0xA8)
GROUND: Colour = (0x0D, 0x0E, 0x10)
TEAL: Colour = (0x5F, 0xD4, 0xC6)
ON_TEAL: Colour = (0x0C, 0x1B, 0x1A)
VOICE_COLOURS: dict[int, Colour] = {1: (0xA9, 0xB6, 0xFF), 2: (0xF3, 0xA5, 0xCB)}

# Chinese and Japanese break between any two characters; everything else at spaces.
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORDS = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]+")

_CLOSING = "，。、；：？！）》」』】…,.;:?!)”’"  # never the first on a line


@dataclass(frozen=True)
class Words:
    """A stretch of text in one colour and weight."""

    text: str
    colour: Colour = INK
    weight: int = 500


@dataclass(frozen=True)
class _Token:
    text: str
    words: Words
    has_space_before: bool


class Letterer:
    """Text at pixel sizes, with the fonts of one rehearsal."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def caption(self, words: list[Words], size_px: int, max_width_px: int, max_lines: int = 3) -> Image.Image:
        """A dark plate with the words on it, centred; shrinks until it has at most `max_lines` lines."""
        lines = self._wrap(words, size_px, max_width_px)
        while len(lines) > max_lines and size_px > 14:
            size_px = int(size_px * 0.88)
            lines = self._wrap(words, size_px, max_width_px)
        lines = _shortened(lines, max_lines)
        pad_x, pad_y, leading = size_px * 3 // 5, size_px * 2 // 5, size_px * 4 // 3
        width = max(round(self._width(line, size_px)) for line in lines) + 2 * pad_x
        plate = _plate(width, leading * len(lines) + 2 * pad_y, size_px // 3, (*GROUND, 215))
        for row, line in enumerate(lines):
            x = (plate.width - self._width(line, size_px)) / 2
            self._draw(plate, line, x, pad_y + row * leading + leading / 2, size_px)
        return plate

    def tag(self, text: str, size_px: int) -> Image.Image:
        """A small teal plate: the mark of a rehearsal."""
        line = self._wrap([Words(text, ON_TEAL, 600)], size_px, 10_000)[0]
        plate = _plate(
            round(self._width(line, size_px)) + size_px * 6 // 5, size_px * 9 // 5, size_px // 3, (*TEAL, 255)
        )
        self._draw(plate, line, size_px * 3 / 5, plate.height / 2, size_px)
        return plate

    def block(
        self,
        words: list[Words],
        picture: Image.Image,
        at: tuple[int, int],
        room: tuple[int, int],
        size_px: int,
        least_px: int = 16,
    ) -> int:
        """Write a paragraph into `room` (width, height); shrinks to `least_px`, then shortens. Returns its height."""
        lines = self._wrap(words, size_px, room[0])
        while len(lines) * size_px * 1.35 > room[1] and size_px > least_px:
            size_px = max(least_px, int(size_px * 0.9))
            lines = self._wrap(words, size_px, room[0])
        leading = size_px * 1.35
        lines = _shortened(lines, max(1, int(room[1] / leading)))
        for row, line in enumerate(lines):
            self._draw(picture, line, at[0], at[1] + row * leading + leading / 2, size_px)
        return round(len(lines) * leading)

    def _wrap(self, words: list[Words], size_px: int, max_width_px: float) -> list[list[_Token]]:
        """Lines of tokens that fit; a single word wider than the room is cut to pieces."""
        lines: list[list[_Token]] = [[]]
        for token in self._tokens(words, size_px, max_width_px):
            is_over = lines[-1] and self._width([*lines[-1], token], size_px) > max_width_px
            if is_over and token.text[0] not in _CLOSING:
                lines.append([])
            lines[-1].append(token)
        return lines

    def _tokens(self, words: list[Words], size_px: int, max_width_px: float) -> Iterator[_Token]:
        for stretch in words:
            text, end = clean(stretch.text), None
            for match in _WORDS.finditer(text):
                piece = match.group()
                has_space = end is None or match.start() > end
                end = match.end()
                while len(piece) > 1 and self._width([_Token(piece, stretch, False)], size_px) > max_width_px:
                    fits = self._fitting(piece, stretch, size_px, max_width_px)
                    yield _Token(piece[:fits], stretch, has_space)
                    piece, has_space = piece[fits:], False
                yield _Token(piece, stretch, has_space)

    def _fitting(self, piece: str, stretch: Words, size_px: int, max_width_px: float) -> int:
        """How many characters of a long word fit on a line; at least one."""
        share = max_width_px / self._width([_Token(piece, stretch, False)], size_px)
        return max(1, int(len(piece) * share * 0.9))

    def _runs(self, line: list[_Token], size_px: int) -> Iterator[tuple[str, Font, Colour]]:
        """A line as strings of one font and colour, so that scripts are shaped whole and not word by word."""
        for place, (text, words) in enumerate(_joined(line)):
            if place:  # a speaker stands apart from the words, whichever way these are written
                yield "  ", self._faces.font_for("", size_px, words.weight), words.colour
            for piece, font in self._faces.runs(text, size_px, words.weight):
                yield piece, font, words.colour

    def _width(self, line: list[_Token], size_px: int) -> float:
        return sum(font.getlength(text) for text, font, _ in self._runs(line, size_px))

    def _draw(self, picture: Image.Image, line: list[_Token], x: float, middle_y: float, size_px: int) -> None:
        draw = ImageDraw.Draw(picture)
        baseline = middle_y + size_px * 0.35
        for text, font, colour in self._runs(line, size_px):
            anchor = "ls" if hasattr(font, "getbbox") and not _is_bitmap(font) else None
            draw.text((x, baseline), text, font=font, fill=colour, anchor=anchor)
            x += font.getlength(text)


def _is_bitmap(font: Font) -> bool:
    return not hasattr(font, "path")


def _joined(line: list[_Token]) -> list[tuple[str, Words]]:
    """Neighbours of one look put together, with the spaces between them."""
    joined: list[tuple[str, Words]] = []
    for place, token in enumerate(line):
        space = " " if place and token.has_space_before else ""
        if joined and joined[-1][1] == token.words:
            joined[-1] = (joined[-1][0] + space + token.text, token.words)
        else:
            joined.append((token.text, token.words))
    return joined


def _shortened(lines: list[list[_Token]], max_lines: int) -> list[list[_Token]]:
    if len(lines) <= max_lines:
        return lines
    kept = lines[:max_lines]
    last = kept[-1][-1] if kept[-1] else _Token("", Words(""), False)
    return [*kept[:-1], [*kept[-1], _Token("…", last.words, False)]]


def _plate(width_px: int, height_px: int, radius_px: int, fill: tuple[int, int, int, int]) -> Image.Image:
    """A rounded plate with even sides, as 4:2:0 video wants them."""
    plate = Image.new("RGBA", (width_px + width_px % 2, height_px + height_px % 2), (*fill[:3], 0))
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), radius_px, fill=fill)
    return plate
