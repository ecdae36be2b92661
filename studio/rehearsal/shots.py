"""The three shots of a rehearsal: a moving still, a slate, a figure with its movement. MoviePy holds the timeline.

A shot gives luma for a moment; tag, grid, bracket and captions are laid over it by the animatic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import av
import numpy as np
import numpy.typing as npt
from moviepy import ColorClip, VideoClip, vfx
from PIL import Image

from studio.rehearsal.camera import FULL, Box, Move
from studio.rehearsal.lettering import GROUND, INK, QUIET, TEAL, Colour, Letterer, Words, type_px
from studio.rehearsal.painter import Canvas, look_at, luma_of, still_for
from studio.script.scene import Script

CROSSFADE_S = 1.2
END_HOLD_S = 0.5
END_ZOOM: Box = (0.06, 0.06, 0.94, 0.94)
INSET_SHARE = 0.42
GREY: Colour = (128, 128, 128)

Luma = npt.NDArray[np.uint8]


class Shot(Protocol):
    """A shot of a fixed size. `painters` says how many threads may call `canvas` side by side."""

    size: tuple[int, int]
    painters: int

    def canvas(self, at_s: float) -> Canvas:
        """The bare picture at a moment."""

    def view(self, at_s: float) -> Box | None:
        """What the camera sees of the picture, or None where a bracket has no meaning."""

    def set_in(self, canvas: Canvas, at_s: float) -> None:
        """Lay on what grid and bracket must not run through."""


@dataclass(frozen=True)
class _MovingStill:
    """A still under a camera move, as a MoviePy clip whose frames are luma only."""

    still: Image.Image
    move: Move
    size: tuple[int, int]
    duration_s: float

    def clip(self, start_s: float = 0.0) -> Any:
        return VideoClip(self._frame, duration=self.duration_s).with_start(start_s)

    def view(self, at_s: float) -> Box:
        return self.move.at(min(1.0, max(0.0, at_s / self.duration_s)))

    def _frame(self, at_s: float) -> Luma:
        return np.asarray(look_at(self.still, self.view(at_s), *self.size))


class StillShot:
    """Image to video: the start frame under the camera move, fading to the end frame where there is one."""

    painters = 2

    def __init__(
        self, start: Image.Image, end: Image.Image | None, move: Move, size: tuple[int, int], duration_s: float
    ) -> None:
        self.size = size
        self._start = _MovingStill(still_for(start, *size), move, size, duration_s)
        self._timeline = [self._start.clip()]
        if end is not None:
            self._timeline.append(self._ending(end, duration_s))

    def _ending(self, end: Image.Image, duration_s: float) -> Any:
        """The end frame, settling to its full size, faded in over the last part of the shot."""
        length_s = min(CROSSFADE_S + END_HOLD_S, duration_s)
        settle = Move("settle", END_ZOOM, FULL)
        clip = _MovingStill(still_for(end, *self.size), settle, self.size, length_s).clip(duration_s - length_s)
        opacity = ColorClip((1, 1), 1.0, is_mask=True, duration=length_s)  # one pixel: all of the frame fades alike
        return clip.with_mask(opacity).with_effects([vfx.CrossFadeIn(CROSSFADE_S)])

    def canvas(self, at_s: float) -> Canvas:
        first, *later = [clip for clip in self._timeline if clip.start <= at_s < clip.end] or self._timeline[-1:]
        picture = _picture(first, at_s)
        for clip in later:
            weight = _weight(clip, at_s)
            if weight > 0:
                picture = Image.blend(picture, _picture(clip, at_s), min(1.0, weight))
        return Canvas(picture)

    def view(self, at_s: float) -> Box | None:
        return self._start.view(at_s)

    def set_in(self, canvas: Canvas, at_s: float) -> None:
        """Nothing: the picture is the whole shot."""


def _picture(clip: Any, at_s: float) -> Image.Image:
    return Image.fromarray(clip.get_frame(at_s - clip.start))


def _weight(clip: Any, at_s: float) -> float:
    """How much of a clip is seen at a moment, from its MoviePy mask."""
    return 1.0 if clip.mask is None else float(np.ravel(clip.mask.get_frame(at_s - clip.start))[0])


class Slate:
    """Text to video: the words of the scene, the camera and the sound on a dark card of the right shape.

    All of it ends above `foot_px`, where the captions begin.
    """

    painters = 2

    def __init__(
        self, script: Script, move: Move, size: tuple[int, int], facts: str, letterer: Letterer, foot_px: int
    ) -> None:
        self.size = size
        self._move = move
        self._margin, self._finder_px = round(size[0] * 0.08), round(min(size) * 0.2)
        small = type_px(size, 24)
        self._foot = min(round(size[1] * 0.8), foot_px - small)
        card = Image.new("RGB", size, GROUND)
        width, top = size[0] - 2 * self._margin, round(size[1] * 0.13)
        top += letterer.block([Words(facts, QUIET)], card, (self._margin, top), (width, small * 3), small) + small
        scene = script.raw or script.scene or script.camera or "No scene is written."
        room = (width, self._finder(FULL)[1] - small - top)
        size_px, least_px = type_px(size, 46), type_px(size, 20)
        top += letterer.block([Words(scene, INK)], card, (self._margin, top), room, size_px, least_px)
        self._write_notes(script, card, letterer, top + small, small)
        self._card = luma_of(card)

    def _write_notes(self, script: Script, card: Image.Image, letterer: Letterer, top: int, size_px: int) -> None:
        """Camera and sound, beside the finder: what room there is above the captions is shared."""
        notes = _notes(script, self._move)
        width = self.size[0] - 3 * self._margin - self._finder(FULL)[2] + self._finder(FULL)[0]
        for number, (label, text) in enumerate(notes):
            height = min(round(size_px * 8), (self._foot - top) // (len(notes) - number) - size_px // 2)
            words, least_px = [Words(label, QUIET, 600), Words(text, INK)], type_px(self.size, 18)
            room = (width, height)
            top += letterer.block(words, card, (self._margin, top), room, size_px, least_px) + size_px // 2

    def _finder(self, box: Box) -> tuple[int, int, int, int]:
        """Where a part of the frame lies in the small finder at the right, in pixels."""
        scale = self._finder_px / min(self.size)
        width, height = self.size[0] * scale, self.size[1] * scale
        left, top = self.size[0] - self._margin - width, self._foot - height
        return (
            round(left + box[0] * width),
            round(top + box[1] * height),
            round(left + box[2] * width),
            round(top + box[3] * height),
        )

    def canvas(self, at_s: float) -> Canvas:
        canvas = Canvas(self._card.copy())
        canvas.outline(self._finder(FULL), QUIET, 2)
        canvas.outline(self._finder(self._move.bracket[0]), TEAL, 2)
        return canvas

    def view(self, at_s: float) -> Box | None:
        return None  # the finder shows the move; a bracket would run through the words

    def set_in(self, canvas: Canvas, at_s: float) -> None:
        """Nothing: the card is the whole shot."""


def _notes(script: Script, move: Move) -> list[tuple[str, str]]:
    sound = " ".join(part for part in (script.ambience, script.effects, script.music) if part)
    rows = [("Camera", script.camera or move.name), ("Sound", sound)]
    return [(label, text) for label, text in rows if text]


class MotionShot:
    """Motion control: the figure's picture, and the movement it is to follow set into the lower right."""

    painters = 1  # the clip is decoded in order

    def __init__(
        self, figure: Image.Image, clip_path: str, move: Move, size: tuple[int, int], duration_s: float
    ) -> None:
        self.size = size
        self._figure = _MovingStill(still_for(figure, *size), move, size, duration_s)
        self._still = self._figure.clip()
        self._movement = _Movement(clip_path, (round(size[0] * 0.6), round(size[1] * INSET_SHARE)))
        self._timeline = VideoClip(self._movement.at, duration=duration_s)

    def canvas(self, at_s: float) -> Canvas:
        return Canvas(Image.fromarray(self._still.get_frame(at_s)))

    def set_in(self, canvas: Canvas, at_s: float) -> None:
        """The movement, as its clip shows it at this moment."""
        inset = Image.fromarray(self._timeline.get_frame(at_s))
        left, top = self._corner(inset.size)
        canvas.fill((left, top, left + inset.width, top + inset.height), GREY)  # takes the bracket's colour away
        canvas.planes[0].paste(inset, (left, top))
        canvas.outline((left - 2, top - 2, left + inset.width + 2, top + inset.height + 2), TEAL, 2)

    def _corner(self, inset: tuple[int, int]) -> tuple[int, int]:
        margin = max(8, self.size[1] // 40)
        left, top = self.size[0] - inset[0] - margin, self.size[1] - inset[1] - margin
        return left // 2 * 2, top // 2 * 2

    def view(self, at_s: float) -> Box | None:
        return None if self._figure.move.is_still else self._figure.view(at_s)

    def close(self) -> None:
        self._movement.close()


class _Movement:
    """The reference clip's luma at rising moments, fitted into a room; the last picture stays when it ends."""

    def __init__(self, path: str, room: tuple[int, int]) -> None:
        self._container = av.open(path)
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        self._frames: Iterator[av.VideoFrame] = self._container.decode(stream)
        self._upcoming = next(self._frames, None)
        if self._upcoming is None:
            raise ValueError("the clip has no pictures")
        self._first_s = self._upcoming.time or 0.0
        turns = round(getattr(self._upcoming, "rotation", 0) / 90) % 4
        self._turns = turns
        across = (stream.width, stream.height) if turns % 2 == 0 else (stream.height, stream.width)
        scale = min(room[0] / across[0], room[1] / across[1])
        self.size = tuple(max(2, round(side * scale) // 2 * 2) for side in across)
        self._current = self._luma(self._upcoming)

    def at(self, at_s: float) -> Luma:
        """The picture shown at a moment. Moments must not go back."""
        newest = None
        while self._upcoming is not None and (self._upcoming.time or 0.0) - self._first_s <= at_s + 1e-6:
            newest = self._upcoming
            self._upcoming = next(self._frames, None)
        if newest is not None:
            self._current = self._luma(newest)
        return self._current

    def _luma(self, frame: av.VideoFrame) -> Luma:
        width, height = self.size if self._turns % 2 == 0 else self.size[::-1]
        scaled = frame.reformat(width, height, "yuv420p", interpolation="FAST_BILINEAR", dst_color_range="MPEG")
        plane = scaled.planes[0]
        luma = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        return np.ascontiguousarray(np.rot90(luma, self._turns))

    def close(self) -> None:
        self._container.close()
