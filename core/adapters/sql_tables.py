"""The tables, once, for SQLite and PostgreSQL; `migrations/` creates them and a test compares the two.

Read by the stores only. Times are aware UTC; on SQLite they are kept as text of one width, so that they sort.
"""

from typing import Any

import sqlalchemy as sa

from core.adapters.sql_types import UtcDateTime
from core.domain.lifecycle import FINAL, State

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _column(name: str, type_: Any, *args: Any, **kwargs: Any) -> sa.Column[Any]:
    return sa.Column(name, type_, *args, nullable=kwargs.pop("nullable", False), **kwargs)


def _session_fk(**kwargs: Any) -> sa.Column[Any]:
    return _column("session", sa.String(32), sa.ForeignKey("sessions.id"), **kwargs)


UNFINISHED = sa.text("state NOT IN (" + ", ".join(f"'{state}'" for state in sorted(FINAL)) + ")")

workspaces = sa.Table(
    "workspaces",
    metadata,
    _column("id", sa.String(80), primary_key=True),
    _column("next_number", sa.Integer),
    _column("created_at", UtcDateTime),
)

threads = sa.Table(
    "threads",
    metadata,
    _column("id", sa.String(32), primary_key=True),
    _column("workspace", sa.String(80), sa.ForeignKey("workspaces.id")),
    _column("channel", sa.String(64)),
    _column("root", sa.String(64), nullable=True),
    _column("owned", sa.Boolean),
    _column("newest_session", sa.String(32), nullable=True),
    _column("card", sa.String(64), nullable=True),
    _column("card_hash", sa.String(64)),
    _column("card_at", UtcDateTime, nullable=True),
    _column("blocked", sa.String(64)),
    _column("next_post", sa.Integer),
    _column("created_at", UtcDateTime),
    sa.UniqueConstraint("workspace", "channel", "root"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _column("id", sa.String(32), primary_key=True),
    _column("workspace", sa.String(80), sa.ForeignKey("workspaces.id")),
    _column("number", sa.Integer),
    _column("thread", sa.String(32), sa.ForeignKey("threads.id"), nullable=True),
    _column("state", sa.String(16)),
    _column("task", sa.Text),
    _column("starter_id", sa.String(64)),
    _column("starter_name", sa.Text),
    _column("parent", sa.String(32), nullable=True),
    _column("provider", sa.String(64)),
    _column("model", sa.String(128)),
    _column("max_rounds", sa.Integer),
    _column("owner", sa.String(32), nullable=True),
    _column("epoch", sa.Integer),
    _column("attempts", sa.Integer),
    _column("next_seq", sa.Integer),
    _column("round", sa.Integer),
    _column("team", sa.JSON),
    _column("usage", sa.JSON),
    _column("activity", sa.JSON),
    _column("system_prompt", sa.Text, server_default=""),
    _column("hosts", sa.Text, server_default=""),  # with spaces between
    _column("created_at", UtcDateTime),
    _column("changed_at", UtcDateTime),
    _column("ended_at", UtcDateTime, nullable=True),
    sa.UniqueConstraint("workspace", "number"),
    # at most one unfinished session in a thread
    sa.Index(
        "uq_sessions_unfinished_in_thread", "thread", unique=True, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    ),
    # what dispatch and the sweep look for
    sa.Index("ix_sessions_unfinished", "state", "changed_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
    sa.Index("ix_sessions_workspace_created_at", "workspace", "created_at"),
)

events = sa.Table(
    "events",
    metadata,
    _session_fk(primary_key=True),
    _column("seq", sa.Integer, primary_key=True),
    _column("at", UtcDateTime),
    _column("kind", sa.String(32)),
    _column("version", sa.Integer),
    _column("data", sa.JSON),
    _column("words", sa.Text),  # case-folded, for search; empty for what nobody said
)

_BEHIND = sa.text("shown_seq < last_seq")
_STALE = sa.text("card_seq < last_seq")

deliveries = sa.Table(
    "deliveries",
    metadata,
    _session_fk(primary_key=True),
    _column("thread", sa.String(32), sa.ForeignKey("threads.id"), primary_key=True),
    _column("shown_seq", sa.Integer),
    _column("card_seq", sa.Integer),  # what the status card shows
    _column("last_seq", sa.Integer),  # copy of the session's, so that what is behind has an index
    sa.Index("ix_deliveries_behind", "thread", sqlite_where=_BEHIND, postgresql_where=_BEHIND),
    sa.Index("ix_deliveries_stale", "session", sqlite_where=_STALE, postgresql_where=_STALE),
)

steps = sa.Table(
    "steps",
    metadata,
    _session_fk(primary_key=True),
    _column("n", sa.Integer, primary_key=True),
    _column("data", sa.JSON),
)

_OPEN = sa.text("state = 'open'")

questions = sa.Table(
    "questions",
    metadata,
    _column("id", sa.String(32), primary_key=True),
    _session_fk(),
    _column("state", sa.String(16)),  # open, answered, lapsed, withdrawn
    _column("agent", sa.String(64)),
    _column("text", sa.Text),
    _column("choices", sa.JSON),
    _column("asked_at", UtcDateTime),
    _column("who", sa.String(16), server_default="anyone"),
    _column("deadline_at", UtcDateTime, nullable=True),
    _column("remind_at", UtcDateTime, nullable=True),
    _column("default_answer", sa.Text, server_default=""),
    _column("approves", sa.String(64), server_default=""),
    _column("message", sa.String(64), nullable=True),
    _column("answered_at", UtcDateTime, nullable=True),
    _column("answered_by_id", sa.String(64), nullable=True),
    _column("answered_by_name", sa.Text, nullable=True),
    _column("answer", sa.Text, nullable=True),
    _column("answer_message", sa.String(64), nullable=True),
    sa.Index("uq_questions_open", "session", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_questions_session", "session"),
    sa.Index("ix_questions_deadline_at", "deadline_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_questions_remind_at", "remind_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
)

_PENDING = sa.text("done_at IS NULL")

inbox = sa.Table(
    "inbox",
    metadata,
    _column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _column("workspace", sa.String(80)),
    _column("dedupe_key", sa.String(255)),
    _column("place", sa.String(255)),
    _column("sort", sa.String(64)),
    _column("kind", sa.String(32)),
    _column("data", sa.JSON),
    _column("by", sa.String(64)),
    _column("received_at", UtcDateTime),
    _column("done_at", UtcDateTime, nullable=True),
    _column("outcome", sa.String(64)),
    sa.UniqueConstraint("workspace", "dedupe_key"),
    sa.Index("ix_inbox_pending", "place", "sort", sqlite_where=_PENDING, postgresql_where=_PENDING),
    sa.Index("ix_inbox_by_received_at", "workspace", "by", "received_at"),
)

_UNSENT = sa.text("state = 'unsent'")

posts = sa.Table(
    "posts",
    metadata,
    _column("thread", sa.String(32), sa.ForeignKey("threads.id"), primary_key=True),
    _column("n", sa.Integer, primary_key=True),
    _column("workspace", sa.String(80)),
    _column("state", sa.String(16)),  # unsent, sent, refused
    _column("key", sa.String(32), unique=True),
    _column("payload", sa.JSON),
    _column("blob", sa.String(64), nullable=True),
    _column("session", sa.String(32), nullable=True),
    _column("shown", sa.Integer),
    _column("question", sa.String(32), nullable=True, unique=True),
    _column("card", sa.Boolean),
    _column("urgent", sa.Boolean),
    _column("created_at", UtcDateTime),
    _column("attempted_at", UtcDateTime, nullable=True),
    _column("sent_at", UtcDateTime, nullable=True),
    _column("file", sa.String(64), nullable=True),
    _column("message", sa.String(64), nullable=True),
    _column("refused", sa.String(64)),
    sa.Index("ix_posts_message", "workspace", "message"),
    sa.Index("ix_posts_unsent", "workspace", "thread", "n", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
)

processes = sa.Table(
    "processes",
    metadata,
    _column("role", sa.String(32), primary_key=True),  # worker: a process; sender: a bot token's workspace
    _column("name", sa.String(80), primary_key=True),
    _column("owner", sa.String(32)),
    _column("lease_until", UtcDateTime),
)

blobs = sa.Table(
    "blobs",
    metadata,
    _column("hash", sa.String(64), primary_key=True),
    _column("size_bytes", sa.Integer),
    _column("created_at", UtcDateTime),
)

blob_chunks = sa.Table(
    "blob_chunks",
    metadata,
    _column("blob", sa.String(64), sa.ForeignKey("blobs.hash"), primary_key=True),
    _column("n", sa.Integer, primary_key=True),
    _column("content", sa.LargeBinary),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    _session_fk(primary_key=True),
    _column("name", sa.String(255), primary_key=True),
    _column("blob", sa.String(64), sa.ForeignKey("blobs.hash")),
    _column("size_bytes", sa.Integer),
    _column("mime", sa.String(128)),
    _column("changed_at", UtcDateTime),
)

secrets = sa.Table(
    "secrets",
    metadata,
    _column("workspace", sa.String(80), primary_key=True),
    _column("owner", sa.String(64), primary_key=True),  # a person's id, or "" for the workspace
    _column("name", sa.String(64), primary_key=True),
    _column("counts", sa.Boolean, primary_key=True),  # false: a candidate, which no worker has tried yet
    _column("sealed", sa.LargeBinary),
    _column("key_id", sa.String(32)),
    _column("last4", sa.String(4)),
    _column("changed_at", UtcDateTime),
    _column("told_at", sa.String(255), nullable=True),
    _column("told_to", sa.String(64)),
    sa.Index("ix_secrets_key_id", "key_id"),
)

preferences = sa.Table(
    "preferences",
    metadata,
    _column("workspace", sa.String(80), primary_key=True),
    _column("owner", sa.String(64), primary_key=True),
    _column("name", sa.String(64), primary_key=True),
    _column("value", sa.JSON),
    _column("changed_at", UtcDateTime),
)

usage = sa.Table(
    "usage",
    metadata,
    _column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _column("workspace", sa.String(80)),
    _session_fk(),
    _column("by", sa.String(64)),
    _column("at", UtcDateTime),
    _column("prompt_tokens", sa.Integer),
    _column("completion_tokens", sa.Integer),
    _column("cost_usd", sa.Float, nullable=True),
    _column("agent", sa.String(64), server_default=""),
    _column("round", sa.Integer, server_default="0"),
    _column("reserved", sa.Boolean, server_default=sa.false()),  # an estimate for a call that is under way
    sa.Index("ix_usage_workspace_at", "workspace", "at"),
)

audit = sa.Table(
    "audit",
    metadata,
    _column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _column("workspace", sa.String(80)),
    _column("at", UtcDateTime),
    _column("by", sa.String(64)),
    _column("action", sa.String(32)),
    _column("subject", sa.String(128)),
    _column("allowed", sa.Boolean),
    _column("place", sa.String(255)),
    sa.Index("ix_audit_workspace_at", "workspace", "at"),
)

notices = sa.Table(
    "notices",
    metadata,
    _column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    _column("workspace", sa.String(80)),
    _column("place", sa.String(255)),
    _column("to", sa.String(64)),
    _column("text", sa.Text),
    _column("created_at", UtcDateTime),
    sa.Index("ix_notices_workspace", "workspace"),
)

model_lists = sa.Table(
    "model_lists",
    metadata,
    _column("provider", sa.String(64), primary_key=True),
    _column("models", sa.JSON),
    _column("read_at", UtcDateTime),
)

identifies = sa.Table(
    "identifies",
    metadata,
    _column("bot", sa.String(80), primary_key=True),
    _column("at", UtcDateTime, primary_key=True),
)

HELD_STATES = tuple(str(state) for state in (State.BUILDING, State.RUNNING, State.STOPPING))
