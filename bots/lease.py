"""Who may speak for a bot token: one process at a time, by a lease in SQL.

The relay and the sender of a workspace work only while it is held; another bots process stands by and takes over when
it lapses. Never waits for anything but SQL.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from core.domain.refs import ProcessId
from core.errors import TransientError
from core.ports import UnitOfWork

log = structlog.get_logger(__name__)

ROLE = "sender"
LEASE_S = 20.0
_MARGIN = 0.1  # of the lease, for what comes after a call


class SenderLease:
    """This process' claim on speaking for one bot token."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        name: str,
        process: ProcessId,
        monotonic: Callable[[], float],
        lease_s: float = LEASE_S,
    ) -> None:
        """
        Args:
            name: of what it is a claim on: a workspace, or a bot token that serves many.
        """
        self._uow = uow
        self._name = name
        self._process = process
        self._monotonic = monotonic
        self._lease_s = lease_s
        self._until = monotonic() - 1
        self._ours = False
        self._on_taken: list[Callable[[], None]] = []

    def left_s(self) -> float:
        """Seconds for which nobody else can hold it; 0 or less when it is not ours."""
        return self._until - self._monotonic()

    def call_s(self) -> float:
        """Seconds that a call may take and still end while nobody else can hold the lease."""
        return self.left_s() - self._lease_s * _MARGIN

    @property
    def taken_away(self) -> bool:
        """Whether another has it, as far as SQL has said: who cannot ask may not speak, but need not stop listening."""
        return not self._ours

    @property
    def held(self) -> bool:
        """Whether this process speaks for the workspace now."""
        return self.left_s() > 0

    def on_taken(self, callback: Callable[[], None]) -> None:
        """Call *callback* each time the lease becomes ours after it was not."""
        self._on_taken.append(callback)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Take it, keep it, and try again while another has it; given up at the end of the block."""
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._release()

    async def _keep(self) -> None:
        while True:
            try:
                await self.renew()
            except Exception:
                # Without the lease this process is silent until another takes it: that must not last for one mistake.
                log.exception("lease.broken", name=self._name)
            await asyncio.sleep(self._lease_s / 4)

    async def renew(self) -> None:
        """Take or keep the lease once."""
        asked_at = self._monotonic()  # the database counts from a later moment, so ours ends first
        was_held = self.held
        try:
            async with self._uow.across() as across:
                ours = await across.renew(ROLE, self._name, self._process, self._lease_s)
        except TransientError as error:
            log.warning("lease.not_renewed", name=self._name, error=str(error))
            return
        self._ours = ours
        self._until = asked_at + self._lease_s if ours else asked_at
        if ours and not was_held:
            log.info("lease.taken", name=self._name, process=self._process)
            for callback in self._on_taken:
                callback()
        elif was_held and not ours:
            log.warning("lease.lost", name=self._name, process=self._process)

    async def _release(self) -> None:
        if not self.held:
            return
        self._until = self._monotonic()
        try:
            async with self._uow.across() as across:
                await across.release(ROLE, self._name, self._process)
        except TransientError as error:
            log.info("lease.not_released", name=self._name, error=str(error))
