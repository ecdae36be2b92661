"""Cards with their surroundings, and the files behind them: what a page asks for again and again. Changes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from studio.takes import listing
from studio.takes.cards import MEDIA_NAMES, card, start_input
from studio.takes.changes import Told, beginning, outcome_rows, rows, settings_in_words, step
from studio.takes.desk import Desk
from studio.takes.errors import NotPossible, StudioError
from studio.takes.expectations import Expected, expect
from studio.takes.folders import inside
from studio.takes.listing import Filter
from studio.takes.recipes import RECIPE_NAME, recipe_of
from studio.takes.rows import to_take
from studio.takes.schema import TAKES, VOICES
from studio.takes.take import State, Take

BIN_DAYS = 30
_BY_FILE = {file: name for name, file in MEDIA_NAMES.items()}


class Gallery:
    """What the page shows of a desk's takes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ledger = desk.ledger
        self.home = desk.home

    def card(self, take_id: str) -> dict[str, Any]:
        """Raises NotPossible where there is no such take."""
        return self._cards([self._ledger.get(take_id)])[0]

    def cards(self, take_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The cards of those that exist, in the order asked for."""
        wanted = list(take_ids)
        with self._ledger.reading() as connection:
            rows = connection.execute(sa.select(TAKES).where(TAKES.c.id.in_(wanted))).mappings()
            found = {take.id: take for take in (to_take(row) for row in rows)}
        return self._cards([found[take_id] for take_id in wanted if take_id in found])

    def page(self, wanted: Filter | None = None, *, limit: int = 60, offset: int = 0) -> dict[str, Any]:
        """`{takes: [cards], total, next_offset}`."""
        page = self._ledger.page(wanted, limit=limit, offset=offset)
        return {"takes": self._cards(list(page.takes)), "total": page.total, "next_offset": page.next_offset}

    def snapshot(self, limit: int = 60) -> dict[str, Any]:
        """The first message of the WebSocket."""
        revision = self._ledger.revision()
        shown = self._cards(list(self._ledger.page(limit=limit).takes))
        return {"type": "snapshot", "rev": revision, "studio": self.studio(), "takes": shown}

    def studio(self) -> dict[str, Any]:
        """The header's facts. All money in micro-dollars; a limit of None is none."""
        desk, tail = self._desk, self._desk.key_tail()
        standing = desk.budget.standing(desk.session_id)
        with self._ledger.reading() as connection:
            counts = listing.counts(connection)
        today, session, limits = standing.day, standing.session, standing.limits
        return {
            "world": "live" if tail is not None else "rehearsal",
            "has_key": tail is not None,
            "key_tail": tail or "",
            "today": _sum(today.spent_usd_micros, today.held_usd_micros, limits.day_usd_micros),
            "session": _sum(session.spent_usd_micros, session.held_usd_micros, limits.session_usd_micros),
            "take_limit": limits.take_usd_micros,
            "counts": {**counts, "voices": len(desk.voices.list())},
        }

    def lineage(self, take_id: str) -> dict[str, Any]:
        """The chain of ancestors, oldest first; what each changed, in a few words; the takes that follow from this one;
        the names of its voices."""
        chain, seen = [self._ledger.get(take_id)], {take_id}
        while (parent_id := chain[0].parent_id) and parent_id not in seen and len(chain) < 50:
            seen.add(parent_id)
            try:
                chain.insert(0, self._ledger.get(parent_id))
            except NotPossible:
                break
        follow = self._ledger.page(Filter(parent_id=take_id), limit=100).takes
        told = [self._told(take) for take in chain]
        steps = [step(*both) for both in itertools.pairwise(zip(chain, told, strict=True))]
        return {
            "chain": self._cards(chain),
            "steps": [beginning(told[0]), *steps],
            "follow": self._cards(list(follow)),
            "voices": self._voice_names(chain[-1]),
        }

    def differences(self, take_id: str, other: str) -> dict[str, Any]:
        """`{rows: [{name, a, b}]}`: only what differs between two takes besides their prompts, in words."""
        a, b = self._ledger.get(take_id), self._ledger.get(other)
        return {"rows": [*rows(self._told(a), self._told(b)), *outcome_rows(a, b)]}

    def counts(self, filters: Mapping[str, Filter], search: str = "") -> dict[str, int]:
        """How many takes each filter would show."""
        with self._ledger.reading() as connection:
            return listing.tally(connection, filters, search, self._ledger.has_full_text)

    def recipe(self, take_id: str) -> dict[str, Any]:
        return recipe_of(self._ledger.get(take_id), self.home)

    def file(self, take_id: str, name: str) -> Path:
        """The file behind `video`, `silent`, `poster`, `strip`, `waveform`, `srt`, `vtt`, `start` or `recipe`, also by
        its name in a URL. Raises NotPossible where there is none."""
        name = _BY_FILE.get(name, name)
        path = self._file(self._ledger.get(take_id), name)
        if path is None or not path.is_file():
            raise NotPossible("This file is not here.", (), "no_such_file")
        return path

    def empty_bin(self, older_than: timedelta = timedelta(days=BIN_DAYS)) -> int:
        """Delete the files of takes that lay in the bin for 30 days. Their rows stay, because money was spent."""
        binned = self._ledger.page(Filter(is_binned=True, makes_video=None), limit=listing.MAX_PAGE).takes
        due = [
            take
            for take in binned
            if take.binned_at and take.file and self._ledger.clock() - take.binned_at >= older_than
        ]
        for take in due:
            self._remove_files(take)
            self._ledger.note(take.id, file=None, facts={**take.facts, "media": {}})
        return len(due)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _cards(self, takes: list[Take]) -> list[dict[str, Any]]:
        parents = self._parents(takes)
        with self._ledger.reading() as connection:
            follow = listing.followers(connection, [take.id for take in takes])
        places = {world: self._desk.runner.crew.line.places(world) for world in {t.world for t in takes if t.is_open}}
        return [
            {
                **card(
                    take,
                    expected=expect(self._ledger, take) if take.is_open else Expected(),
                    studio_place=places[take.world].get(take.id) if take.is_open else None,
                    progress=self._desk.runner.progress(take.id),
                    parent=parents.get(take.parent_id or ""),
                    has_file=(self.home / take.file).is_file() if take.file else None,
                    now=self._ledger.clock(),
                ),
                "follow_count": follow.get(take.id, 0),
            }
            for take in takes
        ]

    def _parents(self, takes: list[Take]) -> dict[str, Take]:
        ids = {take.parent_id for take in takes if take.parent_id}
        if not ids:
            return {}
        with self._ledger.reading() as connection:
            rows = connection.execute(sa.select(TAKES).where(TAKES.c.id.in_(ids))).mappings()
            return {take.id: take for take in (to_take(row) for row in rows)}

    def _told(self, take: Take) -> dict[str, Told]:
        return settings_in_words(take, self.home, self._voice_names(take))

    def _voice_names(self, take: Take) -> list[str]:
        given = take.values.get("voice_ids")
        ids = [str(one) for one in given] if isinstance(given, list) else []
        if not ids:
            return []
        statement = sa.select(VOICES.c.voice_id, VOICES.c.name).where(
            VOICES.c.world == take.world, VOICES.c.voice_id.in_(ids)
        )
        with self._ledger.reading() as connection:
            names = {str(row.voice_id): str(row.name) for row in connection.execute(statement)}
        return [names.get(one, one) for one in ids]

    def _file(self, take: Take, name: str) -> Path | None:
        if name == "start":
            return self._start_thumb(take)
        if not take.file or take.state is not State.KEPT:
            return None
        video = inside(self.home, take.file)
        if video is None or name == "video":
            return video
        made = take.facts.get("media") if isinstance(take.facts.get("media"), dict) else {}
        file_name = RECIPE_NAME if name == "recipe" else (made or {}).get(name)
        return video.parent / Path(str(file_name)).name if file_name else None

    def _start_thumb(self, take: Take) -> Path | None:
        """The start picture, small; made when it is first asked for."""
        given = start_input(take)
        source = inside(self.home, given) if given else None
        if source is None or not source.is_file():
            return None
        thumb = self.home / "inputs" / "thumbs" / f"{source.stem}.jpg"
        if not thumb.exists():
            thumb.parent.mkdir(parents=True, exist_ok=True)
            self._desk.run(self._desk.runner.crew.darkroom.thumbnail(source, thumb))
        return thumb

    def _remove_files(self, take: Take) -> None:
        folder = inside(self.home, take.folder) if take.folder else None
        if folder is None or not folder.is_dir() or folder == self.home.resolve():
            return
        try:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        except OSError as error:
            raise StudioError(
                "bin", "The bin was not emptied", f"{take.label} could not be deleted: {error.strerror}."
            ) from None


def _sum(spent: int, held: int, limit: int | None) -> dict[str, int | None]:
    return {"spent": spent, "held": held, "limit": limit}
