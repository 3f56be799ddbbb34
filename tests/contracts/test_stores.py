"""The stores' contract, run on SQLite and on PostgreSQL."""

import asyncio

import pytest

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.commands import PostReply, StartSession
from core.domain.lifecycle import CLAIMABLE, Move, State
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Person,
    Place,
    ProcessId,
    QuestionId,
    SessionId,
    UserId,
    WorkspaceId,
    new_id,
)
from core.domain.session import Question, Session, Usage
from core.errors import Conflict, StaleEpoch
from core.ports import Change, Draft, Held, InState, NewSession, SessionQuery, Thread
from tests.conftest import NotingBell, NotingQueue, SetClock

ACME = WorkspaceId("slack:T1")
OTHER = WorkspaceId("slack:T2")
ANA = Person(id=UserId("U1"), name="Ana")
BEN = Person(id=UserId("U2"), name="Ben")
GENERAL = ChannelId("C1")
ONE, TWO = ProcessId("one"), ProcessId("two")
CLAIM = InState(states=CLAIMABLE)


async def open_session(
    uow: SqlUnitOfWork, *, workspace: WorkspaceId = ACME, task: str = "count the words", by: Person = ANA
) -> Session:
    async with uow.begin(workspace) as work:
        thread = await work.threads.open(GENERAL, None, owned=True)
        new = NewSession(
            id=SessionId(new_id()),
            thread=thread.id,
            task=task,
            starter=by,
            provider="demo",
            model="demo",
            max_rounds=12,
        )
        session = await work.sessions.open(new, ev.TaskGiven(task=task, by=by))
        await work.deliveries.add(session.id, thread.id, shown_seq=0)
        return session


async def claim(uow: SqlUnitOfWork, session: Session, owner: ProcessId = ONE) -> Held:
    async with uow.begin(session.workspace) as work:
        after = await work.sessions.record(
            session.id, CLAIM, [ev.BuildingStarted()], move=Move.CLAIM, change=Change(owner=owner, attempts=1)
        )
    assert after.owner is not None
    return Held(owner=after.owner, epoch=after.epoch)


async def thread_of(uow: SqlUnitOfWork, session: Session) -> Thread:
    assert session.thread is not None
    async with uow.read(session.workspace) as work:
        thread = await work.threads.get(session.thread)
    assert thread is not None
    return thread


async def test_a_session_comes_back_as_it_was_opened(uow: SqlUnitOfWork) -> None:
    opened = await open_session(uow, task="zähle 語 🎉 ```x```")
    async with uow.read(ACME) as work:
        assert await work.sessions.get(opened.id) == opened
        assert await work.sessions.by_number(opened.number) == opened
        assert opened.thread is not None
        assert await work.sessions.newest_in(opened.thread) == opened
        assert [r.seq for r in await work.sessions.events(opened.id)] == [1]


async def test_a_number_that_no_session_can_have_is_nobodys(uow: SqlUnitOfWork) -> None:
    await open_session(uow)
    async with uow.read(ACME) as work:
        assert await work.sessions.by_number(2**53) is None


async def test_a_thread_is_blocked_whatever_the_platform_says_at_length(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    assert session.thread is not None
    async with uow.begin(ACME) as work:
        await work.threads.block(session.thread, "0 <html>" * 100)
    assert (await thread_of(uow, session)).blocked == ("0 <html>" * 100)[:64]


async def test_numbers_count_up_in_each_workspace(uow: SqlUnitOfWork) -> None:
    numbers = [(await open_session(uow, task=f"t{n}")).number for n in range(3)]
    assert numbers == [1, 2, 3]
    assert (await open_session(uow, workspace=OTHER)).number == 1


async def test_a_thread_has_one_unfinished_session_at_most(uow: SqlUnitOfWork) -> None:
    first = await open_session(uow)
    with pytest.raises(Conflict):
        async with uow.begin(ACME) as work:
            new = NewSession(
                id=SessionId(new_id()),
                thread=first.thread,
                task="x",
                starter=ANA,
                provider="demo",
                model="demo",
                max_rounds=1,
            )
            await work.sessions.open(new, ev.TaskGiven(task="x", by=ANA))


async def test_only_one_of_two_claims_wins(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    results = await asyncio.gather(claim(uow, session, ONE), claim(uow, session, TWO), return_exceptions=True)
    assert sum(isinstance(result, Held) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 1


async def test_a_stale_epoch_writes_nothing(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    old = await claim(uow, session, ONE)
    async with uow.begin(ACME) as work:
        await work.sessions.record(session.id, old, [], move=Move.LOSE_LEASE)
    new = await claim(uow, session, ONE)
    assert new.epoch == old.epoch + 1
    with pytest.raises(StaleEpoch):
        async with uow.begin(ACME) as work:
            await work.sessions.record(session.id, old, [ev.Noticed(text="zombie")])
    async with uow.read(ACME) as work:
        said = [record.event for record in await work.sessions.events(session.id)]
    assert ev.Noticed(text="zombie") not in said


async def test_a_move_that_the_table_does_not_know_is_refused(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    with pytest.raises(Conflict):
        async with uow.begin(ACME) as work:
            await work.sessions.record(session.id, CLAIM, [], move=Move.COMPLETE)


async def test_a_finished_session_takes_nothing_more(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    held = await claim(uow, session)
    async with uow.begin(ACME) as work:
        failed = await work.sessions.record(session.id, held, [ev.Failed(reason="x")], move=Move.FAIL)
    assert failed.ended_at is not None
    with pytest.raises(StaleEpoch):
        async with uow.begin(ACME) as work:
            await work.sessions.record(session.id, held, [ev.Noticed(text="late")])


async def test_sequence_numbers_have_no_gaps_when_many_write_at_once(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    unfinished = InState(states=frozenset({State.QUEUED}))

    async def note(n: int) -> None:
        async with uow.begin(ACME) as work:
            await work.sessions.record(session.id, unfinished, [ev.NoteGiven(by=BEN, text=str(n))] * 2)

    await asyncio.gather(*(note(n) for n in range(30)))
    async with uow.read(ACME) as work:
        seqs = [record.seq for record in await work.sessions.events(session.id)]
        after = await work.sessions.get(session.id)
    assert seqs == list(range(1, 62))
    assert after is not None
    assert after.next_seq == 62


async def test_a_rollback_keeps_nothing_and_rings_nothing(
    uow: SqlUnitOfWork, bell: NotingBell, queue: NotingQueue
) -> None:
    session = await open_session(uow)
    with pytest.raises(RuntimeError):
        async with uow.begin(ACME) as work:
            await work.sessions.record(session.id, CLAIM, [ev.Noticed(text="no")])
            work.wake(session.id)
            raise RuntimeError
    async with uow.read(ACME) as work:
        assert len(await work.sessions.events(session.id)) == 1
    assert bell.rings == []
    assert queue.woken == []


async def test_usage_and_rounds_add_up_on_the_row(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    held = await claim(uow, session)
    for cost in (None, 0.25):
        change = Change(add_usage=Usage(prompt_tokens=10, completion_tokens=5, cost_usd=cost), round=2, attempts=0)
        async with uow.begin(ACME) as work:
            after = await work.sessions.record(session.id, held, [], change=change)
    assert after.usage == Usage(prompt_tokens=20, completion_tokens=10, cost_usd=0.25)
    assert (after.round, after.attempts) == (2, 0)


async def test_search_finds_all_words_in_any_script_and_only_in_the_workspace(uow: SqlUnitOfWork) -> None:
    await open_session(uow, task="Straße nach München")
    wanted = await open_session(uow, task="MÜNCHEN 100% fertig")
    await open_session(uow, workspace=OTHER, task="münchen 100%")
    async with uow.read(ACME) as work:
        found = await work.sessions.search(SessionQuery(words="münchen 100%"))
        both = await work.sessions.search(SessionQuery(words="münchen", channel=GENERAL))
        none = await work.sessions.search(SessionQuery(words="münchen", channel=ChannelId("C9")))
    assert [session.id for session in found] == [wanted.id]
    assert [session.number for session in both] == [2, 1]
    assert none == []


async def test_nothing_of_another_workspace_is_reached_by_id(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    async with uow.begin(OTHER) as work:
        assert await work.sessions.get(session.id) is None
        assert await work.sessions.events(session.id) == []
        assert await work.steps.load(session.id) == []
        assert await work.questions.open_in(session.id) is None
        assert await work.files.of_session(session.id) == []
        assert session.thread is not None
        assert await work.threads.get(session.thread) is None
        assert await work.deliveries.behind() == []
        with pytest.raises(Conflict):
            await work.sessions.record(session.id, CLAIM, [ev.Noticed(text="x")])


async def test_a_command_is_kept_once_and_taken_in_the_platforms_order(uow: SqlUnitOfWork, clock: SetClock) -> None:
    place = Place(workspace=ACME, channel=GENERAL, root=MessageId("1.0"))

    def reply(text: str) -> PostReply:
        return PostReply(place=place, by=ANA, text=text, message=MessageId(text), said_at=clock.now())

    async with uow.begin(ACME) as work:
        later = await work.inbox.put(reply("2.0"), dedupe_key="b", order="2.0")
        earlier = await work.inbox.put(reply("1.5"), dedupe_key="a", order="1.5")
        assert await work.inbox.put(reply("1.5"), dedupe_key="a", order="1.5") is None
    assert later
    assert earlier
    taken = []
    for _ in range(2):
        async with uow.begin(ACME) as work:
            row = await work.inbox.next_of(place)
            assert row is not None
            taken.append(row.command)
            await work.inbox.done(row.id, "done")
    assert taken == [reply("1.5"), reply("2.0")]
    async with uow.begin(ACME) as work:
        assert await work.inbox.next_of(place) is None


async def test_untaken_rows_are_found_by_place(uow: SqlUnitOfWork, clock: SetClock) -> None:
    place = Place(workspace=ACME, channel=GENERAL)
    async with uow.begin(ACME) as work:
        await work.inbox.put(StartSession(place=place, by=ANA, task="x"), dedupe_key="a", order="")
    async with uow.across() as across:
        assert await across.untaken(clock.now()) == []
    clock.advance(6)
    async with uow.across() as across:
        assert await across.untaken(clock.now()) == [place]


async def test_one_of_many_answers_wins(uow: SqlUnitOfWork, clock: SetClock) -> None:
    session = await open_session(uow)
    question = QuestionId(new_id())
    asked = Question(
        id=question, session=session.id, agent="A", text="Which?", choices=("x", "y"), asked_at=clock.now()
    )
    async with uow.begin(ACME) as work:
        await work.questions.ask(asked)

    async def answer(person: Person) -> bool:
        async with uow.begin(ACME) as work:
            return await work.questions.answer(question, person, person.name, None)

    assert sorted(await asyncio.gather(answer(ANA), answer(BEN))) == [False, True]
    async with uow.read(ACME) as work:
        assert await work.questions.open_in(session.id) is None
        answered = await work.questions.last_answer(session.id)
    assert answered is not None
    assert answered.text == answered.by.name
    assert answered.question == asked


async def test_the_outbox_sends_each_thread_in_order_and_urgent_threads_first(
    uow: SqlUnitOfWork, clock: SetClock
) -> None:
    first, second = await open_session(uow), await open_session(uow, task="other")
    assert first.thread is not None
    assert second.thread is not None
    async with uow.begin(ACME) as work:
        root = await work.posts.add(first.thread, Draft(payload={"text": "a"}, card=True))
        await work.posts.add(first.thread, Draft(payload={"text": "b"}, session=first.id, shown=2))
        await work.posts.add(second.thread, Draft(payload={"text": "c"}, urgent=True))
        heads = await work.posts.heads()
    assert [post.draft.payload["text"] for post in heads] == ["c", "a"]
    async with uow.begin(ACME) as work:
        attempted = await work.posts.attempt(root)
    assert attempted.attempted_at == clock.now()
    async with uow.begin(ACME) as work:
        await work.posts.sent(attempted, MessageId("170.1"))
        heads = await work.posts.heads()
    assert [post.draft.payload["text"] for post in heads] == ["c", "b"]
    thread = await thread_of(uow, first)
    assert (thread.root, thread.card) == ("170.1", "170.1")
    async with uow.begin(ACME) as work:
        await work.threads.block(first.thread, "channel_not_found")
        assert [post.draft.payload["text"] for post in await work.posts.heads()] == ["c"]


async def test_sending_a_question_tells_the_question_its_message(uow: SqlUnitOfWork, clock: SetClock) -> None:
    session = await open_session(uow)
    question = QuestionId(new_id())
    assert session.thread is not None
    async with uow.begin(ACME) as work:
        asked = Question(id=question, session=session.id, agent="A", text="?", choices=(), asked_at=clock.now())
        await work.questions.ask(asked)
        post = await work.posts.add(session.thread, Draft(payload={}, question=question))
        post = await work.posts.attempt(post)
        await work.posts.sent(post, MessageId("170.2"))
        found = await work.questions.open_in(session.id)
    assert found is not None
    assert found.message == "170.2"
    assert found.attempted_at == clock.now()


async def test_the_cursor_moves_by_compare_and_set(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    assert session.thread is not None
    async with uow.read(ACME) as work:
        [behind] = await work.deliveries.behind()
    assert (behind.session, behind.shown_seq) == (session.id, 0)
    assert behind.thread == await thread_of(uow, session)
    async with uow.begin(ACME) as work:
        await work.deliveries.advance(session.id, session.thread, before=0, shown_seq=1)
        assert await work.deliveries.behind() == []
    with pytest.raises(Conflict):
        async with uow.begin(ACME) as work:
            await work.deliveries.advance(session.id, session.thread, before=0, shown_seq=1)


async def test_a_card_is_stale_until_it_is_drawn_with_what_happened_last(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    assert session.thread is not None
    async with uow.begin(ACME) as work:
        assert await work.deliveries.stale_cards() == []  # there is no card yet
        await work.threads.set_card(session.thread, MessageId("1.0"), "hash")
    async with uow.begin(ACME) as work:
        [(drawn, _)] = await work.deliveries.stale_cards()
        later = await work.sessions.record(session.id, CLAIM, [ev.Noticed(text="meanwhile")])
        await work.deliveries.drawn(drawn)
        [(again, _)] = await work.deliveries.stale_cards()
        assert again == later
        await work.deliveries.drawn(again)
        assert await work.deliveries.stale_cards() == []


async def test_steps_are_kept_in_order_until_the_turn_is_dropped(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    async with uow.begin(ACME) as work:
        for n in range(3):
            await work.steps.append(session.id, {"n": n, "text": "ü"})
    async with uow.begin(ACME) as work:
        assert await work.steps.load(session.id) == [{"n": n, "text": "ü"} for n in range(3)]
        await work.steps.drop(session.id)
        assert await work.steps.load(session.id) == []


async def test_a_session_that_ends_keeps_no_steps(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    async with uow.begin(ACME) as work:
        await work.steps.append(session.id, {"n": 1})
        await work.sessions.record(session.id, CLAIM, [ev.Stopped()], move=Move.STOP)
    async with uow.read(ACME) as work:
        assert await work.steps.load(session.id) == []


async def test_bytes_come_back_whole_and_are_kept_once(uow: SqlUnitOfWork) -> None:
    session = await open_session(uow)
    content = bytes(range(256)) * 4000
    async with uow.begin(ACME) as work:
        blob = await work.files.put(content)
        assert await work.files.put(content) == blob
        for name in ("b.png", "a.png", "b.png"):
            file = FileRef(name=name, blob=blob, size_bytes=len(content), mime="image/png")
            await work.files.attach(session.id, file)
    async with uow.read(ACME) as work:
        assert await work.files.content(blob) == content
        assert await work.files.content(BlobHash("0" * 64)) is None
        assert [file.name for file in await work.files.of_session(session.id)] == ["a.png", "b.png"]


async def test_a_lease_has_one_owner_until_it_lapses(uow: SqlUnitOfWork, clock: SetClock) -> None:
    async def renew(owner: ProcessId) -> bool:
        async with uow.across() as across:
            return await across.renew("sender", "slack:T1", owner, 20)

    assert await renew(ONE)
    assert not await renew(TWO)
    clock.advance(15)
    assert await renew(ONE)
    clock.advance(15)
    assert not await renew(TWO)
    clock.advance(6)
    assert await renew(TWO)
    assert not await renew(ONE)
    async with uow.across() as across:
        await across.release("sender", "slack:T1", TWO)
    assert await renew(ONE)


async def test_sessions_of_a_silent_worker_are_abandoned(uow: SqlUnitOfWork, clock: SetClock) -> None:
    session = await open_session(uow)
    async with uow.across() as across:
        await across.renew("worker", ONE, ONE, 7)
        assert await across.claimable(10) == [(ACME, session.id)]
    held = await claim(uow, session)
    async with uow.across() as across:
        assert await across.claimable(10) == []
        assert await across.abandoned() == []
        assert await across.held_by(ONE) == [(session.id, State.BUILDING)]
    clock.advance(8)
    async with uow.across() as across:
        assert await across.abandoned() == [(ACME, session.id, held)]
