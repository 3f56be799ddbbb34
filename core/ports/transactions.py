"""Transactions over the stores.

Implemented by the SQL unit of work; opened by services, bots and workers.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from core.domain.lifecycle import State
from core.domain.preferences import SealedSecret
from core.domain.refs import (
    Place,
    Platform,
    ProcessId,
    QuestionId,
    SessionId,
    WorkspaceId,
)
from core.ports.sessions import Held, QuestionStore, SessionStore, StepStore
from core.ports.settings import ModelLists, NoticeStore, PreferenceStore, SecretStore, UsageStore
from core.ports.threads import Audit, DeliveryStore, FileStore, InboxStore, PostStore, ThreadStore


class Work(Protocol):
    """One transaction on one workspace: what belongs together commits together."""

    workspace: WorkspaceId
    now: datetime
    sessions: SessionStore
    steps: StepStore
    questions: QuestionStore
    inbox: InboxStore
    threads: ThreadStore
    posts: PostStore
    deliveries: DeliveryStore
    files: FileStore
    audit: Audit
    preferences: PreferenceStore
    secrets: SecretStore
    usage: UsageStore
    notices: NoticeStore

    def ring(self, topic: str, payload: str = "") -> None:
        """Ring after the commit; forgotten on rollback."""

    def wake(self, session: SessionId) -> None:
        """Wake a worker for the session after the commit."""


class Across(Protocol):
    """One transaction that looks over all workspaces: leases, sweeps, dispatch. Never returns content to people."""

    async def renew(self, role: str, name: str, owner: ProcessId, lease_s: float) -> bool:
        """Take or keep the lease of (*role*, *name*); False while another owner's has not lapsed."""

    async def release(self, role: str, name: str, owner: ProcessId) -> None: ...

    async def identify(self, bot: str, most: Mapping[float, int]) -> float:
        """Count one more session that *bot* starts with its platform; all processes' count alike.

        Args:
            most: how many there may be in windows of so many seconds, a day at the longest.

        Returns:
            0 when it was counted, else the seconds until one may be.
        """

    async def claimable(self, limit: int) -> list[tuple[WorkspaceId, SessionId]]:
        """Queued and resuming sessions, the longest waiting first."""

    async def abandoned(self) -> list[tuple[WorkspaceId, SessionId, Held]]:
        """Sessions held by a worker whose lease has lapsed, and the hold that it had."""

    async def held_by(self, owner: ProcessId) -> list[tuple[SessionId, State]]:
        """What a worker holds: with each renewal it learns what to stop."""

    async def stranded(self, waiting_since: datetime) -> list[tuple[WorkspaceId, SessionId]]:
        """Sessions that have waited since then, or longer, in a thread that nothing can be sent to any more."""

    async def queued_before(self, moment: datetime) -> list[tuple[WorkspaceId, SessionId]]: ...

    async def stirring(self, platform: Platform) -> list[WorkspaceId]:
        """Workspaces of the platform with something to show, to send or to redraw."""

    async def unfinished_in(self, platform: Platform) -> list[WorkspaceId]:
        """Workspaces of the platform in which a session is not finished."""

    async def overdue(self, now: datetime) -> list[tuple[WorkspaceId, SessionId, QuestionId]]:
        """Open questions whose deadline was before *now*."""

    async def to_remind(self, now: datetime) -> list[tuple[WorkspaceId, SessionId, QuestionId]]:
        """Open questions whose reminder is due."""

    async def untold(self, platform: Platform) -> list[WorkspaceId]:
        """Workspaces of the platform with something to tell somebody in private."""

    async def untried(self, limit: int = 20) -> list[tuple[WorkspaceId, SealedSecret]]:
        """Keys that no worker has tried yet, the oldest first."""

    async def sealed_otherwise(self, key_id: str, limit: int = 100) -> list[tuple[WorkspaceId, SealedSecret]]:
        """Keys, candidates too, that are sealed to another public key than this one."""

    async def key_ids(self) -> dict[str, int]:
        """How many keys are sealed to which public key."""

    model_lists: ModelLists

    async def untaken(self, received_before: datetime) -> list[Place]:
        """Places with inbox rows that nobody has carried out."""


class UnitOfWork(Protocol):
    """Opens transactions. No network call is awaited inside one."""

    def begin(self, workspace: WorkspaceId, *, urgent: bool = False) -> AbstractAsyncContextManager[Work]:
        """A writing transaction: commits at the end of the block, rolls back on an exception, then rings.

        Args:
            urgent: somebody waits for an acknowledgement; goes first where writers stand in line.
        """

    def read(self, workspace: WorkspaceId) -> AbstractAsyncContextManager[Work]:
        """A reading transaction on a consistent snapshot; nothing written in it is kept."""

    def across(self) -> AbstractAsyncContextManager[Across]: ...
