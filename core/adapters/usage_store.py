"""What models were used for, in SQL: sums over the rows that the session store writes with each step.

Made by the unit of work for one workspace and one transaction.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import usage, workspaces
from core.domain.refs import SessionId, UserId, WorkspaceId
from core.domain.session import Usage
from core.ports import Used

_SUMS = (
    sa.func.coalesce(sa.func.sum(usage.c.prompt_tokens), 0).label("prompt_tokens"),
    sa.func.coalesce(sa.func.sum(usage.c.completion_tokens), 0).label("completion_tokens"),
    sa.func.sum(usage.c.cost_usd).label("cost_usd"),
    sa.func.count(usage.c.session.distinct()).label("sessions"),
)


class SqlUsageStore:
    """`core.ports.UsageStore` on the usage table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def spent(self, since: datetime, *, by: UserId | None = None) -> Usage:
        query = sa.select(*_SUMS).where(self._ours, usage.c.at > since)
        if by is not None:
            query = query.where(usage.c.by == by)
        return _usage((await self._connection.execute(query)).one())

    async def by_person(self, since: datetime, limit: int = 20) -> list[Used]:
        which = sa.and_(self._ours, usage.c.at > since, usage.c.reserved == sa.false())
        dearest_first = sa.desc(sa.func.coalesce(sa.func.sum(usage.c.cost_usd), 0.0))
        query = sa.select(usage.c.by, *_SUMS).where(which).group_by(usage.c.by).order_by(dearest_first, usage.c.by)
        rows = (await self._connection.execute(query.limit(limit))).all()
        return [Used(name=row.by, usage=_usage(row), sessions=row.sessions) for row in rows]

    async def by_turn(self, session: SessionId) -> list[Used]:
        which = sa.and_(self._ours, usage.c.session == session, usage.c.reserved == sa.false())
        turn = (usage.c.round, usage.c.agent)
        query = sa.select(*turn, *_SUMS).where(which).group_by(*turn).order_by(usage.c.round, usage.c.agent)
        rows = (await self._connection.execute(query)).all()
        return [Used(name=row.agent, usage=_usage(row), sessions=row.sessions, round=row.round) for row in rows]

    async def lock(self) -> None:
        same = workspaces.update().where(workspaces.c.id == self._workspace)
        await self._connection.execute(same.values(next_number=workspaces.c.next_number))

    async def reserve(self, session: SessionId, by: UserId, cost_usd: float) -> int:
        row = {
            "workspace": self._workspace,
            "session": session,
            "by": by,
            "at": self._now,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "cost_usd": cost_usd,
            "agent": "",
            "reserved": True,
        }
        added = await self._connection.execute(usage.insert().values(**row).returning(usage.c.id))
        return int(added.scalar_one())

    async def settle(self, reservation: int) -> None:
        await self._connection.execute(
            usage.delete().where(self._ours, usage.c.id == reservation, usage.c.reserved == sa.true())
        )

    @property
    def _ours(self) -> sa.ColumnElement[bool]:
        return usage.c.workspace == self._workspace


def _usage(row: Any) -> Usage:
    return Usage(prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens, cost_usd=row.cost_usd)
