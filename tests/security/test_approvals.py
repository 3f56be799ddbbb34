"""T32: nothing that needs leave runs unless somebody who may has approved exactly that, as it was shown.

The agent's model is hostile: it changes, repeats and hides. So are people: they press for others, elsewhere, twice, and
write what reads like an approval. The front desk and the turn are the real ones.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from bots import requests
from bots.facts import Known
from core.adapters.sql_engine import Database
from core.adapters.sql_tables import steps as steps_table
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain.commands import PressChoice
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, SessionId, WorkspaceId
from core.domain.session import Question
from core.service.narration import narrate
from core.service.policy import Policy
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import SIZE, figure
from tests.security.vault import HIDDEN, OPERATOR, RANDOM, SOLO, SPICES, STARTER, Vault, call
from tests.support.desk import ACME, BEN, Desk, World
from tests.support.schema import lay_schema
from worker.team.model import Reply

pytestmark = pytest.mark.slow


@pytest.fixture
async def vault(tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
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
    asked = await vault.shown_to_people()
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
                    each["arguments"] = each["arguments"].replace('": "', '": "9', 1)
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
