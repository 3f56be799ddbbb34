"""All tables of the first version."""

import sqlalchemy as sa
from alembic import op

from core.adapters.sql_types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_workspace_at", "audit", ["workspace", "at"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_blobs"),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("dedupe_key", sa.String(length=255), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("sort", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("workspace", "dedupe_key", name="uq_inbox_workspace_dedupe_key"),
    )
    op.create_index("ix_inbox_by_received_at", "inbox", ["workspace", "by", "received_at"], unique=False)
    op.create_index(
        "ix_inbox_pending",
        "inbox",
        ["place", "sort"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "preferences",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "owner", "name", name="pk_preferences"),
    )
    op.create_table(
        "processes",
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("role", "name", name="pk_processes"),
    )
    op.create_table(
        "secrets",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "owner", "name", name="pk_secrets"),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_table(
        "blob_chunks",
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blobs.hash"], name="fk_blob_chunks_blob_blobs"),
        sa.PrimaryKeyConstraint("blob", "n", name="pk_blob_chunks"),
    )
    op.create_table(
        "threads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=True),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("newest_session", sa.String(length=32), nullable=True),
        sa.Column("card", sa.String(length=64), nullable=True),
        sa.Column("card_hash", sa.String(length=64), nullable=False),
        sa.Column("card_at", UtcDateTime(), nullable=True),
        sa.Column("blocked", sa.String(length=64), nullable=False),
        sa.Column("next_post", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], name="fk_threads_workspace_workspaces"),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
        sa.UniqueConstraint("workspace", "channel", "root", name="uq_threads_workspace_channel_root"),
    )
    op.create_table(
        "posts",
        sa.Column("thread", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=True),
        sa.Column("session", sa.String(length=32), nullable=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=True),
        sa.Column("card", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempted_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("file", sa.String(length=64), nullable=True),
        sa.Column("message", sa.String(length=64), nullable=True),
        sa.Column("refused", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["thread"], ["threads.id"], name="fk_posts_thread_threads"),
        sa.PrimaryKeyConstraint("thread", "n", name="pk_posts"),
        sa.UniqueConstraint("key", name="uq_posts_key"),
        sa.UniqueConstraint("question", name="uq_posts_question"),
    )
    op.create_index(
        "ix_posts_unsent",
        "posts",
        ["workspace", "thread", "n"],
        unique=False,
        sqlite_where=sa.text("state = 'unsent'"),
        postgresql_where=sa.text("state = 'unsent'"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("thread", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("starter_id", sa.String(length=64), nullable=False),
        sa.Column("starter_name", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=32), nullable=True),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=128), nullable=False),
        sa.Column("max_rounds", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=32), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_seq", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("team", sa.JSON(), nullable=False),
        sa.Column("usage", sa.JSON(), nullable=False),
        sa.Column("activity", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["thread"], ["threads.id"], name="fk_sessions_thread_threads"),
        sa.ForeignKeyConstraint(["workspace"], ["workspaces.id"], name="fk_sessions_workspace_workspaces"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("workspace", "number", name="uq_sessions_workspace_number"),
    )
    op.create_index(
        "ix_sessions_unfinished",
        "sessions",
        ["state", "changed_at"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('completed', 'expired', 'failed', 'stopped')"),
        postgresql_where=sa.text("state NOT IN ('completed', 'expired', 'failed', 'stopped')"),
    )
    op.create_index("ix_sessions_workspace_created_at", "sessions", ["workspace", "created_at"], unique=False)
    op.create_index(
        "uq_sessions_unfinished_in_thread",
        "sessions",
        ["thread"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('completed', 'expired', 'failed', 'stopped')"),
        postgresql_where=sa.text("state NOT IN ('completed', 'expired', 'failed', 'stopped')"),
    )
    op.create_table(
        "artifacts",
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("mime", sa.String(length=128), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blobs.hash"], name="fk_artifacts_blob_blobs"),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_artifacts_session_sessions"),
        sa.PrimaryKeyConstraint("session", "name", name="pk_artifacts"),
    )
    op.create_table(
        "deliveries",
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("thread", sa.String(length=32), nullable=False),
        sa.Column("shown_seq", sa.Integer(), nullable=False),
        sa.Column("card_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_deliveries_session_sessions"),
        sa.ForeignKeyConstraint(["thread"], ["threads.id"], name="fk_deliveries_thread_threads"),
        sa.PrimaryKeyConstraint("session", "thread", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_behind",
        "deliveries",
        ["thread"],
        unique=False,
        sqlite_where=sa.text("shown_seq < last_seq"),
        postgresql_where=sa.text("shown_seq < last_seq"),
    )
    op.create_index(
        "ix_deliveries_stale",
        "deliveries",
        ["session"],
        unique=False,
        sqlite_where=sa.text("card_seq < last_seq"),
        postgresql_where=sa.text("card_seq < last_seq"),
    )
    op.create_table(
        "events",
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_events_session_sessions"),
        sa.PrimaryKeyConstraint("session", "seq", name="pk_events"),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("message", sa.String(length=64), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by_id", sa.String(length=64), nullable=True),
        sa.Column("answered_by_name", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_message", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_questions_session_sessions"),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
    )
    op.create_index("ix_questions_session", "questions", ["session"], unique=False)
    op.create_index(
        "uq_questions_open",
        "questions",
        ["session"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "steps",
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_steps_session_sessions"),
        sa.PrimaryKeyConstraint("session", "n", name="pk_steps"),
    )
    op.create_table(
        "usage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("session", sa.String(length=32), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("prompt_tokens", sa.Integer(), nullable=False),
        sa.Column("completion_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name="fk_usage_session_sessions"),
        sa.PrimaryKeyConstraint("id", name="pk_usage"),
    )
    op.create_index("ix_usage_workspace_at", "usage", ["workspace", "at"], unique=False)


def downgrade() -> None:
    for table in (
        "usage",
        "steps",
        "questions",
        "events",
        "deliveries",
        "artifacts",
        "sessions",
        "posts",
        "threads",
        "blob_chunks",
        "workspaces",
        "secrets",
        "processes",
        "preferences",
        "inbox",
        "blobs",
        "audit",
    ):
        op.drop_table(table)
