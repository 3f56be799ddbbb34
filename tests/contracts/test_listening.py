"""Which threads may still say something that counts, and whose post a message is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, WorkspaceId
from core.ports import Listening
from core.service.policy import Policy
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, next_message, start, stop

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


async def listening(world: World, *, ended_after_days: int | None = None) -> list[Listening]:
    ended_after = None if ended_after_days is None else world.clock.now() - ended_after_days * DAY
    async with world.uow.read(ACME) as work:
        return await work.inbox.listening(ended_after)


async def test_waiting_threads_come_first_then_those_at_work_then_the_newest_endings(
    desk: Desk, world: World, clock: SetClock
) -> None:
    desk = Desk(uow=desk.uow, clock=clock, policy=Policy(max_active_per_user=9))
    places = {}
    order = [State.COMPLETED, State.WAITING, State.RUNNING, State.STOPPED, State.QUEUED]
    for state in order:
        await desk.ask(start(str(state)))
        session = (await world.sessions())[0]
        places[state] = (await world.place(session), session.created_at)
        await world.bring_to(session, state)
        clock.advance(60)
    expected = [State.WAITING, State.QUEUED, State.RUNNING]
    unfinished = [Listening(place=places[state][0], since=places[state][1]) for state in expected]
    assert await listening(world) == unfinished
    found = await listening(world, ended_after_days=1)
    assert found[:3] == unfinished
    assert [each.place for each in found[3:]] == [places[State.STOPPED][0], places[State.COMPLETED][0]]
    clock.advance(DAY.total_seconds())
    assert await listening(world, ended_after_days=1) == unfinished


async def test_a_thread_listens_from_its_newest_session_on_and_not_before_it_has_a_root(
    desk: Desk, world: World, clock: SetClock
) -> None:
    await desk.ask(start())
    assert await listening(world, ended_after_days=1) == []
    session = await world.only_session()
    place = await world.place(session)
    await world.finish(session)
    clock.advance(60)
    await desk.ask(world.reply(place, "once more"))
    assert await listening(world, ended_after_days=1) == [Listening(place=place, since=clock.now())]


async def test_a_thread_that_is_closed_to_muster_is_not_listened_to(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    await world.place(session)
    assert session.thread is not None
    async with world.uow.begin(ACME) as work:
        await work.threads.block(session.thread, "channel_not_found")
    assert await listening(world) == []


async def test_other_workspaces_are_not_listened_to(desk: Desk, world: World) -> None:
    await desk.ask(start())
    await world.place(await world.only_session())
    async with world.uow.read(WorkspaceId("slack:T2")) as work:
        assert await work.inbox.listening() == []


async def test_a_post_of_musters_names_its_thread(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    await world.ask(session, await world.run(session))
    question = await world.open_question(session)
    assert question is not None
    assert question.message is not None
    assert place.root is not None
    async with world.uow.read(ACME) as work:
        for message in (place.root, question.message):
            thread = await work.deliveries.thread_with(GENERAL, message)
            assert thread is not None
            assert thread.id == session.thread
        assert await work.deliveries.thread_with(ChannelId("C2"), question.message) is None
        assert await work.deliveries.thread_with(GENERAL, next_message()) is None
    async with world.uow.read(WorkspaceId("slack:T2")) as work:
        assert await work.deliveries.thread_with(GENERAL, question.message) is None


async def test_a_mark_on_a_post_stops_the_session_of_its_thread_and_no_other(desk: Desk, world: World) -> None:
    await desk.ask(start("first"))
    first = await world.only_session()
    root = (await world.place(first)).root
    await desk.ask(start("second"))
    await world.send()
    [told] = await desk.ask(replace(stop(BEN), post=root))
    assert "Only Ana, who started #1" in told
    [told] = await desk.ask(replace(stop(ANA), post=root))
    assert "Stopping #1" in told
    assert [session.state for session in await world.sessions()] == [State.QUEUED, State.STOPPED]
    [told] = await desk.ask(replace(stop(ANA), post=root))
    assert "#1 has ended already" in told


async def test_a_mark_on_somebody_elses_message_means_nothing_to_muster(desk: Desk, world: World) -> None:
    await desk.ask(start())
    await world.send()
    assert await desk.ask(replace(stop(ANA), post=MessageId("1600000000.000100"))) == []
    assert await desk.ask(replace(stop(BEN), post=MessageId("1600000000.000100"), restricted=True)) == []
    assert (await world.only_session()).state is State.QUEUED
