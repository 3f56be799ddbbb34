"""T33: a role is what the platform and the workspace's rules say at the moment of use, at every door.

Eight roles try six doors: a command, a button, a reply, a form, a stop, a change of the rules. Commands are made as the
platforms make them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bots import requests
from bots.facts import Known
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.commands import Command, PostReply, StartSession
from core.domain.lifecycle import State
from core.domain.preferences import WORKSPACE, Preferences
from core.domain.refs import ChannelId, Person, Place, QuestionId, UserId, new_id
from core.domain.session import Session
from core.errors import UserError
from core.service.policy import Policy
from core.service.settings_desk import Scope, SettingsChange
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import figure
from tests.support.desk import ACME, ANA, GENERAL, Desk, World, next_message, start
from tests.support.schema import lay_schema

pytestmark = pytest.mark.slow

HERE = Place(workspace=ACME, channel=GENERAL)
RIGHTS = {Right.START: "S-start", Right.ANSWER: "S-answer", Right.OPERATE: "S-operate", Right.ADMINISTER: "S-admin"}
DOORS = {
    "command": Right.START,
    "button": Right.OPERATE,
    "reply": Right.ANSWER,
    "form": Right.ADMINISTER,
    "stop": Right.OPERATE,
    "rules": Right.ADMINISTER,
}


def somebody(name: str, *groups: str, restricted: bool = False, admin: bool = False) -> Known:
    person = Person(id=UserId(f"U-{name}"), name=name)
    return Known(person=person, restricted=restricted, admin=admin, groups=frozenset(groups))


ROLES = {
    "guest": somebody("guest", *RIGHTS.values(), restricted=True),
    "guest admin": somebody("guest admin", restricted=True, admin=True),
    "member": somebody("member", "S-other"),
    "may start": somebody("may start", "S-start"),
    "may answer": somebody("may answer", "S-answer"),
    "operator": somebody("operator", "S-operate"),
    "administrator": somebody("administrator", "S-admin"),
    "admin": somebody("admin", admin=True),
}


def may(by: Known, door: str) -> bool:
    return not by.restricted and (by.admin or RIGHTS[DOORS[door]] in by.groups)


@dataclass(kw_only=True)
class Building:
    """A workspace in which everything needs a right of its own, and its doors."""

    desk: Desk
    world: World

    async def lock(self) -> None:
        """Each right is for one group."""
        async with self.world.uow.begin(ACME) as work:
            for right, group in RIGHTS.items():
                await work.preferences.set_rule(right, Rule(users=frozenset({ANA.id}), groups=frozenset({group})))

    async def prepared(self, door: str) -> tuple[Session, Place, QuestionId]:
        """A session of Ana's as the door needs it: waiting for an operator, or for anybody's words, or at work."""
        assert await self.desk.ask(start(new_id())) == []
        session = (await self.world.sessions())[0]
        place = await self.world.place(session)
        question = QuestionId("0" * 16)
        if door in ("button", "reply"):
            held = await self.world.run(session)
            high: dict[str, Any] = {"choices": ("Approve",), "who": ev.Answerer.OPERATOR, "approves": "f" * 64}
            question = (await self.world.ask(session, held, **(high if door == "button" else {}))).id
        return session, place, question

    def command(self, door: str, by: Known, place: Place, question: QuestionId, session: Session) -> Command:
        """What the platform makes of it."""
        who: dict[str, Any] = {"restricted": by.restricted, "admin": by.admin, "groups": tuple(sorted(by.groups))}
        wanted: object
        match door:
            case "command":
                wanted = StartSession(place=HERE, by=by.person, task=f"mine {new_id()}", **who)
            case "button":
                wanted = requests.choice_pressed(requests.choice_value(question, 0), place, by)
            case "reply":
                said = self.world.reply(place, "an answer", by.person)
                wanted = replace(said, **who)
            case "stop":
                wanted = requests.stop_pressed(str(session.number), place, by)
            case _:
                wanted = requests.access_change("start", HERE, by, users=[by.person.id])
        assert isinstance(wanted, Command)
        return wanted

    async def enter(self, door: str, by: Known, prepared: tuple[Session, Place, QuestionId]) -> str:
        """Try the door; returns what the person was told."""
        session, place, question = prepared
        if door != "form":
            return " ".join(await self.desk.ask(self.command(door, by, place, question, session)))
        change = SettingsChange(preferences=Preferences(model=f"of {by.person.name}"), keys={})
        try:
            return (await self.desk.desk.settings.save(HERE, by.person, by.standing, Scope.WORKSPACE, change)).text
        except UserError as error:
            return str(error)

    async def is_open(self, door: str, by: Known, session: Session) -> bool:
        """Whether what lies behind the door has happened."""
        now = await self.world.session(session.id)
        match door:
            case "command":
                return any(each.starter.id == by.person.id for each in await self.world.sessions())
            case "button" | "reply":
                return now.state is not State.WAITING
            case "stop":
                return now.state is State.STOPPED
        async with self.world.uow.read(ACME) as work:
            if door == "form":
                return (await work.preferences.of(WORKSPACE)).model == f"of {by.person.name}"
            return (await work.preferences.rules())[Right.START].users == {by.person.id}


@pytest.fixture
async def building(tmp_path: Path, clock: SetClock) -> AsyncIterator[Building]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    uow = SqlUnitOfWork(database, clock, NotingBell(), NotingQueue())
    room = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)
    building = Building(desk=Desk(uow=uow, clock=clock, policy=room), world=World(uow, clock))
    await building.lock()
    yield building
    await database.close()


async def test_eight_roles_get_through_six_doors_as_far_as_their_rights_go(building: Building) -> None:
    passed: list[tuple[str, str]] = []
    refused = 0
    for door in DOORS:
        for name, by in ROLES.items():
            prepared = await building.prepared(door)
            told = await building.enter(door, by, prepared)
            if await building.is_open(door, by, prepared[0]) is not may(by, door):
                passed.append((name, door))
            if not may(by, door):
                refused += 1
                assert told, f"{name} at the {door} was refused without a word"
            await building.lock()
    assert passed == []
    assert len(DOORS) * len(ROLES) == 48
    figure("T33", f"{len(DOORS) * len(ROLES)} of 48 doors as the rights say, {refused} of them shut, 0 got through")


@pytest.mark.parametrize("lost", ["on the platform", "by a rule"])
async def test_a_role_that_is_lost_between_the_asking_and_the_use_counts_no_more(building: Building, lost: str) -> None:
    shut = 0
    for door, right in DOORS.items():
        by = somebody(f"late at {door}", RIGHTS[right])
        prepared = await building.prepared(door)
        if lost == "on the platform":
            by = replace(by, groups=frozenset({"S-other"}))
        else:
            async with building.world.uow.begin(ACME) as work:
                await work.preferences.set_rule(right, Rule(users=frozenset({ANA.id})))
        assert await building.enter(door, by, prepared)
        assert not await building.is_open(door, by, prepared[0]), door
        shut += 1
        await building.lock()
    figure("T33", f"{shut} of {len(DOORS)} doors shut for a role that was lost {lost}")


async def test_a_request_that_waits_in_the_inbox_is_judged_when_it_is_carried_out(building: Building) -> None:
    """The person had the right when the platform told us, and an admin took it away before anything happened."""
    by = ROLES["may start"]
    session, place, question = await building.prepared("command")
    building.desk.conversations.open.clear()
    await building.desk.take(building.command("command", by, place, question, session))
    async with building.world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.START, Rule(users=frozenset({ANA.id})))
    building.desk.conversations.open.set()
    await building.desk.desk.drain()
    assert not await building.is_open("command", by, session)


async def test_a_right_in_one_channel_is_none_in_another(building: Building) -> None:
    by = ROLES["operator"]
    async with building.world.uow.begin(ACME) as work:
        elsewhere = Rule(groups=frozenset({"S-operate"}), channels=frozenset({ChannelId("C9")}))
        await work.preferences.set_rule(Right.OPERATE, elsewhere)
    for door in ("button", "stop"):
        prepared = await building.prepared(door)
        assert await building.enter(door, by, prepared)
        assert not await building.is_open(door, by, prepared[0])
    session, place, _ = await building.prepared("stop")
    wanted = requests.stop_pressed(str(session.number), replace(place, channel=ChannelId("C9")), by)
    assert wanted is not None
    assert await building.desk.ask(wanted) == [
        f"There is no session #{session.number} that you can stop. Whoever started one can, or an admin."
    ]


async def test_a_reaction_and_the_word_stop_are_judged_like_the_button(building: Building) -> None:
    for by in (ROLES["may answer"], ROLES["guest"]):
        session, place, _ = await building.prepared("stop")
        by_word = PostReply(
            place=place, by=by.person, text="stop", message=next_message(), said_at=building.world.clock.now(),
            restricted=by.restricted, groups=tuple(by.groups),
        )  # fmt: skip
        by_reaction = replace(requests.stop(None, replace(place, root=None), by), post=place.root)
        for command in (by_word, by_reaction):
            assert await building.desk.ask(command)
            assert (await building.world.session(session.id)).state is State.QUEUED
