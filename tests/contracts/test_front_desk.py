"""What becomes of a request to start: once, in order, within limits, and by another process if this one dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from core.adapters.sql_engine import Database
from core.adapters.sql_tables import audit, inbox, threads
from core.adapters.unit_of_work import SqlUnitOfWork, SqlWork
from core.domain import events as ev
from core.domain.commands import StartSession
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, Person, Place, Platform, UserId, WorkspaceId
from core.domain.session import transcript
from core.errors import Conflict, TransientError
from core.ports import TOPIC_RELAY, TOPIC_WORK, Answer
from core.service.policy import ACTIVE, MAX_MODEL_CHARS, MAX_TASK_CHARS, MAX_WISH_CHARS, Policy
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, start
from tests.support.ports import free_port
from tests.support.waiting import until

SECRETS_CHANNEL = ChannelId("C9")
INVITE = "I am not in this channel: invite @Muster."


async def rows_of(database: Database, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    async with database.read() as connection:
        return list((await connection.execute(sa.select(table))).all())


async def test_a_task_opens_a_session_with_its_first_event_and_its_root_post(
    desk: Desk, world: World, bell: NotingBell, queue: NotingQueue
) -> None:
    assert await desk.ask(start("count the words")) == []
    session = await world.only_session()
    assert (session.number, session.state, session.task) == (1, State.QUEUED, "count the words")
    assert (session.starter, session.provider, session.max_rounds) == (ANA, "demo", 12)
    assert await world.events(session) == [ev.TaskGiven(task="count the words", by=ANA)]
    assert await world.unsent() == ["count the words"]
    assert queue.woken == [session.id]
    assert {(TOPIC_WORK, ""), (TOPIC_RELAY, ACME)} <= set(bell.rings)
    async with world.uow.read(ACME) as work:
        [behind] = await work.deliveries.behind()
    assert (behind.session, behind.shown_seq) == (session.id, 0)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (start(""), "Say what the team should do"),
        (start(" \n\t"), "Say what the team should do"),
        (start("x" * (MAX_TASK_CHARS + 1)), "10,000 characters at most; this one has 10,001"),
        (replace(start(), restricted=True), "Only full members"),
        (replace(start(), provider="none"), "You can choose: `demo`, `other`"),
        (replace(start(), model="x" * (MAX_MODEL_CHARS + 1)), "128 characters at most"),
        (replace(start(), team="x" * (MAX_WISH_CHARS + 1)), "Say in 500 characters"),
    ],
    ids=["empty", "blank", "too long", "guest", "no such provider", "no model's name", "a long wish"],
)
async def test_a_refused_start_costs_nothing_that_others_see(
    desk: Desk, world: World, database: Database, queue: NotingQueue, command: StartSession, words: str
) -> None:
    [told] = await desk.ask(command)
    assert words in told
    await nothing_happened(desk, world, database, queue)


@pytest.mark.parametrize(
    ("provider", "model", "gets"),
    [
        ("", "", ("demo", "demo")),
        ("", "huge", ("demo", "huge")),
        ("demo", "", ("demo", "demo")),
        ("other", "", ("other", "large")),
        ("other", "any-id", ("other", "any-id")),
    ],
)
async def test_whoever_starts_may_choose_the_model(
    desk: Desk, world: World, provider: str, model: str, gets: tuple[str, str]
) -> None:
    await desk.ask(replace(start(), provider=provider, model=model))
    session = await world.only_session()
    assert (session.provider, session.model) == gets


async def test_a_file_that_comes_with_a_task_is_the_sessions_and_the_team_is_told(desk: Desk, world: World) -> None:
    mime = "text/csv" + "x" * 500  # what a person's program says
    file = await desk.desk.keep(ACME, name="../a b?.csv", content=b"a,b", mime=mime)
    await desk.ask(replace(start("count"), files=(file,), team="one who counts"))
    session = await world.only_session()
    async with world.uow.read(ACME) as work:
        assert await work.files.of_session(session.id) == [file]
        assert await work.files.content(file.blob) == b"a,b"
        [line] = transcript(await work.sessions.events(session.id))
    assert file.name == "a b_.csv"
    assert line.text == "count\n\nThe team I want: one who counts\n\nFiles in the workspace: a b_.csv"


async def test_a_workspace_stirs_while_it_has_something_to_show_or_to_send(desk: Desk, world: World) -> None:
    async def stirring(platform: Platform) -> list[WorkspaceId]:
        async with world.uow.across() as across:
            return await across.stirring(platform)

    assert await stirring(Platform.SLACK) == []
    await desk.ask(start())
    assert await stirring(Platform.SLACK) == [ACME]
    assert await stirring(Platform.DISCORD) == []


async def test_a_channel_that_muster_may_not_enter_is_refused_with_what_to_do(
    desk: Desk, world: World, database: Database, queue: NotingQueue
) -> None:
    desk.conversations.refusals[SECRETS_CHANNEL] = INVITE
    assert await desk.ask(start(channel=SECRETS_CHANNEL)) == [INVITE]
    await nothing_happened(desk, world, database, queue)


async def nothing_happened(desk: Desk, world: World, database: Database, queue: NotingQueue) -> None:
    assert desk.conversations.admitted == []  # to join a channel is a message in it
    assert await world.sessions() == []
    assert await world.unsent() == []
    assert await rows_of(database, threads) == []
    assert queue.woken == []
    [row] = await rows_of(database, inbox)
    assert (row.outcome, row.done_at is not None) == ("refused", True)
    [note] = await rows_of(database, audit)
    assert (note.by, note.action, note.allowed) == (ANA.id, "StartSession", False)


async def test_a_task_of_the_greatest_length_in_any_script_is_taken_whole(desk: Desk, world: World) -> None:
    task = "語🎉é\n```x``` <@U1> &amp; " * 500
    await desk.ask(start(task[:MAX_TASK_CHARS]))
    assert (await world.only_session()).task == task[:MAX_TASK_CHARS]


async def test_what_no_database_takes_and_what_nobody_should_keep_is_taken_out(
    desk: Desk, world: World, database: Database
) -> None:
    token = "xoxb-" + "1234567890-abcdefghij"
    by = Person(id=UserId("U1"), name="An\x00a\ud800")
    assert await desk.ask(start(f"use {token}\x00 and \ud83d go\u202eod", by)) == []
    session = await world.only_session()
    assert (session.task, session.starter.name) == ("use [redacted] and  good", "Ana")
    [row] = await rows_of(database, inbox)
    assert token not in str(row)


async def test_the_same_task_again_within_30_seconds_says_the_number(desk: Desk, world: World, clock: SetClock) -> None:
    await desk.ask(start("count"))
    clock.advance(29)
    assert await desk.ask(start("count")) == ["You have just started this: it is #1."]
    clock.advance(2)
    assert await desk.ask(start("count")) == []
    assert [session.number for session in await world.sessions()] == [2, 1]


async def test_other_words_people_and_channels_are_not_the_same_again(desk: Desk, world: World) -> None:
    for command in (start("a"), start("b"), start("a", BEN), start("b", BEN, channel=ChannelId("C2"))):
        assert await desk.ask(command) == []
    assert len(await world.sessions()) == 4


async def test_a_request_delivered_many_times_is_carried_out_once(
    desk: Desk, other_desk: Desk, world: World, database: Database
) -> None:
    """To both processes, at once, again later, in any order."""
    commands = [(f"key {n}", start(f"task {n}", Person(id=UserId(f"U{n}"), name=f"P{n}"))) for n in range(10)]
    fresh = await asyncio.gather(
        *(
            at.take(command, key=key, order=key)
            for shuffled in (commands, commands[::-1])
            for key, command in shuffled
            for at in (desk, other_desk)
        )
    )
    await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
    assert sum(fresh) == 10
    assert not any([await at.take(command, key=key) for key, command in commands for at in (desk, other_desk)])
    assert len(await rows_of(database, inbox)) == 10
    assert sorted(session.task for session in await world.sessions()) == sorted(c.task for _, c in commands)


async def test_what_cannot_be_kept_is_not_promised(clock: SetClock) -> None:
    """The handler then acknowledges nothing, or says that nothing was started."""
    nowhere = Database(f"postgresql+asyncpg://muster@127.0.0.1:{free_port()}/muster")
    desk = Desk(uow=SqlUnitOfWork(nowhere, clock, NotingBell(), NotingQueue()), clock=clock)
    with pytest.raises(TransientError):
        await desk.take(start())
    await nowhere.close()


async def test_a_person_has_room_for_so_many_sessions_and_waiting_ones_cost_nothing(desk: Desk, world: World) -> None:
    desk = Desk(uow=desk.uow, clock=desk.clock, policy=Policy(max_active_per_user=2))
    await desk.ask(start("a"))
    await desk.ask(start("b"))
    [told] = await desk.ask(start("c"))
    assert "You have 2 sessions at work already" in told
    assert await desk.ask(start("c", BEN)) == []
    first = (await world.sessions())[-1]
    await world.bring_to(first, State.WAITING)
    assert await desk.ask(start("d")) == []
    assert [session.task for session in await world.sessions()] == ["d", "c", "b", "a"]


async def test_a_refused_session_leaves_no_gap_in_the_numbers(desk: Desk, world: World) -> None:
    desk = Desk(uow=desk.uow, clock=desk.clock, policy=Policy(max_active_per_user=1))
    await desk.ask(start("a"))
    await desk.ask(start("b"))
    await desk.ask(start("c", BEN))
    assert [session.number for session in await world.sessions()] == [2, 1]


@pytest.mark.parametrize("one_person", [True, False], ids=["one person", "many people"])
async def test_exactly_as_many_as_the_limit_get_in_when_all_start_at_once(
    uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, world: World, clock: SetClock, one_person: bool
) -> None:
    policy = Policy(max_active_per_user=2, max_active_per_workspace=7)
    desks = [Desk(uow=each, clock=clock, policy=policy) for each in (uow, other_uow)]
    people = [ANA if one_person else Person(id=UserId(f"U{n}"), name=f"P{n}") for n in range(20)]
    await asyncio.gather(
        *(desks[n % 2].take(start(f"task {n}", by, channel=ChannelId(f"C{n}"))) for n, by in enumerate(people))
    )
    await asyncio.gather(*(desk.desk.drain() for desk in desks))
    admitted = 2 if one_person else 7
    assert len(await world.sessions()) == admitted
    assert all(session.state in ACTIVE for session in await world.sessions())
    assert sum(len(desk.told) for desk in desks) == 20 - admitted


async def test_what_a_dead_process_took_is_carried_out_by_another_after_5_seconds(
    desk: Desk, other_desk: Desk, world: World, clock: SetClock
) -> None:
    desk.conversations.open.clear()  # it hangs between taking the request and carrying it out
    await desk.take(start())
    clock.advance(4)
    await other_desk.sweep()
    assert await world.sessions() == []
    clock.advance(2)
    await other_desk.sweep()
    assert (await world.only_session()).number == 1
    desk.conversations.open.set()  # it was not dead after all
    await desk.desk.drain()
    assert (await world.only_session()).number == 1
    assert (desk.told, other_desk.told_later) == ([], [])


async def test_a_refusal_is_said_once_by_whoever_carried_it_out(
    desk: Desk, other_desk: Desk, clock: SetClock, database: Database
) -> None:
    for each in (desk, other_desk):
        each.conversations.refusals[GENERAL] = INVITE
        each.conversations.open.clear()
    await desk.take(start())
    clock.advance(6)
    await other_desk.desk.sweep()
    for each in (desk, other_desk):
        each.conversations.open.set()
    await asyncio.gather(desk.desk.drain(), other_desk.desk.drain())
    told = [(ANA.id, text) for text in desk.told] + [(user, text) for _, user, text in other_desk.told_later]
    assert told == [(ANA.id, INVITE)]
    assert len(await rows_of(database, audit)) == 1


async def test_run_sweeps_by_itself_until_it_is_cancelled(desk: Desk, world: World, clock: SetClock) -> None:
    async with world.uow.begin(ACME) as work:
        await work.inbox.put(start(), dedupe_key="a", order="a")
    clock.advance(6)
    running = asyncio.create_task(desk.desk.run())
    await until(lambda: _any(world))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await desk.desk.drain()


async def _any(world: World) -> bool:
    return len(await world.sessions()) == 1


async def test_requests_of_another_platform_are_left_to_it(desk: Desk, uow: SqlUnitOfWork, clock: SetClock) -> None:
    discord = WorkspaceId("discord:G1")
    place = Place(workspace=discord, channel=GENERAL)
    async with uow.begin(discord) as work:
        await work.inbox.put(StartSession(place=place, by=ANA, task="x"), dedupe_key="a", order="a")
    clock.advance(6)
    await desk.sweep()
    async with uow.read(discord) as work:
        assert await work.inbox.next_of(place, lock=False) is not None


@pytest.mark.slow
async def test_a_request_that_breaks_muster_is_given_up_and_holds_up_none_behind_it(
    desk: Desk, world: World, database: Database, clock: SetClock
) -> None:
    desk.renderer.trouble["boom"] = [RuntimeError("a task that nobody thought of")] * 9
    await desk.take(start("boom"))
    await desk.take(start("fine"))
    await desk.desk.drain()
    assert await world.sessions() == []  # it may be a passing trouble
    for _ in range(2):
        clock.advance(6)
        await desk.sweep()
    assert [session.task for session in await world.sessions()] == ["fine"]
    [told] = desk.told
    assert "was not carried out" in told
    assert [row.outcome for row in await rows_of(database, inbox)] == ["broken", "done"]


async def test_a_session_that_moves_meanwhile_is_looked_at_again(desk: Desk, world: World) -> None:
    desk.renderer.trouble["busy"] = [Conflict("it moved")] * 5
    assert await desk.ask(start("busy")) == []
    assert (await world.only_session()).task == "busy"


@pytest.mark.slow
async def test_a_session_that_never_stands_still_is_not_looked_at_for_ever(
    desk: Desk, world: World, clock: SetClock
) -> None:
    desk.renderer.trouble["busy"] = [Conflict("it moved")] * 70
    await desk.take(start("busy"))
    await desk.desk.drain()
    for _ in range(2):
        clock.advance(6)
        await desk.sweep()
    assert "was not carried out" in desk.told[0]
    assert await world.sessions() == []


async def test_a_refusal_counts_only_if_nobody_has_carried_the_request_out_meanwhile(
    other_desk: Desk, database: Database, world: World, clock: SetClock
) -> None:
    """One process sees no room, and another, a moment later, does."""

    class Interrupted(SqlUnitOfWork):
        begun = 0

        @asynccontextmanager
        async def begin(self, workspace: WorkspaceId, **how: Any) -> AsyncIterator[SqlWork]:
            self.begun += 1
            if self.begun == 3:  # taken, refused, and now to be closed
                clock.advance(6)
                await other_desk.sweep()
            async with super().begin(workspace, **how) as work:
                yield work

    uow = Interrupted(database, clock, NotingBell(), NotingQueue())
    desk = Desk(uow=uow, clock=clock, policy=Policy(max_active_per_user=0))
    assert await desk.ask(start()) == []
    assert uow.begun == 3
    assert (await world.only_session()).state is State.QUEUED
    [row] = await rows_of(database, inbox)
    assert row.outcome == "done"


async def test_an_answer_that_reaches_nobody_stops_nothing(desk: Desk, world: World) -> None:
    async def unreachable(_answer: Answer) -> None:
        raise RuntimeError("the response URL has lapsed")

    await desk.desk.take(start(""), dedupe_key="a", order="a", notify=unreachable)
    await desk.take(start("fine"), order="b")
    await desk.desk.drain()
    assert (await world.only_session()).task == "fine"


async def test_a_thread_with_a_session_at_work_takes_no_second_one(desk: Desk, world: World) -> None:
    root = MessageId("1600000000.000100")
    await desk.ask(start("a", root=root))
    assert await desk.ask(start("b", root=root)) == [
        "#1 is still at work in this thread. Reply there, or stop it first."
    ]
    await world.finish(await world.only_session())
    assert await desk.ask(start("c", root=root)) == []
    newer, older = await world.sessions()
    assert newer.thread == older.thread
    assert newer.parent is None
