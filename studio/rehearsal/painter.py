"""Paints frames as planes of luma and colour in BT.709, 8-bit video range: grey pictures, small coloured patches.

Working on planes saves turning every frame from RGB, which costs more than painting it. Never opens files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from studio.rehearsal.camera import Box, seen_through
from studio.rehearsal.lettering import TEAL, Colour

Frame = npt.NDArray[np.uint8]

_REC709_LUMA = (0.2126, 0.7152, 0.0722, 0)
_TO_VIDEO_RANGE = [round(16 + value * 219 / 255) for value in range(256)]
NEUTRAL = 128
OVERSCAN = 1.25  # how much finer than the frame a still is kept, so that a push in stays sharp


def luma_of(picture: Image.Image) -> Image.Image:
    """The picture in grey, as luma in video range."""
    return picture.convert("RGB").convert("L", _REC709_LUMA).point(_TO_VIDEO_RANGE)


def still_for(picture: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """The luma of a picture that covers the frame, with room to move in."""
    size = (round(width_px * OVERSCAN), round(height_px * OVERSCAN))
    return luma_of(ImageOps.fit(picture.convert("RGB"), size, Image.Resampling.BICUBIC))


def look_at(still: Image.Image, view: Box, width_px: int, height_px: int) -> Image.Image:
    """What the camera sees of a still. The box is in floats, so a slow move does not step from pixel to pixel."""
    box = (view[0] * still.width, view[1] * still.height, view[2] * still.width, view[3] * still.height)
    return still.resize((width_px, height_px), Image.Resampling.BILINEAR, box)


def yuv(colour: Colour) -> tuple[int, int, int]:
    """A colour as Y, U and V of BT.709 in video range."""
    red, green, blue = (part / 255 for part in colour)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (blue - luma) / 1.8556),
        round(128 + 224 * (red - luma) / 1.5748),
    )


@dataclass(frozen=True)
class Patch:
    """A small picture ready to be laid on a frame at even coordinates."""

    planes: tuple[Image.Image, Image.Image, Image.Image]
    alpha: Image.Image
    colour_alpha: Image.Image
    x: int
    y: int

    @property
    def size(self) -> tuple[int, int]:
        return self.alpha.size

    def at(self, x: float, y: float) -> Patch:
        return Patch(self.planes, self.alpha, self.colour_alpha, round(x) // 2 * 2, round(y) // 2 * 2)


def patch(picture: Image.Image, x: float = 0, y: float = 0) -> Patch:
    """A patch of an RGBA picture with even sides."""
    frame = av.VideoFrame.from_ndarray(np.asarray(picture.convert("RGB")), format="rgb24")
    flat = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG").to_ndarray().ravel()
    width, height = picture.size
    whole, half = width * height, (width // 2, height // 2)
    quarter = whole // 4
    planes = (
        Image.frombytes("L", (width, height), flat[:whole].tobytes()),
        Image.frombytes("L", half, flat[whole : whole + quarter].tobytes()),
        Image.frombytes("L", half, flat[whole + quarter :].tobytes()),
    )
    alpha = picture.getchannel("A")
    return Patch(planes, alpha, alpha.resize(half, Image.Resampling.BOX), 0, 0).at(x, y)


class Canvas:
    """One frame while it is painted. Sides are even; coordinates of patches and lines are brought to even ones."""

    def __init__(self, luma: Image.Image, colour: tuple[Image.Image, Image.Image] | None = None) -> None:
        half = (luma.width // 2, luma.height // 2)
        blank = colour or (Image.new("L", half, NEUTRAL), Image.new("L", half, NEUTRAL))
        self.planes = (luma, *blank)

    @property
    def size(self) -> tuple[int, int]:
        return self.planes[0].size

    def copy(self) -> Canvas:
        return Canvas(self.planes[0].copy(), (self.planes[1].copy(), self.planes[2].copy()))

    def lay(self, piece: Patch) -> None:
        self.planes[0].paste(piece.planes[0], (piece.x, piece.y), piece.alpha)
        for plane, part in zip(self.planes[1:], piece.planes[1:], strict=True):
            plane.paste(part, (piece.x // 2, piece.y // 2), piece.colour_alpha)

    def fill(self, box: tuple[int, int, int, int], colour: Colour, opacity: float = 1.0) -> None:
        """A filled rectangle (left, top, right, bottom in pixels), clipped to the frame."""
        left, top, right, bottom = (edge // 2 * 2 for edge in _clipped(box, self.size))
        if right <= left or bottom <= top:
            return
        for plane, value, scale in zip(self.planes, yuv(colour), (1, 2, 2), strict=True):
            area = (left // scale, top // scale, right // scale, bottom // scale)
            if opacity >= 1:
                plane.paste(value, area)
            else:
                strength = Image.new("L", (area[2] - area[0], area[3] - area[1]), round(255 * opacity))
                plane.paste(value, area, strength)

    def outline(self, box: tuple[int, int, int, int], colour: Colour, thickness_px: int = 2) -> None:
        left, top, right, bottom = box
        self.fill((left, top, right, top + thickness_px), colour)
        self.fill((left, bottom - thickness_px, right, bottom), colour)
        self.fill((left, top, left + thickness_px, bottom), colour)
        self.fill((right - thickness_px, top, right, bottom), colour)

    def thirds(self) -> None:
        """The grid that splits the frame in three both ways."""
        width, height = self.size
        for share in (1 / 3, 2 / 3):
            x, y = round(width * share), round(height * share)
            self.fill((x, 0, x + 2, height), (255, 255, 255), 0.22)
            self.fill((0, y, width, y + 2), (255, 255, 255), 0.22)

    def packed(self) -> Frame:
        """The planes one after another, as an encoder takes them: an array of height × 3/2 rows."""
        data = b"".join(plane.tobytes() for plane in self.planes)
        return np.frombuffer(data, np.uint8).reshape(self.size[1] * 3 // 2, self.size[0])


def draw_bracket(canvas: Canvas, view: Box, target: Box, label: Patch, tag: Patch) -> None:
    """Frame `target` as it is seen through `view`, its label inside the upper right corner: captions lie at the foot.

    The label stays in the frame, and below the tag where both would meet.
    """
    width, height = canvas.size
    left, top, right, bottom = seen_through(view, target)
    box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
    canvas.outline(box, TEAL, 2)
    label_width, label_height = label.size
    margin = max(4, height // 90)
    x = min(max(box[2] - 2 - label_width - margin, margin), width - label_width - margin)
    meets_tag = x < tag.x + tag.size[0] + margin
    highest = tag.y + tag.size[1] + margin if meets_tag else tag.y
    y = min(max(box[1] + 2 + margin, highest), height - label_height - margin)
    canvas.lay(label.at(x, y))


def _clipped(box: Sequence[int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    return (max(0, box[0]), max(0, box[1]), min(width, box[2]), min(height, box[3]))
