"""Commands as they came in, each kept once, and the record of who was allowed what.

Made by the unit of work for one workspace and one transaction.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.codec import dump_command, load_command
from core.adapters.sql_tables import audit, inbox, sessions, threads
from core.adapters.upsert import insert_new
from core.domain.commands import Command, StartSession
from core.domain.lifecycle import FINAL, State
from core.domain.refs import Place, UserId, WorkspaceId
from core.ports import InboxRow, Listening, Noted


class SqlInboxStore:
    """`core.ports.InboxStore` on the inbox table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def put(self, command: Command, *, dedupe_key: str, order: str) -> int | None:
        kind, data = dump_command(command)
        values = {
            "workspace": self._workspace,
            "dedupe_key": dedupe_key,
            "place": command.place.encode(),
            "sort": order,
            "kind": kind,
            "data": data,
            "by": command.by.id,
            "received_at": self._now,
            "outcome": "",
        }
        stored = insert_new(self._connection, inbox, values).returning(inbox.c.id)
        return (await self._connection.execute(stored)).scalar_one_or_none()

    async def next_of(self, place: Place, *, lock: bool = True) -> InboxRow | None:
        query = (
            sa.select(inbox)
            .where(inbox.c.workspace == self._workspace, inbox.c.place == place.encode(), inbox.c.done_at.is_(None))
            .order_by(inbox.c.sort, inbox.c.id)
            .limit(1)
        )
        if lock:
            query = query.with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        return InboxRow(id=row.id, command=load_command(row.kind, row.data), received_at=row.received_at)

    async def repeats(self, row: InboxRow, within_s: float) -> int | None:
        command = row.command
        if not isinstance(command, StartSession):
            return None
        query = (
            sa.select(sessions.c.number)
            .join(threads, threads.c.id == sessions.c.thread)
            .where(
                sessions.c.workspace == self._workspace,
                sessions.c.starter_id == command.by.id,
                sessions.c.task == command.task,
                threads.c.channel == command.place.channel,
                sessions.c.created_at > row.received_at - timedelta(seconds=within_s),
            )
            .order_by(sessions.c.number.desc())
            .limit(1)
        )
        return (await self._connection.execute(query)).scalar_one_or_none()

    async def done(self, row: int, outcome: str) -> None:
        await self._connection.execute(
            inbox.update()
            .where(inbox.c.id == row, inbox.c.workspace == self._workspace)
            .values(done_at=self._now, outcome=outcome)
        )

    async def listening(self, ended_after: datetime | None = None) -> list[Listening]:
        finished = sessions.c.state.in_(sorted(FINAL))
        wanted = ~finished if ended_after is None else sa.or_(~finished, sessions.c.ended_at > ended_after)
        query = (
            sa.select(threads.c.channel, threads.c.root, sessions.c.created_at)
            .join(sessions, sessions.c.id == threads.c.newest_session)
            .where(threads.c.workspace == self._workspace, threads.c.root.is_not(None), threads.c.blocked == "", wanted)
            .order_by(
                sa.case((sessions.c.state == State.WAITING, 0), (~finished, 1), else_=2), sessions.c.changed_at.desc()
            )
        )
        return [
            Listening(place=Place(workspace=self._workspace, channel=row.channel, root=row.root), since=row.created_at)
            for row in (await self._connection.execute(query)).all()
        ]


class SqlAudit:
    """`core.ports.Audit` on the audit table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def note(self, *, by: UserId, action: str, subject: str, allowed: bool, where: str) -> None:
        await self._connection.execute(
            audit.insert().values(
                workspace=self._workspace,
                at=self._now,
                by=by,
                action=action,
                subject=subject,
                allowed=allowed,
                place=where,
            )
        )

    async def latest(self, limit: int = 20, *, offset: int = 0) -> list[Noted]:
        query = sa.select(audit).where(audit.c.workspace == self._workspace).order_by(audit.c.id.desc())
        rows = (await self._connection.execute(query.limit(limit).offset(offset))).all()
        return [
            Noted(at=row.at, by=row.by, action=row.action, subject=row.subject, allowed=row.allowed, where=row.place)
            for row in rows
        ]
