"""The first ledger: takes, their events, voices, preferences, uploads and prices seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counters",
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("take_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_take", "events", ["take_id", "id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "prices",
        sa.Column("endpoint_id", sa.String(length=200), nullable=False),
        sa.Column("unit_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("seen_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id"),
    )
    op.create_table(
        "takes",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("world", sa.String(length=20), nullable=False),
        sa.Column("series", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(length=60), nullable=False),
        sa.Column("endpoint_id", sa.String(length=200), nullable=False),
        sa.Column("makes_video", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("edits", sa.Text(), nullable=False),
        sa.Column("script", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=200), nullable=True),
        sa.Column("response_url", sa.Text(), nullable=True),
        sa.Column("status_url", sa.Text(), nullable=True),
        sa.Column("cancel_url", sa.Text(), nullable=True),
        sa.Column("result_url", sa.Text(), nullable=True),
        sa.Column("estimate_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("at_most_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("held_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("billed_usd_micros", sa.BigInteger(), nullable=True),
        sa.Column("billable_units", sa.Float(), nullable=True),
        sa.Column("rate_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("charge", sa.String(length=20), nullable=False),
        sa.Column("is_cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("cancel_answer", sa.String(length=20), nullable=True),
        sa.Column("queue_position", sa.Integer(), nullable=True),
        sa.Column("order_index", sa.Float(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("submitted_at", sa.String(length=32), nullable=True),
        sa.Column("started_at", sa.String(length=32), nullable=True),
        sa.Column("completed_at", sa.String(length=32), nullable=True),
        sa.Column("kept_at", sa.String(length=32), nullable=True),
        sa.Column("closed_at", sa.String(length=32), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("folder", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("starred", sa.Boolean(), nullable=False),
        sa.Column("binned_at", sa.String(length=32), nullable=True),
        sa.Column("runner_id", sa.String(length=40), nullable=True),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("dedupe", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("series", "number", name="one_take_per_number"),
        sa.UniqueConstraint("world", "dedupe", name="one_purchase_per_recording"),
        sa.UniqueConstraint("world", "key", name="one_take_per_key"),
        sa.UniqueConstraint("world", "request_id", name="one_take_per_request"),
    )
    op.create_index("takes_by_day", "takes", ["world", "submitted_at"], unique=False)
    op.create_index("takes_by_endpoint", "takes", ["endpoint_id", "state"], unique=False)
    op.create_index("takes_by_parent", "takes", ["parent_id"], unique=False)
    op.create_index("takes_by_session", "takes", ["world", "session_id"], unique=False)
    op.create_index("takes_by_state", "takes", ["state", "world"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("world", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("uploaded_at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("world", "sha256"),
    )
    op.create_table(
        "voices",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("world", sa.String(length=20), nullable=False),
        sa.Column("voice_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("colour", sa.String(length=20), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=True),
        sa.Column("sample", sa.Text(), nullable=True),
        sa.Column("take_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.String(length=32), nullable=False),
        sa.Column("deleted_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("world", "voice_id", name="one_row_per_voice"),
    )
    op.create_index("voices_by_source", "voices", ["world", "source_sha256"], unique=False)


def downgrade() -> None:
    op.drop_index("voices_by_source", table_name="voices")
    op.drop_table("voices")
    op.drop_table("uploads")
    op.drop_index("takes_by_state", table_name="takes")
    op.drop_index("takes_by_session", table_name="takes")
    op.drop_index("takes_by_parent", table_name="takes")
    op.drop_index("takes_by_endpoint", table_name="takes")
    op.drop_index("takes_by_day", table_name="takes")
    op.drop_table("takes")
    op.drop_table("prices")
    op.drop_table("preferences")
    op.drop_index("events_by_take", table_name="events")
    op.drop_table("events")
    op.drop_table("counters")
