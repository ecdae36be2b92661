"""What a person has set in the page and wants kept: limits and other choices. Never holds a secret."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from studio.takes.errors import StudioError
from studio.takes.ledger import Ledger
from studio.takes.rows import from_json, to_json, to_text
from studio.takes.schema import PREFERENCES

MAX_VALUE_CHARS = 20_000


class Preferences:
    """Named JSON values in the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, name: str, default: Any = None) -> Any:
        with self._ledger.reading() as connection:
            return read_preference(connection, name, default)

    def set(self, name: str, value: Any) -> None:
        """Keep a value; None forgets it. StudioError where it is too large."""
        text = to_json(value)
        if len(text) > MAX_VALUE_CHARS:
            raise StudioError("too_large", "Too much to keep", "This setting is too long to be kept. Shorten it.")
        with self._ledger.transaction() as connection:
            connection.execute(sa.delete(PREFERENCES).where(PREFERENCES.c.name == name))
            if value is not None:
                row = {"name": name, "value": text, "changed_at": to_text(self._ledger.clock())}
                connection.execute(sa.insert(PREFERENCES).values(row))


def read_preference(connection: sa.Connection, name: str, default: Any = None) -> Any:
    """One value inside a transaction; the default where there is none or it cannot be read."""
    text = connection.execute(sa.select(PREFERENCES.c.value).where(PREFERENCES.c.name == name)).scalar()
    value = from_json(text)
    return default if value is None else value
