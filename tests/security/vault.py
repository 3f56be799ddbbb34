"""A session whose tools need leave, a model that wants to get around it, and the people who may give it.

Used by the attacks on approvals. The front desk and the turn are the real ones. Holds no test.
"""

import json
import random
import unicodedata
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bots import requests
from bots.facts import Known
from core.adapters.sql_engine import Database
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.refs import Person, Place, UserId
from core.domain.session import Question, Session
from core.ports import Change, Draft, Held
from tests.support.desk import ACME, ANA, WORKER, Desk, World, start
from worker.journal import Journal
from worker.settings import RunLimits
from worker.team.group_chat import GroupChat
from worker.team.messages import Call
from worker.team.model import Reply
from worker.tools.folder import Folder
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome
from worker.turn import Turn

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

    async def shown_to_people(self) -> Question:
        """The open question once its post is in the thread, so that what comes after it could be an answer."""
        asked = await self.asked()
        async with self.world.uow.begin(ACME) as work:
            assert self.session.thread is not None
            await work.posts.add(self.session.thread, Draft(payload={"text": asked.text}, question=asked.id))
        await self.world.send()
        return await self.asked()

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
