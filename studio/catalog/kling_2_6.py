"""Kling Video 2.6 on fal: every parameter of the API page, the limits and the prices, each written once.

Sources: [api] fal's model page for v2.6 pro; [kling] Kling's documentation through several integrators;
[price] fal's own price text per model, read 2026-08-14.
"""

from __future__ import annotations

from studio.catalog.endpoint import Endpoint
from studio.catalog.param import Kind, Param
from studio.catalog.pricing import PriceRule

PROMPT_MAX_CHARS = 2500
DEFAULT_NEGATIVE_PROMPT = "blur, distort, and low quality"
MAX_VOICES = 2
API_PAGE = "https://fal.ai/models/fal-ai/kling-video/v2.6/pro/image-to-video/api"

_PREFIX = "fal-ai/kling-video/"


def _prompt(*, is_required: bool = True) -> Param:
    return Param(
        "prompt",
        Kind.TEXT,
        "Scene",
        "What happens, who speaks and what is heard.",
        is_required=is_required,
        max_length=PROMPT_MAX_CHARS,
        source="[api]; the length is Kling's and was seen enforced by fal",
    )


DURATION = Param(
    "duration", Kind.CHOICE, "Length", "Seconds of video.", default="5", choices=("5", "10"), source="[api]"
)
NEGATIVE_PROMPT = Param(
    "negative_prompt",
    Kind.TEXT,
    "Avoid",
    "What should not be seen, separated by commas.",
    default=DEFAULT_NEGATIVE_PROMPT,
    max_length=PROMPT_MAX_CHARS,
    source="[api]; the length is Kling's",
)
GENERATE_AUDIO = Param(
    "generate_audio",
    Kind.FLAG,
    "With sound",
    "Speech in English or Chinese, effects and ambience. Other languages are translated to English.",
    default=True,
    source="[api]",
)

IMAGE_TO_VIDEO = Endpoint(
    id=f"{_PREFIX}v2.6/pro/image-to-video",
    mode="image-to-video",
    title="Image to video",
    params=(
        _prompt(),
        Param("start_image_url", Kind.PICTURE, "Start frame", "The first picture.", is_required=True, source="[api]"),
        DURATION,
        NEGATIVE_PROMPT,
        GENERATE_AUDIO,
        Param(
            "voice_ids",
            Kind.VOICES,
            "Voices",
            "Saved voices, spoken where the prompt says <<<voice_1>>> and <<<voice_2>>>.",
            max_items=MAX_VOICES,
            source="[api]",
        ),
        Param("end_image_url", Kind.PICTURE, "End frame", "The last picture, if you want one.", source="[api]"),
    ),
    price=PriceRule(
        picture=70_000,
        sound=70_000,
        voices=28_000,
        source="fal's price text; the voice rate agrees with Kling's own $0.84 for 5 s",
    ),
    source=API_PAGE,
)

TEXT_TO_VIDEO = Endpoint(
    id=f"{_PREFIX}v2.6/pro/text-to-video",
    mode="text-to-video",
    title="Text to video",
    params=(
        _prompt(),
        DURATION,
        Param(
            "aspect_ratio",
            Kind.CHOICE,
            "Shape",
            "Width to height.",
            default="16:9",
            choices=("16:9", "9:16", "1:1"),
            source="[api]",
        ),
        NEGATIVE_PROMPT,
        Param(
            "cfg_scale",
            Kind.NUMBER,
            "Follow the prompt",
            "0 is free, 1 is close to the words.",
            default=0.5,
            minimum=0.0,
            maximum=1.0,
            source="[api]",
        ),
        GENERATE_AUDIO,
    ),
    price=PriceRule(picture=70_000, sound=70_000, source="fal's price text"),
    source=API_PAGE.replace("image-to-video", "text-to-video"),
)


def _motion_control(tier: str, rate_usd_micros: int) -> Endpoint:
    is_pro = tier == "pro"
    return Endpoint(
        id=f"{_PREFIX}v2.6/{tier}/motion-control",
        mode="motion-control" if is_pro else "motion-control-standard",
        title="Motion control" if is_pro else "Motion control, standard",
        model_title="Kling 2.6 Pro" if is_pro else "Kling 2.6 Standard",
        params=(
            _prompt(is_required=False),
            Param(
                "image_url",
                Kind.PICTURE,
                "Character",
                "Who moves: the whole figure, clear of other things, more than 5 % of the picture.",
                is_required=True,
                source="[api]",
            ),
            Param(
                "video_url",
                Kind.CLIP,
                "Movement",
                "How they move: one realistic figure with the head visible, 3 to 30 s.",
                is_required=True,
                source="[api]",
            ),
            Param(
                "keep_original_sound",
                Kind.FLAG,
                "Keep clip sound",
                "The sound of the movement clip stays.",
                default=True,
                source="[api]",
            ),
            Param(
                "character_orientation",
                Kind.CHOICE,
                "Facing follows",
                "video: up to 30 s, better for complex moves. image: up to 10 s, better for camera moves.",
                is_required=True,
                choices=("video", "image"),
                source="[api]",
            ),
        ),
        price=PriceRule(
            picture=rate_usd_micros,
            clip_param="video_url",
            confidence="medium-high",
            is_confirmed=False,
            source="fal's price text; billed by the length of the reference clip, rounding not documented",
        ),
        source=API_PAGE.replace("image-to-video", "motion-control").replace("/pro/", f"/{tier}/"),
    )


MOTION_CONTROL = _motion_control("pro", 112_000)
MOTION_CONTROL_STANDARD = _motion_control("standard", 70_000)

CREATE_VOICE = Endpoint(
    id=f"{_PREFIX}create-voice",
    mode="create-voice",
    title="Create voice",
    model_title="Kling",
    params=(
        Param(
            "voice_url",
            Kind.SOUND,
            "Recording",
            "One person speaking clearly, 5 to 30 s: mp3, wav, mp4 or mov.",
            is_required=True,
            source="fal's create-voice page",
        ),
    ),
    price=PriceRule(per_call=7_000, confidence="medium", is_confirmed=False, source="fal's price text"),
    source="https://fal.ai/models/fal-ai/kling-video/create-voice",
    makes_video=False,
)

ENDPOINTS = (IMAGE_TO_VIDEO, TEXT_TO_VIDEO, MOTION_CONTROL, MOTION_CONTROL_STANDARD, CREATE_VOICE)
