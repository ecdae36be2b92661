"""Reads the camera move from a prompt and says what the camera sees at each moment. Pure; never paints."""

from __future__ import annotations

import re
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture, 0 to 1."""

FULL: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Move:
    """`start` and `end` are what is seen first and last. `bulge` lets the way between them swing closer (an orbit)."""

    name: str
    start: Box
    end: Box
    bulge: float = 0.0

    @property
    def is_still(self) -> bool:
        return self.start == self.end

    @property
    def bracket(self) -> tuple[Box, str]:
        """What to frame, with its label: where the shot ends, or where it began when it ends wider."""
        if self.is_still:
            return self.end, "static, whole shot"
        if _width(self.end) > _width(self.start):
            return self.start, f"{self.name}, start of shot"
        return self.end, f"{self.name}, end of shot"

    def at(self, progress: float) -> Box:
        """What is seen when `progress` (0 to 1) of the shot is over, with a soft start and stop."""
        eased = progress * progress * (3 - 2 * progress)
        left, top, right, bottom = (a + (b - a) * eased for a, b in zip(self.start, self.end, strict=True))
        tighter = self.bulge * 4 * eased * (1 - eased) * (right - left) / 2
        return (left + tighter, top + tighter, right - tighter, bottom - tighter)


def _zoomed(share: float, x: float = 0.5, y: float = 0.5) -> Box:
    """A box of `share` of each side; `x` and `y` say where the free room goes, 0 is left and top."""
    left, top = (1 - share) * x, (1 - share) * y
    return (left, top, left + share, top + share)


def _width(box: Box) -> float:
    return box[2] - box[0]


PUSH_IN = Move("push in", FULL, _zoomed(0.7, 0.5, 0.45))
SLOW_PUSH_IN = Move("slow push in", FULL, _zoomed(0.8, 0.5, 0.45))
PULL_OUT = Move("pull out", _zoomed(0.7, 0.5, 0.45), FULL)
PAN_LEFT = Move("pan left", _zoomed(0.78, 1.0), _zoomed(0.78, 0.0))
PAN_RIGHT = Move("pan right", _zoomed(0.78, 0.0), _zoomed(0.78, 1.0))
TILT_UP = Move("tilt up", _zoomed(0.78, 0.5, 1.0), _zoomed(0.78, 0.5, 0.0))
TILT_DOWN = Move("tilt down", _zoomed(0.78, 0.5, 0.0), _zoomed(0.78, 0.5, 1.0))
ORBIT = Move("orbit", _zoomed(0.82, 0.0), _zoomed(0.82, 1.0), bulge=0.12)
ORBIT_LEFT = Move("orbit left", _zoomed(0.82, 1.0), _zoomed(0.82, 0.0), bulge=0.12)
HANDHELD = Move("handheld", _zoomed(0.94, 0.4, 0.6), _zoomed(0.94, 0.6, 0.4))
STATIC = Move("static", FULL, FULL)

_SIDEWAYS = r"pan(?:s|ning)?|track(?:s|ing)?|truck(?:s|ing)?|slid(?:e|es|ing)|doll(?:y|ies|ying)|whip[- ]pans?|swipes?"
_CAMERA_WORDS: tuple[tuple[str, Move], ...] = (
    (
        r"(?:static|still|fixed|locked(?:[- ]off)?|tripod|stationary|motionless) (?:camera|shot|frame|wide|close)"
        r"|camera (?:is |stays |remains |holds )?(?:static|still|fixed|locked|stationary)"
        r"|no camera (?:move|motion|movement)|locked[- ]off|固定镜头|镜头(?:固定|不动|静止)",
        STATIC,
    ),
    (r"(?:orbit|arc|circle)(?:s|ing)?\b[^.]{0,30}\bleft", ORBIT_LEFT),
    (r"\borbit(?:s|ing)?\b|camera (?:circles|arcs)|\barc shot|环绕|绕着", ORBIT),
    (
        r"(?:pull|zoom|doll(?:y|ie)|track|mov)(?:s|es|ing)?[ -](?:slowly )?(?:out|back)(?:wards?)?\b"
        r"|camera retreats|拉远|拉镜|镜头(?:后退|拉出|缓缓拉)",
        PULL_OUT,
    ),
    (r"slow(?:ly)? (?:push|zoom|doll(?:y|ie)|mov|creep)(?:s|es|ing)?[ -]in\b|slow push|缓缓推|慢慢推", SLOW_PUSH_IN),
    (
        r"(?:push|zoom|doll(?:y|ie)|mov|track|creep)(?:s|es|ing)?[ -](?:slowly )?(?:in|forward|closer|towards?)\b"
        r"|camera (?:approaches|advances)|crash zoom|推近|推进|推镜|镜头推",
        PUSH_IN,
    ),
    (rf"\b(?:{_SIDEWAYS})\b[^.]{{0,24}}\bleft|(?:向左|左)(?:摇|移|平移)", PAN_LEFT),
    (rf"\b(?:{_SIDEWAYS})\b[^.]{{0,24}}\bright|(?:向右|右)(?:摇|移|平移)", PAN_RIGHT),
    (r"\b(?:tilt|crane|boom|pedestal|rise)(?:s|ing)?\b[^.]{0,16}\bup|camera rises|(?:上摇|上移|升起)", TILT_UP),
    (
        r"\b(?:tilt|crane|boom|pedestal)(?:s|ing)?\b[^.]{0,16}\bdown|camera (?:lowers|descends)|(?:下摇|下移|下降)",
        TILT_DOWN,
    ),
    (
        r"\bpan(?:s|ning)?\b(?! flute| pipe)|\btracking(?= shot)|(?<=\bcamera )(?:tracks|follows)|镜头(?:摇|跟)",
        PAN_RIGHT,
    ),
    (r"\bhand[- ]?held\b|shaky cam|手持", HANDHELD),
)
_PATTERNS = tuple((re.compile(words, re.IGNORECASE), move) for words, move in _CAMERA_WORDS)


def read_move(prompt: str, default: Move = SLOW_PUSH_IN) -> Move:
    """The first camera move that the words name; of two at the same place the more exact one."""
    found = [
        (match.start(), order)
        for order, (pattern, _) in enumerate(_PATTERNS)
        if (match := pattern.search(prompt)) is not None
    ]
    return _PATTERNS[min(found)[1]][1] if found else default


def seen_through(outer: Box, inner: Box) -> Box:
    """Where `inner` lies within the view `outer`, in shares of that view; may reach outside 0 to 1."""
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    return (
        (inner[0] - outer[0]) / width,
        (inner[1] - outer[1]) / height,
        (inner[2] - outer[0]) / width,
        (inner[3] - outer[1]) / height,
    )
