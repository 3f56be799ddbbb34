"""One post on its way to the platform: note the attempt, call, note the result.

Called by the sender, one post of a thread at a time. An attempt without a result is looked for on the platform before
anything is sent again; what the platform refuses is never sent again as it was. Knows no platform.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bots import replies
from bots.lease import SenderLease
from bots.pace import EDIT, POST, READ, UPLOAD, Pace
from bots.ports import ChatSurface, Refusal, UnknownOutcome
from bots.repair import Repairs
from core.domain.refs import BlobHash, MessageId, Place, ThreadId, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import Answer, Clock, Post, UnitOfWork

log = structlog.get_logger(__name__)

_PROBE_AFTER_S = 3_600.0
_FRESH_FILE_TRIES = 4
_BACK_OFF_S = (5.0, 300.0)
_BACK_OFF_FROM = 3
_NOTE_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Times that differ by platform, and that tests shorten."""

    reconcile_after_s: float  # before a post whose outcome is unknown is looked into
    resend_within_s: float = 0.0  # for so long the platform knows a post that it has taken, and takes no second one
    repair_after_s: float = 60.0
    call_s: float = 15.0


class Delivery:
    """Delivers posts of one workspace; keeps what must be known from one call to the next."""

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
        repairs: Repairs,
        counts: Counter[str],
    ) -> None:
        self._workspace = workspace
        self._uow = uow
        self._clock = clock
        self._monotonic = monotonic
        self._surface = surface
        self._lease = lease
        self._pace = pace
        self._patience = patience
        self._repairs = repairs
        self._counts = counts
        self._refusals: Counter[tuple[ThreadId, int]] = Counter()
        self._unanswered = 0  # calls in a row without an answer

    async def deliver(self, post: Post, place: Place) -> None:
        """Bring *post* one step on: sent, blocked, given up, or with an unknown outcome to look into later.

        Raises:
            TransientError: nothing was done that cannot be done again after `retry_after_s`.
        """
        resending = self._may_resend(post)
        try:
            if post.attempted_at is not None and not resending and await self._arrived(post, place):
                return
            content = None
            if post.draft.blob is not None and not self._surface.uploads_first:
                content = await self._content(post.draft.blob)
            elif post.draft.blob is not None and post.file is None:
                post = await self._with_file(post, await self._content(post.draft.blob))
            await self._send(post, place, content=content, resending=resending)
        except PermanentError as error:
            await self._refused(post, place, error, resending=resending)

    def _may_resend(self, post: Post) -> bool:
        """Whether a call was made whose outcome is unknown, and the platform sees to it that the post is there once."""
        window = timedelta(seconds=self._patience.resend_within_s)
        return post.attempted_at is not None and self._clock.now() - post.attempted_at < window

    async def _arrived(self, post: Post, place: Place) -> bool:
        """Look for a post whose outcome is unknown; notes it as sent if it is there."""
        assert post.attempted_at is not None
        try:
            async with asyncio.timeout(self._patience.call_s):
                message = await self._surface.find(place, post, post.attempted_at)
        except TimeoutError:
            raise TransientError("no answer when looking for a post", retry_after_s=5.0) from None
        except TransientError as error:
            self._pace.pause(READ, error.retry_after_s)
            raise
        except PermanentError as error:
            if error.reason != Refusal.READ_DENIED:
                raise
            self._count("possible_duplicates", post)
            return False
        if message is None:
            self._count("resent", post)
            self._repairs.plan(post.thread, post.attempted_at, self._monotonic() + self._patience.repair_after_s)
            return False
        self._count("reconciled", post)
        await self._note_sent(post, message)
        return True

    async def _content(self, blob: BlobHash) -> bytes:
        async with self._uow.read(self._workspace) as work:
            content = await work.files.content(blob)
        if content is None:
            raise PermanentError("the bytes are gone", reason=Refusal.CONTENT)
        return content

    async def _with_file(self, post: Post, content: bytes) -> Post:
        try:
            async with asyncio.timeout(self._budget_s()):
                file = await self._surface.upload(post, content)
        except TimeoutError:
            raise TransientError("the upload took too long", retry_after_s=5.0) from None
        except TransientError as error:
            self._pace.pause(UPLOAD, error.retry_after_s)
            raise
        async with self._uow.begin(self._workspace) as work:
            return await work.posts.uploaded(post, file)

    def _budget_s(self) -> float:
        """How long a call may take so that it ends while nobody else can have the lease.

        Raises:
            TransientError: there is no time left.
        """
        left_s = self._lease.call_s()
        if left_s <= 0:
            raise TransientError("the lease runs out")
        return min(left_s, self._patience.call_s)

    async def _send(
        self, post: Post, place: Place, *, resending: bool, content: bytes | None = None, plain: bool = False
    ) -> None:
        self._budget_s()
        if not resending:  # else the first attempt still counts, also when nothing comes of this one
            async with self._uow.begin(self._workspace) as work:
                post = await work.posts.attempt(post)
        try:
            # Asked for again: the process may have stood still since, and another may have taken over.
            async with asyncio.timeout(self._budget_s()):
                message = await self._surface.post(place, post, content=content, plain=plain)
        except (UnknownOutcome, TimeoutError) as error:
            self._note_unanswered(post, error)
            return
        except TransientError as error:
            if self._lease.call_s() <= 0:
                raise  # the attempt may be another process's by now
            self._count("limited", post)
            self._pace.pause(POST, error.retry_after_s)
            if not resending:
                await self._retract(post)
            raise
        except PermanentError:
            if not resending:
                await self._retract(post)
            raise
        self._unanswered = 0
        if not self._lease.held:  # frozen in the call: somebody else may have sent it meanwhile
            self._repairs.plan(post.thread, self._clock.now(), self._monotonic() + self._patience.repair_after_s)
        await self._note_sent(post, message)

    def _note_unanswered(self, post: Post, error: Exception) -> None:
        self._unanswered += 1
        log.warning("sender.outcome_unknown", thread=post.thread, n=post.n, error=str(error) or type(error).__name__)
        if self._unanswered >= _BACK_OFF_FROM:
            shortest_s, longest_s = _BACK_OFF_S
            back_off_s = min(longest_s, shortest_s * 2 ** (self._unanswered - _BACK_OFF_FROM))
            self._pace.pause(POST, back_off_s * random.uniform(0.8, 1.2))

    async def _retract(self, post: Post) -> None:
        async with self._uow.begin(self._workspace) as work:
            await work.posts.retract(post)

    async def _note_sent(self, post: Post, message: MessageId) -> None:
        for attempt in range(1, _NOTE_TRIES + 1):
            try:
                async with self._uow.begin(self._workspace) as work:
                    await work.posts.sent(post, message)
                break
            except TransientError:
                if attempt == _NOTE_TRIES:
                    raise  # the next turn finds it on the platform
                await asyncio.sleep(0.2 * attempt)
        self._refusals.pop((post.thread, post.n), None)
        self._count("sent", post)

    async def _refused(self, post: Post, place: Place, error: PermanentError, *, resending: bool) -> None:
        match error.reason:
            case Refusal.THREAD_GONE:
                await self._block(post, place, str(error))
            case Refusal.DISCONNECTED:
                log.error("sender.disconnected", workspace=self._workspace, error=str(error))
                for kind in (POST, EDIT, UPLOAD, READ):
                    self._pace.pause(kind, _PROBE_AFTER_S)
            case _:
                await self._refused_content(post, place, error, resending=resending)

    async def _refused_content(self, post: Post, place: Place, error: PermanentError, *, resending: bool) -> None:
        self._refusals[post.thread, post.n] += 1
        tries = self._refusals[post.thread, post.n]
        if post.file is not None and tries <= _FRESH_FILE_TRIES:
            raise TransientError(f"{error}: a fresh file may need a moment", retry_after_s=float(2 ** (tries - 1)))
        log.warning("sender.refused", thread=post.thread, n=post.n, error=str(error))
        try:
            await self._send(post, place, resending=resending, plain=True)
        except PermanentError as again:
            if again.reason in (Refusal.THREAD_GONE, Refusal.DISCONNECTED):
                await self._refused(post, place, again, resending=resending)
                return
            self._count("given_up", post)
            async with self._uow.begin(self._workspace) as work:
                await work.posts.give_up(post, str(again))

    async def _block(self, post: Post, place: Place, reason: str) -> None:
        log.warning("sender.thread_gone", thread=post.thread, reason=reason)
        async with self._uow.begin(self._workspace) as work:
            await work.threads.block(post.thread, reason)
            session = await work.sessions.get(post.draft.session) if post.draft.session else None
        if session is None:
            return
        try:
            answer = Answer(text=replies.cannot_post(session.number, reason))
            await self._surface.tell(place, session.starter.id, answer)
        except (PermanentError, TransientError, UnknownOutcome) as error:
            log.info("sender.starter_not_told", session=session.id, error=str(error))

    def _count(self, what: str, post: Post) -> None:
        self._counts[what] += 1
        if what != "sent":
            log.info(f"sender.{what}", thread=post.thread, n=post.n)
