"""Removes what was posted twice all the same: after a take-over, two processes may have sent one post.

Planned by the sender for threads where that is possible, a minute later when the platform shows both. Never removes
the last copy.
"""

import asyncio
import math
from collections import Counter
from datetime import datetime

import structlog

from bots.ports import ChatSurface
from core.domain.refs import Place, ThreadId, WorkspaceId
from core.errors import MusterError
from core.ports import Thread, UnitOfWork

log = structlog.get_logger(__name__)


class Repairs:
    """The planned looks at threads of one workspace."""

    def __init__(self, *, workspace: WorkspaceId, uow: UnitOfWork, surface: ChatSurface, counts: Counter[str]) -> None:
        self._workspace = workspace
        self._uow = uow
        self._surface = surface
        self._counts = counts
        self._planned: dict[ThreadId, tuple[float, datetime]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def plan(self, thread: ThreadId, since: datetime, due_at: float) -> None:
        """Look at what *thread* got since then, when *due_at* has come."""
        earlier = self._planned.get(thread)
        self._planned[thread] = (due_at, min(since, earlier[1]) if earlier else since)

    def start_due(self, now: float) -> float:
        """Start the looks that are due; returns the seconds until the next."""
        for thread, (due_at, since) in list(self._planned.items()):
            if due_at <= now:
                del self._planned[thread]
                task = asyncio.create_task(self._repair(thread, since))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return min((due_at - now for due_at, _ in self._planned.values()), default=math.inf)

    async def _repair(self, thread_id: ThreadId, since: datetime) -> None:
        try:
            async with self._uow.read(self._workspace) as work:
                thread = await work.threads.get(thread_id)
            if thread is not None and not thread.blocked:
                await self._remove_copies(thread, since)
        except MusterError as error:
            log.warning("repair.failed", thread=thread_id, error=str(error))

    async def _remove_copies(self, thread: Thread, since: datetime) -> None:
        places = [Place(workspace=self._workspace, channel=thread.channel)]  # the root may be there twice
        if thread.root is not None:
            places.append(Place(workspace=self._workspace, channel=thread.channel, root=thread.root))
        for place in places:
            for copies in await self._surface.copies(place, since):
                known = [message for message in copies if message in (thread.root, thread.card)]
                kept = (known or copies)[0]
                for message in copies:
                    if message != kept:
                        await self._surface.delete(place, message)
                        self._counts["duplicates_repaired"] += 1
                        log.warning("repair.removed", thread=thread.id, message=message)
