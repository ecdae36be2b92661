"""The studio as people run it, against a double of fal's own hosts over TLS: what each endpoint is sent, and kept.

Nothing in the studio is changed for this: its process trusts the double's authority (SSL_CERT_FILE) and leaves the
machine through a proxy (HTTPS_PROXY), which lets nothing through but fal's names, to the double.
"""

from __future__ import annotations

import io
import json
import shutil
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.protocol.fal_over_tls import MEDIA, UPLOAD_TOKEN, UPLOADS, FalOverTls
from tests.protocol.live_rig import IMAGE_TO_VIDEO, SAMPLES, TEXT_TO_VIDEO, Studio, assert_kept, assert_key_is_safe

PREFIX = "fal-ai/kling-video"
NEGATIVE = "blur, distort, and low quality"
VOICE_ID = "829877809978941442"


def as_sent(value: Any) -> str:
    """JSON text, in which `"5"`, `5` and `5.0`, `true` and `1` differ as they do on the wire."""
    return json.dumps(value, sort_keys=True)


def test_image_to_video_sends_both_frames_two_voices_and_every_setting(fal: FalOverTls, studio: Studio) -> None:
    fal.units = 24.0  # ten seconds at $0.168, in units of $0.07
    fal.looks_before_end = 2
    prompt = 'The sailor <<<voice_1>>> says, "we sail." Her friend <<<voice_2>>> says, "not <b>now</b>, ${you}."'
    ran = studio.run(
        *("make", "image-to-video", "--prompt", prompt, "--start-image-url", "photo.jpg"),
        *("--end-image-url", str(SAMPLES / "pierb.jpg"), "--duration", "10", "--negative-prompt", "fog"),
        *("--generate-audio", "--voice-ids", VOICE_ID, "uk_man2"),
    )
    (submit,) = fal.submits
    sent = submit.json
    assert submit.path == f"/{PREFIX}/v2.6/pro/image-to-video"
    assert as_sent(sent) == as_sent(
        {
            "prompt": prompt,
            "start_image_url": sent["start_image_url"],
            "duration": "10",
            "negative_prompt": "fog",
            "generate_audio": True,
            "voice_ids": [VOICE_ID, "uk_man2"],
            "end_image_url": sent["end_image_url"],
        }
    )
    assert_is_the_photo(fal.file(sent["start_image_url"]))
    with Image.open(io.BytesIO(fal.file(sent["end_image_url"]))) as end:
        assert (end.size, end.format) == ((1280, 720), "JPEG")
    assert_kept(ran, 10.0)
    assert ran.data["arguments"] == sent
    assert ran.data["endpoint"] == f"{PREFIX}/v2.6/pro/image-to-video"
    assert ran.data["request_id"] in fal.jobs
    assert (ran.data["estimate_usd_micros"], ran.data["billed_usd_micros"]) == (1_680_000, 1_680_000)
    assert_key_is_safe(fal, studio)


def assert_is_the_photo(data: bytes) -> None:
    """Upright, and silent about where it was taken."""
    with Image.open(io.BytesIO(data)) as start:
        assert (start.size, start.format) == ((1280, 720), "JPEG")
        assert dict(start.getexif()) == {}
        assert start.getexif().get_ifd(0x8825) == {}


def test_image_to_video_fills_in_the_documented_defaults(fal: FalOverTls, studio: Studio) -> None:
    fal.units = 10.0
    ran = studio.run("make", *IMAGE_TO_VIDEO)
    (submit,) = fal.submits
    assert as_sent(submit.json) == as_sent(
        {
            "prompt": "A lamp turns in the fog.",
            "start_image_url": submit.json["start_image_url"],
            "duration": "5",
            "negative_prompt": NEGATIVE,
            "generate_audio": True,
        }
    )
    assert_kept(ran, 5.0)
    assert (ran.data["estimate_usd_micros"], ran.data["billed_usd_micros"]) == (700_000, 700_000)
    (upload,) = [one for one in fal.seen if one.host == UPLOADS]
    assert (upload.headers["authorization"], upload.headers["content-type"]) == (f"Bearer {UPLOAD_TOKEN}", "image/jpeg")
    assert [(one.method, one.headers.get("authorization")) for one in fal.seen if one.host == MEDIA] == [("GET", None)]


def test_text_to_video_sends_shape_and_scale(fal: FalOverTls, studio: Studio) -> None:
    ran = studio.run("make", *TEXT_TO_VIDEO, "--duration", "5", "--aspect-ratio", "9:16", "--cfg-scale", "1")
    (submit,) = fal.submits
    assert submit.path == f"/{PREFIX}/v2.6/pro/text-to-video"
    assert as_sent(submit.json) == as_sent(
        {
            "prompt": "A lamp turns in the fog.",
            "duration": "5",
            "aspect_ratio": "9:16",
            "negative_prompt": NEGATIVE,
            "cfg_scale": 1.0,
            "generate_audio": False,
        }
    )
    assert [one for one in fal.seen if one.host == UPLOADS] == []
    assert_kept(ran, 5.0)
    assert (ran.data["estimate_usd_micros"], ran.data["billed_usd_micros"]) == (350_000, 350_000)
    assert_key_is_safe(fal, studio)


MOTION_CASES = [
    pytest.param("pro", "motion-control", ("--character-orientation", "video"), 672_000, id="pro"),
    pytest.param(
        "standard",
        "motion-control-standard",
        ("--character-orientation", "image", "--no-keep-original-sound", "--prompt", "Snow falls."),
        420_000,
        id="standard",
    ),
]


@pytest.mark.parametrize(("tier", "mode", "flags", "usd_micros"), MOTION_CASES)
def test_motion_control_sends_character_and_movement(
    fal: FalOverTls, studio: Studio, tier: str, mode: str, flags: tuple[str, ...], usd_micros: int
) -> None:
    fal.units = 6.0
    files = ("--image-url", str(SAMPLES / "char.jpg"), "--video-url", str(SAMPLES / "dance.mp4"))
    ran = studio.run("make", mode, *files, *flags)
    (submit,) = fal.submits
    sent = submit.json
    is_standard = tier == "standard"
    assert submit.path == f"/{PREFIX}/v2.6/{tier}/motion-control"
    assert as_sent(sent) == as_sent(
        {
            **({"prompt": "Snow falls."} if is_standard else {}),
            "image_url": sent["image_url"],
            "video_url": sent["video_url"],
            "keep_original_sound": not is_standard,
            "character_orientation": "image" if is_standard else "video",
        }
    )
    with Image.open(io.BytesIO(fal.file(sent["image_url"]))) as character:
        assert character.size == (1280, 720)
    with av.open(io.BytesIO(fal.file(sent["video_url"]))) as movement:
        assert (movement.duration or 0) / 1_000_000 == pytest.approx(6.0, abs=0.05)
    assert_kept(ran, 6.0)
    assert (ran.data["estimate_usd_micros"], ran.data["billed_usd_micros"]) == (usd_micros, usd_micros)
    assert_key_is_safe(fal, studio)


def test_create_voice_sends_the_recording_and_buys_it_once(fal: FalOverTls, studio: Studio) -> None:
    fal.units = 1.0
    record_voice(studio.folder / "sailor.wav")
    made = studio.run("create-voice", "--voice-url", "sailor.wav", "--name", "Sailor")
    again = studio.run("create-voice", "--voice-url", "sailor.wav", "--name", "Sailor")
    (submit,) = fal.submits
    assert submit.path == f"/{PREFIX}/create-voice"
    assert as_sent(submit.json) == as_sent({"voice_url": submit.json["voice_url"]})
    with av.open(io.BytesIO(fal.file(submit.json["voice_url"]))) as recording:
        assert (recording.duration or 0) / 1_000_000 == pytest.approx(8.0, abs=0.5)
    assert (made.code, made.data["voice_id"], made.data["name"]) == (0, VOICE_ID, "Sailor")
    assert (again.code, again.data["voice_id"]) == (0, VOICE_ID)
    assert_key_is_safe(fal, studio)


def record_voice(path: Path) -> None:
    """Eight seconds of a wavering, rough tone in syllables, which is all that a recording must be here."""
    at = np.arange(8 * 44_100) / 44_100
    tone = sum(np.sin(2 * np.pi * 130 * k * at + np.sin(9 * at)) / k for k in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2.5 * at) + 0.6, 0, 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes((0.2 * tone * syllables * 32_000).astype("<i2").tobytes())


def test_what_is_wrong_is_said_before_anything_is_sent(fal: FalOverTls, studio: Studio) -> None:
    shutil.copy(SAMPLES / "README.md", studio.folder / "photo.jpg")
    ran = studio.run("make", *IMAGE_TO_VIDEO)
    assert ran.code != 0
    assert ran.data["error"]["sentence"]
    assert fal.seen == []
