"""Sums that add up, bills by fal's units, and a CSV that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.takes.budget import Budget, Limits
from studio.takes.ledger import Ledger
from studio.takes.settling import bill, billed_usd_micros, failure
from studio.takes.spend import Spend, parts_of, safe_cell
from studio.takes.take import Charge, State
from tests.unit.takes.rig import Clock, a_take

I2V = "fal-ai/kling-video/v2.6/pro/image-to-video"


@pytest.mark.parametrize(
    ("units", "listed", "billed"),
    [
        (5.0, None, 700_000),  # units are seconds: the take's own rate
        (5.0, 70_000, 700_000),
        (10.0, 70_000, 700_000),  # the surcharge is inside the units
        (10.0, None, 700_000),
        (5.0, 140_000, 700_000),
        (5.0, 71_000, 710_000),  # the list went up by a seventieth, and sound with it
        (5.0, 80_000, 800_000),
        (5.0, 35_000, 350_000),
        (12.0, 80_000, 960_000),  # other counts carry the surcharge: the listed price as it is
        (0.0, None, 0),
    ],
)
def test_units_become_money(units: float, listed: int | None, billed: int) -> None:
    assert billed_usd_micros(a_take(1), units, listed) == billed


def test_a_clip_rounded_up_is_billed_at_its_own_rate() -> None:
    take = a_take(1, endpoint_id="fal-ai/kling-video/v2.6/pro/motion-control", rate_usd_micros=112_000, duration_s=7.6)
    assert billed_usd_micros(take, 8.0) == 896_000
    assert billed_usd_micros(take, 7.6) == 851_200


def test_money_of_what_came_to_nothing_follows_fals_rules() -> None:
    take = a_take(1)
    assert failure(take, "no")["charge"] is Charge.NOT_BILLED
    assert failure(take, "maybe") == {"charge": Charge.MAY_BE_BILLED, "held_usd_micros": 700_000}
    assert failure(take, "maybe", 0.0)["charge"] is Charge.NOT_BILLED
    assert failure(take, "no", 5.0)["billed_usd_micros"] == 700_000
    assert failure(a_take(1, world="rehearsal"), "yes")["charge"] is Charge.FREE
    assert bill(take, None) == {
        "charge": Charge.BILLED, "held_usd_micros": 0, "billed_usd_micros": None, "billable_units": None,
    }  # fmt: skip


AMOUNTS = st.lists(
    st.tuples(st.sampled_from(list(Charge)), st.integers(0, 5_000_000), st.none() | st.integers(0, 6_000_000)),
    max_size=12,
)


@settings(max_examples=25)
@given(AMOUNTS)
def test_day_mode_and_budget_agree_on_every_sum(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    clock = Clock()
    ledger = Ledger("", tmp_path_factory.mktemp("home"), clock=clock)
    try:
        with ledger.transaction() as connection:
            for number, (charge, amount, billed) in enumerate(rows):
                take = a_take(
                    number, charge=charge, estimate_usd_micros=amount, held_usd_micros=amount, billed_usd_micros=billed,
                    state=State.KEPT, submitted_at=clock.now, mode=("a", "b")[number % 2],
                )  # fmt: skip
                ledger.add(connection, take)
        spend, standing = Spend(ledger, UTC), Budget(ledger, Limits(), UTC).standing()
        spent = sum((est if paid is None else paid) for charge, est, paid in rows if charge is Charge.BILLED)
        today = spend.by_day()[-1]
        assert today.spent_usd_micros == spent == standing.day.spent_usd_micros
        assert today.held_usd_micros == standing.day.held_usd_micros
        assert sum(row.spent_usd_micros for row in spend.by_mode()) == spent
        assert spend.totals()["all"]["spent_usd_micros"] == spent
        assert sum((today.parts or {}).values()) == spent
    finally:
        ledger.close()


@given(st.integers(0, 10**9), st.booleans(), st.booleans())
def test_parts_add_up_to_what_was_spent(spent: int, has_sound: bool, has_voices: bool) -> None:
    values = {"generate_audio": has_sound, "voice_ids": ["v"] if has_voices else []}
    parts = parts_of(a_take(1, endpoint_id=I2V, values=values, charge=Charge.BILLED, billed_usd_micros=spent))
    assert sum(parts.values()) == spent


def test_the_csv_holds_every_live_take_and_no_formula(ledger: Ledger, clock: Clock) -> None:
    hostile = '=HYPERLINK("http://x","y")'
    ledger.insert_intent(
        a_take(1, title=hostile, charge=Charge.BILLED, billed_usd_micros=600_000, submitted_at=clock.now)
    )
    ledger.insert_intent(a_take(2, world="rehearsal"))
    rows = list(csv.DictReader(io.StringIO(Spend(ledger, UTC).csv())))
    assert len(rows) == 1
    assert rows[0]["what"] == f"'{hostile}"
    assert (rows[0]["billed_usd"], rows[0]["difference_usd"]) == ("0.600000", "-0.100000")


@given(st.text(max_size=60))
def test_no_cell_starts_like_a_formula(text: str) -> None:
    cell = safe_cell(text)
    is_amount = cell.replace("-", "", 1).replace(".", "", 1).isdigit()
    assert is_amount or cell[:1] not in set("=+-@|%\t\r")


def test_days_without_takes_are_there_with_zeros(ledger: Ledger) -> None:
    rows = Spend(ledger, UTC).by_day(14)
    assert (len(rows), rows[-1].name, sum(row.takes for row in rows)) == (14, "2026-11-23", 0)


@pytest.mark.parametrize("now", [datetime(2026, 10, 25, 22, 45, tzinfo=UTC), datetime(2026, 11, 1, 22, 30, tzinfo=UTC)])
def test_the_oldest_day_is_whole_after_the_clocks_went_back(ledger: Ledger, clock: Clock, now: datetime) -> None:
    """Europe/Berlin had a day of 25 hours on 2026-10-25."""
    zone = ZoneInfo("Europe/Berlin")
    clock.now = now
    oldest = (now.astimezone(zone) - timedelta(days=13)).date()
    early = datetime.combine(oldest, time(0, 5), zone).astimezone(UTC)
    ledger.insert_intent(a_take(1, charge=Charge.BILLED, billed_usd_micros=700_000, submitted_at=early))
    days = Spend(ledger, zone).by_day()
    assert (days[0].name, days[0].spent_usd_micros) == (oldest.isoformat(), 700_000)


def test_a_pending_bill_holds_what_it_may_come_to_above_the_estimate(ledger: Ledger) -> None:
    motion = a_take(1, estimate_usd_micros=795_200, at_most_usd_micros=896_000, submitted_at=ledger.clock())
    ledger.insert_intent(replace(motion, charge=Charge.BILLED, held_usd_micros=0, billed_usd_micros=None))
    day = Budget(ledger, Limits(), UTC).standing().day
    assert (day.spent_usd_micros, day.held_usd_micros, day.total) == (795_200, 100_800, 896_000)
