"""Replies that are changed or deleted afterwards: until the team reads one, its latest text counts."""

import asyncio
from dataclasses import replace

import pytest

from core.domain import events as ev
from core.domain.commands import ChangeReply, PostReply
from core.domain.lifecycle import Move, State
from core.domain.refs import Person
from core.domain.session import Session, transcript
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, Desk, World, next_message, start

pytestmark = pytest.mark.slow

TURN = ev.TurnStarted(agent="Ada", round=1)


def change(reply: PostReply, text: str, by: Person = ANA) -> ChangeReply:
    return ChangeReply(place=reply.place, by=by, message=reply.message, text=text)


async def at_work(desk: Desk, world: World) -> Session:
    await desk.ask(start())
    return await world.only_session()


async def said(world: World, session: Session) -> list[str]:
    """What people said, as the team reads it now."""
    async with world.uow.read(ACME) as work:
        return [line.text for line in transcript(await work.sessions.events(session.id)) if line.human][1:]


async def test_a_note_that_is_changed_in_time_is_read_as_it_was_changed(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    place = await world.place(session)
    held = await world.run(session)
    await world.record(session, held, TURN)
    note = world.reply(place, "in Frensh")
    await desk.ask(note)
    assert await desk.ask(change(note, "in French")) == []
    assert await desk.ask(change(note, "in French")) == []  # told again
    assert await said(world, session) == ["in French"]
    assert [type(event) for event in await world.events(session)].count(ev.ReplyChanged) == 1


async def test_a_note_that_is_deleted_in_time_is_not_read(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "in French")
    await desk.ask(note)
    assert await desk.ask(change(note, "")) == []
    assert await said(world, session) == []


@pytest.mark.parametrize(("text", "told"), [("in French", "as it was before you changed it"), ("", "deleted message")])
async def test_a_note_that_is_read_stays_and_the_person_is_told(desk: Desk, world: World, text: str, told: str) -> None:
    session = await at_work(desk, world)
    place = await world.place(session)
    held = await world.run(session)
    note = world.reply(place, "in Frensh")
    await desk.ask(note)
    await world.record(session, held, TURN)
    [answer] = await desk.ask(change(note, text))
    assert told in answer
    assert await said(world, session) == ["in Frensh"]


async def test_an_answer_counts_as_it_was_changed_until_a_worker_goes_on(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    await world.ask(session, await world.run(session))
    answer = world.reply(await world.place(session), "the secnd", BEN)
    await desk.ask(answer)
    assert await desk.ask(change(answer, "the second", BEN)) == []
    assert await said(world, session) == ["the second"]
    assert (await world.session(session.id)).state is State.RESUMING
    await world.claim(session)
    [told] = await desk.ask(change(answer, "the third", BEN))
    assert "before you changed it" in told
    assert await said(world, session) == ["the second"]


async def test_a_change_after_the_end_has_no_effect_and_the_person_is_told(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "in Frensh")
    await desk.ask(note)
    await world.finish(session)
    [told] = await desk.ask(change(note, "in French"))
    assert "#1 has your message as it was" in told
    await desk.ask(world.reply(note.place, "once more"))
    [told] = await desk.ask(change(note, "in French"))
    assert "#1 has your message as it was" in told, "the session that it was for, not the newest"


async def test_the_task_of_a_follow_up_stays_as_it_was_said(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    await world.finish(session)
    reply = world.reply(await world.place(session), "once more")
    await desk.ask(reply)
    [told] = await desk.ask(change(reply, "once more, in French"))
    assert "#2 has your message as it was" in told


async def test_a_note_that_is_changed_to_stop_stops(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "sotp")
    await desk.ask(note)
    [told] = await desk.ask(change(note, "Stop"))
    assert "Stopping #1" in told
    assert (await world.session(session.id)).state is State.STOPPED


async def test_a_change_that_overtakes_its_message_waits_for_it(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "in Frensh")
    assert await desk.ask(replace(change(note, "in French"), said_at=note.said_at)) == []
    await desk.ask(note)
    assert await said(world, session) == ["in French"]


async def test_a_change_whose_message_does_not_come_holds_nothing_up_for_long(
    desk: Desk, world: World, clock: SetClock
) -> None:
    session = await at_work(desk, world)
    never_heard = world.reply(await world.place(session), "in Frensh")
    await desk.ask(replace(change(never_heard, "in French"), said_at=never_heard.said_at))
    await desk.take(world.reply(never_heard.place, "with pictures"))
    clock.advance(9)
    await desk.sweep()
    assert await said(world, session) == ["with pictures"]


async def test_a_message_that_never_counted_may_be_changed_in_peace(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    unheard = PostReply(
        place=await world.place(session), by=BEN, text="", message=next_message(), said_at=world.clock.now()
    )
    before = await world.events(session)
    await desk.ask(unheard)
    assert await desk.ask(change(unheard, "words", BEN)) == []
    assert await world.events(session) == before


async def test_a_change_of_a_waiting_sessions_early_note_reaches_the_next_turn(desk: Desk, world: World) -> None:
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "in Frensh")
    await desk.ask(note)
    held = await world.run(session)
    await world.ask(session, held)
    assert await desk.ask(change(note, "in French")) == []
    assert await said(world, session) == ["in French"]
    await desk.ask(world.reply(note.place, "the second"))
    held = await world.claim(session)
    await world.record(session, held, TURN, ev.Completed(), move=Move.COMPLETE)
    assert await said(world, session) == ["in French", "the second"]


@pytest.mark.slow
async def test_a_change_and_the_turn_that_reads_the_note_at_once_never_cross(desk: Desk, world: World) -> None:
    for n in range(15):
        await desk.ask(start(f"task {n}"))
        session = (await world.sessions())[0]
        held = await world.run(session)
        note = world.reply(await world.place(session), "in Frensh")
        await desk.ask(note)
        told = len(desk.told)
        await asyncio.gather(desk.ask(change(note, "in French")), world.record(session, held, TURN))
        kinds = [type(event) for event in await world.events(session)]
        if ev.ReplyChanged in kinds:
            assert kinds.index(ev.ReplyChanged) < kinds.index(ev.TurnStarted)
            assert desk.told[told:] == []
        else:
            assert len(desk.told[told:]) == 1
        await world.record(session, held, ev.Completed(), move=Move.COMPLETE)


async def test_a_turn_that_begins_while_a_change_is_looked_at_is_seen(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker commits between the first look and the row's lock."""
    session = await at_work(desk, world)
    note = world.reply(await world.place(session), "in Frensh")
    await desk.ask(note)
    looks = iter([False, True])
    monkeypatch.setattr("core.service.changes.is_read", lambda *_: next(looks))
    [told] = await desk.ask(change(note, "in French"))
    assert "before you changed it" in told
    assert ev.ReplyChanged not in [type(event) for event in await world.events(session)]
