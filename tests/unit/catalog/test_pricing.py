"""Money is integer micro-dollars: the documented prices, rounding and formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.catalog.kling_2_6 import (
    CREATE_VOICE,
    IMAGE_TO_VIDEO,
    MOTION_CONTROL,
    MOTION_CONTROL_STANDARD,
    TEXT_TO_VIDEO,
)
from studio.catalog.pricing import format_usd, parse_usd


@pytest.mark.parametrize(
    ("values", "usd_micros"),
    [
        ({"generate_audio": False}, 350_000),
        ({}, 700_000),
        ({"duration": "10"}, 1_400_000),
        ({"voice_ids": ["a"]}, 840_000),
        ({"voice_ids": ["a", "b"], "duration": "10"}, 1_680_000),
        ({"voice_ids": [], "generate_audio": True}, 700_000),
    ],
)
def test_image_to_video_costs_what_the_page_says(values: dict[str, object], usd_micros: int) -> None:
    quote = IMAGE_TO_VIDEO.quote(values)
    assert quote.usd_micros == usd_micros
    assert sum(part.usd_micros for part in quote.parts) == usd_micros


def test_text_to_video_has_no_voice_price() -> None:
    assert TEXT_TO_VIDEO.quote({"voice_ids": ["a"]}).usd_micros == 700_000


def test_motion_control_is_priced_by_the_clip() -> None:
    assert MOTION_CONTROL.quote({}, 7.3).usd_micros == 817_600
    assert MOTION_CONTROL_STANDARD.quote({}, 5.0).usd_micros == 350_000
    assert MOTION_CONTROL.quote({}, 7.3).at_most_usd_micros == 896_000


def test_unconfirmed_price_says_so() -> None:
    assert "not yet seen on a bill" in MOTION_CONTROL.quote({}, 5).note
    assert IMAGE_TO_VIDEO.quote({}).note == ""


def test_unknown_clip_length_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="not known"):
        MOTION_CONTROL.quote({})


def test_create_voice_costs_seven_tenths_of_a_cent() -> None:
    assert CREATE_VOICE.quote({}).usd_micros == 7_000


@given(st.integers(min_value=1, max_value=30_000))
def test_price_of_a_clip_never_falls_below_its_rate(milliseconds: int) -> None:
    quote = MOTION_CONTROL.quote({}, milliseconds / 1000)
    assert 0 <= quote.usd_micros * 1000 - 112_000 * milliseconds < 1000
    assert quote.at_most_usd_micros >= quote.usd_micros


@pytest.mark.parametrize(
    ("micros", "short", "exact"),
    [(840_000, "$0.84", "$0.84"), (7_000, "$0.007", "$0.007"), (817_600, "$0.82", "$0.8176"), (0, "$0.00", "$0.00")],
)
def test_amounts_are_written_for_people(micros: int, short: str, exact: str) -> None:
    assert (format_usd(micros), format_usd(micros, exact=True)) == (short, exact)


@given(st.integers(min_value=0, max_value=10**12))
def test_exact_amount_reads_back(micros: int) -> None:
    assert parse_usd(format_usd(micros, exact=True)) == micros


@pytest.mark.parametrize(("text", "micros"), [("1,000", 1_000_000_000), ("12,345.5", 12_345_500_000), ("$10", 10**7)])
def test_thousands_may_be_marked(text: str, micros: int) -> None:
    assert parse_usd(text) == micros


@pytest.mark.parametrize("text", ["2,50", "0,84", "10,5", "1,00", "1,0000", ",5", "1,,000", "1000,000"])
def test_a_comma_that_may_be_meant_as_a_point_is_refused(text: str) -> None:
    """Many people write 2,50: reading it as 250 would lift their limit a hundredfold."""
    with pytest.raises(ValueError):
        parse_usd(text)


@pytest.mark.parametrize("text", ["", "ten", "-1", "nan", "1e9", "inf"])
def test_other_amounts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_usd(text)
