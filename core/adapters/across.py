"""What looks over all workspaces: leases, dispatch, sweeps. Never returns anything that a person reads.

Made by the unit of work for one transaction; called by workers, senders and the front desk's sweep.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.settings_store import SqlModelLists, secret_of
from core.adapters.sql_tables import (
    HELD_STATES,
    UNFINISHED,
    deliveries,
    identifies,
    inbox,
    notices,
    posts,
    processes,
    questions,
    secrets,
    sessions,
    threads,
)
from core.adapters.upsert import insert_or_update
from core.domain.lifecycle import CLAIMABLE, State
from core.domain.preferences import SealedSecret
from core.domain.refs import Place, Platform, ProcessId, QuestionId, SessionId, WorkspaceId
from core.ports import Held, ModelLists

Found = list[tuple[WorkspaceId, SessionId]]
Asked = list[tuple[WorkspaceId, SessionId, QuestionId]]
_AT_ONCE = 200
_DAY = timedelta(days=1)


# Asked every few seconds, so built once: building one costs more than running it.
def _sessions_where(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(sessions.c.workspace, sessions.c.id).where(*which).order_by(sessions.c.changed_at)


def _open_questions(*which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(sessions.c.workspace, questions.c.session, questions.c.id)
        .join(sessions, sessions.c.id == questions.c.session)
        .where(questions.c.state == sa.text("'open'"), *which)
        .limit(_AT_ONCE)
    )


def _stirring() -> sa.CompoundSelect[Any]:
    of_platform = sa.and_(threads.c.blocked == "", threads.c.workspace.startswith(sa.bindparam("prefix")))
    shown = sa.select(threads.c.workspace).join(deliveries, deliveries.c.thread == threads.c.id).where(of_platform)
    sent = sa.select(threads.c.workspace).join(posts, posts.c.thread == threads.c.id).where(of_platform)
    return sa.union(
        shown.where(deliveries.c.shown_seq < deliveries.c.last_seq),
        shown.where(
            deliveries.c.card_seq < deliveries.c.last_seq,
            threads.c.newest_session == deliveries.c.session,
            threads.c.card.is_not(None),
        ),
        sent.where(posts.c.state == sa.text("'unsent'")),
    )


_NOW: sa.BindParameter[datetime] = sa.bindparam("now")
_MOMENT: sa.BindParameter[datetime] = sa.bindparam("moment")
_OWNER: sa.BindParameter[str] = sa.bindparam("of_owner")
_IS_CLAIMABLE = sessions.c.state.in_(sorted(CLAIMABLE))
_WORKER_LIVES = sa.exists().where(
    processes.c.role == "worker", processes.c.owner == sessions.c.owner, processes.c.lease_until >= _NOW
)
_THREAD_GONE = sa.exists().where(threads.c.id == sessions.c.thread, threads.c.blocked != "")
_CLAIMABLE = _sessions_where(_IS_CLAIMABLE)
_QUEUED_BEFORE = _sessions_where(_IS_CLAIMABLE, sessions.c.changed_at < _MOMENT).limit(_AT_ONCE)
_STRANDED = _sessions_where(
    sessions.c.state == str(State.WAITING), sessions.c.changed_at < _MOMENT, _THREAD_GONE
).limit(_AT_ONCE)
_ABANDONED = (
    sa.select(sessions.c.workspace, sessions.c.id, sessions.c.owner, sessions.c.epoch)
    .where(sessions.c.state.in_(HELD_STATES), ~_WORKER_LIVES)
    .limit(_AT_ONCE)
)
_HELD = sa.select(sessions.c.id, sessions.c.state).where(sessions.c.state.in_(HELD_STATES), sessions.c.owner == _OWNER)
_OVERDUE = _open_questions(questions.c.deadline_at < _MOMENT)
_TO_REMIND = _open_questions(questions.c.remind_at < _MOMENT)
_STIRRING = _stirring()
_UNTOLD = sa.select(notices.c.workspace).where(notices.c.workspace.startswith(sa.bindparam("prefix"))).distinct()
_UNTRIED = sa.select(secrets).where(secrets.c.counts == sa.false()).order_by(secrets.c.changed_at)
_UNTAKEN = (
    sa.select(inbox.c.place).where(inbox.c.done_at.is_(None), inbox.c.received_at < _MOMENT).distinct().limit(_AT_ONCE)
)


class SqlAcross:
    """`core.ports.Across` on all tables."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self.model_lists: ModelLists = SqlModelLists(connection)

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
        return await self._found(_CLAIMABLE.limit(limit))

    async def abandoned(self) -> list[tuple[WorkspaceId, SessionId, Held]]:
        rows = (await self._connection.execute(_ABANDONED, {"now": self._now})).all()
        return [(row.workspace, row.id, Held(owner=row.owner, epoch=row.epoch)) for row in rows]

    async def held_by(self, owner: ProcessId) -> list[tuple[SessionId, State]]:
        rows = (await self._connection.execute(_HELD, {"of_owner": owner})).all()
        return [(row.id, State(row.state)) for row in rows]

    async def stranded(self, waiting_since: datetime) -> Found:
        return await self._found(_STRANDED, moment=waiting_since)

    async def queued_before(self, moment: datetime) -> Found:
        return await self._found(_QUEUED_BEFORE, moment=moment)

    async def stirring(self, platform: Platform) -> list[WorkspaceId]:
        return list((await self._connection.execute(_STIRRING, {"prefix": f"{platform}:"})).scalars())

    async def unfinished_in(self, platform: Platform) -> list[WorkspaceId]:
        query = sa.select(sessions.c.workspace).where(UNFINISHED, sessions.c.workspace.startswith(f"{platform}:"))
        return list((await self._connection.execute(query.distinct())).scalars())

    async def overdue(self, now: datetime) -> Asked:
        return await self._asked(_OVERDUE, now)

    async def to_remind(self, now: datetime) -> Asked:
        return await self._asked(_TO_REMIND, now)

    async def _asked(self, query: sa.Select[Any], now: datetime) -> Asked:
        rows = (await self._connection.execute(query, {"moment": now})).all()
        return [(row.workspace, row.session, row.id) for row in rows]

    async def untold(self, platform: Platform) -> list[WorkspaceId]:
        return list((await self._connection.execute(_UNTOLD, {"prefix": f"{platform}:"})).scalars())

    async def untried(self, limit: int = 20) -> list[tuple[WorkspaceId, SealedSecret]]:
        rows = (await self._connection.execute(_UNTRIED.limit(limit))).all()
        return [(row.workspace, secret_of(row)) for row in rows]

    async def sealed_otherwise(self, key_id: str, limit: int = 100) -> list[tuple[WorkspaceId, SealedSecret]]:
        query = sa.select(secrets).where(secrets.c.key_id != key_id).limit(limit)
        return [(row.workspace, secret_of(row)) for row in (await self._connection.execute(query)).all()]

    async def key_ids(self) -> dict[str, int]:
        query = sa.select(secrets.c.key_id, sa.func.count().label("many")).group_by(secrets.c.key_id)
        return {row.key_id: row.many for row in (await self._connection.execute(query)).all()}

    async def untaken(self, received_before: datetime) -> list[Place]:
        places = (await self._connection.execute(_UNTAKEN, {"moment": received_before})).scalars()
        return [Place.parse(text) for text in places]

    async def _found(self, query: sa.Select[Any], **which: Any) -> Found:
        return [(row.workspace, row.id) for row in (await self._connection.execute(query, which)).all()]
