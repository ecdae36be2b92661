"""Lines are placed in order, without overlap, inside the clip; too many words are said faster."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.rehearsal.guide import make_guide, place
from studio.rehearsal.speech import SAMPLE_RATE, SpeechEngine, find_engine, plain, speak, tone_for
from studio.script.scene import Line

ENGINE = find_engine(shutil.which)


@given(st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(0, 12)), min_size=1, max_size=8))
def test_lines_keep_their_order_and_stay_inside(lines: list[tuple[float, float]]) -> None:
    lengths, wanted = [length for length, _ in lines], sorted(start for _, start in lines)
    starts = place(lengths, wanted, 10.0)
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    assert all(start >= 0 for start in starts)
    assert ends[-1] <= 10.0
    assert all(end <= start + 1e-9 for end, start in zip(ends, starts[1:], strict=False))


def test_lines_that_fit_are_where_they_were_planned() -> None:
    assert place([1.0, 1.0], [0.5, 3.0], 5.0) == [0.5, 3.0]


@pytest.mark.parametrize("engine", [None, ENGINE], ids=["tones", "speech"])
def test_far_too_many_words_are_pressed_into_the_clip(engine: SpeechEngine | None) -> None:
    line = Line(speaker="A", slot=1, text="word after word " * 30)
    guide = make_guide([line], [0.0], 5.0, engine, has_sound=True)
    assert guide.sound is not None
    assert len(guide.sound) == 5 * SAMPLE_RATE
    assert guide.cues[0].end_s <= 5.0
    assert np.abs(guide.sound).max() <= 1.0


@pytest.mark.parametrize("engine", [None, ENGINE], ids=["tones", "speech"])
def test_each_voice_has_its_own_pitch(engine: SpeechEngine | None) -> None:
    def pitch_hz(slot: int) -> float:
        guide = make_guide([Line(slot=slot, text="we are all alone now")], [0.3], 5.0, engine, has_sound=True)
        assert guide.sound is not None
        heard = guide.sound[int(guide.cues[0].start_s * SAMPLE_RATE) :][: SAMPLE_RATE // 1]
        echo = np.fft.irfft(np.abs(np.fft.rfft(heard, 2 * SAMPLE_RATE)) ** 2)[:2000]
        first = SAMPLE_RATE // 400
        return SAMPLE_RATE / (first + int(np.argmax(echo[first : SAMPLE_RATE // 70])))

    assert pitch_hz(2) > pitch_hz(1) * 1.15


def test_other_speakers_keep_their_pitch_from_take_to_take() -> None:
    assert tone_for(None, "Keeper") == tone_for(None, "Keeper")
    assert tone_for(1, "Keeper") == tone_for(1, "Mara") != tone_for(2, "Keeper")


def test_no_lines_make_a_quiet_track_as_long_as_the_clip() -> None:
    guide = make_guide([Line(text="  ")], [0.0], 5.0, None, has_sound=True)
    assert guide.cues == ()
    assert guide.sound is not None
    assert not guide.sound.any()


def test_an_engine_that_fails_leaves_tones() -> None:
    assert speak(SpeechEngine("espeak", "/nowhere/espeak"), "hello", tone_for(1, "")) is None
    guide = make_guide([Line(text="hello")], [0.0], 5.0, SpeechEngine("espeak", "/nowhere/espeak"), has_sound=True)
    assert guide.sound is not None
    assert guide.sound.any()


def test_engines_are_looked_for_by_name() -> None:
    asked: list[str] = []

    def which(name: str) -> str | None:
        asked.append(name)
        return "/usr/bin/say" if name == "say" else None

    assert find_engine(which) == SpeechEngine("say", "/usr/bin/say")
    assert asked == ["espeak-ng", "espeak", "say"]
    assert find_engine(lambda name: None) is None


@given(st.text(max_size=200))
def test_what_is_spoken_holds_no_commands(text: str) -> None:
    words = plain("[[" + text + "<x>")
    assert "[[" not in words
    assert "<" not in words
    assert not any(ord(ch) < 32 for ch in words)
