"""T24: nothing that is asked or forged in one workspace reads or changes anything of another.

Two workspaces have the same channels, threads and people's ids; whoever asks is an admin of the other one. What belongs
to another workspace is answered exactly like what is not there.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bots import replies, requests
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.commands import Command
from core.domain.lifecycle import State
from core.domain.preferences import Preferences
from core.domain.refs import Place
from core.domain.session import Usage
from core.errors import MusterError
from core.ports import Answer, Change
from core.service.history import History
from core.service.policy import Policy
from core.service.settings_desk import Scope, SettingsChange
from tests.conftest import SetClock
from tests.security.figures import SIZE, figure
from tests.security.forged import CANARY, INTRUDER, OTHER, PROBES, STATES, Acme, Ids, Probe
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, start

pytestmark = pytest.mark.slow


@pytest.fixture
def acme(uow: SqlUnitOfWork, clock: SetClock) -> Acme:
    room = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)
    return Acme(desk=Desk(uow=uow, clock=clock, policy=room), world=World(uow, clock))


# --- what stores say in another workspace


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
