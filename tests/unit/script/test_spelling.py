"""English speech spelled for Kling, shown change by change."""

from __future__ import annotations

import pytest

from studio.script.numbers import integer_words, ordinal_words, read_figure, year_words
from studio.script.spelling import spell_for_speech


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("My people, here I am!", "my people, here i am!"),
        ("STOP RIGHT THERE, MARA!", "stop right there, Mara!"),
        ("NASA called the FBI in London.", "NASA called the FBI in London."),
        ("The BBC says NO.", "the BBC says no."),
        ("Dr. Voss is here.", "doctor Voss is here."),
        ("I live on Baker St.", "i live on Baker street."),
        ("St. Paul waits.", "saint Paul waits."),
        ("it is 10 km, or 1 km.", "it is ten kilometers, or one kilometer."),
        ("McKay has an iPhone.", "McKay has an iPhone."),
        (
            "he paid $5.50 at 7:30 for 10% of it",
            "he paid five dollars and fifty cents at seven thirty for ten percent of it",
        ),
        ("in 1984, on the 21st", "in nineteen eighty-four, on the twenty-first"),
        ("salt & pepper", "salt and pepper"),
        ("我有 3 只猫。", "我有 3 只猫。"),
        ("¿Dónde está mi 1 hermano?", "¿Dónde está mi 1 hermano?"),
    ],
)
def test_speech_is_spelled_as_it_is_said(text: str, spelled: str):
    assert spell_for_speech(text, ["Mara"]).text == spelled


def test_every_change_shows_before_and_after():
    changes = spell_for_speech("HELLO There, Dr. Voss").changes
    assert [(c.before, c.after, c.reason) for c in changes] == [
        ("HELLO", "hello", "shout"),
        ("There", "there", "case"),
        ("Dr.", "doctor", "abbreviation"),
    ]


def test_spelling_is_settled_after_one_pass():
    once = spell_for_speech("I Paid $3.14 At 5:05 p.m. On The 2nd, Dr. Voss!").text
    assert spell_for_speech(once).changes == ()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (42, "forty-two"),
        (100, "one hundred"),
        (1_205, "one thousand two hundred and five"),
        (1_000_001, "one million and one"),
        (1_250_000, "one million two hundred and fifty thousand"),
        (-7, "minus seven"),
    ],
)
def test_whole_numbers(number: int, words: str):
    assert integer_words(number) == words


@pytest.mark.parametrize(
    ("number", "words"), [(1, "first"), (12, "twelfth"), (20, "twentieth"), (101, "one hundred and first")]
)
def test_ordinals(number: int, words: str):
    assert ordinal_words(number) == words


@pytest.mark.parametrize(
    ("year", "words"),
    [
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (2005, "two thousand and five"),
        (2026, "twenty twenty-six"),
    ],
)
def test_years(year: int, words: str):
    assert year_words(year) == words


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        ("7:00", "seven o'clock"),
        ("5:05pm", "five oh five p m"),
        ("€2", "two euros"),
        ("£0.01", "one penny"),
        ("$2 million", "two million dollars"),
        ("3.14", "three point one four"),
        ("007", "zero zero seven"),
        ("1980s", "nineteen eighties"),
        ("1,000,000", "one million"),
        ("25:99", None),
        ("abc", None),
    ],
)
def test_figures(figure: str, words: str | None):
    assert read_figure(figure) == words
