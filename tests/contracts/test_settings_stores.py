"""The contract of what workspaces and people have set, brought and used, run on SQLite and on PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.lifecycle import CLAIMABLE, Move
from core.domain.preferences import WORKSPACE, Preferences, SealedSecret
from core.domain.refs import ChannelId, Person, Place, Platform, ProcessId, SessionId, UserId, WorkspaceId, new_id
from core.domain.session import Session, Usage
from core.ports import Change, InState, ModelList, NewSession, Used
from tests.conftest import SetClock

ACME, OTHER = WorkspaceId("slack:T1"), WorkspaceId("discord:G2")
ADA, BEN = UserId("U1"), UserId("U2")
HERE = Place(workspace=ACME, channel=ChannelId("C1"))


# --- preferences and rules


async def test_what_nobody_has_chosen_is_left_to_whoever_comes_next(uow: SqlUnitOfWork) -> None:
    async with uow.read(ACME) as work:
        assert await work.preferences.of(ADA) == Preferences()
        assert await work.preferences.of(WORKSPACE) == Preferences()


async def test_preferences_come_back_for_their_owner_alone(uow: SqlUnitOfWork) -> None:
    mine = Preferences(provider="groq", model="llama", system_prompt="Answer in 中文.\n'quotes' ```code```")
    async with uow.begin(ACME) as work:
        await work.preferences.set(ADA, Preferences(provider="openai"))
        await work.preferences.set(ADA, mine)
        await work.preferences.set(WORKSPACE, Preferences(model="small"))
    async with uow.read(ACME) as work:
        assert await work.preferences.of(ADA) == mine
        assert await work.preferences.of(BEN) == Preferences()
        assert await work.preferences.of(WORKSPACE) == Preferences(model="small")
    async with uow.read(OTHER) as work:
        assert await work.preferences.of(ADA) == Preferences()


async def test_rules_come_back_and_go_back_to_their_default(uow: SqlUnitOfWork) -> None:
    start = Rule(users=frozenset({"U1", "U2"}), groups=frozenset({"S1"}))
    answer = Rule(channels=frozenset({"C9"}))
    async with uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.START, Rule(users=frozenset({"U9"})))
        await work.preferences.set_rule(Right.START, start)
        await work.preferences.set_rule(Right.ANSWER, answer)
        await work.preferences.set_rule(Right.OPERATE, None)
        await work.preferences.set(WORKSPACE, Preferences(model="small"))
        await work.preferences.set(ADA, Preferences(model="large"))
    async with uow.read(ACME) as work:
        assert await work.preferences.rules() == {Right.START: start, Right.ANSWER: answer}
    async with uow.read(OTHER) as work:
        assert await work.preferences.rules() == {}
    async with uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.START, None)
    async with uow.read(ACME) as work:
        assert await work.preferences.rules() == {Right.ANSWER: answer}
        assert await work.preferences.of(WORKSPACE) == Preferences(model="small")


# --- keys


def key(
    clock: SetClock, sealed: bytes = b"\x00sealed\xff", *, owner: UserId = ADA, name: str = "openai"
) -> SealedSecret:
    return SealedSecret(
        owner=owner,
        name=name,
        sealed=sealed,
        key_id="k1",
        last4="wxyz",
        changed_at=clock.now(),
        told_at=HERE,
        told_to=ADA,
    )


async def offer(uow: SqlUnitOfWork, *secrets: SealedSecret, workspace: WorkspaceId = ACME) -> None:
    async with uow.begin(workspace) as work:
        for secret in secrets:
            await work.secrets.offer(secret)


async def accept(uow: SqlUnitOfWork, secret: SealedSecret, workspace: WorkspaceId = ACME) -> bool:
    async with uow.begin(workspace) as work:
        return await work.secrets.accept(secret)


async def counting(uow: SqlUnitOfWork, owner: UserId = ADA, workspace: WorkspaceId = ACME) -> dict[str, SealedSecret]:
    async with uow.read(workspace) as work:
        return await work.secrets.of(owner)


async def candidates(uow: SqlUnitOfWork, owner: UserId = ADA) -> dict[str, SealedSecret]:
    async with uow.read(ACME) as work:
        return await work.secrets.candidates(owner)


async def test_a_key_counts_once_it_was_accepted(uow: SqlUnitOfWork, clock: SetClock) -> None:
    secret = key(clock)
    await offer(uow, secret)
    assert await counting(uow) == {}
    assert await candidates(uow) == {"openai": secret}
    assert await accept(uow, secret)
    assert await counting(uow) == {"openai": secret}
    assert await candidates(uow) == {}
    assert await counting(uow, BEN) == {}
    assert await counting(uow, workspace=OTHER) == {}


async def test_the_key_before_counts_until_the_new_one_is_accepted(uow: SqlUnitOfWork, clock: SetClock) -> None:
    first, second, third = key(clock, b"1"), key(clock, b"2"), key(clock, b"3")
    await offer(uow, first)
    await accept(uow, first)
    await offer(uow, second)
    assert (await counting(uow))["openai"] == first
    async with uow.begin(ACME) as work:
        assert await work.secrets.refuse(second)
        assert not await work.secrets.refuse(second)
    assert (await counting(uow))["openai"] == first
    await offer(uow, third)
    await accept(uow, third)
    assert (await counting(uow))["openai"] == third


async def test_a_candidate_that_was_replaced_can_be_neither_accepted_nor_refused(
    uow: SqlUnitOfWork, clock: SetClock
) -> None:
    first, second = key(clock, b"1"), key(clock, b"2")
    await offer(uow, first, second)
    assert not await accept(uow, first)
    async with uow.begin(ACME) as work:
        assert not await work.secrets.refuse(first)
    assert await candidates(uow) == {"openai": second}


async def test_a_key_that_counts_cannot_be_refused(uow: SqlUnitOfWork, clock: SetClock) -> None:
    secret = key(clock)
    await offer(uow, secret)
    await accept(uow, secret)
    async with uow.begin(ACME) as work:
        assert not await work.secrets.refuse(secret)
        assert not await work.secrets.accept(secret)
    assert await counting(uow) == {"openai": secret}


async def test_of_two_who_accept_a_key_one_does(uow: SqlUnitOfWork, other_uow: SqlUnitOfWork, clock: SetClock) -> None:
    for n in range(10):
        secret = key(clock, b"%d" % n)
        await offer(uow, secret)
        outcomes = await asyncio.gather(*(accept(each, secret) for each in (uow, other_uow, uow, other_uow)))
        assert sorted(outcomes) == [False, False, False, True]
        assert await counting(uow) == {"openai": secret}


async def test_a_removed_key_is_gone_with_its_candidate(uow: SqlUnitOfWork, clock: SetClock) -> None:
    first, other = key(clock, b"1"), key(clock, name="groq")
    await offer(uow, first, other)
    await accept(uow, first)
    await offer(uow, key(clock, b"2"))
    async with uow.begin(ACME) as work:
        assert await work.secrets.remove(ADA, "openai")
        assert not await work.secrets.remove(ADA, "openai")
    assert await counting(uow) == {}
    assert await candidates(uow) == {"groq": other}


async def test_a_resealed_key_stays_the_same_key(uow: SqlUnitOfWork, clock: SetClock) -> None:
    counts, waits = key(clock, b"1"), key(clock, b"2", name="groq")
    await offer(uow, counts, waits)
    await accept(uow, counts)
    async with uow.begin(ACME) as work:
        assert await work.secrets.reseal(counts, b"anew", "k2")
        assert await work.secrets.reseal(waits, b"too", "k2")
        assert not await work.secrets.reseal(waits, b"again", "k3")
    assert await counting(uow) == {"openai": replace(counts, sealed=b"anew", key_id="k2")}
    assert await candidates(uow) == {"groq": replace(waits, sealed=b"too", key_id="k2")}
    assert not await accept(uow, waits)


async def test_untried_keys_of_all_workspaces_are_found_the_oldest_first(uow: SqlUnitOfWork, clock: SetClock) -> None:
    late = replace(key(clock, b"late"), changed_at=clock.now() + timedelta(seconds=1))
    early = key(clock, b"early", owner=WORKSPACE)
    await offer(uow, late)
    await offer(uow, early, workspace=OTHER)
    accepted = key(clock, b"accepted", name="groq")
    await offer(uow, accepted)
    await accept(uow, accepted)
    async with uow.across() as across:
        assert await across.untried() == [(OTHER, early), (ACME, late)]
        assert await across.untried(limit=1) == [(OTHER, early)]


async def test_keys_are_found_by_what_they_are_sealed_to(uow: SqlUnitOfWork, clock: SetClock) -> None:
    old, new = key(clock, b"1"), replace(key(clock, b"2", name="groq"), key_id="k2")
    await offer(uow, old, new)
    await accept(uow, old)
    await offer(uow, replace(old, sealed=b"candidate"), workspace=OTHER)
    async with uow.across() as across:
        assert await across.key_ids() == {"k1": 2, "k2": 1}
        assert await across.sealed_otherwise("k1") == [(ACME, new)]
        assert {workspace for workspace, _ in await across.sealed_otherwise("k2")} == {ACME, OTHER}
        assert len(await across.sealed_otherwise("k2", limit=1)) == 1
        assert len(await across.sealed_otherwise("k3")) == 3


async def test_a_key_without_a_place_to_tell_of_it_comes_back_so(uow: SqlUnitOfWork, clock: SetClock) -> None:
    secret = replace(key(clock, owner=WORKSPACE), told_at=None, told_to=WORKSPACE, last4="")
    await offer(uow, secret)
    async with uow.read(ACME) as work:
        assert await work.secrets.candidates(WORKSPACE) == {"openai": secret}


# --- notices


async def test_notices_wait_in_order_until_they_are_told(uow: SqlUnitOfWork) -> None:
    thread = Place.parse(f"{HERE.encode()}/1700000000.000100")
    async with uow.begin(ACME) as work:
        await work.notices.add(HERE, ADA, "Your key works. 🎉")
        await work.notices.add(thread, BEN, "Yours does not.")
    async with uow.read(ACME) as work:
        first, second = await work.notices.waiting()
        assert [each.id for each in await work.notices.waiting(limit=1)] == [first.id]
    assert (first.place, first.user, first.text) == (HERE, ADA, "Your key works. 🎉")
    assert (second.place, second.user) == (thread, BEN)
    async with uow.begin(OTHER) as work:
        await work.notices.done(first.id)  # not theirs to settle
    async with uow.begin(ACME) as work:
        assert len(await work.notices.waiting()) == 2
        await work.notices.done(first.id)
        assert await work.notices.waiting() == [second]


async def test_workspaces_with_something_to_tell_are_found_by_platform(uow: SqlUnitOfWork) -> None:
    elsewhere = Place(workspace=OTHER, channel=ChannelId("C2"))
    async with uow.begin(ACME) as work:
        await work.notices.add(HERE, ADA, "one")
        await work.notices.add(HERE, ADA, "two")
    async with uow.begin(OTHER) as work:
        await work.notices.add(elsewhere, ADA, "three")
    async with uow.across() as across:
        assert await across.untold(Platform.SLACK) == [ACME]
        assert await across.untold(Platform.DISCORD) == [OTHER]
        assert await across.untold(Platform.LOCAL) == []


# --- usage


async def session_of(uow: SqlUnitOfWork, user: UserId = ADA, workspace: WorkspaceId = ACME) -> Session:
    by = Person(id=user, name=user)
    async with uow.begin(workspace) as work:
        thread = await work.threads.open(ChannelId("C1"), None, owned=True)
        new = NewSession(
            id=SessionId(new_id()),
            thread=thread.id,
            task="count",
            starter=by,
            provider="demo",
            model="demo",
            max_rounds=12,
        )
        session = await work.sessions.open(new, ev.TaskGiven(task="count", by=by))
        claim = InState(states=CLAIMABLE)
        return await work.sessions.record(session.id, claim, [], move=Move.CLAIM, change=Change(owner=ProcessId("one")))


async def use(uow: SqlUnitOfWork, session: Session, used: Usage, agent: str = "") -> None:
    async with uow.begin(session.workspace) as work:
        in_any = InState(states=frozenset({session.state}))
        await work.sessions.record(session.id, in_any, [], change=Change(add_usage=used, used_by=agent))


def tokens(prompt: int, completion: int = 0, cost_usd: float | None = None) -> Usage:
    return Usage(prompt_tokens=prompt, completion_tokens=completion, cost_usd=cost_usd)


async def test_what_was_used_adds_up_since_a_moment(uow: SqlUnitOfWork, clock: SetClock) -> None:
    ada, ben = await session_of(uow), await session_of(uow, BEN)
    await use(uow, ada, tokens(100, 10, 0.5))
    clock.advance(3_600)
    since = clock.now() - timedelta(seconds=60)
    await use(uow, ada, tokens(2_000_000_000, 1, 0.25))
    await use(uow, ada, tokens(2_000_000_000, 1))
    await use(uow, ben, tokens(3, 4, 0.125))
    await use(uow, await session_of(uow, ADA, OTHER), tokens(7, 7, 7.0))
    async with uow.read(ACME) as work:
        assert await work.usage.spent(since) == tokens(4_000_000_003, 6, 0.375)
        assert await work.usage.spent(since, by=ADA) == tokens(4_000_000_000, 2, 0.25)
        assert await work.usage.spent(clock.now() - timedelta(days=1), by=ADA) == tokens(4_000_000_100, 12, 0.75)
        assert await work.usage.spent(clock.now(), by=UserId("U9")) == Usage()


async def test_what_is_reserved_counts_as_spent_until_it_is_settled(uow: SqlUnitOfWork, clock: SetClock) -> None:
    session, since = await session_of(uow), clock.now() - timedelta(seconds=1)
    async with uow.begin(ACME) as work:
        one = await work.usage.reserve(session.id, ADA, 0.5)
        two = await work.usage.reserve(session.id, ADA, 0.25)
        assert one != two
    async with uow.read(ACME) as work:
        assert await work.usage.spent(since, by=ADA) == tokens(0, 0, 0.75)
        assert await work.usage.by_person(since) == []
        assert await work.usage.by_turn(session.id) == []
    async with uow.begin(OTHER) as work:
        await work.usage.settle(one)  # not theirs to settle
    async with uow.begin(ACME) as work:
        await work.usage.settle(two)
        await work.usage.settle(two)
        assert await work.usage.spent(since) == tokens(0, 0, 0.5)


async def test_settling_takes_nothing_that_was_really_used(uow: SqlUnitOfWork, clock: SetClock) -> None:
    session, since = await session_of(uow), clock.now() - timedelta(seconds=1)
    await use(uow, session, tokens(1, 1, 1.0))
    async with uow.begin(ACME) as work:
        for number in range(5):
            await work.usage.settle(number)
        assert await work.usage.spent(since) == tokens(1, 1, 1.0)


async def test_usage_is_told_by_person_the_most_expensive_first_and_by_turn(
    uow: SqlUnitOfWork, clock: SetClock
) -> None:
    since = clock.now() - timedelta(seconds=1)
    first, second, ben = await session_of(uow), await session_of(uow), await session_of(uow, BEN)
    await use(uow, first, tokens(1, 1, 0.25))
    await use(uow, first, tokens(2, 2), agent="Writer")
    await use(uow, first, tokens(4, 4, 0.5), agent="Coder")
    await use(uow, first, tokens(8, 8, 0.5), agent="Coder")
    await use(uow, second, tokens(16, 16, 1.0), agent="Coder")
    await use(uow, ben, tokens(32, 32, 9.0), agent="Coder")
    async with uow.read(ACME) as work:
        assert await work.usage.by_person(since) == [
            Used(name=BEN, usage=tokens(32, 32, 9.0), sessions=1),
            Used(name=ADA, usage=tokens(31, 31, 2.25), sessions=2),
        ]
        assert [used.name for used in await work.usage.by_person(since, limit=1)] == [BEN]
        assert await work.usage.by_turn(first.id) == [
            Used(name="", usage=tokens(1, 1, 0.25), sessions=1),
            Used(name="Coder", usage=tokens(12, 12, 1.0), sessions=1),
            Used(name="Writer", usage=tokens(2, 2), sessions=1),
        ]
    async with uow.read(OTHER) as work:
        assert await work.usage.by_person(since) == []
        assert await work.usage.by_turn(first.id) == []


# --- lists of models


async def test_the_models_of_a_provider_are_those_that_it_said_last(uow: SqlUnitOfWork, clock: SetClock) -> None:
    async with uow.across() as across:
        assert await across.model_lists.all() == {}
        await across.model_lists.set(ModelList(provider="groq", models=("a",), read_at=clock.now()))
        newer = ModelList(provider="groq", models=("b", "a/c:free"), read_at=clock.now() + timedelta(hours=1))
        none = ModelList(provider="ollama", models=(), read_at=clock.now())
        await across.model_lists.set(newer)
        await across.model_lists.set(none)
    async with uow.across() as across:
        assert await across.model_lists.all() == {"groq": newer, "ollama": none}


async def test_long_lists_of_models_are_kept(uow: SqlUnitOfWork, clock: SetClock) -> None:
    models = tuple(f"vendor/model-{n}" for n in range(2_000))
    async with uow.across() as across:
        await across.model_lists.set(ModelList(provider="openrouter", models=models, read_at=clock.now()))
        assert (await across.model_lists.all())["openrouter"].models == models
