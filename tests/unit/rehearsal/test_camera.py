"""The camera move is read from a prompt's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.rehearsal.camera import STATIC, read_move, seen_through

MOVES = [
    ("Slow push-in on the two of them.", "slow push in"),
    ("The camera pushes in on her face.", "push in"),
    ("We zoom in.", "push in"),
    ("Dolly out to reveal the valley.", "pull out"),
    ("The camera slowly pulls back.", "pull out"),
    ("Camera pans left along the wall.", "pan left"),
    ("A smooth tracking shot to the right.", "pan right"),
    ("Pan right, then push in.", "pan right"),
    ("Tilt up to the tower.", "tilt up"),
    ("Crane down into the crowd.", "tilt down"),
    ("The camera orbits the dancer.", "orbit"),
    ("Static camera, one take.", "static"),
    ("Locked-off wide shot.", "static"),
    ("Handheld, nervous.", "handheld"),
    ("镜头缓缓推近。", "slow push in"),
    ("固定镜头。", "static"),
    ("A man walks in and sits down.", "slow push in"),
    ("", "slow push in"),
    ("She plays a pan flute.", "slow push in"),
]


@pytest.mark.parametrize(("prompt", "name"), MOVES)
def test_a_move_is_read(prompt: str, name: str) -> None:
    assert read_move(prompt).name == name


def test_without_a_move_the_default_is_taken() -> None:
    assert read_move("A dance.", STATIC) is STATIC


@given(st.sampled_from([prompt for prompt, _ in MOVES]), st.floats(0, 1))
def test_the_camera_never_leaves_the_picture(prompt: str, progress: float) -> None:
    left, top, right, bottom = read_move(prompt).at(progress)
    assert -1e-9 <= left < right <= 1 + 1e-9
    assert -1e-9 <= top < bottom <= 1 + 1e-9


@pytest.mark.parametrize("prompt", [prompt for prompt, _ in MOVES])
def test_the_end_of_the_shot_fills_the_last_view(prompt: str) -> None:
    move = read_move(prompt)
    assert seen_through(move.at(1.0), move.end) == pytest.approx((0, 0, 1, 1))
