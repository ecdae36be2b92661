"""Lays out and paints text: captions and tags on plates of their own, paragraphs on a slate. Never fails on a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

from studio.rehearsal.faces import Faces, Font, clean, clusters

Colour = tuple[int, int, int]

INK: Colour = (0xF2, 0xF3, 0xF4)
QUIET: Colour = (0x95, 0x9D, 0xA8)
GROUND: Colour = (0x0D, 0x0E, 0x10)
TEAL: Colour = (0x5F, 0xD4, 0xC6)
ON_TEAL: Colour = (0x0C, 0x1B, 0x1A)
VOICE_COLOURS: dict[int, Colour] = {1: (0xA9, 0xB6, 0xFF), 2: (0xF3, 0xA5, 0xCB)}

# Chinese and Japanese break between any two characters, but for a mark that opens; everything else at spaces.
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_OPENING = "“‘「『（《【〈［"
_WORDS = re.compile(rf"[{_OPENING}]*[{_WIDE}]|[”’]+(?=[“‘])|[^\s{_WIDE}]+")

_CLOSING = "，。、；：？！）》」』】…,.;:?!)”’"  # never the first on a line
_LONG_WORD = 24  # characters; a longer one has no spaces because its writing has none
_CAPTION_ALPHA = 250  # all but solid: the line of the bracket must not run through the words
_NEUTRAL = "…"  # for words of which no font has a character


def type_px(size: tuple[int, int], at_720_px: int) -> int:
    """A size of type by the short side of a frame, and no smaller than can be read on a phone 390 pixels wide."""
    return max(12, round(at_720_px * min(size) / 720), round(at_720_px * size[0] / 1130))


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

    @property
    def is_closing(self) -> bool:
        return len(self.text) == 1 and self.text in _CLOSING


class Letterer:
    """Text at pixel sizes, with the fonts of one rehearsal."""

    def __init__(self, faces: Faces) -> None:
        self._faces = faces

    def caption(self, words: list[Words], size_px: int, max_width_px: int, max_lines: int = 3) -> Image.Image:
        """A dark plate with the words on it, centred; shrinks until it has at most `max_lines` lines."""
        if not any(self._faces.drawable(clean(stretch.text)).strip() for stretch in words):
            words = [Words(_NEUTRAL)]
        lines = self._wrap(words, size_px, max_width_px)
        while len(lines) > max_lines and size_px > 14:
            size_px = int(size_px * 0.88)
            lines = self._wrap(words, size_px, max_width_px)
        lines = _shortened(self._evened(lines, words, size_px, max_width_px), max_lines)
        pad_x, pad_y, leading = size_px * 3 // 5, size_px * 2 // 5, size_px * 4 // 3
        width = max(round(self._width(line, size_px)) for line in lines) + 2 * pad_x
        plate = _plate(width, leading * len(lines) + 2 * pad_y, size_px // 3, (*GROUND, _CAPTION_ALPHA))
        for row, line in enumerate(lines):
            x = (plate.width - self._width(line, size_px)) / 2
            self._draw(plate, line, x, pad_y + row * leading + leading / 2, size_px)
        return plate

    def pages(self, name: list[Words], text: str, size_px: int, max_width_px: int, max_lines: int = 3) -> list[str]:
        """`text` in as few and as equal pieces as fit a caption of `max_lines` beside the name, at full size."""
        needed = -(-len(self._wrap([*name, Words(text)], size_px, max_width_px)) // max_lines)
        for count in range(needed, 2 * needed + 4):
            pieces = _split(clean(text), count)
            if all(len(self._wrap([*name, Words(piece)], size_px, max_width_px)) <= max_lines for piece in pieces):
                return pieces or [""]
        return [text]  # a name that fills the caption by itself

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
            line = lines[-1]
            is_over = bool(line) and self._width([*line, token], size_px) > max_width_px
            hangs = token.is_closing and self._width(line, size_px) <= max_width_px
            if is_over and not hangs:
                lines.append(_taken_along(line, token))
            lines[-1].append(token)
        return lines

    def _evened(self, lines: list[list[_Token]], words: list[Words], size_px: int, width_px: int) -> list[list[_Token]]:
        """The same number of lines in less width, so that the last one is not a single word."""
        for share in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55) if len(lines) > 1 else ():
            narrower = self._wrap(words, size_px, width_px * share)
            if len(narrower) > len(lines):
                break
            lines = narrower
        return lines

    def _tokens(self, words: list[Words], size_px: int, max_width_px: float) -> Iterator[_Token]:
        for stretch in words:
            text, end = self._faces.drawable(clean(stretch.text)), None
            for match in _WORDS.finditer(text):
                piece = match.group()
                has_space = end is None or match.start() > end
                end = match.end()
                while self._width([_Token(piece, stretch, False)], size_px) > max_width_px:
                    fits = self._fitting(piece, stretch, size_px, max_width_px)
                    if fits == len(piece):
                        break
                    yield _Token(piece[:fits], stretch, has_space)
                    piece, has_space = piece[fits:], False
                yield _Token(piece, stretch, has_space)

    def _fitting(self, piece: str, stretch: Words, size_px: int, max_width_px: float) -> int:
        """How many characters of a long word fit on a line; at least one with its marks."""
        share = max_width_px / self._width([_Token(piece, stretch, False)], size_px)
        fits = 0
        for cluster in clusters(piece):
            if fits and fits + len(cluster) > len(piece) * share * 0.9:
                break
            fits += len(cluster)
        return fits

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


def _taken_along(line: list[_Token], token: _Token) -> list[_Token]:
    """What goes to the next line with a token: of two closing marks both, with the word before them."""
    if not token.is_closing or len(line) < 3 or not line[-1].is_closing or line[-2].is_closing:
        return []
    taken = line[-2:]
    del line[-2:]
    return taken


def _split(text: str, count: int) -> list[str]:
    """`text` in `count` pieces of about equal length, cut between words and by preference after a closing mark."""
    starts = [at for match in _WORDS.finditer(text) for at in _starts(match) if text[at] not in _CLOSING]
    length = len(text) / count

    def distance(at: int, number: int) -> float:
        return abs(at - number * length) - (length / 5 if text[:at].rstrip()[-1:] in _CLOSING else 0)

    cuts = {min(starts, key=lambda at: distance(at, number)) for number in range(1, count) if starts}
    pieces = [text[start:end].strip() for start, end in pairwise([0, *sorted(cuts), len(text)])]
    return [piece for piece in pieces if piece]


def _starts(word: re.Match[str]) -> Iterator[int]:
    at = word.start()
    yield at
    for cluster in clusters(word.group()) if len(word.group()) > _LONG_WORD else ():
        at += len(cluster)
        if at < word.end():
            yield at


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
