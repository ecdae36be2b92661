"""The voice library: names for voice ids, each bought once. Never calls fal; a bought voice comes from its take."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from studio.takes.errors import NotPossible, StudioError
from studio.takes.ledger import Ledger
from studio.takes.rows import from_json, to_json, to_text, to_time
from studio.takes.schema import TAKES, VOICES
from studio.takes.take import Take

COLOURS = ("v1", "v2")
MAX_NAME_CHARS = 60
MAX_NOTE_CHARS = 1000
MAX_ID_CHARS = 200


@dataclass(frozen=True)
class Voice:
    """A saved voice. `voice_id` is Kling's; one made in a rehearsal means nothing in the live world."""

    id: str
    world: str
    voice_id: str
    name: str
    note: str = ""
    tags: tuple[str, ...] = ()
    colour: str = ""
    source_sha256: str | None = None
    sample: str | None = None
    take_id: str | None = None
    created_at: datetime | None = None
    deleted_at: datetime | None = None
    uses: int = 0

    def as_json(self) -> dict[str, Any]:
        made = self.created_at.isoformat().replace("+00:00", "Z") if self.created_at else None
        shown = {name: value for name, value in vars(self).items() if name not in ("created_at", "deleted_at")}
        return {**shown, "tags": list(self.tags), "created_at": made}


class VoiceShelf:
    """The voices of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def list(self, world: str | None = None, search: str = "") -> tuple[Voice, ...]:
        """Voices in the library, newest first, each with how many takes used it."""
        statement = sa.select(VOICES).where(VOICES.c.deleted_at.is_(None)).order_by(VOICES.c.created_at.desc())
        if world is not None:
            statement = statement.where(VOICES.c.world == world)
        with self._ledger.reading() as connection:
            voices = [_voice(row) for row in connection.execute(statement).mappings()]
            voices = [replace(voice, uses=_uses(connection, voice)) for voice in voices]
        wanted = search.strip().casefold()
        return tuple(v for v in voices if wanted in " ".join((v.name, v.note, v.voice_id, *v.tags)).casefold())

    def get(self, voice_id: str, world: str | None = None) -> Voice:
        """By our id or Kling's, which two worlds may share. Raises NotPossible."""
        statement = sa.select(VOICES).where(sa.or_(VOICES.c.id == voice_id, VOICES.c.voice_id == voice_id))
        if world is not None:
            statement = statement.where(VOICES.c.world == world)
        with self._ledger.reading() as connection:
            row = connection.execute(statement).mappings().first()
            if row is None:
                raise NotPossible("There is no such voice.", ("See all voices",), "no_such_voice")
            voice = _voice(row)
            return replace(voice, uses=_uses(connection, voice))

    def worlds_of(self, voice_id: str) -> frozenset[str]:
        """The worlds in which this id of Kling's is known; empty for one that is in no library, such as a preset."""
        statement = sa.select(VOICES.c.world).where(VOICES.c.voice_id == voice_id)
        with self._ledger.reading() as connection:
            return frozenset(str(value) for value in connection.execute(statement).scalars())

    def by_source(self, world: str, source_sha256: str) -> Voice | None:
        """The voice already made from this recording, one taken out of the library included: it is paid for."""
        statement = sa.select(VOICES).where(VOICES.c.world == world, VOICES.c.source_sha256 == source_sha256)
        with self._ledger.reading() as connection:
            row = connection.execute(statement).mappings().first()
        return _voice(row) if row else None

    def add(
        self, name: str, voice_id: str, *, world: str = "live", note: str = "", tags: tuple[str, ...] = ()
    ) -> Voice:
        """Add a voice id that was made elsewhere, by hand. StudioError where the id is empty or already here."""
        voice_id = voice_id.strip()
        if not voice_id or len(voice_id) > MAX_ID_CHARS or not voice_id.isprintable() or " " in voice_id:
            raise StudioError(
                "bad_voice_id", "Not a voice id", "A voice id is one word of letters and digits. Copy it again."
            )
        with self._ledger.transaction() as connection:
            self._refuse_known(connection, world, voice_id)
            voice = put_voice(connection, self._ledger, Voice("", world, voice_id, name, note, tags))
        return self.get(voice.id)

    def change(self, voice_id: str, **changes: Any) -> Voice:
        """Change name, note, tags or colour."""
        allowed = {name: value for name, value in changes.items() if name in ("name", "note", "tags", "colour")}
        voice = replace(self.get(voice_id), **allowed)
        columns = _clean(voice)
        with self._ledger.transaction() as connection:
            connection.execute(sa.update(VOICES).where(VOICES.c.id == voice.id).values(columns))
        return self.get(voice.id)

    def delete(self, voice_id: str) -> None:
        """Out of the library. Its id stays known, so that the same recording is never bought again."""
        self._set_deleted(self.get(voice_id).id, to_text(self._ledger.clock()))

    def restore(self, voice_id: str) -> Voice:
        self._set_deleted(self.get(voice_id).id, None)
        return self.get(voice_id)

    def _set_deleted(self, row_id: str, at: str | None) -> None:
        with self._ledger.transaction() as connection:
            connection.execute(sa.update(VOICES).where(VOICES.c.id == row_id).values(deleted_at=at))

    def _refuse_known(self, connection: sa.Connection, world: str, voice_id: str) -> None:
        statement = sa.select(VOICES).where(VOICES.c.world == world, VOICES.c.voice_id == voice_id)
        row = connection.execute(statement).mappings().first()
        if row is None:
            return
        if row["deleted_at"] is not None:
            connection.execute(sa.delete(VOICES).where(VOICES.c.id == row["id"]))
            return
        raise StudioError("voice_known", "Already in your voices", f"This voice is here already: {row['name']}.")


def voice_of(take: Take, voice_id: str) -> Voice:
    """The voice that a finished create-voice take has bought."""
    facts = take.facts
    return Voice(
        "",
        take.world,
        voice_id,
        str(facts.get("voice_name") or take.title),
        str(facts.get("voice_note") or ""),
        source_sha256=str(facts.get("source_sha256") or "") or None,
        sample=str(take.values.get("voice_url") or "") or None,
        take_id=take.id,
    )


def put_voice(connection: sa.Connection, ledger: Ledger, voice: Voice) -> Voice:
    """Write a voice inside a transaction; one that is there already is only brought back into the library."""
    known = sa.select(VOICES).where(VOICES.c.world == voice.world, VOICES.c.voice_id == voice.voice_id)
    row = connection.execute(known).mappings().first()
    if row is not None:
        connection.execute(sa.update(VOICES).where(VOICES.c.id == row["id"]).values(deleted_at=None))
        return _voice(row)
    count = connection.execute(sa.select(sa.func.count()).select_from(VOICES)).scalar_one()
    colour = voice.colour or COLOURS[count % len(COLOURS)]
    voice = replace(voice, id=f"v{secrets.token_hex(6)}", colour=colour, created_at=ledger.clock())
    columns = {
        "id": voice.id,
        "world": voice.world,
        "voice_id": voice.voice_id,
        "source_sha256": voice.source_sha256,
        "sample": voice.sample,
        "take_id": voice.take_id,
        "created_at": to_text(ledger.clock()),
        **_clean(voice),
    }
    connection.execute(sa.insert(VOICES).values(columns))
    return voice


def _clean(voice: Voice) -> dict[str, Any]:
    name = " ".join(str(voice.name).split())[:MAX_NAME_CHARS] or "Voice"
    tags = [str(tag).strip()[:40] for tag in voice.tags if str(tag).strip()][:20]
    columns = {
        "name": name,
        "note": str(voice.note)[:MAX_NOTE_CHARS],
        "tags": to_json(tags),
        "colour": str(voice.colour)[:20],
    }
    return {key: value.encode("utf-8", "replace").decode() for key, value in columns.items()}


def _voice(row: Any) -> Voice:
    tags = from_json(row["tags"])
    return Voice(
        **{name: row[name] for name in ("id", "world", "voice_id", "name", "note", "colour")},
        tags=tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        **{name: row[name] for name in ("source_sha256", "sample", "take_id")},
        created_at=to_time(row["created_at"]),
        deleted_at=to_time(row["deleted_at"]),
    )


def _uses(connection: sa.Connection, voice: Voice) -> int:
    held = TAKES.c["values"].contains(f'"{voice.voice_id}"', autoescape=True)
    statement = sa.select(sa.func.count()).select_from(TAKES).where(held, TAKES.c.world == voice.world)
    return int(connection.execute(statement).scalar_one())
