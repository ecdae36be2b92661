"""The first page, a search and the day's sum of 10,000 takes against the same of 100. Prints, never asserts.

Run it as `python -m tests.bench.bench_ledger`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from studio.takes.budget import Budget, Limits
from studio.takes.ledger import Ledger
from studio.takes.listing import Filter
from tests.unit.takes.rig import fill

FEW, MANY = 100, 10_000
ROUNDS = 30


def milliseconds(work: Callable[[], object]) -> float:
    """The median of many, after one to warm up."""
    work()
    spent = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        spent.append((time.perf_counter() - start) * 1000)
    return median(spent)


def questions(ledger: Ledger) -> dict[str, Callable[[], object]]:
    budget = Budget(ledger, Limits(10_000_000, 25_000_000, 5_000_000))
    return {
        "first page of 60": lambda: ledger.page(limit=60),
        "search of two words": lambda: ledger.page(Filter(search="dusk word13"), limit=60),
        "what is spent and held": lambda: budget.standing("bench"),
    }


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as folder:
        few, many = Ledger("", Path(folder) / "few"), Ledger("", Path(folder) / "many")
        fill(few, FEW)
        fill(many, MANY)
        print(f"{'':<26}{FEW:>10,} takes{MANY:>10,} takes{'ratio':>8}")
        for (name, short), long in zip(questions(few).items(), questions(many).values(), strict=True):
            small, large = milliseconds(short), milliseconds(long)
            print(f"{name:<26}{small:>13.2f} ms{large:>13.2f} ms{large / small:>8.1f}")
        few.close()
        many.close()


if __name__ == "__main__":
    main()
