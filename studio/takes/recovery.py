"""Opens the ledger, and puts back what it lacks: from a damaged one set aside, and from what lies beside the takes."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import sqlalchemy as sa

from studio.takes.durable import Durable
from studio.takes.errors import StorageTrouble
from studio.takes.keeping import VOICES_FOLDER
from studio.takes.ledger import Ledger
from studio.takes.recipes import RECIPE_NAME, read_json_file, take_of, write_json
from studio.takes.rows import to_take
from studio.takes.schema import COUNTERS, TAKES, VOICES
from studio.takes.storage import LEDGER_NAME, in_words
from studio.takes.take import CLOSED, Clock, State, Take, utc_now
from studio.takes.voices import put_voice, voice_of

MAX_RECIPES = 200_000
REBUILDING = "rebuilding.json"  # stands while a damaged ledger is being put together again


def open_ledger(home: Path, url: str = "", *, clock: Clock = utc_now, durable: Durable | None = None) -> Ledger:
    """The ledger of a home folder, rebuilt where it has to be. Raises StorageTrouble where even that is not possible.

    Another database, given by `url`, is never set aside; its keeper mends it.
    """
    if url:
        return Ledger(url, home, clock=clock, durable=durable)
    with in_words():
        (home / "locks").mkdir(parents=True, exist_ok=True)
    with in_words(), filelock.FileLock(home / "locks" / "recovery.lock", timeout=120):
        mark = home / "locks" / REBUILDING
        try:
            ledger = Ledger("", home, clock=clock, durable=durable)
        except StorageTrouble as trouble:
            if trouble.code != "ledger_damaged":
                raise
            aside = set_aside(home, clock)
            write_json(mark, {"aside": aside.name})
            ledger = Ledger("", home, clock=clock, durable=durable)
        if mark.exists():  # a rebuild that was cut short is begun again: putting back twice changes nothing
            name = read_json_file(mark).get("aside")
            rebuild(ledger, home / Path(name).name if isinstance(name, str) else None)
            mark.unlink(missing_ok=True)
        else:
            put_back_missing(ledger)
    return ledger


def put_back_missing(ledger: Ledger) -> int:
    """Takes that lie on disk and are not in the ledger, as after a lost ledger or an old copy of it; returns how many.

    Looks at names alone while nothing is missing, so that it costs little at every start.
    """
    with ledger.reading() as connection:
        rows = connection.execute(sa.select(TAKES.c.id, TAKES.c.folder)).all()
    ids, folders = {row.id for row in rows}, {row.folder for row in rows}
    paths = [path for path in _slips(ledger.home) if path.stem not in ids]
    paths += [path for path in _recipes(ledger.home) if _relative(path.parent, ledger.home) not in folders]
    found = {take.id: take for take in _takes_in(paths) if take.id not in ids}
    for take in in_order(found.values()):
        _put_back(ledger, replace(take, runner_id=None))
    if found:
        _put_back_voices(ledger, None)
        _count_on(ledger)
    return len(found)


def in_order(takes: Iterable[Take]) -> list[Take]:
    """As they were made."""
    return sorted(takes, key=lambda take: (take.created_at is None, take.created_at, take.number))


def set_aside(home: Path, clock: Clock = utc_now) -> Path:
    """Rename the damaged ledger to `ledger.damaged-<time>.sqlite3`, with what SQLite keeps beside it."""
    stem = f"ledger.damaged-{clock().strftime('%Y%m%dT%H%M%SZ')}"
    aside, count = home / f"{stem}.sqlite3", 2
    while aside.exists():
        aside, count = home / f"{stem}-{count}.sqlite3", count + 1
    os.replace(home / LEDGER_NAME, aside)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(home / f"{LEDGER_NAME}{ending}", aside.with_name(aside.name + ending))
    return aside


def rebuild(ledger: Ledger, aside: Path | None) -> int:
    """Bring back every take that the damaged file, the recipes or the slips still tell of; returns how many.

    The damaged file knows most, but only a recipe or slip that agrees with a finished file is newer than a row of it
    that was still open.
    """
    found: dict[str, Take] = {}
    if aside is not None:
        found = {take.id: take for take in _rows(aside)}
    for take in _takes_in([*_slips(ledger.home), *_recipes(ledger.home)]):
        known = found.get(take.id)
        if (
            known is None
            or (known.state not in CLOSED and take.state in CLOSED)
            or (known.request_id is None and take.request_id is not None)
        ):
            found[take.id] = replace(take, runner_id=None)
    for take in in_order(found.values()):
        _put_back(ledger, take)
    _put_back_voices(ledger, aside)
    _count_on(ledger)
    return len(found)


def _slips(home: Path) -> list[Path]:
    """Of takes that were out; and the voices, each named by its take."""
    return [*(home / "slips").glob("*.json"), *(home / VOICES_FOLDER).glob("*.json")]


def _recipes(home: Path) -> list[Path]:
    return [path for kind in ("takes", "rehearsals") for path in (home / kind).glob(f"*/*/{RECIPE_NAME}")]


def _relative(folder: Path, home: Path) -> str:
    return folder.relative_to(home).as_posix()


def _takes_in(paths: Iterable[Path]) -> Iterator[Take]:
    """What is on disk: slips before recipes, since a recipe of the same take is newer."""
    for path in itertools.islice(paths, MAX_RECIPES):
        take = take_of(read_json_file(path))
        if take is not None:
            yield take


def _put_back(ledger: Ledger, take: Take) -> None:
    try:
        with ledger.transaction("rebuilt") as connection:
            ledger.add(connection, take, detail={"rebuilt": True})
    except sa.exc.IntegrityError:  # another take has its number or key: it keeps its files and gets new ones
        anew = replace(take, number=0, key=f"{take.key[:150]}#{take.id}"[:200], dedupe=None, request_id=None)
        with contextlib.suppress(sa.exc.IntegrityError), ledger.transaction("rebuilt") as connection:
            ledger.add(connection, anew, detail={"rebuilt": True})


def _put_back_voices(ledger: Ledger, aside: Path | None) -> None:
    for row in _raw_rows(aside, "voices") if aside is not None else ():
        columns = {name: row.get(name) for name in VOICES.c.keys()}  # noqa: SIM118 a collection, not a dict
        with contextlib.suppress(sa.exc.IntegrityError), ledger.transaction() as connection:
            connection.execute(sa.insert(VOICES).values(columns))
    for path in (ledger.home / VOICES_FOLDER).glob("*.json"):
        take = take_of(read_json_file(path))
        voice_id = str(take.facts.get("voice_id") or "") if take is not None else ""
        if take is not None and voice_id and take.state is State.KEPT:
            with ledger.transaction() as connection:
                put_voice(connection, ledger, voice_of(take, voice_id))


def _count_on(ledger: Ledger) -> None:
    """Numbers go on after the highest that is there."""
    with ledger.transaction() as connection:
        rows = connection.execute(sa.select(TAKES.c.series, sa.func.max(TAKES.c.number)).group_by(TAKES.c.series)).all()
        for series, last in rows:
            connection.execute(sa.delete(COUNTERS).where(COUNTERS.c.series == series))
            connection.execute(sa.insert(COUNTERS).values(series=series, last=int(last)))


def _rows(aside: Path) -> Iterator[Take]:
    for row in _raw_rows(aside, "takes"):
        take = to_take(row)
        if take.id and take.key and take.number > 0 and take.world:
            yield replace(take, seq=0, runner_id=None)


def _raw_rows(aside: Path, table: str) -> Iterator[dict[str, Any]]:
    """Whatever rows SQLite can still read of a damaged file; none where it can read nothing."""
    try:
        with contextlib.closing(sqlite3.connect(aside)) as connection:
            connection.row_factory = sqlite3.Row
            last = 0
            while True:
                query = f"SELECT rowid AS place, * FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT 1"  # noqa: S608 ours
                row = connection.execute(query, (last,)).fetchone()
                if row is None:
                    return
                last = row["place"]
                yield {name: row[name] for name in row.keys() if name != "place"}  # noqa: SIM118 a Row, not a dict
    except sqlite3.Error:
        return
