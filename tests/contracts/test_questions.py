"""Questions of a team: their choices, whom they are for, when they are brought up again, and what ends them."""

import asyncio
from dataclasses import replace

import pytest

from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, Person, QuestionId, UserId
from core.domain.session import Session
from core.service.recovery import sweep
from tests.conftest import NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, CHLOE, Desk, World, next_message, press, stop

CITIES = ("Oslo", "Rome", "Bern")
GONE = "This button belongs to a question that is not there any more."
TTL_S = 10 * 86_400.0


async def answers(world: World, session: Session) -> list[tuple[str, str]]:
    """Who answered what, in order."""
    happened = await world.events(session)
    return [(event.by.name, event.text) for event in happened if isinstance(event, ev.QuestionAnswered)]


async def swept(world: World) -> int:
    return await sweep(world.uow, world.clock, queue_ttl_s=TTL_S)


# --- choices


async def test_a_press_is_the_answer_and_wakes_a_worker_once(desk: Desk, world: World, queue: NotingQueue) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    queue.woken.clear()
    assert await desk.ask(press(place, question, 1, BEN)) == []
    assert (await world.session(session.id)).state is State.RESUMING
    assert (await world.events(session))[-1] == ev.QuestionAnswered(question=question.id, by=BEN, text="Rome")
    assert queue.woken == [session.id]


async def test_a_typed_reply_that_is_a_choice_or_its_number_is_that_choice(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    typed = [
        (CITIES, "2", "Rome"),
        (CITIES, " rome. ", "Rome"),
        (CITIES, "4", "4"),
        (CITIES, "Rome, or Bern", "Rome, or Bern"),
        (("2", "3", "1"), "1", "1"),  # by their words first
        (("Yes.", "No."), "yes", "Yes."),
        (("...", "No"), "👍", "👍"),
        (("10", "20"), "２", "２"),  # noqa: RUF001 - another digit
    ]
    await desk.ask(press(place, question))
    for choices, text, _ in typed:
        await world.ask(session, await world.run(await world.session(session.id)), choices=choices)
        assert await desk.ask(world.reply(place, text)) == []
    assert await answers(world, session) == [("Ana", "Oslo"), *(("Ana", counts) for _, _, counts in typed)]


async def test_files_alone_are_an_answer_and_name_no_choice(desk: Desk, world: World) -> None:
    session, place, _ = await world.waiting(desk, choices=("...", "no"))
    file = await desk.desk.keep(ACME, name="plan.txt", content=b"1", mime="text/plain")
    assert await desk.ask(replace(world.reply(place, ""), files=(file,))) == []
    [answered] = [event for event in await world.events(session) if isinstance(event, ev.QuestionAnswered)]
    assert (answered.text, answered.files) == ("", (file,))
    async with world.uow.read(ACME) as work:
        assert await work.files.of_session(session.id) == [file]


async def test_an_answer_that_is_changed_before_it_is_read_is_the_choice_that_it_names_then(
    desk: Desk, world: World
) -> None:
    session, place, _ = await world.waiting(desk, choices=CITIES)
    reply = world.reply(place, "1")
    await desk.ask(reply)
    await desk.ask(world.change(reply, "1"))  # as platforms say when they have added a preview
    assert (await answers(world, session)) == [("Ana", "Oslo")]
    assert await desk.ask(world.change(reply, "3")) == []
    assert (await world.events(session))[-1] == ev.ReplyChanged(message=reply.message, by=ANA, text="Bern")
    assert [type(event) for event in await world.events(session)].count(ev.ReplyChanged) == 1


async def test_a_press_that_names_no_choice_of_an_open_question_here_changes_nothing(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    before = await world.events(session)
    elsewhere = [
        replace(place, channel=ChannelId("C9")),
        replace(place, root=MessageId("1600000000.000100")),
        replace(place, root=None),
    ]
    forged = [press(each, question) for each in elsewhere]
    forged += [press(place, question, n) for n in (-1, 3, 99)]
    forged.append(press(place, replace(question, id=QuestionId("0" * 16))))
    for each in forged:
        assert await desk.ask(each) == [GONE]
    assert await world.events(session) == before
    assert await world.open_question(session) is not None


async def test_who_presses_too_late_is_told_who_was_first(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=CITIES)
    assert await desk.ask(press(place, question, 2, BEN)) == []
    assert await desk.ask(press(place, question, 0, CHLOE)) == ["This is already decided: Ben chose “Bern”."]
    assert await desk.ask(press(place, question, 2, BEN)) == ["This is already decided: Ben chose “Bern”."]
    assert await answers(world, session) == [("Ben", "Bern")]


async def test_a_press_under_an_earlier_question_does_not_answer_the_next(desk: Desk, world: World) -> None:
    session, place, first = await world.waiting(desk, choices=CITIES)
    await desk.ask(press(place, first, 0))
    second = await world.ask(session, await world.run(await world.session(session.id)), choices=("a", "b"))
    assert await desk.ask(press(place, first, 1)) == ["This is already decided: Ana chose “Oslo”."]
    assert await world.open_question(session) is not None
    assert await desk.ask(press(place, second, 1)) == []
    assert await answers(world, session) == [("Ana", "Oslo"), ("Ana", "b")]


# --- whom a question is for


async def test_a_question_is_answered_by_those_it_is_for(desk: Desk, world: World) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.OPERATE, Rule(users=frozenset({CHLOE.id})))
    session, place, question = await world.waiting(desk, choices=CITIES)
    await desk.ask(press(place, question, 0, BEN))
    expected = [("Ben", "Oslo")]
    for who, may_not, may in (
        (ev.Answerer.STARTER, [BEN], ANA),
        (ev.Answerer.STARTER, [BEN], CHLOE),
        (ev.Answerer.OPERATOR, [BEN, ANA], CHLOE),
    ):
        question = await world.ask(session, await world.run(await world.session(session.id)), who=who, choices=CITIES)
        for by in may_not:
            for command in (press(place, question, 0, by), world.reply(place, "Oslo", by)):
                [told] = await desk.ask(command)
                assert "This question is for Ana" in told or "Only operators" in told
        assert await world.open_question(session) is not None
        assert await desk.ask(press(place, question, 1, may)) == []
        expected.append((may.name, "Rome"))
    assert await answers(world, session) == expected


async def test_an_operator_decides_even_where_only_others_speak_to_teams(desk: Desk, world: World) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.ANSWER, Rule(users=frozenset({BEN.id})))
        await work.preferences.set_rule(Right.OPERATE, Rule(groups=frozenset({"S1"})))
    session, place, question = await world.waiting(desk, who=ev.Answerer.OPERATOR, choices=("Approve", "Deny"))
    [told] = await desk.ask(press(place, question, 0, BEN))
    assert told.startswith("Only operators")
    assert await desk.ask(replace(press(place, question, 1, CHLOE), groups=("S1",))) == []
    assert await answers(world, session) == [("Chloe", "Deny")]


# --- approvals


async def test_words_never_approve_and_whoever_writes_them_is_told_what_does(desk: Desk, world: World) -> None:
    session, place, question = await world.waiting(desk, choices=("Approve", "Deny"), approves="f" * 64)
    for words in ("Approve", "1", "approve.", "yes"):
        assert await desk.ask(world.reply(place, words)) == [
            "Noted. To approve or deny what is asked above, use its buttons."
        ]
    early = world.reply(place, "Approve", message=MessageId("1600000000.000100"))
    await desk.ask(early)
    await desk.ask(world.change(early, "Approve!"))
    assert (await world.session(session.id)).state is State.WAITING
    assert await answers(world, session) == []
    assert await desk.ask(press(place, question, 0)) == []
    assert await answers(world, session) == [("Ana", "Approve")]


async def test_the_audit_says_who_approved_what(desk: Desk, world: World) -> None:
    _, place, question = await world.waiting(desk, choices=("Approve", "Deny"), approves="f" * 64)
    await desk.ask(replace(press(place, question, 0, BEN), restricted=True))
    await desk.ask(press(place, question, 1))
    async with world.uow.read(ACME) as work:
        denied, refused, *_ = await work.audit.latest()
    assert (denied.by, denied.action, denied.subject, denied.allowed) == (ANA.id, "approval: Deny", "f" * 64, True)
    assert (refused.by, refused.action, refused.allowed) == (BEN.id, "PressChoice", False)


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
