"""The ledger keeps, finds and pages; it survives odd rows, other writers and a full disk."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from studio.takes import listing, storage
from studio.takes.errors import StorageTrouble
from studio.takes.ledger import Ledger
from studio.takes.listing import Filter, Page
from studio.takes.schema import HEAD, METADATA, TAKES
from studio.takes.take import Charge, State
from tests.unit.takes.rig import a_take, fill, steps_of


def test_takes_and_rehearsals_are_numbered_apart(ledger: Ledger) -> None:
    for number in (1, 2, 3):
        ledger.insert_intent(a_take(number, world="rehearsal" if number == 2 else "live"))
    assert [ledger.find(name).id for name in ("1", "take 2", "R1")] == ["t1-live", "t3-live", "t2-rehearsal"]


def test_search_finds_words_parts_of_words_requests_and_chinese(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1, search_text="Über dem Hafen, seagulls <b>cry</b>", request_id="7c1f-a90e"))
    ledger.insert_intent(a_take(2, search_text="黄昏的码头 海鸥"))
    hits = {
        words: ledger.page(Filter(search=words)).total for words in ("uber haf", "gull", "seag", "7c1f-a90e", "码头")
    }
    assert hits == {"uber haf": 1, "gull": 0, "seag": 1, "7c1f-a90e": 1, "码头": 1}


@pytest.mark.parametrize("words", ['"', "a OR b", "NEAR(", "*", "'; DROP TABLE takes; --", "\ud800", "%", "-x", "()"])
def test_hostile_searches_are_only_words(ledger: Ledger, words: str) -> None:
    ledger.insert_intent(a_take(1))
    assert ledger.page(Filter(search=words)).total in (0, 1)
    assert ledger.page().total == 1


def test_search_works_where_sqlite_has_no_full_text(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1))
    ledger.has_full_text = False
    assert ledger.page(Filter(search="WOODEN dusk")).total == 1


def test_filters_and_pages(ledger: Ledger) -> None:
    for number in range(7):
        ledger.insert_intent(a_take(number, starred=number == 3, binned_at=ledger.clock() if number == 4 else None))
    first = ledger.page(limit=4)
    assert ([take.id for take in first.takes], first.total, first.next_offset) == (
        ["t6-live", "t5-live", "t3-live", "t2-live"], 6, 4,
    )  # fmt: skip
    assert ledger.page(limit=4, offset=4).next_offset is None
    assert ledger.page(Filter(is_starred=True)).total == 1
    assert ledger.page(Filter(is_binned=True)).total == 1


def test_odd_rows_are_shown_and_never_stop_the_list(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1))
    odd = {
        "values": "{not json", "state": "dancing", "created_at": "yesterday", "facts": "[1]", "charge": "??",
        "estimate_usd_micros": "lots", "notes": "7", "reason": '"text"', "billable_units": "nan", "number": "x",
    }  # fmt: skip
    with ledger.transaction() as connection:
        connection.execute(sa.update(TAKES).values(odd))
    take = ledger.page().takes[0]
    assert (take.state, take.charge, take.values, take.created_at) == (State.UNKNOWN, Charge.MAY_BE_BILLED, {}, None)
    assert (take.estimate_usd_micros, take.billable_units, take.reason, take.notes) == (0, None, None, [])


def test_revision_tells_what_changed(ledger: Ledger) -> None:
    ledger.insert_intent(a_take(1))
    revision, _ = ledger.changed_since(0)
    assert ledger.changed_since(revision) == (revision, [])
    ledger.note("t1-live", starred=True)
    assert ledger.changed_since(revision) == (ledger.revision(), ["t1-live"])


def test_money_is_synced_at_every_commit_and_readers_never_wait(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
        foreign = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
        ledger.insert_intent(a_take(1))
    assert (pragmas, foreign) == (["wal", 2], 1)


def test_the_migrations_make_exactly_the_schema(tmp_path: Path) -> None:
    migrated = Ledger("", tmp_path / "a")
    fresh = sa.create_engine("sqlite://")
    METADATA.create_all(fresh)
    try:
        with migrated.reading() as one, fresh.connect() as two:
            for table in METADATA.sorted_tables:
                columns = [
                    {c["name"]: (str(c["type"]), c["nullable"]) for c in sa.inspect(x).get_columns(table.name)}
                    for x in (one, two)
                ]
                indexes = [{i["name"] for i in sa.inspect(x).get_indexes(table.name)} for x in (one, two)]
                uniques = [{u["name"] for u in sa.inspect(x).get_unique_constraints(table.name)} for x in (one, two)]
                assert columns[0] == columns[1]
                assert indexes[0] == indexes[1]
                assert uniques[0] == uniques[1]
    finally:
        fresh.dispose()
        migrated.close()


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_ledger_of_a_newer_studio_is_left_alone(tmp_path: Path) -> None:
    Ledger("", tmp_path).close()
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageTrouble, match="newer version"):
        Ledger("", tmp_path)


def test_a_locked_ledger_is_told_in_plain_words(tmp_path: Path) -> None:
    ledger = Ledger("", tmp_path, busy_timeout_s=0.05)
    holder = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageTrouble, match="Nothing was sent") as trouble:
        ledger.insert_intent(a_take(1))
    assert trouble.value.code == "ledger_locked"
    holder.close()
    ledger.close()


@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "disk_full"), (errno.EROFS, "home_read_only"), (errno.EACCES, "home_read_only")]
)
def test_faults_of_the_disk_have_words(number: int, code: str) -> None:
    with pytest.raises(StorageTrouble) as trouble, storage.in_words():
        raise OSError(number, "injected")
    assert trouble.value.code == code
    assert trouble.value.steps


def test_full_database_is_told_as_a_full_disk(tmp_path: Path) -> None:
    ledger = Ledger("", tmp_path)

    def fill() -> None:
        with ledger.transaction() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            for number in range(200):
                ledger.add(connection, a_take(number, search_text="x" * 5000))

    with pytest.raises(StorageTrouble) as trouble:
        fill()
    assert trouble.value.code == "disk_full"
    assert ledger.page().total == 0
    ledger.close()


def test_a_home_that_is_a_file_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(StorageTrouble):
        Ledger("", tmp_path / "home")


def test_first_page_and_search_of_ten_thousand_takes_read_no_row_that_is_not_shown(ledger: Ledger) -> None:
    """Counted in steps of SQLite's own machine, which a busy computer does not change."""
    fill(ledger, 10_000)
    listed, listing_steps = counted(ledger, Filter())
    found, search_steps = counted(ledger, Filter(search="dusk word13"))
    assert (listed.total, len(listed.takes), found.total) == (10_000, 60, 103)
    # A few steps a take to count and to order them, 25 to meet each with the words: 6.4 and 24 were counted.
    assert listing_steps < 10_000 * 10
    assert search_steps < 10_000 * 40


def counted(ledger: Ledger, wanted: Filter) -> tuple[Page, int]:
    """A page, and how many steps it took."""
    found: list[Page] = []
    steps = steps_of(ledger, lambda one: found.append(listing.page(one, wanted, 60, 0, ledger.has_full_text)))
    return found[0], steps
