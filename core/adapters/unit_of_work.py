"""Transactions: what belongs together commits together, and the bells ring after the commit.

Made once a process by bootstrap. No network call is awaited inside a transaction.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.across import SqlAcross
from core.adapters.file_store import SqlFileStore
from core.adapters.inbox_store import SqlAudit, SqlInboxStore
from core.adapters.post_store import SqlPostStore
from core.adapters.question_store import SqlQuestionStore, SqlStepStore
from core.adapters.session_store import SqlSessionStore
from core.adapters.settings_store import SqlNoticeStore, SqlPreferenceStore, SqlSecretStore
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import workspaces
from core.adapters.thread_store import SqlDeliveryStore, SqlThreadStore
from core.adapters.upsert import insert_new
from core.adapters.usage_store import SqlUsageStore
from core.domain.refs import SessionId, WorkspaceId
from core.errors import TransientError
from core.ports import (
    TOPIC_WORK,
    Audit,
    Bell,
    Clock,
    DeliveryStore,
    FileStore,
    InboxStore,
    NoticeStore,
    PostStore,
    PreferenceStore,
    QuestionStore,
    SecretStore,
    SessionStore,
    StepStore,
    ThreadStore,
    UsageStore,
    WorkQueue,
)

_OURS = (IntegrityError, ProgrammingError, DataError)
"""Our own mistakes: trying again would not help."""


class SqlWork:
    """`core.ports.Work`: the stores of one workspace on one connection."""

    def __init__(self, connection: AsyncConnection, workspace: WorkspaceId, now: datetime) -> None:
        self.workspace = workspace
        self.now = now
        self.sessions: SessionStore = SqlSessionStore(connection, workspace, now)
        self.steps: StepStore = SqlStepStore(connection, workspace)
        self.questions: QuestionStore = SqlQuestionStore(connection, workspace, now)
        self.inbox: InboxStore = SqlInboxStore(connection, workspace, now)
        self.threads: ThreadStore = SqlThreadStore(connection, workspace, now)
        self.posts: PostStore = SqlPostStore(connection, workspace, now)
        self.deliveries: DeliveryStore = SqlDeliveryStore(connection, workspace)
        self.files: FileStore = SqlFileStore(connection, workspace, now)
        self.audit: Audit = SqlAudit(connection, workspace, now)
        self.preferences: PreferenceStore = SqlPreferenceStore(connection, workspace, now)
        self.secrets: SecretStore = SqlSecretStore(connection, workspace)
        self.usage: UsageStore = SqlUsageStore(connection, workspace, now)
        self.notices: NoticeStore = SqlNoticeStore(connection, workspace, now)
        self.rings: dict[tuple[str, str], None] = {}  # in order, each once
        self.to_wake: list[SessionId] = []

    def ring(self, topic: str, payload: str = "") -> None:
        self.rings[topic, payload] = None

    def wake(self, session: SessionId) -> None:
        self.to_wake.append(session)
        self.ring(TOPIC_WORK)


class SqlUnitOfWork:
    """`core.ports.UnitOfWork` on one database."""

    def __init__(self, database: Database, clock: Clock, bell: Bell, queue: WorkQueue) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell
        self._queue = queue
        self._known: set[WorkspaceId] = set()

    @asynccontextmanager
    async def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AsyncIterator[SqlWork]:
        if workspace not in self._known:
            await self._make_known(workspace)
        with _translated():
            async with self._database.write(urgent=urgent) as connection:
                work = SqlWork(connection, workspace, self._clock.now())
                yield work
        for session in work.to_wake:
            await self._queue.wake(session)
        for topic, payload in work.rings:
            await self._bell.ring(topic, payload)

    @asynccontextmanager
    async def read(self, workspace: WorkspaceId) -> AsyncIterator[SqlWork]:
        with _translated():
            async with self._database.read() as connection:
                yield SqlWork(connection, workspace, self._clock.now())

    @asynccontextmanager
    async def across(self) -> AsyncIterator[SqlAcross]:
        with _translated():
            async with self._database.write(urgent=True) as connection:  # leases depend on it
                yield SqlAcross(connection, self._clock.now())

    async def _make_known(self, workspace: WorkspaceId) -> None:
        with _translated():
            async with self._database.write() as connection:
                row = {"id": workspace, "next_number": 1, "created_at": self._clock.now()}
                await connection.execute(insert_new(connection, workspaces, row))
        self._known.add(workspace)


class _translated:  # noqa: N801 - reads as a statement
    """Database trouble becomes a `TransientError`: the transaction did nothing, and may be tried again."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, _OURS):
            return
        if isinstance(error, DBAPIError | PoolTimeout | OSError):
            raise TransientError(f"the database did not answer: {type(error).__name__}") from error
