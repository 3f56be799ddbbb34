"""The outbox in SQL: messages with fixed bytes, sent in order within their thread.

Made by the unit of work for one workspace and one transaction. The sender alone calls what comes after `add`.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import posts, questions, threads
from core.domain.refs import MessageId, ThreadId, WorkspaceId
from core.ports import Draft, Post

_KEY_CHARS = 25  # what Discord takes as a nonce
_DRAFT = ("payload", "blob", "shown", "session", "question", "card", "urgent")


_FIRST = (
    sa.select(posts.c.thread, sa.func.min(posts.c.n).label("n"))
    .where(posts.c.workspace == sa.bindparam("workspace"), posts.c.state == sa.text("'unsent'"))
    .group_by(posts.c.thread)
    .subquery()
)
_HEADS = (
    sa.select(posts)
    .join(_FIRST, sa.and_(_FIRST.c.thread == posts.c.thread, _FIRST.c.n == posts.c.n))
    .join(threads, threads.c.id == posts.c.thread)
    .where(threads.c.blocked == "")
    .order_by(posts.c.urgent.desc(), posts.c.created_at)
)
_COUNT_UP = (
    threads.update()
    .where(threads.c.id == sa.bindparam("of_thread"), threads.c.workspace == sa.bindparam("of_workspace"))
    .values(next_post=threads.c.next_post + 1)
    .returning(threads.c.next_post)
)
_OF_POST = posts.update().where(
    posts.c.thread == sa.bindparam("of_thread"),
    posts.c.n == sa.bindparam("of_n"),
    posts.c.workspace == sa.bindparam("of_workspace"),
)


class SqlPostStore:
    """`core.ports.PostStore` on the posts table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._workspace = workspace
        self._now = now

    async def add(self, thread: ThreadId, draft: Draft) -> Post:
        counted = await self._connection.execute(_COUNT_UP, {"of_thread": thread, "of_workspace": self._workspace})
        n = int(counted.scalar_one()) - 1
        key = hashlib.sha256(f"{thread}/{n}".encode()).hexdigest()[:_KEY_CHARS]
        post = Post(thread=thread, n=n, key=key, draft=draft, created_at=self._now)
        values = {name: getattr(draft, name) for name in _DRAFT}
        row = {
            "thread": thread,
            "n": n,
            "workspace": self._workspace,
            "state": "unsent",
            "key": key,
            "created_at": self._now,
            "refused": "",
        }
        await self._connection.execute(posts.insert(), row | values)
        return post

    async def heads(self, limit: int = 200) -> list[Post]:
        found = await self._connection.execute(_HEADS.limit(limit), {"workspace": self._workspace})
        return [_post(row) for row in found.all()]

    async def attempt(self, post: Post) -> Post:
        await self._update(post, attempted_at=self._now)
        return replace(post, attempted_at=self._now)

    async def retract(self, post: Post) -> None:
        await self._update(post, attempted_at=None)

    async def uploaded(self, post: Post, file: str) -> Post:
        await self._update(post, file=file)
        return replace(post, file=file)

    async def sent(self, post: Post, message: MessageId) -> None:
        if not await self._update(post, state="sent", sent_at=self._now, message=message):
            return  # none of this workspace's: its question and its thread are none either
        if post.draft.question is not None:
            await self._execute(questions.update().where(questions.c.id == post.draft.question).values(message=message))
        thread = threads.update().where(threads.c.id == post.thread)
        if post.draft.card:
            await self._execute(thread.values(card=message, card_at=self._now))
        await self._execute(thread.where(threads.c.root.is_(None)).values(root=message))

    async def give_up(self, post: Post, reason: str) -> None:
        await self._update(post, state="refused", refused=reason[:64])

    async def _update(self, post: Post, **values: Any) -> bool:
        which = {"of_thread": post.thread, "of_n": post.n, "of_workspace": self._workspace}
        return (await self._connection.execute(_OF_POST, which | values)).rowcount > 0

    async def _execute(self, statement: sa.Update) -> None:
        await self._connection.execute(statement)


def _post(row: Any) -> Post:
    return Post(
        thread=row.thread,
        n=row.n,
        key=row.key,
        draft=Draft(**{name: getattr(row, name) for name in _DRAFT}),
        created_at=row.created_at,
        attempted_at=row.attempted_at,
        file=row.file,
        message=row.message,
    )
