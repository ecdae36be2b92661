"""Opens the ledger's database and puts its faults into words; never knows what a take is."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import sqlalchemy as sa

from studio.takes.errors import StorageTrouble, StudioError
from studio.takes.schema import HEAD

BUSY_TIMEOUT_S = 20.0
LEDGER_NAME = "ledger.sqlite3"


def ledger_url(home: Path) -> str:
    """The URL of the embedded database in a home folder."""
    url = sa.URL.create("sqlite", database=(home / LEDGER_NAME).as_posix())  # a folder may be called “what?” or “50%”
    return url.render_as_string(hide_password=False)


def open_database(url: str, home: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sa.Engine:
    """An engine on an up-to-date schema. Raises StorageTrouble, with code `ledger_damaged` where it is beyond reading.

    Opening is done by one process at a time, so two that start together do not both create or migrate.
    """
    with in_words():
        (home / "locks").mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / "locks" / "opening.lock", timeout=60):
            engine = _engine(url, busy_timeout_s)
            try:
                if engine.dialect.name == "sqlite":
                    _check(engine)
                migrate(engine)
                _prepare_search(engine)
            except BaseException:
                engine.dispose()
                raise
    return engine


def _engine(url: str, busy_timeout_s: float) -> sa.Engine:
    if sa.make_url(url).get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    # Any number of page threads may ask at once; a short wait for a connection is better than a refusal.
    engine = sa.create_engine(
        url, connect_args={"timeout": busy_timeout_s}, pool_size=8, max_overflow=56, pool_timeout=60
    )
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    """WAL lets readers and the writer work at once; FULL syncs it at every commit, because each may be about money."""
    connection.isolation_level = None  # we say BEGIN ourselves, see _on_begin
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "fullfsync=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    """A writing transaction takes the one write lock at its start, so that what it read stays true until it commits."""
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _check(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        answer = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if answer != "ok":
        raise damaged(str(answer))


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to date. Alembic is loaded only when there is something to do: it costs start-up time."""
    with engine.connect() as connection:
        if sa.inspect(connection).has_table("alembic_version"):
            version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            if version == HEAD:
                return
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        _upgrade(connection)


def _upgrade(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StorageTrouble(
            "ledger_newer",
            "The ledger is from a newer studio",
            "A newer version of the studio has written this ledger and this one cannot read it. Nothing was changed.",
            ("Start the newer studio", "Choose another STUDIO_HOME"),
            is_passing=False,
        ) from None


def _prepare_search(engine: sa.Engine) -> None:
    """The full-text index, where this SQLite has FTS5; search falls back to LIKE where it has not."""
    if not has_full_text(engine):
        return
    with engine.connect().execution_options(is_writing=True) as connection, connection.begin():
        if sa.inspect(connection).has_table("takes_words"):
            return
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE takes_words USING fts5(words, tokenize='unicode61 remove_diacritics 2')"
        )
        connection.exec_driver_sql("INSERT INTO takes_words(rowid, words) SELECT seq, search_text FROM takes")


def has_full_text(engine: sa.Engine) -> bool:
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect() as connection:
        return bool(connection.exec_driver_sql("SELECT sqlite_compileoption_used('ENABLE_FTS5')").scalar())


@contextmanager
def in_words() -> Iterator[None]:
    """Database and file faults leave as StorageTrouble; a StudioError passes as it is."""
    try:
        yield
    except (StudioError, sa.exc.IntegrityError):
        raise
    except ImportError as error:
        raise StorageTrouble(
            "no_driver",
            "This database cannot be reached",
            f"STUDIO_DATABASE_URL needs a driver that is not installed ({error.name}). Nothing was sent.",
            ("Install the driver", "Use the ledger in the home folder"),
        ) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise trouble_of(error) from error


def trouble_of(error: BaseException) -> StorageTrouble:
    """The plain words for a fault of the disk, the folder or the database."""
    text = str(getattr(error, "orig", None) or error).lower()
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, filelock.Timeout) or "locked" in text or "busy" in text or "queuepool" in text:
        return _LOCKED
    if number in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in text:
        return _FULL
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or "readonly" in text or "unable to open" in text:
        return _READ_ONLY
    if "malformed" in text or "not a database" in text or "corrupt" in text:
        return damaged(text)
    return StorageTrouble(
        "storage", "The studio's folder does not answer", f"The ledger could not be read or written ({text[:200]}).",
        ("Check the disk", "Try again"),
    )  # fmt: skip


def damaged(detail: str) -> StorageTrouble:
    return StorageTrouble(
        "ledger_damaged",
        "The ledger is damaged",
        f"The ledger file cannot be read ({detail[:120]}). Your takes are on disk. "
        "At the next start it is set aside and rebuilt from the recipes beside them.",
        ("Start the studio again",),
        is_passing=False,
    )


_LOCKED = StorageTrouble(
    "ledger_locked",
    "The ledger is busy",
    "Another program holds the ledger and did not let go in time. Nothing was sent and nothing was charged.",
    ("Close other programs that have it open", "Try again"),
)
_FULL = StorageTrouble(
    "disk_full",
    "The disk is full",
    "There is no room left where the studio keeps its takes, so this could not be written down. Nothing new is sent.",
    ("Free some space", "Try again"),
)
_READ_ONLY = StorageTrouble(
    "home_read_only",
    "The studio's folder cannot be written to",
    "The folder for takes does not allow writing, so this could not be written down. Nothing new is sent.",
    ("Check the folder's permissions", "Choose another STUDIO_HOME"),
)
