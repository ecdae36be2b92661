"""What a person reads on the page, in one place; holds no logic."""

from __future__ import annotations

NAME = "Studio"
SECTIONS = {"studio": "Studio", "takes": "Takes", "voices": "Voices", "spend": "Spend", "settings": "Settings"}

PLACEHOLDERS = {
    "prompt": "A woman in a yellow jumper dances alone in a terracotta studio.",
    "negative_prompt": "sliding feet, extra fingers, warped faces",
}

CHOICE_TITLES = {
    ("duration", "5"): "5 s",
    ("duration", "10"): "10 s",
    ("aspect_ratio", "16:9"): "16:9 wide",
    ("aspect_ratio", "9:16"): "9:16 tall",
    ("aspect_ratio", "1:1"): "1:1 square",
    ("character_orientation", "video"): "The clip, up to 30 s",
    ("character_orientation", "image"): "The picture, up to 10 s",
}

ORIENTATION_HELP = "The clip: turns and spins, complex moves. The picture: stays as drawn, camera moves."
FOLLOW_TITLE = "Follow the prompt"
REHEARSE = "Rehearse · free"
GENERATE = "Generate"
BUSY = "Studio is busy"
NOT_KEPT = "Something went wrong here. Nothing was sent and nothing was charged. Press again."
