"""Limits that bind, in any number of threads and processes, on any day."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from studio.takes.budget import Budget, Limits, day_start
from studio.takes.errors import BudgetRefusal, KeyReused
from studio.takes.ledger import Ledger
from studio.takes.take import Charge, State
from tests.unit.takes.rig import Clock, a_take

FIVE = Limits(5_000_000)


def test_a_refusal_says_limit_spent_held_and_needed(ledger: Ledger) -> None:
    budget = Budget(ledger, Limits(2_000_000), UTC)
    budget.reserve(a_take(1))
    budget.reserve(a_take(2))
    ledger.move("t1-live", [State.RESERVED], State.SUBMITTING, submitted_at=ledger.clock())
    ledger.move("t1-live", [State.SUBMITTING], State.QUEUED)
    ledger.move(
        "t1-live", [State.QUEUED], State.FETCHING, charge=Charge.BILLED, billed_usd_micros=720_000, held_usd_micros=0
    )
    with pytest.raises(BudgetRefusal, match="Nothing was sent") as refusal:
        budget.reserve(a_take(3))
    told = refusal.value
    assert (told.limit_name, told.limit_usd_micros) == ("day", 2_000_000)
    assert (told.spent_usd_micros, told.held_usd_micros, told.needed_usd_micros) == (720_000, 700_000, 700_000)
    assert "$0.58 is left today" in told.sentence
    assert ledger.page().total == 2


def test_the_limit_itself_may_be_met(ledger: Ledger) -> None:
    budget = Budget(ledger, Limits(1_400_000), UTC)
    budget.reserve(a_take(1))
    budget.reserve(a_take(2))
    with pytest.raises(BudgetRefusal):
        budget.reserve(a_take(3, at_most_usd_micros=1))


def test_take_and_session_limits_bind_too(ledger: Ledger) -> None:
    budget = Budget(ledger, Limits(None, 1_000_000, 900_000), UTC)
    with pytest.raises(BudgetRefusal) as refusal:
        budget.reserve(a_take(1, at_most_usd_micros=900_001))
    assert refusal.value.limit_name == "take"
    budget.reserve(a_take(2, session_id="a"))
    budget.reserve(a_take(3, session_id="b"))
    with pytest.raises(BudgetRefusal) as refusal:
        budget.reserve(a_take(4, session_id="a"))
    assert refusal.value.limit_name == "session"


def test_rehearsals_need_no_budget(ledger: Ledger) -> None:
    take, is_new = Budget(ledger, Limits(0, 0, 0), UTC).reserve(a_take(1, world="rehearsal", at_most_usd_micros=0))
    assert (is_new, take.charge, take.held_usd_micros) == (True, Charge.FREE, 0)


def test_the_page_sets_limits_over_those_of_the_environment(ledger: Ledger) -> None:
    budget = Budget(ledger, FIVE, UTC)
    assert budget.set_limits(day=1_000, take=None) == Limits(1_000, None, None)
    assert Budget(ledger, FIVE, UTC).limits().day_usd_micros == 1_000


def test_fifty_threads_never_pass_the_limit(ledger: Ledger) -> None:
    budget, refused = Budget(ledger, FIVE, UTC), []
    barrier = threading.Barrier(50)

    def click(number: int) -> None:
        barrier.wait()
        try:
            budget.reserve(a_take(number))
        except BudgetRefusal as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=click, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.page().total == 7
    assert len(refused) == 43
    assert budget.standing().day.total == 4_900_000


CLICKS = """
import sys, threading
from pathlib import Path
from studio.takes.budget import Budget, Limits
from studio.takes.errors import BudgetRefusal
from studio.takes.ledger import Ledger
from tests.unit.takes.rig import a_take
home, name, same = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "same"
ledger = Ledger("", home)
budget = Budget(ledger, Limits(5_000_000))
def click(n):
    key = "one-click" if same else f"{name}-{n}"
    try:
        take, _ = budget.reserve(a_take(0, id=f"t{name}{n}", key=key, created_at=ledger.clock()))
        sys.stdout.write(f"took {take.id}\\n")
    except BudgetRefusal:
        sys.stdout.write("refused\\n")
threads = [threading.Thread(target=click, args=(n,)) for n in range(15)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


def clicks(home: Path, same: str) -> list[str]:
    root = Path(__file__).parents[3]
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", CLICKS, str(home), name, same], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    words = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    return "".join(words).splitlines()


def test_two_processes_together_never_pass_the_limit(tmp_path: Path) -> None:
    words = clicks(tmp_path, "other")
    assert sum(word.startswith("took") for word in words) == 7
    assert words.count("refused") == 23


def test_the_same_key_from_two_processes_makes_one_take(tmp_path: Path) -> None:
    words = clicks(tmp_path, "same")
    assert len(words) == 30
    assert len(set(words)) == 1


def test_the_same_key_gives_the_same_take_and_other_values_are_refused(ledger: Ledger) -> None:
    budget = Budget(ledger, FIVE, UTC)
    first, is_new = budget.reserve(a_take(1, fingerprint="a"))
    again, is_again_new = budget.reserve(a_take(1, id="other", fingerprint="a"))
    assert (is_new, is_again_new, again.id) == (True, False, first.id)
    with pytest.raises(KeyReused, match="Take 1"):
        budget.reserve(a_take(1, id="third", fingerprint="b"))
    assert budget.reserve(a_take(1, world="rehearsal", fingerprint="b"))[1]


def test_yesterdays_money_is_yesterdays_and_what_waits_is_todays(ledger: Ledger, clock: Clock) -> None:
    budget = Budget(ledger, Limits(1_000_000), UTC)
    budget.reserve(a_take(1))
    ledger.move("t1-live", [State.RESERVED], State.SUBMITTING, submitted_at=clock.now)
    clock.pass_s(24 * 3600)
    budget.reserve(a_take(2))
    clock.pass_s(24 * 3600)
    with pytest.raises(BudgetRefusal):
        budget.reserve(a_take(3))


def test_setting_the_clock_back_frees_no_money(ledger: Ledger, clock: Clock) -> None:
    budget = Budget(ledger, Limits(1_000_000), UTC)
    budget.reserve(a_take(1))
    ledger.move("t1-live", [State.RESERVED], State.SUBMITTING, submitted_at=clock.now)
    clock.pass_s(-3 * 24 * 3600)
    with pytest.raises(BudgetRefusal):
        budget.reserve(a_take(2))


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),  # 23 hours long
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)),  # 25 hours long
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), datetime(2026, 6, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_day_is_the_persons_calendar_day(now: datetime, start: datetime) -> None:
    assert day_start(now, ZoneInfo("Europe/Berlin")) == start


def test_the_machines_own_day_holds_now() -> None:
    now = datetime.now(UTC)
    assert timedelta() <= now - day_start(now) < timedelta(hours=25)
