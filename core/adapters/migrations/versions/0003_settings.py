"""Settings, keys that were tried, questions with a deadline, usage by agent, private notices, models to choose from."""

import sqlalchemy as sa
from alembic import op

from core.adapters.sql_types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("system_prompt", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("hosts", sa.Text(), nullable=False, server_default=""))
    op.add_column("questions", sa.Column("who", sa.String(length=16), nullable=False, server_default="anyone"))
    op.add_column("questions", sa.Column("deadline_at", UtcDateTime(), nullable=True))
    op.add_column("questions", sa.Column("remind_at", UtcDateTime(), nullable=True))
    op.add_column("questions", sa.Column("default_answer", sa.Text(), nullable=False, server_default=""))
    op.add_column("questions", sa.Column("approves", sa.String(length=64), nullable=False, server_default=""))
    for due in ("deadline_at", "remind_at"):
        op.create_index(f"ix_questions_{due}", "questions", [due], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.add_column("usage", sa.Column("agent", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("usage", sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("usage", sa.Column("reserved", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_posts_message", "posts", ["workspace", "message"])
    op.drop_table("secrets")  # nothing has put anything into it
    _create_secrets()
    op.create_table(
        "notices",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_workspace", "notices", ["workspace"])
    op.create_table(
        "model_lists",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_model_lists"),
    )


def _create_secrets() -> None:
    op.create_table(
        "secrets",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("last4", sa.String(length=4), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", sa.String(length=255), nullable=True),
        sa.Column("told_to", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("workspace", "owner", "name", "counts", name="pk_secrets"),
    )
    op.create_index("ix_secrets_key_id", "secrets", ["key_id"])


def downgrade() -> None:
    op.drop_table("model_lists")
    op.drop_table("notices")
    op.drop_table("secrets")
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
    op.drop_index("ix_posts_message", "posts")
    for due in ("deadline_at", "remind_at"):
        op.drop_index(f"ix_questions_{due}", "questions")
    for table, columns in (
        ("usage", ("reserved", "round", "agent")),
        ("questions", ("approves", "default_answer", "remind_at", "deadline_at", "who")),
        ("sessions", ("hosts", "system_prompt")),
    ):
        for column in columns:
            op.drop_column(table, column)
