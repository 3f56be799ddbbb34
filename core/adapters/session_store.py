"""Sessions and their events in SQL: every change of a session's state goes through `record`.

Made by the unit of work for one workspace and one transaction.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.codec import VERSION, dump_event, dump_team, load_event, load_team, words_of
from core.adapters.sql_tables import deliveries, events, sessions, steps, threads, usage, workspaces
from core.domain.events import Ending, Event, Recorded, ToolFinished
from core.domain.lifecycle import FINAL, HELD, Move, State, next_state
from core.domain.refs import Person, SessionId, ThreadId, UserId, WorkspaceId
from core.domain.session import Session, Usage, activity_after
from core.errors import Conflict, StaleEpoch
from core.ports import Change, Guard, Held, NewSession, SessionQuery

# Statements are built once: building one costs as much as running it.
_OURS = sa.select(sessions).where(sessions.c.workspace == sa.bindparam("workspace"))
_BY_ID = _OURS.where(sessions.c.id == sa.bindparam("session"))
_LOCKED = _BY_ID.with_for_update()
_HIGHEST_NUMBER = 2**31 - 1  # that the column holds; people may type more, and PostgreSQL would not look for it
_BY_NUMBER = _OURS.where(sessions.c.number == sa.bindparam("number"))
_NEWEST = _OURS.join(threads, threads.c.newest_session == sessions.c.id).where(threads.c.id == sa.bindparam("thread"))
_CHANGE = sessions.update().where(sessions.c.id == sa.bindparam("of_session"))
_COUNT_UP = (
    workspaces.update()
    .where(workspaces.c.id == sa.bindparam("of_workspace"))
    .values(next_number=workspaces.c.next_number + 1)
    .returning(workspaces.c.next_number)
)
_SET_NEWEST = threads.update().where(threads.c.id == sa.bindparam("of_thread"))
_SET_LAST = deliveries.update().where(deliveries.c.session == sa.bindparam("of_session"))
_DROP_STEPS = steps.delete().where(steps.c.session == sa.bindparam("of_session"))
_EVENTS = (
    sa.select(events)
    .join(sessions, sessions.c.id == events.c.session)
    .where(
        events.c.session == sa.bindparam("session"),
        sessions.c.workspace == sa.bindparam("workspace"),
        events.c.seq > sa.bindparam("after"),
    )
    .order_by(events.c.seq)
)


class SqlSessionStore:
    """`core.ports.SessionStore` on the sessions and events tables."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def open(self, new: NewSession, first: Event) -> Session:
        session = Session(
            id=new.id,
            workspace=self._workspace,
            number=await self._next_number(),
            thread=new.thread,
            state=State.QUEUED,
            task=new.task,
            starter=new.starter,
            provider=new.provider,
            model=new.model,
            max_rounds=new.max_rounds,
            parent=new.parent,
            created_at=self._now,
            changed_at=self._now,
            next_seq=2,
            system_prompt=new.system_prompt,
        )
        try:
            await self._connection.execute(sessions.insert(), row_of(session))
        except IntegrityError as error:
            raise Conflict("the thread already has an unfinished session") from error
        await self._connection.execute(events.insert(), _event_row(session.id, 1, self._now, first))
        if new.thread is not None:
            await self._connection.execute(_SET_NEWEST, {"of_thread": new.thread, "newest_session": session.id})
        return session

    async def _next_number(self) -> int:
        counted = await self._connection.execute(_COUNT_UP, {"of_workspace": self._workspace})
        return int(counted.scalar_one()) - 1

    async def get(self, session: SessionId) -> Session | None:
        return await self._one(_BY_ID, session=session)

    async def by_number(self, number: int) -> Session | None:
        return await self._one(_BY_NUMBER, number=number) if number <= _HIGHEST_NUMBER else None

    async def newest_in(self, thread: ThreadId) -> Session | None:
        return await self._one(_NEWEST, thread=thread)

    async def record(
        self,
        session: SessionId,
        guard: Guard,
        happened: Sequence[Event],
        *,
        move: Move | None = None,
        change: Change | None = None,
    ) -> Session:
        before = await self._one(_LOCKED, session=session)
        _check(guard, before)
        assert before is not None  # _check has raised otherwise
        change = change or Change()
        after = _changed(before, happened, move, change, self._now)
        await self._append(session, before.next_seq, happened)
        values = {name: value for name, value in row_of(after).items() if name in _CHANGING}
        await self._connection.execute(_CHANGE, {"of_session": session, **values})
        if change.add_usage is not None:
            await self._note_usage(before, change.add_usage, change.used_by)
        if after.finished:  # whoever ends it: a worker, a person while it waits, a sweep
            await self._connection.execute(_DROP_STEPS, {"of_session": session})
        return after

    async def _append(self, session: SessionId, seq: int, happened: Sequence[Event]) -> None:
        if not happened:
            return
        rows = [_event_row(session, n, self._now, event) for n, event in enumerate(happened, seq)]
        await self._connection.execute(events.insert(), rows)
        await self._connection.execute(_SET_LAST, {"of_session": session, "last_seq": seq + len(rows) - 1})

    async def _note_usage(self, session: Session, used: Usage, agent: str) -> None:
        whose = {"workspace": self._workspace, "session": session.id, "by": session.starter.id, "at": self._now}
        row = whose | _dump_usage(used) | {"agent": agent, "round": session.round, "reserved": False}
        await self._connection.execute(usage.insert(), row)

    async def events(self, session: SessionId, *, after: int = 0, limit: int | None = None) -> list[Recorded]:
        which = {"session": session, "workspace": self._workspace, "after": after}
        rows = (await self._connection.execute(_EVENTS.limit(limit), which)).all()
        return [Recorded(seq=row.seq, at=row.at, event=load_event(row.kind, row.version, row.data)) for row in rows]

    async def search(self, query: SessionQuery) -> list[Session]:
        wanted = _OURS
        if query.channel is not None:
            wanted = wanted.join(threads, threads.c.id == sessions.c.thread).where(threads.c.channel == query.channel)
        if query.starter is not None:
            wanted = wanted.where(sessions.c.starter_id == query.starter)
        if query.states is not None:
            wanted = wanted.where(sessions.c.state.in_(sorted(query.states)))
        if query.created_after is not None:
            wanted = wanted.where(sessions.c.created_at > query.created_after)
        for word in query.words.casefold().split():
            wanted = wanted.where(
                sa.exists().where(events.c.session == sessions.c.id, events.c.words.contains(word, autoescape=True))
            )
        wanted = wanted.order_by(sessions.c.number.desc()).limit(query.limit).offset(query.offset)
        found = await self._connection.execute(wanted, {"workspace": self._workspace})
        return [session_of(row) for row in found.all()]

    async def count(self, created_after: datetime, *, starter: UserId | None = None) -> int:
        query = sa.select(sa.func.count()).where(
            sessions.c.workspace == self._workspace, sessions.c.created_at > created_after
        )
        if starter is not None:
            query = query.where(sessions.c.starter_id == starter)
        return int((await self._connection.execute(query)).scalar_one())

    async def _one(self, query: sa.Select[Any], **which: Any) -> Session | None:
        found = await self._connection.execute(query, {"workspace": self._workspace, **which})
        row = found.one_or_none()
        return session_of(row) if row is not None else None


def _check(guard: Guard, session: Session | None) -> None:
    if isinstance(guard, Held):
        if session is None or session.finished or (session.owner, session.epoch) != (guard.owner, guard.epoch):
            raise StaleEpoch("another process has the session, or it has ended")
    elif session is None or session.state not in guard.states:
        raise Conflict(f"the session is {session.state if session else 'unknown'}")


def _changed(before: Session, happened: Sequence[Event], move: Move | None, change: Change, now: datetime) -> Session:
    """The session afterwards; the only place where a session's state changes."""
    values: dict[str, Any] = {"changed_at": now, "next_seq": before.next_seq + len(happened)}
    if happened:
        values["activity"] = activity_after(before.activity, happened)
        named = {host for event in happened if isinstance(event, ToolFinished) for host in event.hosts}
        values["hosts"] = before.hosts + tuple(sorted(named - set(before.hosts)))
    if move is not None:
        state = next_state(before.state, move)
        if state is None:
            raise Conflict(f"{move} is not possible while the session is {before.state}")
        values["state"] = state
        if move is Move.CLAIM:
            values |= {"owner": change.owner, "epoch": before.epoch + 1}
        elif state not in HELD:
            values["owner"] = None
        if state in FINAL:
            values["ended_at"] = now
    if any(isinstance(event, Ending) for event in happened) != (values.get("state") in FINAL):
        # On PostgreSQL a stop may come between a caller's look at the state and this: it has to look again.
        raise Conflict("a session and its events end together")
    for name in ("attempts", "team", "round"):
        if (value := getattr(change, name)) is not None:
            values[name] = value
    if change.add_usage is not None:
        values["usage"] = before.usage + change.add_usage
    return replace(before, **values)


def _event_row(session: SessionId, seq: int, at: datetime, event: Event) -> dict[str, Any]:
    kind, data = dump_event(event)
    return {
        "session": session,
        "seq": seq,
        "at": at,
        "kind": kind,
        "version": VERSION,
        "data": data,
        "words": words_of(event),
    }


def _dump_usage(used: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "cost_usd": used.cost_usd,
    }


_AS_THEY_ARE = (
    "id",
    "workspace",
    "number",
    "thread",
    "state",
    "task",
    "parent",
    "provider",
    "model",
    "max_rounds",
    "owner",
    "epoch",
    "attempts",
    "next_seq",
    "round",
    "created_at",
    "changed_at",
    "ended_at",
    "system_prompt",
)


_CHANGING = frozenset(
    {
        "state",
        "owner",
        "epoch",
        "attempts",
        "next_seq",
        "round",
        "team",
        "usage",
        "activity",
        "hosts",
        "changed_at",
        "ended_at",
    }
)


def row_of(session: Session) -> dict[str, Any]:
    """The session as values of its row."""
    values = {name: getattr(session, name) for name in _AS_THEY_ARE}
    return values | {
        "starter_id": session.starter.id,
        "starter_name": session.starter.name,
        "team": dump_team(session.team),
        "usage": _dump_usage(session.usage),
        "activity": dict(session.activity),
        "hosts": " ".join(session.hosts),
    }


def session_of(row: Any) -> Session:
    """Read `row_of`'s form."""
    values = {name: getattr(row, name) for name in _AS_THEY_ARE}
    values["state"] = State(row.state)
    return Session(
        **values,
        starter=Person(id=row.starter_id, name=row.starter_name),
        team=load_team(row.team),
        usage=Usage(**row.usage),
        activity=row.activity,
        hosts=tuple(row.hosts.split()),
    )
