"""Lines found in the speech of a take, captions made of them, and rates learned from them."""

from __future__ import annotations

import pytest

from studio.script.captions import Cue, cues_for, to_srt, to_vtt, wrap
from studio.script.heard import HeardLine, align, learn
from studio.script.rates import Rates
from studio.script.scene import Line

KEEPER = Line("Keeper", 1, "", "the light goes out tonight, Mara.")
MARA = Line("Mara", 2, "", "then who brings you home?")


def times(heard: tuple[HeardLine, ...]) -> list[tuple[int, float, float]]:
    return [(row.index, row.start_s, row.end_s) for row in heard]


def test_each_line_takes_its_own_span():
    assert times(align((KEEPER, MARA), [(0.4, 2.6), (3.1, 4.8)])) == [(0, 0.4, 2.6), (1, 3.1, 4.8)]


def test_line_broken_by_a_pause_keeps_both_its_spans():
    heard = align((KEEPER, MARA), [(0.2, 1.3), (1.6, 2.7), (3.4, 5.2)])
    assert times(heard) == [(0, 0.2, 2.7), (1, 3.4, 5.2)]


def test_click_before_the_speech_is_no_line():
    heard = align((KEEPER, MARA), [(0.0, 0.08), (0.9, 3.2), (3.6, 5.4)])
    assert times(heard) == [(0, 0.9, 3.2), (1, 3.6, 5.4)]


def test_lines_spoken_without_a_gap_are_cut_where_the_plan_has_it():
    first, second = align((KEEPER, MARA), [(0.0, 4.4)])
    assert first.end_s == pytest.approx(2.4, abs=0.2)
    assert second.start_s == pytest.approx(2.4, abs=0.2)


def test_line_that_was_not_spoken_is_left_out():
    lines = (KEEPER, Line("Mara", text="one two three four five six seven " * 4), KEEPER)
    assert [row.index for row in align(lines, [(0.0, 2.4), (3.0, 5.4), (5.9, 6.0)])] == [0, 2]


def test_silence_has_no_lines():
    assert align((KEEPER,), []) == ()
    assert align((), [(0.0, 1.0)]) == ()


def test_rate_learned_from_a_heard_take_moves_towards_the_truth():
    true_rate = 3.2
    heard = align((KEEPER, MARA), [(0.3, 0.3 + 6 / true_rate), (2.9, 2.9 + 5 / true_rate)])
    rates = learn(Rates(), (KEEPER, MARA), heard, ("a", "b"))
    for voice in ("a", "b"):
        assert abs(rates.pace_of(voice, "en").per_s - true_rate) < abs(2.5 - true_rate)


CUES = cues_for((KEEPER, MARA), [(0, 0.0, 2.4), (1, 2.7, 4.7), (9, 0, 1)])


def test_srt_numbers_times_and_names_two_speakers():
    assert to_srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:02,400\nKeeper: the light goes out tonight, Mara.\n\n"
        "2\n00:00:02,700 --> 00:00:04,700\nMara: then who brings you home?\n"
    )


def test_vtt_carries_speaker_and_slot():
    assert "<v.voice-2 Mara>then who brings you home?</v>" in to_vtt(CUES)


def test_markup_in_a_line_stays_text():
    nasty = [Cue(0, 1, "A<b>", 1, "5 --> 6 <script> & \n\n2\n", False)]
    vtt = to_vtt(nasty)
    assert "<script>" not in vtt
    assert vtt.count("-->") == 1
    assert to_srt(nasty).count("-->") == 1
    assert "<script>" not in to_srt(nasty)


def test_long_lines_wrap_into_even_rows():
    rows = wrap("the light goes out tonight, Mara, and i am too old to climb the stairs again.")
    assert len(rows) == 2
    assert all(len(row) <= 42 for row in rows)


def test_chinese_wraps_without_spaces():
    rows = wrap("茶凉了，可以再添。时间走了，却不会再回来。")
    assert "".join(rows) == "茶凉了，可以再添。时间走了，却不会再回来。"
    assert all(len(row) <= 16 for row in rows)


def test_nonsense_times_become_a_short_caption_at_the_start():
    assert "00:00:00.000 --> 00:00:00.300" in to_vtt([Cue(float("nan"), -5.0, "", None, "hi")])
