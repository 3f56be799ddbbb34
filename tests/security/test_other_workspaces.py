"""T24: nothing that is asked or forged in one workspace reads or changes anything of another.

Two workspaces have the same channels, threads and people's ids; whoever asks is an admin of the other one. What belongs
to another workspace is answered exactly like what is not there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from bots import replies, requests
from bots.facts import Known
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import metadata
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.commands import Command
from core.domain.lifecycle import Move, State
from core.domain.preferences import WORKSPACE, Preferences, SealedSecret
from core.domain.refs import (
    MessageId,
    Person,
    Place,
    QuestionId,
    SessionId,
    ThreadId,
    WorkspaceId,
    new_id,
    workspace_id,
)
from core.domain.refs import Platform as Of
from core.domain.session import Session, Usage
from core.errors import MusterError
from core.ports import Answer, Change, Held, InState, Post, SessionQuery, Work
from core.service.history import History
from core.service.policy import Policy
from core.service.settings_desk import Scope, SettingsChange
from tests.conftest import SetClock
from tests.security.figures import SIZE, figure
from tests.support.desk import ACME, ANA, BEN, GENERAL, WORKER, Desk, World, next_message, start

pytestmark = pytest.mark.slow

OTHER: WorkspaceId = workspace_id(Of.SLACK, "T2")
CANARY = "canary-of-acme"
OWNER = Person(id=ANA.id, name=f"Ana {CANARY}")
INTRUDER = Known(person=ANA, restricted=False, admin=True, groups=frozenset({"S1"}))
STATES = (State.WAITING, State.COMPLETED, State.QUEUED, State.RUNNING, State.RESUMING, State.STOPPED, State.FAILED)
ALL = InState(states=frozenset(State))


@dataclass(frozen=True, kw_only=True)
class Ids:
    """What an attacker may have learned of one session of another workspace, and forges."""

    number: int
    session: SessionId
    thread: ThreadId
    root: MessageId
    question: QuestionId
    message: MessageId  # of a person
    post: Post
    notice: int
    row: int  # of the inbox
    reservation: int
    secret: SealedSecret

    @property
    def absent(self) -> "Ids":
        """The same, of nothing that exists anywhere."""
        return replace(
            self, number=self.number + 500, session=SessionId("f" * 16), thread=ThreadId("f" * 16),
            root=MessageId("1500000000.000100"), question=QuestionId("f" * 16), message=MessageId("1500000000.000200"),
            post=replace(self.post, thread=ThreadId("f" * 16)), notice=self.notice + 10_000, row=self.row + 10_000,
            reservation=self.reservation + 10_000, secret=replace(self.secret, sealed=b"absent"),
        )  # fmt: skip


@dataclass(kw_only=True)
class Acme:
    """The workspace that is attacked, full of what nobody else may see."""

    desk: Desk
    world: World

    async def furnish(self) -> SealedSecret:
        """Settings, rules, a key that counts, usage and lines in the audit."""
        secret = SealedSecret(
            owner=WORKSPACE, name="tavily", sealed=CANARY.encode(), key_id="k1", last4="wxyz",
            changed_at=self.world.clock.now(),
        )  # fmt: skip
        async with self.world.uow.begin(ACME) as work:
            await work.preferences.set(ANA.id, Preferences(model=CANARY))
            await work.preferences.set(WORKSPACE, Preferences(system_prompt=CANARY))
            await work.preferences.set_rule(Right.START, Rule(users=frozenset({ANA.id, CANARY})))
            await work.audit.note(by=ANA.id, action="settings", subject=CANARY, allowed=True, where=CANARY)
            await work.secrets.offer(secret)
            await work.secrets.accept(secret)
            await work.secrets.offer(replace(secret, sealed=b"candidate"))
        return replace(secret, sealed=b"candidate")

    async def session(self, state: State, secret: SealedSecret) -> Ids:
        """A session in *state*, and all that can be known of it."""
        root = next_message()
        place = Place(workspace=ACME, channel=GENERAL, root=root)
        file = await self.desk.desk.keep(ACME, name=f"{CANARY}.txt", content=CANARY.encode(), mime="text/plain")
        await self.desk.ask(replace(start(f"{CANARY} {new_id()}", OWNER), place=place, files=(file,)))
        session = (await self.world.sessions())[0]
        note = replace(self.world.reply(place, CANARY, OWNER), addressed=True)
        assert await self.desk.ask(note) == []
        async with self.world.uow.begin(ACME) as work:
            [post] = [each for each in await work.posts.heads() if each.draft.session == session.id]
            await work.steps.append(session.id, {"kind": "reply", "text": CANARY})
            reservation = await work.usage.reserve(session.id, ANA.id, 0.5)
            await work.notices.add(place, ANA.id, CANARY)
            notice = (await work.notices.waiting())[-1].id
            row = await work.inbox.put(replace(note, message=next_message()), dedupe_key=new_id(), order="9")
        assert row is not None
        question = QuestionId("e" * 16)
        if state is State.WAITING:
            held = await self.world.run(session)
            asked = await self.world.ask(session, held, CANARY, choices=(CANARY, "no"), sent=False)
            question = asked.id
        else:
            await self.world.bring_to(session, state)
        assert session.thread is not None
        return Ids(
            number=session.number, session=session.id, thread=session.thread, root=root, question=question,
            message=note.message, post=post, notice=notice, row=row, reservation=reservation, secret=secret,
        )  # fmt: skip

    async def rows(self, database: Database) -> dict[str, list[str]]:
        """All rows of the workspace, in all tables."""
        async with database.read() as connection:
            found = {
                table.name: [row._mapping for row in (await connection.execute(sa.select(table))).all()]
                for table in metadata.sorted_tables
            }
        ours = {"workspace": {ACME}, "session": {row["id"] for row in found["sessions"] if row["workspace"] == ACME}}
        ours["thread"] = {row["id"] for row in found["threads"] if row["workspace"] == ACME}
        return {
            name: sorted(repr(dict(row)) for row in rows if any(row.get(key) in ids for key, ids in ours.items()))
            for name, rows in found.items()
        }


@pytest.fixture
def acme(uow: SqlUnitOfWork, clock: SetClock) -> Acme:
    room = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)
    return Acme(desk=Desk(uow=uow, clock=clock, policy=room), world=World(uow, clock))


# --- what stores say in another workspace


Probe = Callable[[Work, Ids], Awaitable[Any]]


async def _nothing(*doings: Awaitable[Any]) -> None:
    """Some are handed the very values that they return."""
    for doing in doings:
        await doing


def _seen(ids: Ids) -> Session:
    moment, starter = ids.secret.changed_at, Person(id=ANA.id, name="Ana")
    return Session(
        id=ids.session, workspace=OTHER, number=1, thread=ids.thread, state=State.QUEUED, task="", starter=starter,
        provider="", model="", max_rounds=1, created_at=moment, changed_at=moment, next_seq=99,
    )  # fmt: skip


def _lost(ids: Ids) -> Held:
    return Held(owner=WORKER, epoch=1)


PROBES: dict[str, Probe] = {
    "session": lambda w, i: w.sessions.get(i.session),
    "session by number": lambda w, i: w.sessions.by_number(i.number),
    "session of thread": lambda w, i: w.sessions.newest_in(i.thread),
    "sessions of channel": lambda w, i: w.sessions.search(SessionQuery(channel=GENERAL)),
    "sessions by words": lambda w, i: w.sessions.search(SessionQuery(words=CANARY)),
    "sessions of person": lambda w, i: w.sessions.search(SessionQuery(starter=ANA.id)),
    "count": lambda w, i: w.sessions.count(i.secret.changed_at.replace(year=2000), starter=ANA.id),
    "events": lambda w, i: w.sessions.events(i.session),
    "stop": lambda w, i: w.sessions.record(i.session, ALL, [ev.Stopped()], move=Move.STOP),
    "record": lambda w, i: w.sessions.record(i.session, ALL, [ev.Noticed(text="x")], change=Change(round=9)),
    "record as worker": lambda w, i: w.sessions.record(i.session, _lost(i), [ev.Noticed(text="x")]),
    "steps": lambda w, i: w.steps.load(i.session),
    "drop steps": lambda w, i: w.steps.drop(i.session),
    "question": lambda w, i: w.questions.get(i.question),
    "open question": lambda w, i: w.questions.open_in(i.session),
    "answer": lambda w, i: w.questions.answer(i.question, ANA, "x", None),
    "lapse": lambda w, i: w.questions.lapse(i.question),
    "remind": lambda w, i: w.questions.reminded(i.question),
    "withdraw": lambda w, i: w.questions.withdraw(i.session),
    "last answer": lambda w, i: w.questions.last_answer(i.session),
    "last lapsed": lambda w, i: w.questions.last_lapsed(i.session),
    "inbox place": lambda w, i: w.inbox.next_of(Place(workspace=ACME, channel=GENERAL, root=i.root)),
    "inbox done": lambda w, i: w.inbox.done(i.row, "done"),
    "listening": lambda w, i: w.inbox.listening(),
    "thread": lambda w, i: w.threads.get(i.thread),
    "threads": lambda w, i: w.threads.get_all([i.thread]),
    "thread at": lambda w, i: w.threads.at(Place(workspace=ACME, channel=GENERAL, root=i.root)),
    "opening": lambda w, i: w.threads.opening_in(GENERAL),
    "card": lambda w, i: w.threads.set_card(i.thread, MessageId("1"), "x"),
    "block": lambda w, i: w.threads.block(i.thread, "x"),
    "heads": lambda w, i: w.posts.heads(),
    "attempt": lambda w, i: _nothing(w.posts.attempt(i.post)),
    "uploaded": lambda w, i: _nothing(w.posts.uploaded(i.post, "F1")),
    "sent": lambda w, i: w.posts.sent(i.post, MessageId("1")),
    "give up": lambda w, i: w.posts.give_up(i.post, "x"),
    "retract": lambda w, i: w.posts.retract(i.post),
    "thread with post": lambda w, i: w.deliveries.thread_with(GENERAL, i.root),
    "behind": lambda w, i: w.deliveries.behind(),
    "cards": lambda w, i: w.deliveries.stale_cards(),
    "advance": lambda w, i: w.deliveries.advance(i.session, i.thread, before=0, shown_seq=9),
    "drawn": lambda w, i: w.deliveries.drawn(_seen(i)),
    "files": lambda w, i: w.files.of_session(i.session),
    "audit": lambda w, i: w.audit.latest(100),
    "own settings": lambda w, i: w.preferences.of(ANA.id),
    "shared settings": lambda w, i: w.preferences.of(WORKSPACE),
    "rules": lambda w, i: w.preferences.rules(),
    "reset rule": lambda w, i: w.preferences.set_rule(Right.START, None),
    "keys": lambda w, i: w.secrets.of(WORKSPACE),
    "new keys": lambda w, i: w.secrets.candidates(WORKSPACE),
    "accept key": lambda w, i: w.secrets.accept(i.secret),
    "refuse key": lambda w, i: w.secrets.refuse(i.secret),
    "remove key": lambda w, i: w.secrets.remove(WORKSPACE, "tavily"),
    "reseal key": lambda w, i: w.secrets.reseal(i.secret, b"x", "k2"),
    "spent": lambda w, i: w.usage.spent(i.secret.changed_at.replace(year=2000)),
    "spent by person": lambda w, i: w.usage.by_person(i.secret.changed_at.replace(year=2000)),
    "spent by turn": lambda w, i: w.usage.by_turn(i.session),
    "settle": lambda w, i: w.usage.settle(i.reservation),
    "notices": lambda w, i: w.notices.waiting(),
    "notice done": lambda w, i: w.notices.done(i.notice),
}


async def probed(uow: SqlUnitOfWork, probe: Probe, ids: Ids) -> str:
    try:
        async with uow.begin(OTHER) as work:
            return repr(await probe(work, ids))
    except MusterError as error:
        return repr(error)


async def test_no_store_returns_or_changes_anything_of_another_workspace(
    acme: Acme, uow: SqlUnitOfWork, database: Database
) -> None:
    secret = await acme.furnish()
    victims = [await acme.session(state, secret) for state in STATES[: 1 + SIZE]]
    before = await acme.rows(database)
    leaks: list[str] = []
    for ids in victims:
        for name, probe in PROBES.items():
            foreign, absent = await probed(uow, probe, ids), await probed(uow, probe, ids.absent)
            if foreign != absent or CANARY in foreign or ACME in foreign:
                leaks.append(f"{name}: {foreign}")
    assert leaks == []
    assert await acme.rows(database) == before
    figure("T24", f"{len(victims) * len(PROBES)} forged looks into the stores of another workspace, 0 leaks")


# --- what people are told there


Ask = Callable[[Ids], Command | Awaitable[Answer]]


def asks_of(desk: Desk, uow: SqlUnitOfWork, clock: SetClock) -> dict[str, Ask]:
    """Everything that a person can send, with forged ids in it, from the other workspace."""
    history = History(uow=uow, conversations=desk.conversations)
    channel = Place(workspace=OTHER, channel=GENERAL)
    world, by = World(uow, clock, OTHER), INTRUDER

    def at(ids: Ids) -> Place:
        return replace(channel, root=ids.root)

    def press(ids: Ids) -> Command:
        pressed = requests.choice_pressed(requests.choice_value(ids.question, 0), at(ids), by)
        assert pressed is not None
        return pressed

    def topic(topic: requests.Topic, ids: Ids) -> Any:
        return requests.report(topic, channel, by, number=ids.number if topic is requests.Topic.USAGE else None).query

    def reply(ids: Ids, text: str = "mine") -> Any:
        return replace(world.reply(at(ids), text), admin=True)

    return {
        "press": press,
        "stop by number": lambda i: requests.stop(i.number, channel, by),
        "stop in thread": lambda i: requests.stop(None, at(i), by),
        "stop in channel": lambda i: requests.stop(None, channel, by),
        "stop by reaction": lambda i: replace(requests.stop(None, channel, by), post=i.root),
        "reply": reply,
        "the word stop": lambda i: reply(i, "stop"),
        "change": lambda i: replace(world.change(reply(i), "changed"), message=i.message, said_at=None),
        "history": lambda i: history.answer(requests.history("", channel, by).query),
        "history in thread": lambda i: history.answer(requests.history("", at(i), by).query),
        "history by words": lambda i: history.answer(requests.history(CANARY[:6], channel, by).query),
        "history by number": lambda i: history.answer(requests.history(f"#{i.number}", channel, by).query),
        "status": lambda i: history.status(requests.status(None, channel, by).query),
        "status by number": lambda i: history.status(requests.status(i.number, channel, by).query),
        "usage by number": lambda i: desk.desk.reports.usage(topic(requests.Topic.USAGE, i)),
        "usage": lambda i: desk.desk.reports.usage(replace(topic(requests.Topic.USAGE, i), number=None)),
        "access": lambda i: desk.desk.reports.access(topic(requests.Topic.ACCESS, i)),
    }


async def answered(desk: Desk, ask: Ask, ids: Ids) -> str:
    """What the person is told, without the number that they asked for themselves."""
    wanted = ask(ids)
    try:
        told = await desk.ask(wanted) if isinstance(wanted, Command) else [repr(await wanted)]
    except MusterError as error:
        told = [replies.in_words(error)]
    return "|".join(told).replace(f"#{ids.number}", "#n")


async def test_forged_ids_in_whatever_people_send_are_answered_like_absent_ones(
    acme: Acme, uow: SqlUnitOfWork, database: Database, clock: SetClock
) -> None:
    secret = await acme.furnish()
    victims = [await acme.session(state, secret) for state in STATES[: 1 + SIZE]]
    desk = Desk(uow=uow, clock=clock)
    desk.conversations.viewers[GENERAL] = {ANA.id}
    before, leaks, cases = await acme.rows(database), [], 0
    for ids in victims:
        for name, ask in asks_of(desk, uow, clock).items():
            foreign, absent = await answered(desk, ask, ids), await answered(desk, ask, ids.absent)
            cases += 1
            if foreign != absent or CANARY in foreign or ACME in foreign:
                leaks.append(f"{name}: {foreign} / {absent}")
    assert leaks == []
    assert await World(uow, clock, OTHER).sessions() == []
    assert await acme.rows(database) == before
    figure("T24", f"{cases} forged requests from another workspace, 0 leaks")


async def test_settings_rules_and_audit_of_an_admin_are_those_of_the_own_workspace(
    acme: Acme, uow: SqlUnitOfWork, database: Database, clock: SetClock
) -> None:
    await acme.session(State.WAITING, await acme.furnish())
    before = await acme.rows(database)
    desk, place = Desk(uow=uow, clock=clock), Place(workspace=OTHER, channel=GENERAL)
    for scope in Scope:
        view = await desk.desk.settings.view(place, INTRUDER.standing, scope)
        assert (view.chosen, view.keys) == (Preferences(), {})
        change = SettingsChange(preferences=Preferences(model="theirs"), keys={"tavily": "remove"})
        told = await desk.desk.settings.save(place, ANA, INTRUDER.standing, scope, change)
        assert told.text.endswith("There was no key for `tavily`.")
    told = await desk.desk.reports.audit(requests.report(requests.Topic.AUDIT, place, INTRUDER).query)
    assert CANARY not in told.text
    [said] = await desk.ask(requests.access_change("start", place, INTRUDER, reset=True))
    assert "start sessions: every full member (default)" in said
    assert CANARY not in said
    assert await acme.rows(database) == before


async def test_the_same_thread_and_person_in_two_workspaces_are_two(
    acme: Acme, uow: SqlUnitOfWork, database: Database, clock: SetClock
) -> None:
    ours = await acme.session(State.WAITING, await acme.furnish())
    desk, world = Desk(uow=uow, clock=clock, policy=Policy(max_active_per_user=1)), World(uow, clock, OTHER)
    place = Place(workspace=OTHER, channel=GENERAL, root=ours.root)
    before = await acme.rows(database)
    assert await desk.ask(replace(start("the same task"), place=place)) == [], "what Acme runs takes no room here"
    session = await world.only_session()
    assert (session.number, session.model) == (1, "demo")
    held = await world.run(session)
    question = await world.ask(session, held, choices=("yes", "no"))
    assert await desk.ask(replace(world.reply(place, "yes", BEN), addressed=True)) == []
    assert (await world.events(session))[-1] == ev.QuestionAnswered(question=question.id, by=BEN, text="yes")
    used = Usage(prompt_tokens=1, cost_usd=1.0)
    await world.record(session, await world.run(await world.session(session.id)), change=Change(add_usage=used))
    await desk.ask(requests.stop(None, place, INTRUDER))
    assert (await world.session(session.id)).state is State.STOPPING
    assert await acme.rows(database) == before


async def test_a_process_of_one_workspace_carries_out_nothing_of_another(
    acme: Acme, uow: SqlUnitOfWork, database: Database, clock: SetClock
) -> None:
    """Two tokens share a database: the one has nobody in the other's workspace to speak to."""
    await acme.session(State.WAITING, await acme.furnish())
    clock.advance(60)
    before = await acme.rows(database)
    desk = Desk(uow=uow, clock=clock)
    await desk.desk.sweep(only=OTHER)
    await desk.desk.drain()
    assert await acme.rows(database) == before
    assert desk.told_later == []
    await desk.desk.sweep(only=ACME)
    await desk.desk.drain()
    assert await acme.rows(database) != before
