"""When a question is brought up again, when it lapses, and what wins when several things would end it at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import Person, UserId, WorkspaceId
from core.domain.session import Session
from core.service.recovery import sweep
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, CHLOE, Desk, World, next_message, press, stop

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

CITIES = ("Oslo", "Rome", "Bern")
TTL_S = 10 * 86_400.0


async def answers(world: World, session: Session) -> list[tuple[str, str]]:
    """Who answered what, in order."""
    happened = await world.events(session)
    return [(event.by.name, event.text) for event in happened if isinstance(event, ev.QuestionAnswered)]


async def swept(world: World) -> int:
    return await sweep(world.uow, world.clock, queue_ttl_s=TTL_S)


# --- deadlines and reminders


async def test_an_unanswered_question_lapses_five_seconds_after_its_deadline_and_its_default_counts(
    desk: Desk, world: World, clock: SetClock, queue: NotingQueue
) -> None:
    session, _, question = await world.waiting(desk, deadline_s=60, default="Oslo")
    clock.advance(65)
    assert await swept(world) == 0
    queue.woken.clear()
    clock.advance(1)
    assert await swept(world) == 1
    assert (await world.session(session.id)).state is State.RESUMING
    assert (await world.events(session))[-1] == ev.QuestionLapsed(question=question.id, text="Oslo")
    assert queue.woken == [session.id]
    assert await swept(world) == 0


async def test_without_a_default_the_session_expires_and_a_reply_goes_on_from_it(
    desk: Desk, world: World, clock: SetClock, queue: NotingQueue
) -> None:
    session, place, question = await world.waiting(desk, deadline_s=60, choices=CITIES)
    queue.woken.clear()
    clock.advance(66)
    assert await swept(world) == 1
    assert (await world.session(session.id)).state is State.EXPIRED
    expired = (await world.events(session))[-1]
    assert isinstance(expired, ev.Expired)
    assert "nobody answered" in expired.reason
    assert queue.woken == []
    assert await desk.ask(press(place, question, 0)) == ["Nobody answered this question in time."]
    assert await desk.ask(world.reply(place, "Oslo")) == []
    follow_up = (await world.sessions())[0]
    assert (follow_up.parent, follow_up.task) == (session.id, "Oslo")


async def test_a_reply_that_was_said_in_time_and_comes_within_the_grace_wins(
    desk: Desk, world: World, clock: SetClock
) -> None:
    session, place, _ = await world.waiting(desk, deadline_s=60, default="Oslo")
    clock.advance(64)
    assert await swept(world) == 0
    assert await desk.ask(world.reply(place, "Rome", said_before_s=5)) == []
    assert await answers(world, session) == [("Ana", "Rome")]
    clock.advance(10)
    assert await swept(world) == 0


async def test_who_wrote_before_the_default_could_be_seen_is_told_that_it_counts(
    desk: Desk, world: World, clock: SetClock
) -> None:
    session, place, question = await world.waiting(desk, deadline_s=60, default="Oslo", choices=CITIES)
    clock.advance(66)
    await swept(world)
    clock.advance(10)
    assert await desk.ask(world.reply(place, "Rome", BEN, said_before_s=11)) == [
        "Nobody had answered the question in time, so “Oslo” counts. "
        "The team gets your message as a note, at its next turn."
    ]
    assert await desk.ask(world.reply(place, "by the way", BEN)) == []  # Ben has read what counts
    assert await desk.ask(press(place, question, 1, BEN)) == ["Nobody answered this question in time."]
    assert (await world.events(session))[-2:] == [
        ev.NoteGiven(by=BEN, text="Rome"),
        ev.NoteGiven(by=BEN, text="by the way"),
    ]


async def test_an_open_question_is_brought_up_again_once(desk: Desk, world: World, clock: SetClock) -> None:
    session, place, question = await world.waiting(desk, remind_s=3_600)
    clock.advance(3_600)
    await swept(world)
    reminded = ev.QuestionReminded(question=question.id)
    assert reminded not in await world.events(session)
    for _ in range(3):
        clock.advance(3_600)
        await asyncio.gather(swept(world), swept(world))
    assert (await world.events(session)).count(reminded) == 1
    assert (await world.session(session.id)).state is State.WAITING
    assert await desk.ask(world.reply(place, "Oslo")) == []


async def test_a_question_that_is_closed_is_neither_brought_up_again_nor_lapses(
    desk: Desk, world: World, clock: SetClock
) -> None:
    answered, place, question = await world.waiting(desk, "a", remind_s=60, deadline_s=600, choices=CITIES)
    await desk.ask(press(place, question))
    stopped, _, _ = await world.waiting(desk, "b", remind_s=60, deadline_s=600, default="x")
    await desk.ask(stop(number=stopped.number))
    before = [await world.events(each) for each in (answered, stopped)]
    clock.advance(3_600)
    assert await swept(world) == 0
    assert [await world.events(each) for each in (answered, stopped)] == before


async def test_a_stop_withdraws_the_question_and_a_late_press_is_told(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    await desk.ask(stop(number=session.number))
    assert await world.open_question(session) is None
    assert await desk.ask(press(place, question, 0)) == ["This question is no longer open."]
    assert (await world.session(session.id)).state is State.STOPPED
    assert await answers(world, session) == []


# --- races


@pytest.mark.slow
async def test_of_press_reply_stop_and_deadline_at_once_one_decides_and_the_presser_is_told(
    desk: Desk, other_desk: Desk, world: World, clock: SetClock
) -> None:
    too_late = ("This question is no longer open", "This is already decided", "Nobody answered this question in time")
    for n in range(8):
        by = Person(id=UserId(f"U{n}0"), name=f"P{n}")
        session, place, question = await world.waiting(
            desk, f"task {n}", by=by, choices=CITIES, deadline_s=1, default="lapsed"
        )
        clock.advance(7)
        for each in (desk, other_desk):
            each.told.clear()
            each.told_later.clear()
        racers = [
            desk.take(press(place, question, 0, BEN)),
            other_desk.take(world.reply(place, "typed", CHLOE)),
            sweep(other_desk.uow, clock, queue_ttl_s=TTL_S),
            desk.take(stop(by, number=session.number)),
        ]
        await asyncio.gather(*racers[n % 4 :], *racers[: n % 4])
        await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
        happened = await world.events(session)
        decided = [event for event in happened if isinstance(event, ev.QuestionAnswered | ev.QuestionLapsed)]
        assert len(decided) <= 1
        assert await world.open_question(session) is None
        assert [type(event) for event in happened].count(ev.Stopped) == 1
        pressed = ev.QuestionAnswered(question=question.id, by=BEN, text="Oslo")
        said = [text for each in (desk, other_desk) for text in [*each.told, *(late[2] for late in each.told_later)]]
        assert sum(text.startswith(too_late) for text in said) == (decided != [pressed])
        for follow_up in (other for other in await world.sessions() if other.parent == session.id):
            await desk.ask(stop(CHLOE, number=follow_up.number))


async def test_two_presses_at_once_are_one_answer(desk: Desk, other_desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    await asyncio.gather(desk.take(press(place, question, 0, BEN)), other_desk.take(press(place, question, 1, CHLOE)))
    await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
    [(name, text)] = await answers(world, session)
    told = desk.told + other_desk.told + [text for _, _, text in desk.told_later + other_desk.told_later]
    assert told == [f"This is already decided: {name} chose “{text}”."]


async def test_a_press_that_is_delivered_twice_counts_once(desk: Desk, other_desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    order = next_message()
    for each in (desk, desk, other_desk):
        await each.take(press(place, question), key="the press", order=order)
        await each.desk.drain()
    assert desk.told == other_desk.told == []
    assert await answers(world, session) == [("Ana", "Oslo")]


async def test_a_sweep_that_was_frozen_lapses_nothing_of_what_is_asked_since(
    desk: Desk, world: World, clock: SetClock, database: Database
) -> None:
    """It had found the first question overdue; meanwhile that was answered, and the team asks another."""
    session, place, first = await world.waiting(desk, choices=CITIES, deadline_s=1, default="Oslo")
    clock.advance(7)

    class Frozen(SqlUnitOfWork):
        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, **how: Any) -> AsyncIterator[SqlWork]:
            await desk.ask(press(place, first, 1))
            await world.ask(session, await world.run(await world.session(session.id)), "And then?")
            async with super().begin(workspace, **how) as work:
                yield work

    frozen = Frozen(database, clock, NotingBell(), NotingQueue())
    assert await sweep(frozen, clock, queue_ttl_s=TTL_S) == 0
    assert await answers(world, session) == [("Ana", "Rome")]
    assert (await world.session(session.id)).state is State.WAITING
    assert await world.open_question(session) is not None


async def test_what_ends_a_question_ends_it_once(desk: Desk, world: World) -> None:
    session, _, question = await world.waiting(desk, remind_s=60)
    async with world.uow.begin(ACME) as work:
        assert [await work.questions.reminded(question.id) for _ in range(2)] == [True, False]
        assert await work.questions.lapse(question.id)
        assert not await work.questions.lapse(question.id)
        assert not await work.questions.answer(question.id, ANA, "too late", None)
        assert await work.questions.last_answer(session.id) is None
        assert await work.questions.last_lapsed(session.id) is not None
        await work.questions.withdraw(session.id)
        assert await work.questions.last_lapsed(session.id) is not None
