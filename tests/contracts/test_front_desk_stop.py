"""Who may end a session, in which state, and by which way of asking."""

from dataclasses import replace

import pytest

from core.adapters.sql_engine import Database
from core.domain import events as ev
from core.domain.lifecycle import FINAL, Move, State
from core.domain.refs import ChannelId, MessageId, Person, Place
from core.ports import TOPIC_STEER
from core.service.policy import Policy
from tests.conftest import NotingBell
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, start, stop

pytestmark = pytest.mark.slow

NOTHING = "Nothing is at work here. `/agents status` shows what is, `/history` what was."
STOPPING = "Stopping #1. What was made so far stays in its thread."
AFTER = {
    State.QUEUED: State.STOPPED,
    State.BUILDING: State.STOPPING,
    State.RUNNING: State.STOPPING,
    State.WAITING: State.STOPPED,
    State.RESUMING: State.STOPPED,
}


def cannot_stop(number: int) -> str:
    return f"There is no session #{number} that you can stop. Whoever started one can, or an admin."


@pytest.mark.parametrize("state", sorted(AFTER))
@pytest.mark.parametrize(("by", "admin"), [(ANA, False), (BEN, True)], ids=["starter", "admin"])
async def test_a_session_is_stopped_in_any_state_by_its_starter_or_an_admin(
    desk: Desk, world: World, bell: NotingBell, state: State, by: Person, admin: bool
) -> None:
    await desk.ask(start())
    session = await world.only_session()
    await world.bring_to(session, state)
    bell.rings.clear()
    assert await desk.ask(stop(by, admin=admin)) == [STOPPING]
    after = await world.session(session.id)
    assert after.state is AFTER[state]
    assert await world.open_question(session) is None
    held = after.state is State.STOPPING
    assert (await world.events(session))[-1] == (ev.StopRequested(by=by) if held else ev.Stopped(by=by))
    assert ((TOPIC_STEER, session.id) in bell.rings) is held
    assert (after.owner is not None) is held


@pytest.mark.parametrize("state", [*sorted(AFTER), State.STOPPING])
async def test_nobody_else_stops_it(desk: Desk, world: World, state: State) -> None:
    await desk.ask(start())
    session = await world.only_session()
    await world.bring_to(session, state)
    before = await world.session(session.id)
    assert await desk.ask(stop(BEN)) == ["Only Ana, who started #1, an operator or an admin can stop it."]
    assert await world.session(session.id) == before


async def test_a_guest_stops_nothing(desk: Desk, world: World) -> None:
    await desk.ask(start())
    [told] = await desk.ask(replace(stop(), restricted=True))
    assert "Only full members" in told
    assert (await world.only_session()).state is State.QUEUED


async def test_a_stop_is_accepted_once(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    held = await world.run(session)
    await desk.ask(stop())
    assert await desk.ask(stop()) == ["#1 is being stopped already."]
    await world.record(session, held, ev.Stopped(by=ANA), move=Move.HALTED)
    assert await desk.ask(stop()) == [NOTHING]
    assert await desk.ask(stop(number=1)) == ["#1 has ended already."]


@pytest.mark.parametrize("word", ["stop", " STOP\n", "Stop"])
async def test_the_word_stop_alone_in_the_thread_stops(desk: Desk, world: World, word: str) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    await world.ask(session, await world.run(session))
    assert await desk.ask(world.reply(place, "stop it, please, and go on")) == []  # that is an answer
    assert await desk.ask(world.reply(place, word)) == [STOPPING]
    assert (await world.session(session.id)).state is State.STOPPED


async def test_the_word_stop_of_somebody_else_is_neither_a_stop_nor_an_answer(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    await world.ask(session, await world.run(session))
    assert await desk.ask(world.reply(place, "stop", BEN)) == [
        "Only Ana, who started #1, an operator or an admin can stop it."
    ]
    assert (await world.session(session.id)).state is State.WAITING
    assert await desk.ask(replace(world.reply(place, "stop", BEN), admin=True)) == [STOPPING]


@pytest.mark.parametrize("state", sorted(FINAL))
async def test_the_word_stop_after_the_end_starts_nothing(desk: Desk, world: World, state: State) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    await world.bring_to(session, state)
    assert await desk.ask(world.reply(place, "stop")) == ["#1 has ended already."]
    assert len(await world.sessions()) == 1


async def test_without_a_number_the_newest_own_session_of_the_channel_is_meant(desk: Desk, world: World) -> None:
    desk = Desk(uow=desk.uow, clock=desk.clock, policy=Policy(max_active_per_user=3))
    await desk.ask(start("a"))
    await desk.ask(start("b"))
    await desk.ask(start("c", BEN))
    await desk.ask(start("d", ANA, channel=ChannelId("C2")))
    await desk.ask(stop())
    assert {session.task: session.state for session in await world.sessions()} == {
        "a": State.QUEUED,
        "b": State.STOPPED,
        "c": State.QUEUED,
        "d": State.QUEUED,
    }


async def test_in_a_thread_only_its_own_session_is_meant(desk: Desk, world: World) -> None:
    await desk.ask(start())
    await world.send()
    elsewhere = Place(workspace=ACME, channel=GENERAL, root=MessageId("1600000000.000100"))
    assert await desk.ask(stop(place=elsewhere)) == [NOTHING]
    session = await world.only_session()
    assert session.state is State.QUEUED
    assert await desk.ask(stop(place=await world.place(session))) == [STOPPING]


async def test_whether_a_session_of_another_conversation_exists_is_not_told(
    desk: Desk, world: World, database: Database
) -> None:
    await desk.ask(start(channel=ChannelId("C2")))
    assert await desk.ask(stop(BEN, number=1)) == [cannot_stop(1)]
    assert await desk.ask(stop(BEN, number=2)) == [cannot_stop(2)]
    assert (await world.only_session()).state is State.QUEUED
    assert await desk.ask(stop(number=1)) == [STOPPING]
    assert (await world.only_session()).state is State.STOPPED


async def test_an_admin_stops_by_number_from_anywhere(desk: Desk, world: World) -> None:
    await desk.ask(start(channel=ChannelId("C2")))
    assert await desk.ask(stop(BEN, number=1, admin=True)) == [STOPPING]
