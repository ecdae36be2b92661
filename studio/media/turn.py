"""How a clip must be turned to stand upright, read from its display matrix; never turns a whole clip."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from av.video.frame import VideoFrame
from PIL import Image


@dataclass(frozen=True)
class Turn:
    """How a picture must be turned to be upright. `degrees` clockwise, after mirroring left to right."""

    degrees: int = 0
    is_mirrored: bool = False
    transpose: Image.Transpose | None = None
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def swaps_sides(self) -> bool:
        return self.degrees in (90, 270)

    def apply(self, image: Image.Image) -> Image.Image:
        return image if self.transpose is None else image.transpose(self.transpose)


UPRIGHT = Turn()
# By the signs of a, b, c, d of the display matrix (ISO 14496-12, 8.3.2): x' = a x + c y, y' = b x + d y.
_TURNS = {
    (1, 0, 0, 1): UPRIGHT,
    (0, 1, -1, 0): Turn(90, False, Image.Transpose.ROTATE_270, (("transpose", "clock"),)),
    (-1, 0, 0, -1): Turn(180, False, Image.Transpose.ROTATE_180, (("hflip", ""), ("vflip", ""))),
    (0, -1, 1, 0): Turn(270, False, Image.Transpose.ROTATE_90, (("transpose", "cclock"),)),
    (-1, 0, 0, 1): Turn(0, True, Image.Transpose.FLIP_LEFT_RIGHT, (("hflip", ""),)),
    (1, 0, 0, -1): Turn(180, True, Image.Transpose.FLIP_TOP_BOTTOM, (("vflip", ""),)),
    (0, 1, 1, 0): Turn(270, True, Image.Transpose.TRANSPOSE, (("transpose", "cclock_flip"),)),
    (0, -1, -1, 0): Turn(90, True, Image.Transpose.TRANSVERSE, (("transpose", "clock_flip"),)),
}


def turn_of(frame: VideoFrame) -> Turn:
    """The turn that the container asks for. Slanted matrices, which no camera writes, are left as they are.

    To be asked once a clip: a frame whose `side_data` was read refers to itself from then on, so its pixels stay until
    the next collection, and a 4K clip fills the memory of its worker.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = struct.unpack("<5i", bytes(matrix)[:20])
    largest = max(abs(a), abs(b), abs(c), abs(d), 1)
    return _TURNS.get((round(a / largest), round(b / largest), round(c / largest), round(d / largest)), UPRIGHT)
