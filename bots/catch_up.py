"""Replies that the platform told nobody of: found by reading threads again, after a gap and now and then.

Made by each platform's app, for the workspaces that one bot token serves; reads only while this process holds the
sender's lease. What it finds goes the way of what the platform tells, with the same keys, so that nothing counts twice.
Knows no platform, and never more of a thread than where it is and when it was last read.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bots.alarm import Alarm
from bots.lease import SenderLease
from bots.ports import Refusal
from core.domain.refs import Place, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import Clock, Listening, UnitOfWork

log = structlog.get_logger(__name__)

CALLS_PER_MIN = 40
_WINDOW_S = 60.0
_ROLLING_PER_MIN = 10
_ROLLING_EVERY_S = 60.0  # one thread; what is read by the minute needs no more
_FINISHED_SINCE = timedelta(hours=24)
_OVERLAP = timedelta(minutes=1)  # of two readings: clocks differ, and messages show up late
_LOOK_BACK = timedelta(days=6)
"""Requests are known again for a week: what was said before could count twice."""
_ATTEMPTS = 5
_CLOSED_S = 3_600.0  # before a thread that could not be read is tried again
_POLL_S = 3.0

Turn = Callable[[], Awaitable[None]]
"""Awaited before each call to the platform, so that there are not too many."""


class Threads(Protocol):
    """A platform's threads, to be read again."""

    async def hear_again(self, place: Place, since: datetime, turn: Turn) -> None:
        """Take each message of a person in the thread after *since* as if the platform had told of it just now.

        Raises:
            TransientError: not all could be read, or taken; may work later.
            PermanentError: the thread cannot be read; `reason` is a `Refusal`.
        """


class CatchUp:
    """When which thread is read again."""

    def __init__(
        self,
        *,
        workspaces: Callable[[], Iterable[WorkspaceId]],
        uow: UnitOfWork,
        clock: Clock,
        monotonic: Callable[[], float],
        lease: SenderLease,
        threads: Threads,
        calls_per_min: int = CALLS_PER_MIN,
        rolling_every_s: float = _ROLLING_EVERY_S,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        Args:
            workspaces: those that are served now.
            calls_per_min: to the platform, in any minute.
            rolling_every_s: how often the thread of an unfinished session is read when nothing seems to be missing.
        """
        self._workspaces = workspaces
        self._uow = uow
        self._clock = clock
        self._monotonic = monotonic
        self._lease = lease
        self._threads = threads
        self._calls_per_min = calls_per_min
        self._rolling_every_s = rolling_every_s
        self._sleep = sleep
        self._gap = False
        self._awake = Alarm()
        self._calls: deque[float] = deque(maxlen=calls_per_min)
        self._rolling: deque[Listening] = deque()
        self._refill_at = 0.0
        self._read_at: dict[Place, datetime] = {}
        self._closed_until: dict[Place, float] = {}
        self._silent_until = 0.0
        lease.on_taken(self.gap)

    def gap(self) -> None:
        """The platform may have told of something while nobody could hear it: read all threads that matter, soon."""
        self._gap = True
        self._awake.ring()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            wait_s = _POLL_S
            if self._lease.held and self._monotonic() >= self._silent_until:
                try:
                    wait_s = await (self._after_gap() if self._gap else self._roll_on())
                except TransientError as error:
                    log.warning("catch_up.cannot_read", error=str(error))
                except Exception:
                    log.exception("catch_up.broken")
            await self._awake.wait(wait_s)

    async def _after_gap(self) -> float:
        """Read what may have been missed, waiting sessions' threads first; returns the seconds until the next look."""
        listening = await self._listening(ended_after=self._clock.now() - _FINISHED_SINCE)
        self._gap = False  # a further one while we read begins anew
        left = deque((each, 0) for each in listening)
        log.info("catch_up.after_gap", threads=len(left))
        while left and self._lease.held and not self._gap:  # when it is taken again, all begins anew
            each, failures = left.popleft()
            if not await self._read(each) and failures < _ATTEMPTS:
                left.append((each, failures + 1))
        return 0.0 if self._gap else _POLL_S

    async def _roll_on(self) -> float:
        """Read the next thread of an unfinished session that is due; returns the seconds until the next look."""
        if not self._rolling and self._monotonic() >= self._refill_at:
            self._refill_at = self._monotonic() + self._rolling_every_s
            self._rolling.extend(await self._listening())
            self._forget()
        due_before = self._clock.now() - timedelta(seconds=self._rolling_every_s)
        while self._rolling:
            each = self._rolling.popleft()
            if max(each.since, self._read_at.get(each.place, each.since)) <= due_before:
                await self._read(each)
                return _WINDOW_S / _ROLLING_PER_MIN
        return _POLL_S

    async def _listening(self, ended_after: datetime | None = None) -> list[Listening]:
        found: list[Listening] = []
        for workspace in self._workspaces():
            async with self._uow.read(workspace) as work:
                found += await work.inbox.listening(ended_after)
        return found

    async def _read(self, each: Listening) -> bool:
        """Read one thread; False when it is to be tried again."""
        if self._monotonic() < max(self._closed_until.get(each.place, 0.0), self._silent_until):
            return True
        now = self._clock.now()
        since = max(each.since, self._read_at.get(each.place, each.since), now - _LOOK_BACK) - _OVERLAP
        try:
            await self._threads.hear_again(each.place, since, self._turn)
        except TransientError as error:
            log.info("catch_up.later", place=each.place.encode(), error=str(error))
            await self._sleep(error.retry_after_s)
            return False
        except PermanentError as error:
            log.info("catch_up.closed", place=each.place.encode(), error=str(error))
            self._closed_until[each.place] = self._monotonic() + _CLOSED_S
            if error.reason == Refusal.DISCONNECTED:
                self._silent_until = self._closed_until[each.place]
            return True
        except Exception:
            log.exception("catch_up.thread_broken", place=each.place.encode())
            self._closed_until[each.place] = self._monotonic() + _CLOSED_S
            return True
        self._read_at[each.place] = now
        return True

    async def _turn(self) -> None:
        """Return when one more call keeps any minute within the limit."""
        while len(self._calls) == self._calls_per_min:
            wait_s = self._calls[0] + _WINDOW_S - self._monotonic()
            if wait_s <= 0:
                break
            await self._sleep(wait_s)
        self._calls.append(self._monotonic())

    def _forget(self) -> None:
        oldest, now = self._clock.now() - _FINISHED_SINCE, self._monotonic()
        self._read_at = {place: at for place, at in self._read_at.items() if at > oldest}
        self._closed_until = {place: until for place, until in self._closed_until.items() if until > now}
