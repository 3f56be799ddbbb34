"""Threads and how far each session is shown in them, in SQL.

Made by the unit of work for one workspace and one transaction.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.session_store import session_of
from core.adapters.sql_tables import deliveries, posts, sessions, threads
from core.adapters.upsert import insert_new
from core.domain.lifecycle import FINAL
from core.domain.refs import ChannelId, MessageId, Place, SessionId, ThreadId, WorkspaceId, new_id
from core.domain.session import Session
from core.errors import Conflict
from core.ports import Behind, Thread

_REASON_CHARS = 64  # a platform's words may be longer, and PostgreSQL would refuse them


class SqlThreadStore:
    """`core.ports.ThreadStore` on the threads table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def open(self, channel: ChannelId, root: MessageId | None, *, owned: bool) -> Thread:
        thread = new_id()
        values = {
            "id": thread,
            "workspace": self._workspace,
            "channel": channel,
            "root": root,
            "owned": owned,
            "card_hash": "",
            "blocked": "",
            "next_post": 1,
            "created_at": self._now,
        }
        await self._connection.execute(insert_new(self._connection, threads, values))
        found = await self._one(threads.c.id == thread if root is None else _at(channel, root))
        assert found is not None  # inserted just now, or it was there
        return found

    async def get(self, thread: ThreadId) -> Thread | None:
        return await self._one(threads.c.id == thread)

    async def get_all(self, ids: Collection[ThreadId]) -> dict[ThreadId, Thread]:
        wanted = sa.select(threads).where(threads.c.workspace == self._workspace, threads.c.id.in_(ids))
        return {row.id: _thread(row) for row in (await self._connection.execute(wanted)).all()}

    async def at(self, place: Place) -> Thread | None:
        return await self._one(_at(place.channel, place.root)) if place.root else None

    async def opening_in(self, channel: ChannelId) -> bool:
        unknown = (
            sa.select(threads.c.id)
            .join(posts, posts.c.thread == threads.c.id)
            .where(
                threads.c.workspace == self._workspace,
                threads.c.channel == channel,
                threads.c.root.is_(None),
                threads.c.blocked == "",
                posts.c.state == "unsent",
                posts.c.attempted_at.is_not(None),
            )
            .limit(1)
        )
        return (await self._connection.execute(unknown)).one_or_none() is not None

    async def set_card(self, thread: ThreadId, card: MessageId, card_hash: str) -> None:
        await self._update(thread, card=card, card_hash=card_hash, card_at=self._now)

    async def block(self, thread: ThreadId, reason: str) -> None:
        await self._update(thread, blocked=reason[:_REASON_CHARS])

    async def _update(self, thread: ThreadId, **values: Any) -> None:
        await self._connection.execute(
            threads.update().where(threads.c.id == thread, threads.c.workspace == self._workspace).values(**values)
        )

    async def _one(self, which: sa.ColumnElement[bool]) -> Thread | None:
        query = sa.select(threads).where(threads.c.workspace == self._workspace, which)
        row = (await self._connection.execute(query)).one_or_none()
        return _thread(row) if row is not None else None


_PREFIX = "thread_"
"""Of the thread's columns where they stand beside a session's."""


def _at(channel: ChannelId, root: MessageId) -> sa.ColumnElement[bool]:
    return sa.and_(threads.c.channel == channel, threads.c.root == root)


def _thread(row: Any, prefix: str = "") -> Thread:
    names = ("id", "workspace", "channel", "root", "owned", "card", "card_hash", "card_at", "blocked")
    return Thread(**{name: getattr(row, prefix + name) for name in names})


def _joined(of_session: Any) -> sa.Select[Any]:
    # Thread columns get their own labels: `id` and `workspace` of the session keep the plain names.
    of_thread = (column.label(_PREFIX + column.name) for column in threads.c)
    return (
        sa.select(of_session, deliveries.c.shown_seq, *of_thread)
        .join(deliveries, deliveries.c.session == sessions.c.id)
        .join(threads, threads.c.id == deliveries.c.thread)
        .where(threads.c.workspace == sa.bindparam("workspace"), threads.c.blocked == "")
    )


# Asked every few seconds, so built once: building one costs more than running it.
_BEHIND = _joined(sessions.c.id).where(deliveries.c.shown_seq < deliveries.c.last_seq).order_by(sessions.c.changed_at)
_STALE = (
    _joined(sessions)
    .where(
        deliveries.c.card_seq < deliveries.c.last_seq,
        threads.c.newest_session == sessions.c.id,
        threads.c.card.is_not(None),
    )
    .order_by(sessions.c.state.in_(sorted(FINAL)).desc(), sessions.c.changed_at)
)


class SqlDeliveryStore:
    """`core.ports.DeliveryStore` on the deliveries table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId) -> None:
        self._connection = connection
        self._workspace = workspace
        self._ours = sa.exists().where(threads.c.id == deliveries.c.thread, threads.c.workspace == workspace)

    async def add(self, session: SessionId, thread: ThreadId, shown_seq: int) -> None:
        await self._connection.execute(  # the card now belongs to this session
            deliveries.update()
            .where(deliveries.c.thread == thread, deliveries.c.card_seq < deliveries.c.last_seq, self._ours)
            .values(card_seq=deliveries.c.last_seq)
        )
        last = sa.select(sessions.c.next_seq - 1).where(sessions.c.id == session).scalar_subquery()
        await self._connection.execute(
            deliveries.insert().values(session=session, thread=thread, shown_seq=shown_seq, card_seq=0, last_seq=last)
        )

    async def thread_with(self, channel: ChannelId, message: MessageId) -> Thread | None:
        query = (
            sa.select(threads)
            .join(posts, posts.c.thread == threads.c.id)
            .where(posts.c.workspace == self._workspace, posts.c.message == message, threads.c.channel == channel)
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        return _thread(row) if row is not None else None

    async def behind(self, limit: int = 50) -> list[Behind]:
        return [
            Behind(session=row.id, thread=_thread(row, _PREFIX), shown_seq=row.shown_seq)
            for row in await self._all(_BEHIND.limit(limit))
        ]

    async def advance(self, session: SessionId, thread: ThreadId, *, before: int, shown_seq: int) -> None:
        moved = (
            deliveries.update()
            .where(
                deliveries.c.session == session,
                deliveries.c.thread == thread,
                deliveries.c.shown_seq == before,
                self._ours,
            )
            .values(shown_seq=shown_seq)
        )
        if (await self._connection.execute(moved)).rowcount != 1:
            raise Conflict("another relay has shown this already")

    async def stale_cards(self, limit: int = 50) -> list[tuple[Session, Thread]]:
        return [(session_of(row), _thread(row, _PREFIX)) for row in await self._all(_STALE.limit(limit))]

    async def drawn(self, session: Session) -> None:
        await self._connection.execute(
            deliveries.update()
            .where(deliveries.c.session == session.id, deliveries.c.thread == session.thread, self._ours)
            .values(card_seq=session.next_seq - 1)
        )

    async def _all(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        found: Sequence[sa.Row[Any]] = (await self._connection.execute(query, {"workspace": self._workspace})).all()
        return found
