"""A workspace full of what nobody else may see, and every look into the stores that another one could take.

Used by the attacks from one workspace on another. Holds no test.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from bots.facts import Known
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import metadata
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.lifecycle import Move, State
from core.domain.preferences import WORKSPACE, Preferences, SealedSecret
from core.domain.refs import (
    MessageId,
    Person,
    Place,
    Platform,
    QuestionId,
    SessionId,
    ThreadId,
    WorkspaceId,
    new_id,
    workspace_id,
)
from core.domain.session import Session
from core.ports import Change, Held, InState, Post, SessionQuery, Work
from tests.support.desk import ACME, ANA, GENERAL, WORKER, Desk, World, next_message, start

OTHER: WorkspaceId = workspace_id(Platform.SLACK, "T2")
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
