"""Finding takes: filters, search, sorting and pages. Only reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from studio.takes.rows import storable, to_take
from studio.takes.schema import TAKES
from studio.takes.take import OPEN, State, Take

MAX_PAGE = 500
_WORD = re.compile(r"\w+")
# Scripts written without spaces: their words are not words to the index, so these are looked for as they stand.
_UNSPACED = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u0e00-\u0e7f]")
_REFERENCE = re.compile(r"^\s*(take|rehearsal|voice|r)?\s*#?\s*(\d{1,9})\s*$", re.IGNORECASE)
_SERIES = {"": "take", "take": "take", "r": "rehearsal-take", "rehearsal": "rehearsal-take", "voice": "voice"}
SORTS = ("newest", "oldest", "price", "length")


@dataclass(frozen=True)
class Filter:
    """What to show. None means either; `search` is words, a voice, a number or a request id."""

    world: str | None = None
    mode: str | None = None
    modes: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    is_starred: bool | None = None
    is_binned: bool | None = False
    has_voices: bool | None = None
    makes_video: bool | None = True
    parent_id: str | None = None
    session_id: str | None = None
    search: str = ""
    sort: str = "newest"


@dataclass(frozen=True)
class Page:
    """One page. `total` counts all that fit the filter."""

    takes: tuple[Take, ...]
    total: int
    limit: int
    offset: int

    @property
    def next_offset(self) -> int | None:
        end = self.offset + len(self.takes)
        return end if end < self.total and self.takes else None


def page(connection: sa.Connection, wanted: Filter, limit: int, offset: int, has_full_text: bool) -> Page:
    limit, offset = max(1, min(limit, MAX_PAGE)), max(0, offset)
    conditions = _conditions(wanted, has_full_text)
    total = connection.execute(sa.select(sa.func.count()).select_from(TAKES).where(*conditions)).scalar_one()
    chosen = sa.select(TAKES.c.seq).where(*conditions).order_by(*_order(wanted.sort)).limit(limit).offset(offset)
    # Sorting the narrow key first keeps the wide rows of other pages unread.
    rows = connection.execute(sa.select(TAKES).where(TAKES.c.seq.in_(chosen)).order_by(*_order(wanted.sort))).mappings()
    return Page(tuple(to_take(row) for row in rows), total, limit, offset)


def find(connection: sa.Connection, reference: str) -> Take | None:
    """A take by id, or by number or label."""
    row = connection.execute(sa.select(TAKES).where(TAKES.c.id == storable(reference.strip()))).mappings().first()
    match = _REFERENCE.match(reference)
    if row is None and match:
        series = _SERIES[(match[1] or "").lower()]
        statement = sa.select(TAKES).where(TAKES.c.series == series, TAKES.c.number == int(match[2]))
        row = connection.execute(statement).mappings().first()
    return to_take(row) if row else None


def counts(connection: sa.Connection) -> dict[str, int]:
    """How many takes of each kind: for the tabs and the filter chips. The bin counts only as `bin`."""
    live = sa.and_(TAKES.c.makes_video.is_(True), TAKES.c.binned_at.is_(None))
    is_open = TAKES.c.state.in_([state.value for state in OPEN])
    wanted = {
        "all": live,
        "live": sa.and_(live, TAKES.c.world == "live"),
        "rehearsal": sa.and_(live, TAKES.c.world != "live"),
        "starred": sa.and_(live, TAKES.c.starred.is_(True)),
        "open": sa.and_(live, is_open),
        "waiting": sa.and_(live, TAKES.c.state == State.RESERVED.value),
        "unknown": sa.and_(live, TAKES.c.state == State.UNKNOWN.value),
        "failed": sa.and_(live, TAKES.c.state == State.FAILED.value),
        "bin": TAKES.c.binned_at.is_not(None),
    }
    columns = [_how_many(rule).label(name) for name, rule in wanted.items()]
    row = connection.execute(sa.select(*columns)).mappings().one()
    return {name: int(value) for name, value in row.items()}


def tally(connection: sa.Connection, filters: Mapping[str, Filter], search: str, has_full_text: bool) -> dict[str, int]:
    """How many takes fit each filter, all narrowed by one search: in one look at the table."""
    rules = {name: _conditions(replace(one, search=""), has_full_text) for name, one in filters.items()}
    columns = [_how_many(sa.and_(sa.true(), *rule)).label(name) for name, rule in rules.items()]
    narrowed = _conditions(Filter(makes_video=None, is_binned=None, search=search), has_full_text)
    row = connection.execute(sa.select(*columns).select_from(TAKES).where(*narrowed)).mappings().one()
    return {name: int(row[name]) for name in filters}


def followers(connection: sa.Connection, take_ids: Iterable[str]) -> dict[str, int]:
    """How many takes outside the bin were made from each of these. Those that nothing follows are left out."""
    statement = (
        sa.select(TAKES.c.parent_id, sa.func.count())
        .where(TAKES.c.parent_id.in_(list(take_ids)), TAKES.c.binned_at.is_(None), TAKES.c.makes_video.is_(True))
        .group_by(TAKES.c.parent_id)
    )
    return {str(parent_id): int(count) for parent_id, count in connection.execute(statement)}


def _how_many(rule: Any) -> Any:
    return sa.func.coalesce(sa.func.sum(sa.case((rule, 1), else_=0)), 0)


def _conditions(wanted: Filter, has_full_text: bool) -> list[Any]:
    equal = {"world": wanted.world, "mode": wanted.mode, "parent_id": wanted.parent_id, "session_id": wanted.session_id}
    conditions: list[Any] = [TAKES.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.modes:
        conditions.append(TAKES.c.mode.in_(wanted.modes))
    if wanted.states:
        conditions.append(TAKES.c.state.in_([state.value for state in wanted.states]))
    if wanted.is_starred is not None:
        conditions.append(TAKES.c.starred.is_(wanted.is_starred))
    if wanted.makes_video is not None:
        conditions.append(TAKES.c.makes_video.is_(wanted.makes_video))
    if wanted.is_binned is not None:
        conditions.append(TAKES.c.binned_at.is_not(None) if wanted.is_binned else TAKES.c.binned_at.is_(None))
    if wanted.has_voices is not None:
        has = TAKES.c["values"].contains('"voice_ids": ["', autoescape=True)
        conditions.append(has if wanted.has_voices else sa.not_(has))
    if wanted.search.strip():
        conditions.append(_search(storable(wanted.search.strip()[:200]), has_full_text))
    return conditions


def _search(search: str, has_full_text: bool) -> Any:
    words = _WORD.findall(search)
    if not words:
        return TAKES.c.search_text.contains(search, autoescape=True)
    exact = sa.or_(TAKES.c.request_id == search, TAKES.c.id == search)
    if not has_full_text or _UNSPACED.search(search):
        return sa.or_(exact, sa.and_(*(TAKES.c.search_text.icontains(word, autoescape=True) for word in words)))
    match = " ".join(f'"{word}"*' for word in words)
    found = sa.text("SELECT rowid FROM takes_words WHERE takes_words MATCH :match").bindparams(match=match)
    return sa.or_(exact, TAKES.c.seq.in_(found.columns(sa.column("rowid"))))


def _order(sort: str) -> tuple[Any, ...]:
    newest = TAKES.c.seq.desc()
    if sort == "oldest":
        return (TAKES.c.seq,)
    if sort == "price":
        return (sa.func.coalesce(TAKES.c.billed_usd_micros, TAKES.c.estimate_usd_micros).desc(), newest)
    if sort == "length":
        return (sa.func.coalesce(TAKES.c.duration_s, 0).desc(), newest)
    return (newest,)
