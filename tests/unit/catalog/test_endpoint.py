"""One declaration gives checks and payload: documented names and types, and sentences for what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.catalog.registry import ENDPOINTS, find_endpoint

I2V = find_endpoint("image-to-video")
T2V = find_endpoint("text-to-video")
MOTION = find_endpoint("motion-control")


def test_payload_has_documented_names_and_types() -> None:
    payload = I2V.payload({"prompt": "a", "start_image_url": "https://x/y.jpg", "duration": 10, "voice_ids": [" v1 "]})
    assert payload == {
        "prompt": "a",
        "start_image_url": "https://x/y.jpg",
        "duration": "10",
        "negative_prompt": "blur, distort, and low quality",
        "generate_audio": True,
        "voice_ids": ["v1"],
    }


def test_text_to_video_sends_a_float_and_a_ratio() -> None:
    payload = T2V.payload({"prompt": "a", "cfg_scale": 1})
    assert payload["cfg_scale"] == 1.0
    assert isinstance(payload["cfg_scale"], float)
    assert payload["aspect_ratio"] == "16:9"


def test_empty_options_are_left_out() -> None:
    payload = I2V.payload({"prompt": "a", "start_image_url": "u", "end_image_url": "", "voice_ids": []})
    assert "end_image_url" not in payload
    assert "voice_ids" not in payload


def test_motion_control_needs_an_orientation() -> None:
    problems = MOTION.check({"image_url": "a", "video_url": "b"})
    assert [problem.field for problem in problems] == ["character_orientation"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"prompt": "x" * 2501}, "too_long"),
        ({"prompt": "   "}, "missing"),
        ({"duration": "7"}, "choice"),
        ({"generate_audio": "yes"}, "type"),
        ({"voice_ids": ["a", "b", "c"]}, "too_many"),
        ({"voice_ids": ["", "b"]}, "blank"),
        ({"voice_ids": ["a"], "generate_audio": False}, "voices_need_sound"),
        ({"cfg_scale": 0.5}, "unknown"),
    ],
)
def test_wrong_value_is_found(values: dict[str, object], code: str) -> None:
    given_values = {"prompt": "a", "start_image_url": "b", **values}
    assert code in [problem.code for problem in I2V.check(given_values)]


def test_numbers_stay_in_range() -> None:
    assert T2V.check({"prompt": "a", "cfg_scale": 1.01})[0].code == "range"
    assert T2V.check({"prompt": "a", "cfg_scale": True})[0].code == "type"
    assert not T2V.check({"prompt": "a", "cfg_scale": 0})


def test_long_prompt_says_limit_given_and_mend() -> None:
    message = T2V.check({"prompt": "x" * 2512})[0].message
    assert "2,512" in message
    assert "2,500" in message
    assert "Cut 12" in message


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.dictionaries(st.sampled_from([p.name for e in ENDPOINTS for p in e.params]), JSON))
def test_check_never_raises(values: dict[str, object]) -> None:
    for endpoint in ENDPOINTS:
        endpoint.check(values)


def test_every_parameter_names_its_source() -> None:
    assert not [p.name for e in ENDPOINTS for p in e.params if not p.source]
    assert not [e.id for e in ENDPOINTS if not e.price.source or not e.price.read_on]


def test_unknown_mode_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match="text-to-video"):
        find_endpoint("text-to-speech")
