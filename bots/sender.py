"""The outbox onto the platform, each message once: decides which post goes next, and when.

Run by each bots process for its workspaces; works only while it holds the lease. A thread's posts go in order, one at
a time; across threads questions and endings go first, then who waited longest. Knows no platform; fixes no content.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import structlog

from bots.alarm import Alarm
from bots.delivery import Delivery, Patience
from bots.lease import SenderLease
from bots.pace import READ, UPLOAD, Lane, Pace
from bots.ports import ChatSurface
from bots.repair import Repairs
from core.domain.refs import Place, ThreadId, WorkspaceId
from core.errors import TransientError
from core.ports import Clock, Post, Thread, UnitOfWork

__all__ = ["Patience", "Sender"]

log = structlog.get_logger(__name__)

_AT_ONCE = 16
_BROKEN_AFTER_S = 30.0
_TURNS_KEPT = 2_000
_LAST_CALLS_S = 3.0


class Sender:
    """Sends one workspace's posts."""

    def __init__(
        self,
        *,
        workspace: WorkspaceId,
        uow: UnitOfWork,
        clock: Clock,
        monotonic: Callable[[], float],
        surface: ChatSurface,
        lease: SenderLease,
        pace: Pace,
        patience: Patience,
        on_sent: Callable[[], None],
        poll_s: float,
    ) -> None:
        """
        Args:
            on_sent: called after each turn of a thread; more may be fixed for it now.
        """
        self._workspace = workspace
        self._uow = uow
        self._clock = clock
        self._monotonic = monotonic
        self._lease = lease
        self._pace = pace
        self._poll_s = poll_s  # when nobody rings
        self._patience = patience
        self._on_sent = on_sent
        self._awake = Alarm()
        self._at_work: dict[ThreadId, asyncio.Task[None]] = {}
        self._not_before: dict[ThreadId, float] = {}
        self._last_turn: dict[ThreadId, float] = {}
        self._new_term = False
        self.counts: Counter[str] = Counter()
        """`sent`, `reconciled`, `resent`, `possible_duplicates`, `duplicates_repaired`, `given_up`, `limited`."""
        self._repairs = Repairs(workspace=workspace, uow=uow, surface=surface, counts=self.counts)
        self._delivery = Delivery(
            workspace=workspace,
            uow=uow,
            clock=clock,
            monotonic=monotonic,
            surface=surface,
            lease=lease,
            pace=pace,
            patience=patience,
            repairs=self._repairs,
            counts=self.counts,
        )
        lease.on_taken(self._taken)

    def wake(self) -> None:
        """There may be something to send."""
        self._awake.ring()

    async def run(self) -> None:
        """Send until cancelled; then calls under way get a moment to end, so that nobody must look into them."""
        try:
            while True:
                try:
                    wait_s = await self._start_due() if self._lease.held else self._poll_s
                except TransientError as error:
                    log.warning("sender.cannot_read", workspace=self._workspace, error=str(error))
                    wait_s = self._poll_s
                except Exception:
                    # One workspace's mistake must not end what the bot does for all others.
                    log.exception("sender.broken", workspace=self._workspace)
                    wait_s = self._poll_s
                await self._awake.wait(min(wait_s, self._poll_s))
        finally:
            if self._at_work:
                _, unfinished = await asyncio.wait(self._at_work.values(), timeout=_LAST_CALLS_S)
                for task in unfinished:
                    task.cancel()
                await asyncio.gather(*unfinished, return_exceptions=True)

    def _taken(self) -> None:
        self._new_term = True
        self.wake()

    async def _start_due(self) -> float:
        """Start what is due; returns the seconds until the next may be."""
        async with self._uow.read(self._workspace) as work:
            heads = [head for head in await work.posts.heads() if head.thread not in self._at_work]
            threads = await work.threads.get_all({head.thread for head in heads})
        now = self._monotonic()
        self._begin_term(heads, now)
        soonest_s = self._repairs.start_due(now)
        for head in sorted(heads, key=self._precedence):
            thread = threads.get(head.thread)
            if thread is None:
                continue
            if len(self._at_work) >= _AT_ONCE:
                break
            lane = self._pace.lane(thread.channel, thread.root)
            wait_s = self._wait_s(head, lane, now)
            if wait_s > 0:
                soonest_s = min(soonest_s, wait_s)
                continue
            self._pace.posted(lane)
            self._last_turn[head.thread] = now
            self._at_work[head.thread] = asyncio.create_task(self._turn(head, thread))
        return soonest_s

    def _begin_term(self, heads: list[Post], now: float) -> None:
        """After taking over: whoever had the lease before may still be sending what it had begun."""
        if self._new_term:
            self._new_term = False
            for head in heads:
                if head.attempted_at is not None:
                    self._repairs.plan(head.thread, head.attempted_at, now + self._patience.repair_after_s)
        if len(self._last_turn) > _TURNS_KEPT:
            self._last_turn = dict(sorted(self._last_turn.items(), key=lambda turn: turn[1])[-_TURNS_KEPT // 2 :])

    def _precedence(self, post: Post) -> tuple[bool, float]:
        return (not post.draft.urgent, self._last_turn.get(post.thread, 0.0))

    def _wait_s(self, post: Post, lane: Lane, now: float) -> float:
        wait_s = max(self._not_before.get(post.thread, 0.0) - now, self._pace.post_wait_s(lane))
        if post.attempted_at is not None:
            known_from = post.attempted_at + timedelta(seconds=self._patience.reconcile_after_s)
            wait_s = max(wait_s, (known_from - self._clock.now()).total_seconds(), self._pace.wait_s(READ))
        elif post.draft.blob is not None and post.file is None:
            wait_s = max(wait_s, self._pace.wait_s(UPLOAD))
        return wait_s

    async def _turn(self, post: Post, thread: Thread) -> None:
        place = Place(workspace=self._workspace, channel=thread.channel, root=thread.root)
        try:
            await self._delivery.deliver(post, place)
            self._not_before.pop(post.thread, None)
        except TransientError as error:
            log.info("sender.later", thread=post.thread, n=post.n, error=str(error))
            self._not_before[post.thread] = self._monotonic() + error.retry_after_s
        except Exception:
            log.exception("sender.broken", thread=post.thread, n=post.n)
            self._not_before[post.thread] = self._monotonic() + _BROKEN_AFTER_S
        finally:
            del self._at_work[post.thread]
            self.wake()
            self._on_sent()
