"""What becomes of a message in a thread: an answer, a note, a follow-up, or nothing."""

import asyncio
from dataclasses import replace

import pytest

from core.adapters.sql_engine import Database
from core.domain import events as ev
from core.domain.lifecycle import FINAL, State
from core.domain.refs import MessageId, Person, Place
from core.domain.session import Session
from core.service.policy import MAX_TASK_CHARS
from tests.conftest import NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, CHLOE, GENERAL, Desk, World, next_message, start, stop

ELSEWHERE = Place(workspace=ACME, channel=GENERAL, root=MessageId("1600000000.000100"))
NOT_WORDS = "There is nothing in it that I can read: please write your reply, or attach a file."


async def at_work(desk: Desk, world: World, task: str = "count") -> tuple[Session, Place]:
    """A session that Ana started, and its place."""
    await desk.ask(start(task))
    session = (await world.sessions())[0]
    return session, await world.place(session)


async def test_a_reply_answers_the_question_and_wakes_a_worker_once(
    desk: Desk, world: World, queue: NotingQueue
) -> None:
    session, place = await at_work(desk, world)
    question = await world.ask(session, await world.run(session))
    queue.woken.clear()
    assert await desk.ask(world.reply(place, "the second", BEN)) == []
    after = await world.session(session.id)
    assert (after.state, after.owner) == (State.RESUMING, None)
    assert await world.open_question(session) is None
    answer = ev.QuestionAnswered(question=question.id, by=BEN, text="the second")
    assert (await world.events(session))[-1] == answer
    assert queue.woken == [session.id]


async def test_a_message_from_before_the_question_is_a_note(desk: Desk, world: World) -> None:
    session, place = await at_work(desk, world)
    early = next_message()
    await world.ask(session, await world.run(session))
    assert await desk.ask(world.reply(place, "wait", message=early)) == []
    assert (await world.session(session.id)).state is State.WAITING
    assert await world.open_question(session) is not None
    assert (await world.events(session))[-1] == ev.NoteGiven(by=ANA, text="wait")


async def test_a_reply_counts_from_when_the_question_may_be_visible(desk: Desk, world: World, clock: SetClock) -> None:
    """The question's post has left, and whether it arrived is not known yet."""
    session, place = await at_work(desk, world)
    await world.ask(session, await world.run(session), sent=False)
    await desk.ask(world.reply(place, "nobody can have read it"))
    assert (await world.session(session.id)).state is State.WAITING
    async with world.uow.begin(ACME) as work:
        [head] = await work.posts.heads()
        await work.posts.attempt(head)
    await desk.ask(world.reply(place, "typed before", said_before_s=1))
    assert (await world.session(session.id)).state is State.WAITING
    clock.advance(1)
    await desk.ask(world.reply(place, "typed after"))
    assert (await world.session(session.id)).state is State.RESUMING


@pytest.mark.parametrize("state", [State.QUEUED, State.BUILDING, State.RUNNING, State.RESUMING])
async def test_a_reply_while_the_team_works_is_a_note(desk: Desk, world: World, state: State) -> None:
    session, place = await at_work(desk, world)
    await world.bring_to(session, state)
    assert await desk.ask(world.reply(place, "in French, please", BEN)) == []
    assert (await world.session(session.id)).state is state
    assert (await world.events(session))[-1] == ev.NoteGiven(by=BEN, text="in French, please")


@pytest.mark.parametrize("state", sorted(FINAL))
async def test_a_reply_after_the_end_opens_a_session_that_knows_the_last_one(
    desk: Desk, world: World, state: State, queue: NotingQueue
) -> None:
    session, place = await at_work(desk, world)
    await world.bring_to(session, state)
    assert await desk.ask(world.reply(place, "now in French", BEN)) == []
    after, before = await world.sessions()
    assert before.id == session.id
    assert (after.parent, after.thread, after.starter, after.number) == (session.id, session.thread, BEN, 2)
    assert await world.events(after) == [ev.TaskGiven(task="now in French", by=BEN, parent=session.id)]
    assert await world.unsent() == []  # the thread has its card
    assert queue.woken[-1] == after.id
    assert await desk.ask(world.reply(place, "and shorter")) == []
    assert (await world.events(after))[-1] == ev.NoteGiven(by=ANA, text="and shorter")


async def test_a_follow_up_is_held_to_the_same_limits(desk: Desk, world: World) -> None:
    session, place = await at_work(desk, world)
    await world.finish(session)
    [told] = await desk.ask(world.reply(place, "x" * (MAX_TASK_CHARS + 1)))
    assert "10,000 characters at most" in told
    await desk.ask(start("b"))
    await desk.ask(start("c"))
    [told] = await desk.ask(world.reply(place, "once more"))
    assert "You have 2 sessions at work already" in told


async def test_the_second_of_two_repliers_is_told_who_was_first(desk: Desk, world: World, clock: SetClock) -> None:
    session, place = await at_work(desk, world)
    question = await world.ask(session, await world.run(session))
    assert await desk.ask(world.reply(place, "yes", BEN)) == []
    [told] = await desk.ask(world.reply(place, "no", CHLOE))
    assert told == ("The question is already answered by Ben. The team gets your message as a note, at its next turn.")
    assert await desk.ask(world.reply(place, "yes, and quickly", BEN)) == []
    clock.advance(5)
    assert await desk.ask(world.reply(place, "by the way", CHLOE)) == []  # Chloe has read Ben's answer
    assert (await world.events(session))[-4:] == [
        ev.QuestionAnswered(question=question.id, by=BEN, text="yes"),
        ev.NoteGiven(by=CHLOE, text="no"),
        ev.NoteGiven(by=BEN, text="yes, and quickly"),
        ev.NoteGiven(by=CHLOE, text="by the way"),
    ]


async def test_a_reply_while_the_session_is_being_stopped_is_refused(desk: Desk, world: World) -> None:
    session, place = await at_work(desk, world)
    await world.bring_to(session, State.STOPPING)
    [told] = await desk.ask(world.reply(place, "wait"))
    assert told == "#1 is being stopped. Reply again when it has ended, to go on from there."
    assert ev.NoteGiven(by=ANA, text="wait") not in await world.events(session)


async def test_guests_may_read_along_and_that_is_all(desk: Desk, world: World) -> None:
    session, place = await at_work(desk, world)
    await world.ask(session, await world.run(session))
    [told] = await desk.ask(replace(world.reply(place, "yes"), restricted=True))
    assert "Only full members" in told
    assert (await world.session(session.id)).state is State.WAITING


@pytest.mark.parametrize("text", ["", " \n"])
async def test_an_attachment_alone_asks_for_words_and_leaves_the_question_open(
    desk: Desk, world: World, text: str
) -> None:
    session, place = await at_work(desk, world)
    await world.ask(session, await world.run(session))
    before = await world.events(session)
    assert await desk.ask(world.reply(place, text)) == [NOT_WORDS]
    assert (await world.session(session.id)).state is State.WAITING
    assert await world.events(session) == before


@pytest.mark.parametrize("text", ["👍", "語", "x" * 40_000, "<@U2> &amp; ```code```"], ids=len)
async def test_an_answer_may_have_any_form(desk: Desk, world: World, text: str) -> None:
    session, place = await at_work(desk, world)
    question = await world.ask(session, await world.run(session))
    assert await desk.ask(world.reply(place, text)) == []
    assert (await world.events(session))[-1] == ev.QuestionAnswered(question=question.id, by=ANA, text=text)


# --- other people's threads


async def test_a_message_in_an_unknown_thread_is_no_business_of_musters(desk: Desk, world: World) -> None:
    assert await desk.ask(world.reply(ELSEWHERE, "hello")) == []
    assert await world.sessions() == []


async def test_a_mention_in_an_unknown_thread_starts_a_session_there(desk: Desk, world: World) -> None:
    assert await desk.ask(replace(world.reply(ELSEWHERE, "sum this up"), addressed=True)) == []
    session = await world.only_session()
    assert (session.task, session.parent) == ("sum this up", None)
    assert await world.place(session) == ELSEWHERE
    assert desk.conversations.admitted == []  # it was there to hear it


@pytest.mark.parametrize(("restricted", "text"), [(True, "sum this up"), (False, " ")])
async def test_a_mention_is_refused_like_any_start(desk: Desk, world: World, restricted: bool, text: str) -> None:
    mention = replace(world.reply(ELSEWHERE, text), addressed=True, restricted=restricted)
    assert len(await desk.ask(mention)) == 1
    assert await world.sessions() == []


async def test_in_a_thread_of_other_people_only_what_is_addressed_counts(desk: Desk, world: World) -> None:
    await desk.ask(replace(world.reply(ELSEWHERE, "sum this up"), addressed=True))
    session = await world.only_session()
    await world.send()
    await world.ask(session, await world.run(session))
    for text in ("yes", "", "stop"):
        assert await desk.ask(world.reply(ELSEWHERE, text)) == []
    assert (await world.session(session.id)).state is State.WAITING
    await desk.ask(replace(world.reply(ELSEWHERE, "yes"), addressed=True))
    assert (await world.session(session.id)).state is State.RESUMING


async def test_a_reply_under_a_root_post_whose_id_is_not_known_yet_is_kept(
    desk: Desk, world: World, clock: SetClock
) -> None:
    """The post is visible, and the process that sent it died before it could say so."""
    await desk.ask(start())
    session = await world.only_session()
    root = next_message()
    place = Place(workspace=ACME, channel=GENERAL, root=root)
    async with world.uow.begin(ACME) as work:
        [head] = await work.posts.heads()
        attempted = await work.posts.attempt(head)
    await desk.ask(world.reply(place, "in French, please"))
    await desk.ask(replace(world.reply(place, "@Muster and short"), addressed=True))
    assert len(await world.sessions()) == 1
    async with world.uow.begin(ACME) as work:
        await work.posts.sent(attempted, root)
    clock.advance(6)
    await desk.sweep()
    assert (await world.events(session))[1:] == [
        ev.NoteGiven(by=ANA, text="in French, please"),
        ev.NoteGiven(by=ANA, text="@Muster and short"),
    ]


async def test_a_root_post_that_never_arrives_holds_up_no_reply_for_ever(
    desk: Desk, world: World, clock: SetClock, database: Database
) -> None:
    await desk.ask(start())
    async with world.uow.begin(ACME) as work:
        [head] = await work.posts.heads()
        attempted = await work.posts.attempt(head)
    mention = replace(world.reply(ELSEWHERE, "sum this up", BEN), addressed=True)
    await desk.ask(mention)
    assert len(await world.sessions()) == 1
    async with world.uow.begin(ACME) as work:
        await work.posts.give_up(attempted, "channel_not_found")
    clock.advance(6)
    await desk.sweep()
    assert len(await world.sessions()) == 2


# --- order and races


async def test_messages_of_one_thread_are_carried_out_in_the_platforms_order(
    desk: Desk, world: World, clock: SetClock
) -> None:
    session, place = await at_work(desk, world)
    replies = [world.reply(place, str(n), Person(id=BEN.id, name="Ben")) for n in range(5)]
    async with world.uow.begin(ACME) as work:
        for reply in (replies[n] for n in (3, 0, 4, 2, 1)):
            await work.inbox.put(reply, dedupe_key=reply.message, order=reply.message)
    clock.advance(6)
    await desk.sweep()
    notes = [event.text for event in await world.events(session) if isinstance(event, ev.NoteGiven)]
    assert notes == ["0", "1", "2", "3", "4"]


@pytest.mark.slow
async def test_one_of_two_answers_at_once_wins_and_the_other_person_is_told(
    desk: Desk, other_desk: Desk, world: World, clock: SetClock
) -> None:
    def times_told() -> int:
        return sum(len(each.told) + len(each.told_later) for each in (desk, other_desk))

    session, place = await at_work(desk, world)
    for n in range(20):
        clock.advance(1)
        question = await world.ask(session, await world.run(await world.session(session.id)))
        await asyncio.gather(
            desk.take(world.reply(place, "yes", BEN)), other_desk.take(world.reply(place, "no", CHLOE))
        )
        await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
        answers = [
            event
            for event in await world.events(session)
            if isinstance(event, ev.QuestionAnswered) and event.question == question.id
        ]
        assert len(answers) == 1
        assert times_told() == n + 1
        assert (await world.session(session.id)).state is State.RESUMING


@pytest.mark.slow
async def test_answer_and_stop_at_once_leave_one_winner_and_nobody_without_word(
    desk: Desk, other_desk: Desk, world: World
) -> None:
    for n in range(25):
        session, place = await at_work(desk, world, f"task {n}")
        question = await world.ask(session, await world.run(session))
        told = len(other_desk.told)
        await asyncio.gather(desk.take(world.reply(place, "yes", BEN)), other_desk.take(stop(number=session.number)))
        await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
        after = await world.session(session.id)
        events = await world.events(session)
        assert after.state is State.STOPPED
        assert await world.open_question(session) is None
        assert [type(event) for event in events].count(ev.Stopped) == 1
        assert other_desk.told[told:] == [f"Stopping #{session.number}. What was made so far stays in its thread."]
        follow_ups = [other for other in await world.sessions() if other.parent == session.id]
        async with world.uow.read(ACME) as work:
            won = await work.questions.last_answer(session.id)
        if won is not None:  # then stopped while it waited for a worker
            assert events[-2:] == [ev.QuestionAnswered(question=question.id, by=BEN, text="yes"), ev.Stopped(by=ANA)]
            assert follow_ups == []
        else:  # the reply came after the end
            assert [(follow_up.task, follow_up.starter) for follow_up in follow_ups] == [("yes", BEN)]
            await desk.ask(stop(BEN, number=follow_ups[0].number))
