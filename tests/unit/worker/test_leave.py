"""Leave for tool calls: nothing that needs it runs but what people have seen and approved, and that once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from core.adapters.sql_engine import Database
from core.adapters.sql_tables import steps as steps_table
from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import ProcessId, new_id
from core.domain.session import Session
from core.ports import InState
from tests.unit.worker.conftest import ACME, BEN, Bench, Endpoint
from tests.unit.worker.test_asking import Anything
from worker.asking import APPROVE, DENY
from worker.drive import Drive, Workshop
from worker.leave import ENOUGH_ASKED, NOT_AS_IT_IS, NOT_THIS_CALL, TOO_LONG, TOO_OFTEN
from worker.runner import Runner
from worker.settings import RunLimits
from worker.tools.tool import Approval, Tool, ToolContext, ToolOutcome
from worker.turn import INTERRUPTED

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

DONE = "Here it is.\nTERMINATE"


class Till:
    """Tools that note what they carried out: `read_file` needs no leave, `write_file` low, `query_database` high."""

    def __init__(self, bench: Bench, endpoint: Endpoint) -> None:
        self.ran: list[str] = []
        self.bench = bench
        self.endpoint = endpoint
        needs = {"read_file": Approval.NONE, "write_file": Approval.LOW, "query_database": Approval.HIGH}
        self._catalog = {
            name: Tool(name=name, description="", arguments=Anything, run=self._run, approval=approval)
            for name, approval in needs.items()
        }

    async def _run(self, _: ToolContext, arguments: Any) -> ToolOutcome:
        self.ran.append(arguments.text)
        return ToolOutcome(text=f"did {arguments.text}")

    async def go_on(self, session: Session) -> Session:
        """Work on the session until it waits or ends."""
        bench, limits = self.bench, RunLimits(cancel_wait_s=0.2, retry_s=0.01)
        shop = Workshop(
            uow=bench.uow, clock=bench.clock, policy=bench.policy, models=bench.pool, keyring=bench.keyring,
            workspaces=bench.workspaces, catalog=self._catalog,
        )  # fmt: skip
        runner = Runner(uow=bench.uow, process=ProcessId(new_id()), drive=Drive(shop, limits), limits=limits)
        assert await runner.work(ACME, session.id)
        return await bench.session(session)

    async def asks(self, *calls: tuple[str, str]) -> Session:
        """A session whose agent wants to make these calls."""
        session = await self.bench.open_with_team()
        self.endpoint.says(None, *calls)
        return await self.go_on(session)

    async def decided(self, session: Session, choice: str = APPROVE) -> Session:
        """Somebody presses; the agent goes on, and is done unless it was told otherwise."""
        await self.bench.answer(session, choice, BEN)
        return await self.go_on(session)

    async def told(self, session: Session) -> list[str]:
        """What the model was told of each call."""
        return [event.output for event in await self.bench.of_kind(session, ev.ToolFinished)]

    async def requests(self, session: Session) -> list[ev.QuestionAsked]:
        return await self.bench.of_kind(session, ev.QuestionAsked)


@pytest.fixture
def till(bench: Bench, endpoint: Endpoint) -> Till:
    return Till(bench, endpoint)


def call(tool: str, text: str) -> tuple[str, str]:
    return tool, json.dumps({"text": text}, ensure_ascii=False)


PAY = call("write_file", "pay")


async def test_what_was_approved_runs_once_with_the_arguments_that_were_shown(till: Till, endpoint: Endpoint) -> None:
    session = await till.asks(call("write_file", "pay\u200b 5 \u202e€"))
    assert (session.state, till.ran) == (State.WAITING, [])
    [asked] = await till.requests(session)
    shown = json.loads(asked.text.split("```")[1])["text"]
    endpoint.says(DONE)
    assert (await till.decided(session)).state is State.COMPLETED
    assert till.ran == [shown]


@pytest.mark.parametrize("answer", [DENY, "approve", "Approve ", "Approve\nDeny", "1", ""])
async def test_anything_but_the_press_of_approve_is_a_no(till: Till, endpoint: Endpoint, answer: str) -> None:
    session = await till.asks(PAY, call("query_database", "all"))
    endpoint.says(DONE)
    await till.decided(session, answer)
    assert till.ran == []
    assert await till.told(session) == ["Not run: Ben did not approve it."] * 2


async def test_calls_of_one_reply_are_asked_for_together_after_those_that_need_no_leave(
    till: Till, endpoint: Endpoint
) -> None:
    session = await till.asks(call("query_database", "a"), call("read_file", "b"), PAY, ("write_file", "{broken"))
    assert till.ran == ["b"]
    [asked] = await till.requests(session)
    assert asked.who is ev.Answerer.OPERATOR
    assert asked.text.startswith("May I make these 2 calls?")
    assert "broken" not in asked.text, "what cannot be carried out is not put to people"
    endpoint.says(DONE)
    await till.decided(session)
    assert till.ran == ["b", "a", "pay"]
    assert len(await till.requests(session)) == 1


async def test_each_next_call_needs_a_leave_of_its_own(till: Till, endpoint: Endpoint) -> None:
    session = await till.asks(PAY)
    assert (await till.requests(session))[0].who is ev.Answerer.STARTER
    endpoint.says(None, PAY)  # the same again
    session = await till.decided(session)
    assert (session.state, till.ran) == (State.WAITING, ["pay"])
    endpoint.says("Half of it.")  # the turn ends; the next one wants it again
    endpoint.says(None, PAY)
    assert (await till.decided(session, DENY)).state is State.WAITING
    assert len(await till.requests(session)) == 3
    assert till.ran == ["pay"]


# --- changed between the request and the run


Change = Callable[[list[dict[str, Any]]], None]


def in_reply(change: Callable[[list[dict[str, Any]]], None]) -> Change:
    """A change of the calls of the last reply."""

    def changed(steps: list[dict[str, Any]]) -> None:
        change([step for step in steps if step["kind"] == "reply"][-1]["calls"])

    return changed


def other_request(steps: list[dict[str, Any]]) -> None:
    """The second request's approval, taken from the first."""
    first, *_, last = [step for step in steps if step["kind"] == "leave"]
    last["question"] = first["question"]


TAMPERED: dict[str, Change] = {
    "arguments": in_reply(lambda calls: calls[0].update(arguments='{"text": "pay more"}')),
    "space in the arguments": in_reply(lambda calls: calls[0].update(arguments='{"text":  "low"}')),
    "tool": in_reply(lambda calls: calls[0].update(name="query_database")),
    "order": in_reply(lambda calls: calls.reverse()),
    "one call less": in_reply(lambda calls: calls[1].update(id="other", name="read_file")),
    "unknown question": lambda steps: steps[-1].update(question="0" * 16),
}


@pytest.mark.parametrize("way", TAMPERED)
async def test_what_was_changed_since_it_was_shown_does_not_run(
    till: Till, endpoint: Endpoint, database: Database, way: str
) -> None:
    session = await till.asks(call("write_file", "low"), call("query_database", "high"))
    await tamper(database, session, TAMPERED[way])
    endpoint.says(DONE)
    await till.decided(session)
    assert set(till.ran) <= ({"high"} if way == "one call less" else set())
    assert NOT_THIS_CALL in await till.told(session)


async def test_an_earlier_approval_is_not_one_of_the_next_call(
    till: Till, endpoint: Endpoint, database: Database
) -> None:
    session = await till.asks(call("write_file", "small"))
    endpoint.says(None, call("write_file", "large"))
    session = await till.decided(session)
    await tamper(database, session, other_request)
    endpoint.says(DONE)
    await till.decided(session, DENY)
    assert till.ran == ["small"]
    assert (await till.told(session))[-1] == NOT_THIS_CALL


async def test_a_call_that_a_crash_interrupted_does_not_run_again_by_its_old_approval(
    till: Till, endpoint: Endpoint, database: Database
) -> None:
    session = await till.asks(PAY)
    rows = await till.bench.steps(session)
    calls = next(row["calls"] for row in rows if row["kind"] == "leave")
    assert isinstance(calls, list)
    async with till.bench.uow.begin(ACME) as work:
        await work.steps.append(session.id, {"kind": "intent", "call": calls[0]})
    endpoint.says(DONE)
    await till.decided(session)
    assert (till.ran, await till.told(session)) == ([], [INTERRUPTED])


async def test_a_request_that_nobody_decided_lets_nothing_run(till: Till, endpoint: Endpoint) -> None:
    session = await till.asks(PAY)
    async with till.bench.uow.begin(ACME) as work:
        await work.questions.withdraw(session.id)
        waiting = InState(states=frozenset({State.WAITING}))
        await work.sessions.record(session.id, waiting, [ev.Noticed(text="nobody")], move=Move.ANSWER)
    endpoint.says(DONE)
    await till.go_on(session)
    assert (till.ran, await till.told(session)) == ([], ["Not run: nobody approved it."])


async def tamper(database: Database, session: Session, change: Change) -> None:
    """Change the stored steps of the turn behind Muster's back."""
    of_session = steps_table.c.session == session.id
    async with database.write() as connection:
        rows = (await connection.execute(sa.select(steps_table).where(of_session).order_by(steps_table.c.n))).all()
        data = [json.loads(json.dumps(row.data)) for row in rows]
        change(data)
        for row, changed in zip(rows, data, strict=True):
            one = steps_table.update().where(of_session, steps_table.c.n == row.n)
            await connection.execute(one.values(data=changed))


# --- what is not put to people


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * 3_000, TOO_LONG),
        ("\u200d" * 600, TOO_LONG),  # as long as it is shown
        ("wss://host\u2028/x?ticket=abc", NOT_AS_IT_IS),  # as shown, it would look like a key, and be left out
    ],
)
async def test_what_cannot_be_shown_whole_is_not_asked_for(
    till: Till, endpoint: Endpoint, text: str, told: str
) -> None:
    endpoint.says(None, call("write_file", text))
    endpoint.says(DONE)
    session = await till.go_on(await till.bench.open_with_team())
    assert (session.state, till.ran) == (State.COMPLETED, [])
    assert await till.requests(session) == []
    assert await till.told(session) == [told]


async def test_after_three_requests_in_ten_minutes_one_list_is_put_to_people_and_then_nothing(
    till: Till, endpoint: Endpoint
) -> None:
    session = await till.asks(PAY)
    for _ in range(2):
        endpoint.says(None, PAY)
        session = await till.decided(session)
    endpoint.says(None, PAY)
    endpoint.says(None, PAY, call("write_file", "and more"))
    session = await till.decided(session)
    assert (await till.told(session))[-1] == TOO_OFTEN
    assert len(await till.requests(session)) == 4
    assert till.ran == ["pay"] * 3
    endpoint.says(None, PAY, PAY)
    endpoint.says(None, PAY)
    endpoint.says(None, ("ask_human", "{}"))
    endpoint.says(DONE)
    session = await till.decided(session)
    assert session.state is State.COMPLETED
    assert till.ran == [*["pay"] * 4, "and more"]
    assert (await till.told(session))[-4:-1] == [ENOUGH_ASKED] * 3
    assert len(await till.requests(session)) == 4


async def test_ten_minutes_later_people_may_be_asked_again(till: Till, endpoint: Endpoint) -> None:
    session = await till.asks(PAY)
    for waited_s in (0, 0, 601):
        till.bench.clock.advance(waited_s)
        endpoint.says(None, PAY)
        session = await till.decided(session)
    assert (session.state, len(await till.requests(session))) == (State.WAITING, 4)
