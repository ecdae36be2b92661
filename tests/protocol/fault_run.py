"""Runs the studio's real gateway, runner, ledger, budget and darkroom against a stand-in that fails on purpose.

Run: python -m tests.protocol.fault_run --runs 1000 --seed 1        one run again: --only 417 --seed 1
Each batch of runs has a process of its own and each run a fresh home. Prints a table of figures; exits with 1 where a
promise was broken. Loopback is not even needed: the stand-in is in the same process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from studio.gateway.fal import Gateway
from studio.media.darkroom import Darkroom
from studio.media.workshop import Workshop
from tests.protocol.fault_life import Run
from tests.protocol.fault_plans import Plan, all_plans
from tests.protocol.proving import Books, remove

BATCH = 25
PROCESSES = 2


# -- many runs --------------------------------------------------------------------------------------------------------


def run_plans(
    plans: Iterable[Plan],
    tell: Callable[[Plan, Books], None] = lambda plan, books: None,
    kind: type[Gateway] = Gateway,
) -> Books:
    """Each plan on a fresh home, one after another, in this process."""
    total = Books()
    with Workshop() as workshop, tempfile.TemporaryDirectory(prefix="proof-") as scratch:
        for plan in plans:
            folder = Path(scratch) / str(plan.number)
            folder.mkdir()
            try:
                books = Run(plan, folder, Darkroom(workshop), kind).go()
            except Exception:
                books = Books(broken=[traceback.format_exc()[-1500:]])
            books.broken = [f"run {plan.number} ({plan.name}): {words}" for words in books.broken]
            total.add(books)
            tell(plan, books)
            remove(folder)
    return total


def _child(numbers: list[int], runs: int, seed: int) -> Books:
    command = [sys.executable, "-m", "tests.protocol.fault_run", "--runs", str(runs), "--seed", str(seed)]
    command += ["--only", ",".join(map(str, numbers)), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    try:
        return Books(**json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        return Books(broken=[f"runs {numbers[0]} to {numbers[-1]} gave no figures: {done.stderr[-1500:]}"])


def run_all(runs: int, seed: int, processes: int) -> Books:
    total, lock, began = Books(), threading.Lock(), time.monotonic()
    batches = [list(range(first, min(first + BATCH, runs))) for first in range(0, runs, BATCH)]
    done = 0
    with ThreadPoolExecutor(processes) as pool:
        for books in pool.map(lambda numbers: _child(numbers, runs, seed), batches):
            with lock:
                total.add(books)
                done += 1
                for words in books.broken:
                    print("BROKEN", words, flush=True)
                print(f"{min(done * BATCH, runs)}/{runs} after {time.monotonic() - began:.0f} s", file=sys.stderr)
    return total


def print_table(runs: int, seed: int, books: Books, took_s: float) -> None:
    rows = (
        ("runs", runs),
        ("clicks", books.clicks),
        ("refused by the budget", books.refused),
        ("accepted by fal", books.accepted),
        ("paid jobs", books.paid),
        ("kept by itself", books.kept),
        ("kept after the line was mended", books.recovered),
        ("put to the person (look-alikes)", books.asked),
        ("lost", books.lost),
        ("doubled", books.doubled),
        ("promises broken", len(books.broken)),
    )
    print(f"\nFaults, seed {seed}, {took_s:.0f} s")
    for name, figure in rows:
        print(f"  {name:<34}{figure:>7}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="numbers of runs, with commas; in this process")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    if options.only:
        wanted = {int(number) for number in options.only.split(",")}
        plans = [plan for plan in all_plans(max(options.runs, max(wanted) + 1), options.seed) if plan.number in wanted]
        total = run_plans(plans, _tell if not options.json else lambda plan, books: None)
    else:
        plans = []
        total = run_all(options.runs, options.seed, options.processes)
    if options.json:
        print(json.dumps(asdict(total)))
    else:
        print_table(len(plans) or options.runs, options.seed, total, time.monotonic() - began)
        for words in total.broken if options.only else []:
            print("BROKEN", words)
    return 1 if total.broken else 0


def _tell(plan: Plan, books: Books) -> None:
    print(f"{plan.number:>5}  {plan.name:<44} paid {books.paid} kept {books.kept}+{books.recovered}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
