"""Draws a rehearsal in a worker process: one order in, one MP4 and a report out. Never touches the network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from studio.rehearsal.camera import STATIC, Move, read_move
from studio.rehearsal.faces import Faces
from studio.rehearsal.guide import Cue, Guide, make_guide, paged
from studio.rehearsal.lettering import INK, VOICE_COLOURS, Letterer, Words, type_px
from studio.rehearsal.painter import Canvas, Frame, Patch, draw_bracket, patch
from studio.rehearsal.reel import FPS, Reel, encode, paint_ahead
from studio.rehearsal.refusals import Refused, check_clip, open_picture, recording_length_s
from studio.rehearsal.rows import row
from studio.rehearsal.shots import MotionShot, Shot, Slate, StillShot
from studio.rehearsal.speech import SAMPLE_RATE, Sound, engine_from_spec
from studio.script.parse import parse_prompt
from studio.script.rates import Rates
from studio.script.scene import Script
from studio.script.timing import plan_lines

LONG_SIDE_PX = 1280
SHAPES = {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (960, 960)}
PROGRESS_EVERY = 6

Spec = dict[str, Any]
Captions = tuple[tuple[Cue, Patch], ...]


class Stopped(Exception):
    """Somebody asked for the drawing to stop."""


def render_animatic(spec: Spec) -> Spec:
    """Carry out an order (see `Order.spec`).

    Returns `path`, `duration_s`, `width_px`, `height_px`, `has_sound` and `cues` of the finished MP4; or `voice_id`
    for a recording; or `refused` with fal's own rows where the model would refuse the input.
    """
    try:
        if spec["mode"] == "create-voice":
            return _audition(spec)
        with ExitStack() as stack:
            return _draw(spec, _DIRECTORS[spec["mode"]](spec, stack))
    except Refused as refused:
        return {"refused": {"rows": refused.rows}}
    except Stopped:
        return {"refused": {"rows": [row("client_cancelled", "Stopped")], "status_code": 499}}


def _audition(spec: Spec) -> Spec:
    path = spec["inputs"]["voice_url"]
    recording_length_s(path, "voice_url")
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return {"voice_id": str(int(digest, 16))[:18]}  # like fal's ids, and the same for the same recording


@dataclass(frozen=True)
class Plan:
    """A shot with everything that goes over it. `duration_s` is what was ordered."""

    shot: Shot
    move: Move
    guide: Guide
    duration_s: float
    letterer: Letterer
    captions: Captions = ()


def _image_to_video(spec: Spec, stack: ExitStack) -> Plan:
    values, inputs = spec["arguments"], spec["inputs"]
    start = open_picture(inputs["start_image_url"], "start_image_url")
    end = open_picture(inputs["end_image_url"], "end_image_url") if "end_image_url" in inputs else None
    script, move, duration_s = parse_prompt(values["prompt"]), read_move(values["prompt"]), float(values["duration"])
    guide, letterer = _guide(spec, script, duration_s), _letterer(spec)
    shot = StillShot(start, end, move, frame_size(*start.size), duration_s)
    return Plan(shot, move, guide, duration_s, letterer, _captions(guide, shot.size, letterer))


def _text_to_video(spec: Spec, stack: ExitStack) -> Plan:
    values, letterer = spec["arguments"], _letterer(spec)
    script, move, duration_s = parse_prompt(values["prompt"]), read_move(values["prompt"]), float(values["duration"])
    shape = values["aspect_ratio"]
    facts = f"Text to video, {shape}, {duration_s:g} s"
    guide = _guide(spec, script, duration_s)
    captions = _captions(guide, SHAPES[shape], letterer)
    foot_px = min((plate.y for _cue, plate in captions), default=SHAPES[shape][1])
    shot = Slate(script, move, SHAPES[shape], facts, letterer, foot_px)
    return Plan(shot, move, guide, duration_s, letterer, captions)


def _motion_control(spec: Spec, stack: ExitStack) -> Plan:
    values, inputs = spec["arguments"], spec["inputs"]
    figure = open_picture(inputs["image_url"], "image_url")
    facts = check_clip(inputs["video_url"], "video_url", values["character_orientation"])
    move = read_move(values.get("prompt") or "", STATIC)
    shot = MotionShot(figure, inputs["video_url"], move, frame_size(*figure.size), facts.duration_s)
    stack.enter_context(closing(shot))
    keeps_sound = bool(values.get("keep_original_sound")) and facts.has_sound
    sound = _original_sound(inputs["video_url"], facts.duration_s) if keeps_sound else None
    return Plan(shot, move, Guide((), sound), facts.duration_s, _letterer(spec))


_DIRECTORS: dict[str, Callable[[Spec, ExitStack], Plan]] = {
    "image-to-video": _image_to_video,
    "text-to-video": _text_to_video,
    "motion-control": _motion_control,
    "motion-control-standard": _motion_control,
}


def frame_size(width: int, height: int, long_side: int = LONG_SIDE_PX) -> tuple[int, int]:
    """The picture's own shape with an even long side of 1280 pixels."""
    scale = long_side / max(width, height)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _letterer(spec: Spec) -> Letterer:
    return Letterer(Faces(spec.get("fonts_dir")))


def _guide(spec: Spec, script: Script, duration_s: float) -> Guide:
    plan = plan_lines(script.lines, duration_s, Rates())
    starts = {row.index: row.start_s for row in plan.rows}
    wanted = [starts.get(index, 0.0) for index in range(len(script.lines))]
    has_sound = bool(spec["arguments"].get("generate_audio", True))
    return make_guide(script.lines, wanted, duration_s, engine_from_spec(spec.get("speech")), has_sound=has_sound)


def _captions(guide: Guide, size: tuple[int, int], letterer: Letterer) -> Captions:
    """Every caption on its plate at the foot of the frame; a long line in pages."""
    size_px, width = type_px(size, 30), round(size[0] * 0.82)
    captions = []
    for cue in guide.cues:
        name = [Words(cue.speaker, VOICE_COLOURS.get(cue.slot or 0, INK), 600)] if cue.speaker else []
        for page in paged(cue, letterer.pages(name, cue.text, size_px, width)):
            plate = letterer.caption([*name, Words(page.text)], size_px, width)
            at = ((size[0] - plate.width) / 2, size[1] - plate.height - round(size[1] * 0.06))
            captions.append((page, patch(plate, *at)))
    return tuple(captions)


def _original_sound(path: str, duration_s: float) -> Sound:
    """The clip's own sound as mono samples, as long as its picture."""
    resampler = av.AudioResampler("fltp", "mono", SAMPLE_RATE)
    whole = np.zeros(round(duration_s * SAMPLE_RATE), np.float32)
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            start = round((frame.time or 0.0) * SAMPLE_RATE)
            samples = np.concatenate([part.to_ndarray()[0] for part in resampler.resample(frame)] or [whole[:0]])
            room = whole[max(0, start) : start + len(samples)]
            room[:] = samples[: len(room)]
    return whole


def _draw(spec: Spec, plan: Plan) -> Spec:
    width, height = plan.shot.size
    count = max(1, round(plan.duration_s * FPS))
    overlay = _Overlay(plan)
    progress = _Progress(spec, count)

    def paint(number: int) -> Frame:
        return overlay.frame(number / FPS)

    cues = [cue.as_json() for cue in plan.guide.cues]
    notes = {"rehearsal": True, "cues": cues}
    reel = Reel(spec["output_path"], width, height, count, plan.guide.sound, notes)
    encode(reel, progress.watch(paint_ahead(paint, count, plan.shot.painters)))
    return {
        "path": spec["output_path"],
        "duration_s": plan.duration_s,
        "width_px": width,
        "height_px": height,
        "has_sound": plan.guide.sound is not None,
        "cues": cues,
    }


class _Progress:
    """Says after every few frames how far the drawing is, in a file, and looks whether it should stop."""

    def __init__(self, spec: Spec, count: int) -> None:
        self._progress, self._stop = spec.get("progress_path"), spec.get("stop_path")
        self._count = count

    def watch(self, frames: Any) -> Any:
        for number, frame in enumerate(frames, start=1):
            yield frame
            if number % PROGRESS_EVERY == 0 or number == self._count:
                self._report(number)

    def _report(self, number: int) -> None:
        if self._stop and Path(self._stop).exists():
            raise Stopped
        if self._progress:
            beside = Path(f"{self._progress}.part")
            beside.write_text(f"Frame {number} of {self._count}", encoding="utf-8")
            beside.replace(self._progress)


class _Overlay:
    """Lays the marks of a rehearsal over a shot: tag and grid on every frame, bracket, captions in their time."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        size = plan.shot.size
        margin = round(min(size) / 36)
        self._tag = patch(plan.letterer.tag("Rehearsal", type_px(size, 24)), margin, margin)
        self._target, label = plan.move.bracket
        self._label = patch(plan.letterer.tag(label, type_px(size, 20)))
        self._painted = lru_cache(maxsize=4)(self._still_frame)

    def frame(self, at_s: float) -> Frame:
        showing = tuple(n for n, (cue, _) in enumerate(self._plan.captions) if cue.start_s <= at_s < cue.end_s)
        if isinstance(self._plan.shot, Slate):
            return self._painted(showing)  # nothing moves on a slate but its captions
        return self._paint(at_s, showing)

    def _still_frame(self, showing: tuple[int, ...]) -> Frame:
        return self._paint(0.0, showing)

    def _paint(self, at_s: float, showing: tuple[int, ...]) -> Frame:
        shot = self._plan.shot
        canvas: Canvas = shot.canvas(at_s)
        if not isinstance(shot, Slate):  # it has words where the grid would be, and a finder of its own
            canvas.thirds()
        view = shot.view(at_s)
        if view is not None:
            draw_bracket(canvas, view, self._target, self._label, self._tag)
        shot.set_in(canvas, at_s)
        for number in showing:
            canvas.lay(self._plan.captions[number][1])
        canvas.lay(self._tag)
        return canvas.packed()
