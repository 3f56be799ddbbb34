"""Questions to people, and the steps of unfinished turns, in SQL.

Made by the unit of work for one workspace and one transaction. An answer is a compare-and-set: one reply wins.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.sql_tables import posts, questions, sessions, steps
from core.domain.events import Answerer
from core.domain.refs import MessageId, Person, QuestionId, SessionId, UserId, WorkspaceId
from core.domain.session import AnsweredQuestion, Question


class SqlQuestionStore:
    """`core.ports.QuestionStore` on the questions table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self._connection = connection
        self._ours = sa.select(sessions.c.id).where(sessions.c.workspace == workspace)
        self._now = now

    async def ask(self, question: Question) -> None:
        await self._connection.execute(
            questions.insert().values(
                id=question.id,
                session=question.session,
                state="open",
                agent=question.agent,
                text=question.text,
                choices=list(question.choices),
                asked_at=question.asked_at,
                who=str(question.who),
                deadline_at=question.deadline_at,
                remind_at=question.remind_at,
                default_answer=question.default,
                approves=question.approves,
            )
        )

    async def get(self, question: QuestionId) -> Question | None:
        query = self._joined().where(questions.c.id == question)
        row = (await self._connection.execute(query)).one_or_none()
        return _question(row) if row is not None else None

    async def open_in(self, session: SessionId) -> Question | None:
        query = self._select(session).where(questions.c.state == "open")
        row = (await self._connection.execute(query)).one_or_none()
        return _question(row) if row is not None else None

    async def answer(self, question: QuestionId, by: Person, text: str, message: MessageId | None) -> bool:
        answered = self._update_open(question).values(
            state="answered",
            answered_at=self._now,
            answered_by_id=by.id,
            answered_by_name=by.name,
            answer=text,
            answer_message=message,
        )
        return (await self._connection.execute(answered)).rowcount == 1

    async def lapse(self, question: QuestionId) -> bool:
        lapsed = self._update_open(question).values(state="lapsed", answered_at=self._now)
        return (await self._connection.execute(lapsed)).rowcount == 1

    async def reminded(self, question: QuestionId) -> bool:
        told = self._update_open(question).where(questions.c.remind_at.is_not(None)).values(remind_at=None)
        return (await self._connection.execute(told)).rowcount == 1

    async def withdraw(self, session: SessionId) -> None:
        await self._connection.execute(
            questions.update()
            .where(questions.c.session == session, questions.c.state == "open", questions.c.session.in_(self._ours))
            .values(state="withdrawn")
        )

    async def last_answer(self, session: SessionId) -> AnsweredQuestion | None:
        query = (
            self._select(session)
            .where(questions.c.state == "answered")
            .order_by(questions.c.answered_at.desc())
            .limit(1)
        )
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            return None
        by = Person(id=UserId(row.answered_by_id), name=row.answered_by_name)
        return AnsweredQuestion(question=_question(row), by=by, text=row.answer, at=row.answered_at)

    async def last_lapsed(self, session: SessionId) -> tuple[Question, datetime] | None:
        query = self._select(session).where(questions.c.state == "lapsed").order_by(questions.c.answered_at.desc())
        row = (await self._connection.execute(query.limit(1))).one_or_none()
        return (_question(row), row.answered_at) if row is not None else None

    def _update_open(self, question: QuestionId) -> sa.Update:
        return questions.update().where(
            questions.c.id == question, questions.c.state == "open", questions.c.session.in_(self._ours)
        )

    def _select(self, session: SessionId) -> sa.Select[Any]:
        return self._joined().where(questions.c.session == session)

    def _joined(self) -> sa.Select[Any]:
        return (
            sa.select(questions, posts.c.attempted_at)
            .outerjoin(posts, posts.c.question == questions.c.id)
            .where(questions.c.session.in_(self._ours))
        )


def _question(row: Any) -> Question:
    return Question(
        id=row.id,
        session=row.session,
        agent=row.agent,
        text=row.text,
        choices=tuple(row.choices),
        asked_at=row.asked_at,
        who=Answerer(row.who),
        deadline_at=row.deadline_at,
        remind_at=row.remind_at,
        default=row.default_answer,
        approves=row.approves,
        message=row.message,
        attempted_at=row.attempted_at,
    )


class SqlStepStore:
    """`core.ports.StepStore` on the steps table."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId) -> None:
        self._connection = connection
        self._ours = sa.select(sessions.c.id).where(sessions.c.workspace == workspace)

    async def append(self, session: SessionId, data: dict[str, Any]) -> None:
        last = sa.select(sa.func.coalesce(sa.func.max(steps.c.n), 0) + 1).where(steps.c.session == session)
        await self._connection.execute(steps.insert().values(session=session, n=last.scalar_subquery(), data=data))

    async def load(self, session: SessionId) -> list[dict[str, Any]]:
        query = (
            sa.select(steps.c.data)
            .where(steps.c.session == session, steps.c.session.in_(self._ours))
            .order_by(steps.c.n)
        )
        return list((await self._connection.execute(query)).scalars())

    async def drop(self, session: SessionId) -> None:
        await self._connection.execute(
            steps.delete().where(steps.c.session == session, steps.c.session.in_(self._ours))
        )
