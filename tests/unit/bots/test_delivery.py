"""One post on its way, where the platform itself takes no second one for a while: what is forgotten and what not."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import pytest

from bots.delivery import Delivery, Patience
from bots.discord import limits
from bots.lease import SenderLease
from bots.pace import Pace
from bots.ports import ChatSurface, Refusal, UnknownOutcome
from bots.repair import Repairs
from bots.sender import Sender
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain.refs import ChannelId, MessageId, Place, ProcessId, WorkspaceId
from core.errors import PermanentError, TransientError
from core.ports import Draft, Post
from tests.conftest import SetClock
from tests.support.waiting import until

GUILD = WorkspaceId("discord:1")
PLACE = Place(workspace=GUILD, channel=ChannelId("2"), root=MessageId("3"))


class LostOnTheWay(UnknownOutcome):
    """It did not come."""


class AnswerLost(UnknownOutcome):
    """It came."""


class Surface:
    """Does with each post what it is told to, and can look for those that came."""

    uploads_first = False

    def __init__(self) -> None:
        self.answers: list[Exception | None] = []
        self.came: list[str] = []  # keys

    async def post(self, place: Place, post: Post, *, content: bytes | None = None, plain: bool = False) -> MessageId:
        answer = self.answers.pop(0) if self.answers else None
        if answer is None or isinstance(answer, AnswerLost):
            self.came.append(post.key)
        if answer is not None:
            raise answer
        return MessageId(str(len(self.came)))

    async def find(self, place: Place, post: Post, since: datetime) -> MessageId | None:
        return MessageId("1") if post.key in self.came else None


class World:
    """A thread with one post to send."""

    def __init__(self, uow: SqlUnitOfWork, clock: SetClock, lease: SenderLease) -> None:
        self.uow, self.clock, self.lease, self.surface = uow, clock, lease, Surface()
        surface = cast(ChatSurface, self.surface)
        counts = Counter[str]()
        self._delivery = Delivery(
            workspace=GUILD,
            uow=uow,
            clock=clock,
            monotonic=lambda: 0.0,
            surface=surface,
            lease=lease,
            pace=Pace(limits.RATES, lambda: 0.0),
            patience=Patience(reconcile_after_s=1.0, resend_within_s=45.0),
            repairs=Repairs(workspace=GUILD, uow=uow, surface=surface, counts=counts),
            counts=counts,
        )

    async def heads(self) -> list[Post]:
        async with self.uow.read(GUILD) as work:
            return await work.posts.heads()

    async def turn(self) -> None:
        """What the sender does with the thread's first post."""
        (head,) = await self.heads()
        try:
            await self._delivery.deliver(head, PLACE)
        except TransientError:
            self.clock.advance(1.0)


@pytest.fixture
async def world(uow: SqlUnitOfWork, clock: SetClock) -> World:
    lease = SenderLease(uow=uow, name="discord:9", process=ProcessId("bots-1"), monotonic=lambda: 0.0)
    await lease.renew()
    async with uow.begin(GUILD) as work:
        thread = await work.threads.open(PLACE.channel, PLACE.root, owned=True)
        await work.posts.add(thread.id, Draft(payload={}))
    return World(uow, clock, lease)


REFUSALS: list[Any] = [
    TransientError("cannot be reached"),
    PermanentError("0 Unauthorized", reason=Refusal.DISCONNECTED),
]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_resend_that_is_refused_does_not_undo_the_attempt_before_it(world: World, refusal: Exception) -> None:
    world.surface.answers = [AnswerLost(), refusal]
    await world.turn()
    world.clock.advance(2.0)
    await world.turn()
    world.clock.advance(300.0)  # the platform knows the post no more: it has to be looked for
    await world.turn()
    assert await world.heads() == []
    assert len(world.surface.came) == 1


async def test_plain_words_in_place_of_a_refused_resend_are_looked_for_as_well(world: World) -> None:
    refusal = PermanentError("50035 Invalid Form Body", reason=Refusal.CONTENT)
    world.surface.answers = [LostOnTheWay(), refusal, AnswerLost()]
    await world.turn()
    world.clock.advance(2.0)
    await world.turn()
    world.clock.advance(300.0)
    await world.turn()
    assert await world.heads() == []
    assert len(world.surface.came) == 1


async def test_a_first_call_that_was_refused_for_now_leaves_nothing_to_look_into(world: World) -> None:
    world.surface.answers = [TransientError("not now")]
    await world.turn()
    (head,) = await world.heads()
    assert head.attempted_at is None


async def test_a_mistake_with_one_workspaces_posts_ends_no_sender(world: World) -> None:
    class Mistaken:
        mistakes = 0

        @asynccontextmanager
        async def read(self, workspace: WorkspaceId) -> AsyncIterator[SqlWork]:
            self.mistakes += 1
            if self.mistakes == 1:
                raise ValueError("a row that nobody can read")
            async with world.uow.read(workspace) as work:
                yield work

        def begin(self, workspace: WorkspaceId) -> Any:
            return world.uow.begin(workspace)

    sender = Sender(
        workspace=GUILD,
        uow=cast(Any, Mistaken()),
        clock=world.clock,
        monotonic=lambda: 0.0,
        surface=cast(ChatSurface, world.surface),
        lease=world.lease,
        pace=Pace(limits.RATES, lambda: 0.0),
        patience=Patience(reconcile_after_s=1.0),
        on_sent=lambda: None,
        poll_s=0.01,
    )
    running = asyncio.create_task(sender.run())
    try:
        await until(lambda: len(world.surface.came) == 1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
