"""Planned times of lines, what does not fit, remedies, and rates that learn from takes."""

from __future__ import annotations

import pytest

from studio.script.rates import Rates
from studio.script.scene import Line
from studio.script.timing import line_seconds, plan_lines

KEEPER = Line("Keeper", 1, "", "the light goes out tonight, Mara.")
LONG = Line("Keeper", 1, "", "the light goes out tonight, Mara, and i am too old to climb.")
MARA = Line("Mara", 2, "", "then who brings you home?")


def test_two_short_lines_fit_five_seconds_with_a_gap_between():
    plan = plan_lines((KEEPER, MARA), 5)
    assert [(row.start_s, row.end_s) for row in plan.rows] == [(0.0, 2.4), (2.7, 4.7)]
    assert plan.summary == "Fits 5 s with 0.3 s to spare"


def test_too_long_says_by_how_much_and_what_to_do():
    plan = plan_lines((LONG, MARA), 5)
    assert plan.summary == "2.5 s too long for 5 s. Cut 7 words, or switch to 10 s"
    assert plan.rows[0].over_from_char == LONG.text.index("climb")
    assert plan.rows[1].over_from_char == 0
    assert plan.rows[1].over_s == 2.0


def test_chinese_is_counted_in_characters():
    assert line_seconds(Line(text="茶凉了，可以再添。")) == pytest.approx(7 / 5)


def test_figures_take_the_time_of_their_words():
    assert line_seconds(Line(text="at $5.50")) == line_seconds(Line(text="at five dollars and fifty cents"))


@pytest.mark.parametrize(
    ("connective", "gap"),
    [
        (None, 0.3),
        ("Immediately,", 0.1),
        ("After a long pause,", 1.5),
        ("After two seconds,", 2.0),
        ("After a moment,", 0.8),
    ],
)
def test_beat_before_a_line_takes_its_time(connective: str | None, gap: float):
    first, second = plan_lines((KEEPER, Line("Mara", text="no.", connective=connective)), 10).rows
    assert second.start_s - first.end_s == pytest.approx(gap)


def test_lines_at_the_same_time_overlap_and_the_total_is_the_longer():
    plan = plan_lines((LONG, Line("Mara", text="no.", connective="At the same time,")), 10)
    assert plan.rows[1].start_s == 0.0
    assert plan.total_s == 5.2


def test_pause_inside_a_line_counts():
    assert line_seconds(Line(text="wait… for me")) == pytest.approx(line_seconds(Line(text="wait for me")) + 0.4)


def test_rows_without_words_take_no_time():
    assert plan_lines((Line(), Line(speaker="Ann")), 5).summary == "No lines yet"


def taken(rates: Rates, per_s: float, takes: int, voice: str = "v") -> Rates:
    for _take in range(takes):
        rates = rates.update(voice, "one two three four five six", 6 / per_s)
    return rates


def test_rate_moves_towards_the_voice_with_each_take_and_is_measured_after_three():
    pace = [taken(Rates(), 4.0, takes).pace_of("v", "en").per_s for takes in range(5)]
    assert pace[0] == 2.5
    assert pace == sorted(pace)
    assert pace[3] == pace[4] == pytest.approx(4.0)


def test_one_bad_take_does_not_move_a_known_rate():
    rates = taken(Rates(), 3.0, 4)
    assert rates.update("v", "one two three four five six", 1.1).pace_of("v", "en").per_s == pytest.approx(3.0)


def test_implausible_measure_is_left_out():
    assert Rates().update("v", "one two three four", 0.31) == Rates()
    assert Rates().update("v", "one two three four", 30) == Rates()


def test_unknown_voice_speaks_at_the_rate_heard_from_any_voice():
    assert taken(Rates(), 3.5, 3).pace_of("other", "en").per_s == pytest.approx(3.5)


def test_slots_take_the_rate_of_their_voice():
    rates = taken(Rates(), 5.0, 3).with_slots(("someone", "v"))
    assert line_seconds(MARA, rates) == pytest.approx(1.0)


def test_rates_survive_json_and_tolerate_anything_else():
    rates = taken(Rates(), 3.0, 2)
    assert Rates.from_json(rates.to_json()) == rates
    assert Rates.from_json({"samples": [["v", "en", ["x", -1]], 7, None]}) == Rates()
