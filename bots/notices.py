"""Tells people in private what waits for them: whether a key works, and the like.

Run by each platform's app while it holds the sender's lease. A notice is forgotten once it was told, so one may come
twice when the process dies in between; none is lost.
"""

import asyncio

import structlog

from bots.alarm import Alarm
from bots.lease import SenderLease
from core.domain.refs import Platform, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import Answer, Notice, Tell, UnitOfWork

log = structlog.get_logger(__name__)

_POLL_S = 15.0  # when nobody rings
_TELL_S = 15.0


class Notices:
    """The private notices of all workspaces that one bot token serves."""

    def __init__(
        self, *, platform: Platform, uow: UnitOfWork, lease: SenderLease, tell: Tell, only: WorkspaceId | None = None
    ) -> None:
        """
        Args:
            only: the workspace that the token serves, where it is one: another's people are others, by the same ids.
        """
        self._only = only
        self._platform = platform
        self._uow = uow
        self._lease = lease
        self._tell = tell
        self._awake = Alarm()

    def wake(self) -> None:
        """There may be something to tell."""
        self._awake.ring()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            if self._lease.held:
                try:
                    await self._tell_all()
                except TransientError as error:
                    log.warning("notices.later", platform=self._platform, error=str(error))
                except Exception:
                    log.exception("notices.broken", platform=self._platform)
            await self._awake.wait(_POLL_S)

    async def _tell_all(self) -> None:
        async with self._uow.across() as across:
            workspaces = await across.untold(self._platform)
        for workspace in workspaces:
            if self._only not in (None, workspace):
                continue
            async with self._uow.read(workspace) as work:
                waiting = await work.notices.waiting()
            for notice in waiting:
                if not self._lease.held:
                    return  # another tells the rest
                if await self._settled(notice):
                    async with self._uow.begin(workspace) as work:
                        await work.notices.done(notice.id)

    async def _settled(self, notice: Notice) -> bool:
        """Tell one person; False when that may work later, which holds up nobody else's notice."""
        try:
            async with asyncio.timeout(_TELL_S):
                await self._tell(notice.place, notice.user, Answer(text=notice.text))
        except PermanentError as error:
            log.warning("notices.not_told", place=notice.place.encode(), error=str(error))
        except (TransientError, TimeoutError) as error:
            log.warning("notices.later", place=notice.place.encode(), error=str(error))
            return False
        except Exception:
            log.exception("notices.broken", place=notice.place.encode())
            return False
        return True
