"""The ledger's tables for SQLAlchemy. Text holds JSON and ISO times, so that any database and any eye can read it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData()
HEAD = "0001"
"""The newest migration: what an open ledger must be at."""

_TIME = String(32)
_MICROS = BigInteger

TAKES = Table(
    "takes",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("key", String(200), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("world", String(20), nullable=False),
    Column("series", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("mode", String(60), nullable=False),
    Column("endpoint_id", String(200), nullable=False),
    Column("makes_video", Boolean, nullable=False, default=True),
    Column("title", String(200), nullable=False, default=""),
    Column("search_text", Text, nullable=False, default=""),
    Column("values", Text, nullable=False, default="{}"),
    Column("edits", Text, nullable=False, default="{}"),
    Column("script", Text),
    Column("payload", Text),
    Column("result", Text),
    Column("parent_id", String(40)),
    Column("state", String(20), nullable=False),
    Column("reason", Text),
    Column("request_id", String(200)),
    Column("response_url", Text),
    Column("status_url", Text),
    Column("cancel_url", Text),
    Column("result_url", Text),
    Column("estimate_usd_micros", _MICROS, nullable=False, default=0),
    Column("at_most_usd_micros", _MICROS, nullable=False, default=0),
    Column("held_usd_micros", _MICROS, nullable=False, default=0),
    Column("billed_usd_micros", _MICROS),
    Column("billable_units", Float),
    Column("rate_usd_micros", _MICROS, nullable=False, default=0),
    Column("duration_s", Float),
    Column("charge", String(20), nullable=False),
    Column("is_cancel_requested", Boolean, nullable=False, default=False),
    Column("cancel_answer", String(20)),
    Column("queue_position", Integer),
    Column("order_index", Float, nullable=False, default=0.0),
    Column("notes", Text, nullable=False, default="[]"),
    Column("created_at", _TIME, nullable=False),
    Column("submitted_at", _TIME),
    Column("started_at", _TIME),
    Column("completed_at", _TIME),
    Column("kept_at", _TIME),
    Column("closed_at", _TIME),
    Column("file", Text),
    Column("folder", Text),
    Column("facts", Text, nullable=False, default="{}"),
    Column("starred", Boolean, nullable=False, default=False),
    Column("binned_at", _TIME),
    Column("runner_id", String(40)),
    Column("session_id", String(80), nullable=False, default=""),
    Column("dedupe", String(80)),
    UniqueConstraint("world", "key", name="one_take_per_key"),
    UniqueConstraint("series", "number", name="one_take_per_number"),
    UniqueConstraint("world", "request_id", name="one_take_per_request"),
    UniqueConstraint("world", "dedupe", name="one_purchase_per_recording"),
    Index("takes_by_state", "state", "world"),
    Index("takes_by_day", "world", "submitted_at"),
    Index("takes_by_session", "world", "session_id"),
    Index("takes_by_parent", "parent_id"),
    Index("takes_by_endpoint", "endpoint_id", "state"),
)

EVENTS = Table(
    "events",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("take_id", String(40), nullable=False),
    Column("at", _TIME, nullable=False),
    Column("step", String(40), nullable=False),
    Column("from_state", String(20)),
    Column("to_state", String(20)),
    Column("detail", Text, nullable=False, default="{}"),
    Index("events_by_take", "take_id", "id"),
    sqlite_autoincrement=True,  # a revision number never comes back
)

COUNTERS = Table(
    "counters", METADATA, Column("series", String(40), primary_key=True), Column("last", Integer, nullable=False)
)

VOICES = Table(
    "voices",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("world", String(20), nullable=False),
    Column("voice_id", String(200), nullable=False),
    Column("name", String(120), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("tags", Text, nullable=False, default="[]"),
    Column("colour", String(20), nullable=False, default=""),
    Column("source_sha256", String(64)),
    Column("sample", Text),
    Column("take_id", String(40)),
    Column("created_at", _TIME, nullable=False),
    Column("deleted_at", _TIME),
    UniqueConstraint("world", "voice_id", name="one_row_per_voice"),
    Index("voices_by_source", "world", "source_sha256"),
)

PREFERENCES = Table(
    "preferences",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
    Column("changed_at", _TIME, nullable=False),
)

UPLOADS = Table(
    "uploads",
    METADATA,
    Column("world", String(20), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("uploaded_at", _TIME, nullable=False),
)

PRICES = Table(
    "prices",
    METADATA,
    Column("endpoint_id", String(200), primary_key=True),
    Column("unit_usd_micros", _MICROS, nullable=False),
    Column("unit", String(40), nullable=False),
    Column("seen_at", _TIME, nullable=False),
)
