"""One open studio for all tests of the routes. What a test changes for all is put back by it or made in its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from studio.takes.take import Take
from tests.unit.web.rig import Room, opened


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with opened(tmp_path_factory.mktemp("web") / "home") as one:
        yield one


@pytest.fixture(scope="session")
def kept(room: Room) -> Take:
    """A rehearsal that is kept. Tests only look at it."""
    return room.kept()
