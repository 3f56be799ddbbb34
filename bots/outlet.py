"""What a workspace is shown: its relay and its sender, put together; and those of all workspaces of one bot token.

Made by each platform's app. Decides nothing itself: the relay words, the sender sends, the lease says who may.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from bots.alarm import Alarm
from bots.delivery import Patience
from bots.lease import SenderLease
from bots.pace import Pace
from bots.ports import ChatSurface, MessageRenderer
from bots.relay import Relay
from bots.sender import Sender
from core.domain.refs import Platform, WorkspaceId
from core.errors import TransientError
from core.ports import Clock, UnitOfWork
from core.service.outbound import NO_LINKS, Links

log = structlog.get_logger(__name__)

POLL_S = 3.0
_POLL_WHEN_WATCHED_S = 60.0  # `Outlets` looks for all of them every `POLL_S`


class Outlet:
    """One workspace's relay and sender."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        uow: UnitOfWork,
        clock: Clock,
        surface: ChatSurface,
        renderer: MessageRenderer,
        lease: SenderLease,
        pace: Pace,
        patience: Patience,
        poll_s: float = POLL_S,
        links: Links = NO_LINKS,
    ) -> None:
        """
        Args:
            poll_s: how often both look into SQL when nobody wakes them.
            links: what agents may link to in any session.
        """
        self.sender = Sender(
            workspace=workspace,
            uow=uow,
            clock=clock,
            monotonic=time.monotonic,
            surface=surface,
            lease=lease,
            pace=pace,
            patience=patience,
            on_sent=lambda: self._relay.wake(),
            poll_s=poll_s,
        )
        self._relay = Relay(
            workspace=workspace,
            uow=uow,
            clock=clock,
            surface=surface,
            renderer=renderer,
            lease=lease,
            pace=pace,
            on_posts=self.sender.wake,
            poll_s=poll_s,
            links=links,
        )

    def wake(self) -> None:
        """There may be something to show or to send."""
        self.sender.wake()
        self._relay.wake()

    async def run(self) -> None:
        """Show and send until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.sender.run())
            group.create_task(self._relay.run())


class Outlets:
    """The outlets of all workspaces that one bot token serves; each made when there is something for it."""

    def __init__(
        self,
        *,
        platform: Platform,
        uow: UnitOfWork,
        lease: SenderLease,
        make: Callable[[WorkspaceId, float], Outlet],
    ) -> None:
        """
        Args:
            make: an outlet for the workspace, with its `poll_s`.
        """
        self._platform = platform
        self._uow = uow
        self._lease = lease
        self._make = make
        self._open: dict[WorkspaceId, Outlet] = {}
        self._wanted: set[WorkspaceId] = set()
        self._look_at = 0.0  # when SQL is asked next, however much is told meanwhile
        self._awake = Alarm()
        lease.on_taken(self._look_now)

    def wake(self, workspace: str) -> None:
        """There may be something for the workspace; "" is for all."""
        if not workspace:
            self._look_now()
        elif workspace.startswith(f"{self._platform}:"):
            self._wanted.add(WorkspaceId(workspace))
            self._awake.ring()

    async def run(self) -> None:
        """Serve all workspaces until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                if self._lease.held:
                    for workspace in await self._stirring():
                        if workspace not in self._open:
                            self._open[workspace] = self._make(workspace, _POLL_WHEN_WATCHED_S)
                            group.create_task(self._open[workspace].run())
                        self._open[workspace].wake()
                await self._awake.wait(POLL_S)

    def _look_now(self) -> None:
        self._look_at = 0.0
        self._awake.ring()

    async def _stirring(self) -> set[WorkspaceId]:
        """Whom we were told of; and every `POLL_S` all that SQL has something for: a ring may be lost among others."""
        wanted, self._wanted = self._wanted, set()
        now = time.monotonic()
        if now < self._look_at:
            return wanted
        self._look_at = now + POLL_S
        try:
            async with self._uow.across() as across:
                return wanted | set(await across.stirring(self._platform))
        except TransientError as error:
            log.warning("outlets.cannot_read", platform=self._platform, error=str(error))
            return wanted
