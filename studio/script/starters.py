"""Example scenes that show good practice, ready to rehearse. Data only; file names refer to the sample folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.script.compose import compile_prompt
from studio.script.parse import parse_prompt
from studio.script.scene import Line, Script


@dataclass(frozen=True)
class Starter:
    """One example. `files` maps parameters to file names of the sample folder; `values` holds the others."""

    id: str
    title: str
    hint: str
    mode: str
    script: Script
    values: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        return compile_prompt(self.script, self.mode).text


IMAGE, TEXT, MOTION = "image-to-video", "text-to-video", "motion-control"
_QUIET = {"duration": "5", "generate_audio": False}
_FIVE = {"duration": "5", "generate_audio": True}
_TEN = {"duration": "10", "generate_audio": True}


def all_starters() -> tuple[Starter, ...]:
    """Every example, the two speakers first."""
    return (
        Starter(
            "two-on-a-pier",
            "Two on a pier",
            "Two speakers, labelled, one line each",
            IMAGE,
            Script(
                scene="Dusk on a wooden pier. The keeper lowers his cap.",
                camera="Slow push in on the two of them, the lighthouse turning behind.",
                lines=(
                    Line("Keeper", None, "low and tired", "the light goes out tonight, Mara."),
                    Line("Mara", None, "quiet, steady", "then who brings you home?"),
                ),
                ambience="Gulls far off, water under planks, no music.",
            ),
            _FIVE,
            {"start_image_url": "pier.jpg"},
        ),
        Starter(
            "a-king-speaks",
            "A king speaks",
            "One line, in plain prose",
            IMAGE,
            parse_prompt(
                'A king rises from his throne and says "my people, the long winter is over." Fire crackling, no music.'
            ),
            _FIVE,
            {"start_image_url": "king.jpg"},
        ),
        Starter(
            "friends-at-a-station",
            "Friends at a station",
            "Text only: who, where, what is heard",
            TEXT,
            Script(
                scene="Two grey-haired friends meet on a station platform in the morning, steam drifting between them. "
                "They drop their cases and hurry closer.",
                camera="Medium shot at eye level, slow dolly in.",
                lines=(
                    Line("Ruth", None, "breathless, laughing", "you kept the red scarf."),
                    Line("Ada", None, "close to tears", "twenty winters, every single one."),
                ),
                ambience="Crowd murmur under a high roof.",
                effects="A train whistle, then steam hissing.",
                music="No music.",
            ),
            {**_FIVE, "aspect_ratio": "16:9"},
        ),
        Starter(
            "a-song",
            "A song in the market",
            "A sung line: say that it is sung, and to what",
            TEXT,
            Script(
                scene="A street singer with a small guitar under paper lanterns in a night market, in the rain.",
                camera="Medium close-up, handheld, slow orbit to the left.",
                lines=(
                    Line(
                        "Singer",
                        None,
                        "warm alto, unhurried",
                        "carry me over the river tonight, carry me home by the paper moon light.",
                        verb="sings",
                    ),
                ),
                ambience="Rain on canvas, a murmur of stalls.",
                music="Soft nylon guitar, slow waltz.",
            ),
            {**_TEN, "aspect_ratio": "9:16"},
        ),
        Starter(
            "a-whisper",
            "A whisper",
            "Say how quiet, and keep the room silent",
            IMAGE,
            Script(
                scene="She leans closer to the stall and glances over her shoulder.",
                camera="Close-up, shallow focus, static shot.",
                lines=(
                    Line("Lin", None, "whispering, close to the ear", "don't turn around. he's here.", verb="whispers"),
                ),
                ambience="Distant market murmur, no music.",
            ),
            _FIVE,
            {"start_image_url": "market.jpg"},
        ),
        Starter(
            "narration",
            "A narrator",
            "A voice that is not in the frame",
            IMAGE,
            Script(
                scene="Sand lifts off the dunes in long veils. Nobody in the frame speaks.",
                camera="Wide shot, slow pan right.",
                lines=(
                    Line(
                        "Narrator",
                        None,
                        "off screen, deep and calm",
                        "the map ended here. so she walked on, and drew the rest herself.",
                    ),
                ),
                ambience="Dry wind over sand, no music.",
            ),
            _TEN,
            {"start_image_url": "desert.jpg"},
        ),
        Starter(
            "tea-in-chinese",
            "Tea, in Chinese",
            "Chinese is spoken as it is written",
            IMAGE,
            Script(
                scene="热气从茶杯里慢慢升起，老人放下茶壶。",
                camera="镜头缓缓推进。",
                lines=(
                    Line("老人", None, "温和、缓慢", "茶凉了，可以再添。"),
                    Line("孙女", None, "轻声", "时间也可以吗？"),
                ),
                ambience="窗外有雨声，没有音乐。",
            ),
            _FIVE,
            {"start_image_url": "tea.jpg"},
        ),
        Starter(
            "silence",
            "Silence",
            "No speech, sound off: the lowest price",
            IMAGE,
            Script(
                scene="Snow settles on the roof, smoke rises straight from the chimney, one window glows and dims.",
                camera="Static shot, locked off.",
            ),
            _QUIET,
            {"start_image_url": "cabin.jpg"},
        ),
        Starter(
            "dance",
            "Dance like this",
            "Motion control: the clip moves, the picture is who",
            MOTION,
            Script(scene="A dancer in a bright studio, soft daylight, plain background."),
            {"character_orientation": "video", "keep_original_sound": True},
            {"image_url": "char.jpg", "video_url": "dance.mp4"},
        ),
    )


def find_starter(starter_id: str) -> Starter | None:
    return next((starter for starter in all_starters() if starter.id == starter_id), None)
