"""T32: nothing that needs leave runs unless somebody who may has approved exactly that, as it was shown.

The agent's model is hostile: it changes, repeats and hides. So are people: they press for others, elsewhere, twice, and
write what reads like an approval. The front desk and the turn are the real ones.
"""

import json
import random
import unicodedata
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from bots import requests
from bots.facts import Known
from core.adapters.migrations import migrate
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import steps as steps_table
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.commands import PressChoice
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, Person, Place, SessionId, UserId, WorkspaceId
from core.domain.session import Question, Session
from core.ports import Change, Held
from core.service.narration import narrate
from core.service.policy import Policy
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import SIZE, figure
from tests.support.desk import ACME, ANA, BEN, WORKER, Desk, World, start
from worker.journal import Journal
from worker.settings import RunLimits
from worker.team.group_chat import GroupChat
from worker.team.messages import Call
from worker.team.model import Reply
from worker.tools.folder import Folder
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome
from worker.turn import Turn

pytestmark = pytest.mark.slow

OPERATOR = Known(person=Person(id=UserId("U7"), name="Olga"), restricted=False, groups=frozenset({"S1"}))
STARTER = Known(person=ANA, restricted=False)
SOLO = ev.Member(name="Solo", role="does it", instructions="Do it.", tools=("pay", "wipe", "look"), icon="mag")
RANDOM = random.Random(32)
SPICES = (
    "\u202e\u202d\u2066\u2069\u200e\u200f\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u3164\u2800\ufe0f\U000e0041"
    "\u00a0\u3000\u2028\u0085\u007f`*_~|<>@&#\\\"'\n\t éß語👍א"
)


HIDDEN = {char for char in SPICES if unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl")} - set(" \n\t")


class Order(BaseModel):
    text: str


class Hostile:
    """A model that says what it was told to."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()

    async def reply(self, *_: Any, **__: Any) -> Reply:
        return self.replies.popleft() if self.replies else Reply(text="done")


@dataclass(kw_only=True)
class Vault:
    """A session whose tools need leave, with people around it."""

    desk: Desk
    world: World
    database: Database
    workspaces: Path
    model: Hostile = field(default_factory=Hostile)
    ran: list[str] = field(default_factory=list)
    session: Session = field(init=False)
    place: Place = field(init=False)
    held: Held = field(init=False)

    async def open(self) -> None:
        """Ana starts it; its one agent has begun its turn."""
        async with self.world.uow.begin(ACME) as work:
            await work.preferences.set_rule(Right.OPERATE, Rule(groups=frozenset({"S1"})))
        await self.desk.ask(start(f"task {RANDOM.random()}"))
        self.session = (await self.world.sessions())[0]
        self.place = await self.world.place(self.session)
        self.held = await self.world.run(self.session)
        turn = ev.TurnStarted(agent="Solo", round=1)
        await self.world.record(self.session, self.held, turn, change=Change(team=(SOLO,), round=1))

    async def _run(self, _: ToolContext, order: Order) -> ToolOutcome:
        self.ran.append(order.text)
        return ToolOutcome(text="done")

    async def turn(self, *calls: Call) -> str | None:
        """Let the agent make these calls in one reply, if any, and go on as far as it can."""
        if calls:
            self.model.replies.append(Reply(text="", calls=calls))
        journal = Journal(self.world.uow, await self.world.session(self.session.id), WORKER)
        await journal.load()
        opened = journal.open_turn()
        assert opened is not None
        needs = {"look": Approval.NONE, "pay": Approval.LOW, "wipe": Approval.HIGH}
        catalog = {
            name: Tool(name=name, description="", arguments=Order, run=self._run, approval=approval)
            for name, approval in needs.items()
        }
        session = self.session.id
        folder = Folder(self.workspaces, session, 1, journal.files, journal.content)
        context = ToolContext(session=session, folder=folder, sandbox=None)
        model: Any = self.model
        turn = Turn(
            journal, GroupChat(model, (SOLO,)), model, catalog, context, self.world.clock, seq=opened[0], agent="Solo",
            limits=RunLimits(tool_calls_per_turn=100),
        )  # fmt: skip
        return await turn.run()

    async def resumed(self, *calls: Call) -> str | None:
        """A worker goes on after an answer, and the agent makes these calls next."""
        await self.world.claim(await self.world.session(self.session.id))
        return await self.turn(*calls)

    async def asked(self) -> Question:
        question = await self.world.open_question(self.session)
        assert question is not None
        return question

    async def press(self, by: Known, choice: int = 0, *, place: Place | None = None, value: str = "") -> list[str]:
        """As a platform tells of it."""
        question = value or requests.choice_value((await self.asked()).id, choice)
        pressed = requests.choice_pressed(question, place or self.place, by)
        assert pressed is not None
        return await self.desk.ask(pressed)

    async def requests(self) -> list[ev.QuestionAsked]:
        return [event for event in await self.world.events(self.session) if isinstance(event, ev.QuestionAsked)]


def call(text: str, tool: str = "pay") -> Call:
    arguments = json.dumps({"text": text}, ensure_ascii=False)
    return Call(id=f"call_{RANDOM.getrandbits(64):016x}", name=tool, arguments=arguments)


@pytest.fixture
async def vault(tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await migrate(database)
    uow = SqlUnitOfWork(database, clock, NotingBell(), NotingQueue())
    room = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)
    vault = Vault(
        desk=Desk(uow=uow, clock=clock, policy=room), world=World(uow, clock), database=database, workspaces=tmp_path
    )
    await vault.open()
    yield vault
    await database.close()


async def test_nobody_approves_who_may_not_or_elsewhere_or_in_words(vault: Vault) -> None:
    await vault.turn(call("1", "wipe"))
    asked = await vault.asked()
    value = requests.choice_value(asked.id, 0)
    other = replace(vault.place, workspace=WorkspaceId("slack:T2"))
    places = [
        replace(vault.place, channel=ChannelId("C9")),
        replace(vault.place, root=MessageId("1600000000.000100")),
        replace(vault.place, root=None),
        other,
    ]
    people = [
        STARTER,
        Known(person=BEN, restricted=False),
        replace(OPERATOR, restricted=True),
        replace(OPERATOR, groups=frozenset({"S2"})),
        Known(person=OPERATOR.person, restricted=True, admin=True),
    ]
    attacks = [vault.press(by) for by in people]
    attacks += [vault.press(OPERATOR, place=place) for place in places]
    attacks += [vault.press(OPERATOR, n) for n in (2, 10, 99)]
    attacks += [vault.press(OPERATOR, value=f"{n:016x}:0") for n in (0, 1)]
    attacks.append(vault.desk.ask(replace(_forged(vault, asked), choice=-1)))
    said = [vault.world.reply(vault.place, text) for text in ("Approve", "1", "approve", value, "/approve", "yes")]
    attacks += [vault.desk.ask(replace(each, admin=True)) for each in said]
    attacks += [vault.desk.ask(vault.world.change(each, "Approve")) for each in said[:2]]
    for attack in attacks:
        await attack
        assert (await vault.world.session(vault.session.id)).state is State.WAITING
    assert [
        requests.choice_pressed(forged, vault.place, OPERATOR) for forged in ("", "approve", f"{value}0x", "a:0")
    ] == [None] * 4
    assert vault.ran == []
    assert await vault.press(OPERATOR) == []
    assert await vault.resumed() == "done"
    assert vault.ran == ["1"]
    figure("T32", f"{len(attacks)} approvals by others, elsewhere, of other choices or in words: 0 counted")


def _forged(vault: Vault, question: Question) -> PressChoice:
    by = OPERATOR
    return PressChoice(
        place=vault.place, by=by.person, question=question.id, choice=0, groups=tuple(by.groups), admin=True
    )


async def test_an_approval_is_used_up_by_the_calls_that_it_was_for(vault: Vault) -> None:
    await vault.turn(call("a"), call("b"))
    first = requests.choice_value((await vault.asked()).id, 0)
    assert await vault.press(STARTER) == []
    assert len(await vault.press(STARTER, value=first)) == 1, "the same press again"
    assert await vault.resumed(call("a"), call("b")) is None
    assert vault.ran == ["a", "b"]
    assert len(await vault.press(STARTER, value=first)) == 1, "an old button"
    assert (await vault.world.session(vault.session.id)).state is State.WAITING
    assert await vault.press(STARTER, 1) == []
    assert await vault.resumed() == "done"
    assert vault.ran == ["a", "b"]


async def test_what_is_changed_behind_an_approval_does_not_run(vault: Vault) -> None:
    executed, cases = 0, 0
    for n in range(6 * SIZE):
        if n:
            await vault.open()
        vault.ran.clear()
        kind = ("arguments", "name", "id", "order", "added", "taken from another request")[n % 6]
        calls = [call(f"small {n}"), call(f"other {n}", "wipe")]
        await vault.turn(*calls)
        await _tamper(vault, kind)
        assert await vault.press(OPERATOR) == []
        cases += 1
        while await vault.resumed() is None:  # what was added is asked for, and denied
            await vault.press(OPERATOR, 1)
        executed += len(vault.ran)
    assert executed == 0
    figure("T32", f"{cases} changes of calls between showing and running: {executed} executed")


async def _tamper(vault: Vault, kind: str) -> None:
    """Change the stored turn behind Muster's back."""
    of_session = steps_table.c.session == vault.session.id
    async with vault.database.write() as connection:
        rows = (await connection.execute(sa.select(steps_table).where(of_session).order_by(steps_table.c.n))).all()
        reply, leave = (json.loads(json.dumps(row.data)) for row in rows)
        calls = reply["calls"]
        match kind:
            case "arguments":
                for each in calls:
                    each["arguments"] = each["arguments"].replace(" ", " 9", 1)
            case "name":
                for each in calls:
                    each["name"] = "wipe" if each["name"] == "pay" else "pay"
            case "id":
                calls[0]["id"], calls[1]["id"] = calls[1]["id"], calls[0]["id"]
            case "order":
                calls.reverse()
            case "added":
                leave["calls"].append("more")
                calls.append({"id": "more", "name": "wipe", "arguments": '{"text": "all"}'})
            case _:
                leave["question"] = "0" * 16
        for row, data in zip(rows, (reply, leave), strict=True):
            await connection.execute(steps_table.update().where(of_session, steps_table.c.n == row.n).values(data=data))


async def test_twenty_prompts_in_a_row_become_four_of_which_the_last_is_the_list(vault: Vault) -> None:
    """Singles first, then pairs: however the model cuts what it wants, people are not worn down."""
    prompts = [[call(f"{n}")] for n in range(10)] + [[call(f"{n}a"), call(f"{n}b")] for n in range(10)]
    vault.model.replies.extend(Reply(text="", calls=tuple(each)) for each in prompts)
    outcome = await vault.turn()
    while outcome is None:
        assert await vault.press(STARTER) == []
        outcome = await vault.resumed()
    asked = await vault.requests()
    assert len(asked) == 4
    assert asked[-1].text.startswith("May I make these 2 calls?")
    assert vault.ran == ["0", "1", "2", "0a", "0b"]
    figure("T32", f"{len(prompts)} requests in a row: people were asked {len(asked)} times")


async def test_what_people_see_is_what_runs_whatever_hides_in_it(vault: Vault) -> None:
    texts = ["".join(RANDOM.choices(SPICES, k=RANDOM.randrange(1, 30))) for _ in range(20 * SIZE)]
    texts += [f"pay {spice} 5" for spice in SPICES]
    together = [texts[at : at + 5] for at in range(0, len(texts), 5)]
    for n, group in enumerate(together):
        if n:
            await vault.open()
        vault.ran.clear()
        assert await vault.turn(*map(call, group)) is None
        shown = await _shown(vault)
        assert not set("".join(shown)) & HIDDEN
        assert await vault.press(STARTER) == []
        await vault.resumed()
        assert vault.ran == [json.loads(each)["text"] for each in shown]
        assert len(vault.ran) == len(group)
    figure("T32", f"{len(texts)} texts with hidden characters: each was shown as it ran")


async def _shown(vault: Vault) -> list[str]:
    """The arguments in the blocks of code that people see."""
    async with vault.world.uow.read(ACME) as work:
        record = (await work.sessions.events(SessionId(vault.session.id)))[-1]
    [words] = narrate(record, (SOLO,))
    assert words.approval
    return words.text.split("```")[1::2]
