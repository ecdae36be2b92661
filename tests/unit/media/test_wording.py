"""Numbers in sentences: short, and never equal to the limit that they break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.catalog.limits import MIB
from studio.media import wording
from studio.media.checks import check_clip, check_picture, check_sound
from studio.media.facts import ClipFacts, PictureFacts, SoundFacts

CLIP = ClipFacts(5.0, 1280, 720, 30, True, "h264", "mp4", 1, 0, "")


@pytest.mark.parametrize(
    ("value", "limit", "words"),
    [(7.6, None, "7.6 s"), (10.004, None, "10 s"), (10.004, 10, "10.01 s"), (2.9985, 3, "2.99 s"), (2.99, 3, "2.99 s")],
)
def test_seconds(value: float, limit: float | None, words: str) -> None:
    assert wording.seconds(value, limit) == words


def test_megabytes_and_megapixels() -> None:
    assert wording.size(10 * MIB + 1) == "10 MB"
    assert wording.size(10 * MIB + 1, 10 * MIB) == "10.1 MB"
    assert wording.size(10 * MIB, 10 * MIB) == "10 MB"
    assert wording.megapixels(120_000_001, 120_000_000) == "121 megapixels"


@pytest.mark.parametrize("orientation", ["image", "video"])
@pytest.mark.parametrize("length_s", [2.996, 2.9985, 10.0011, 10.004, 30.0015, 30.004])
def test_a_length_near_its_limit_reads_as_beyond_it(length_s: float, orientation: str) -> None:
    for problem in check_clip(replace(CLIP, duration_s=length_s), orientation):
        assert "is 3 s" not in problem.message
        assert "is 10 s" not in problem.message
        assert "is 30 s" not in problem.message
        assert "Trim 0 s" not in problem.message
    sound = SoundFacts(length_s, 48_000, 1, -3, -20, 0.1, 0, "mp3", "mp3", 1, "")
    (problem,) = check_sound(sound) if length_s < 5 or length_s > 30 else (None,)
    assert problem is None or ("is 30 s" not in problem.message and "Trim 0 s" not in problem.message)


def test_a_weight_near_its_limit_reads_as_beyond_it() -> None:
    (problem,) = check_picture(PictureFacts(1280, 720, "JPEG", 10 * MIB + 9, False, False, ""), "x")
    assert "is 10.1 MB. Kling takes 10 MB" in problem.message
    (problem,) = check_clip(replace(CLIP, size_bytes=100 * MIB + 9), "video")
    assert "100.1 MB, mp4. Kling takes mp4 or mov up to 3,850 px and 100 MB" in problem.message
