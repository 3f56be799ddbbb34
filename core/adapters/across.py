"""What looks over all workspaces: leases, dispatch, sweeps. Never returns anything that a person reads.

Made by the unit of work for one transaction; called by workers, senders and the front desk's sweep.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import (
    HELD_STATES,
    UNFINISHED,
    deliveries,
    identifies,
    inbox,
    posts,
    processes,
    sessions,
    threads,
)
from core.adapters.upsert import insert_or_update
from core.domain.lifecycle import CLAIMABLE, State
from core.domain.refs import Place, Platform, ProcessId, SessionId, WorkspaceId
from core.ports import Held

Found = list[tuple[WorkspaceId, SessionId]]
_AT_ONCE = 200
_DAY = timedelta(days=1)


class SqlAcross:
    """`core.ports.Across` on all tables."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def renew(self, role: str, name: str, owner: ProcessId, lease_s: float) -> bool:
        until = self._now + timedelta(seconds=lease_s)
        free = sa.or_(processes.c.owner == owner, processes.c.lease_until < self._now)
        taken = insert_or_update(
            self._connection,
            processes,
            {"role": role, "name": name, "owner": owner, "lease_until": until},
            keys=("role", "name"),
            where=free,
        ).returning(processes.c.owner)
        return (await self._connection.execute(taken)).scalar_one_or_none() == owner

    async def release(self, role: str, name: str, owner: ProcessId) -> None:
        await self._connection.execute(
            processes.delete().where(processes.c.role == role, processes.c.name == name, processes.c.owner == owner)
        )

    async def identify(self, bot: str, most: Mapping[float, int]) -> float:
        await self._connection.execute(identifies.delete().where(identifies.c.at < self._now - _DAY))
        query = sa.select(identifies.c.at).where(identifies.c.bot == bot).order_by(identifies.c.at.desc())
        counted = list((await self._connection.execute(query)).scalars())
        waits_s = [
            (counted[many - 1] + timedelta(seconds=window_s) - self._now).total_seconds()
            for window_s, many in most.items()
            if len(counted) >= many
        ]
        if (wait_s := max(waits_s, default=0.0)) > 0:
            return wait_s
        await self._connection.execute(identifies.insert().values(bot=bot, at=self._now))
        return 0.0

    async def claimable(self, limit: int) -> Found:
        return await self._find(sessions.c.state.in_(sorted(CLAIMABLE)), limit)

    async def abandoned(self) -> list[tuple[WorkspaceId, SessionId, Held]]:
        alive = sa.exists().where(
            processes.c.role == "worker",
            processes.c.owner == sessions.c.owner,
            processes.c.lease_until >= self._now,
        )
        query = (
            sa.select(sessions.c.workspace, sessions.c.id, sessions.c.owner, sessions.c.epoch)
            .where(sessions.c.state.in_(HELD_STATES), ~alive)
            .limit(_AT_ONCE)
        )
        rows = (await self._connection.execute(query)).all()
        return [(row.workspace, row.id, Held(owner=row.owner, epoch=row.epoch)) for row in rows]

    async def held_by(self, owner: ProcessId) -> list[tuple[SessionId, State]]:
        query = sa.select(sessions.c.id, sessions.c.state).where(
            sessions.c.state.in_(HELD_STATES), sessions.c.owner == owner
        )
        return [(row.id, State(row.state)) for row in (await self._connection.execute(query)).all()]

    async def stranded(self, waiting_since: datetime) -> Found:
        gone = sa.exists().where(threads.c.id == sessions.c.thread, threads.c.blocked != "")
        waiting = sa.and_(sessions.c.state == str(State.WAITING), sessions.c.changed_at < waiting_since)
        return await self._find(sa.and_(waiting, gone), _AT_ONCE)

    async def queued_before(self, moment: datetime) -> Found:
        waiting = sa.and_(sessions.c.state.in_(sorted(CLAIMABLE)), sessions.c.changed_at < moment)
        return await self._find(waiting, _AT_ONCE)

    async def stirring(self, platform: Platform) -> list[WorkspaceId]:
        shown = sa.select(threads.c.workspace).join(deliveries, deliveries.c.thread == threads.c.id)
        to_show = shown.where(deliveries.c.shown_seq < deliveries.c.last_seq)
        to_redraw = shown.where(
            deliveries.c.card_seq < deliveries.c.last_seq,
            threads.c.newest_session == deliveries.c.session,
            threads.c.card.is_not(None),
        )
        to_send = sa.select(threads.c.workspace).join(posts, posts.c.thread == threads.c.id)
        to_send = to_send.where(posts.c.state == sa.text("'unsent'"))
        of_platform = sa.and_(threads.c.blocked == "", threads.c.workspace.startswith(f"{platform}:"))
        query = sa.union(*(each.where(of_platform) for each in (to_show, to_redraw, to_send)))
        return list((await self._connection.execute(query)).scalars())

    async def unfinished_in(self, platform: Platform) -> list[WorkspaceId]:
        query = sa.select(sessions.c.workspace).where(UNFINISHED, sessions.c.workspace.startswith(f"{platform}:"))
        return list((await self._connection.execute(query.distinct())).scalars())

    async def untaken(self, received_before: datetime) -> list[Place]:
        query = (
            sa.select(inbox.c.place)
            .where(inbox.c.done_at.is_(None), inbox.c.received_at < received_before)
            .distinct()
            .limit(_AT_ONCE)
        )
        return [Place.parse(text) for text in (await self._connection.execute(query)).scalars()]

    async def _find(self, which: sa.ColumnElement[bool], limit: int) -> Found:
        query = sa.select(sessions.c.workspace, sessions.c.id).where(which).order_by(sessions.c.changed_at).limit(limit)
        return [(row.workspace, row.id) for row in (await self._connection.execute(query)).all()]
