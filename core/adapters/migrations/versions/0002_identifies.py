"""Count the sessions that a bot starts with its platform: there is a limit a day."""

import sqlalchemy as sa
from alembic import op

from core.adapters.sql_types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identifies",
        sa.Column("bot", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("bot", "at", name="pk_identifies"),
    )


def downgrade() -> None:
    op.drop_table("identifies")
