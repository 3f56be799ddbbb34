"""Who may do what: the rights, the rules that admins set for them, and that both are looked at when they are used."""

from dataclasses import replace
from itertools import product

from core.domain import events as ev
from core.domain.access import Grants, Right, Rule, Rules, Standing
from core.domain.commands import ChangeAccess
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, Person, Place, UserId
from core.service.rules import MOST_NAMES
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, CHLOE, GENERAL, Desk, World, start, stop

HERE = Place(workspace=ACME, channel=GENERAL)
ADMIN = Person(id=UserId("U9"), name="Root")
LAB = ChannelId("C2")


def access(right: str, by: Person = ADMIN, *, admin: bool = True, **named: tuple[str, ...] | bool) -> ChangeAccess:
    return ChangeAccess(place=HERE, by=by, right=right, admin=admin, **named)  # type: ignore[arg-type]


async def rules(world: World) -> Rules:
    async with world.uow.read(ACME) as work:
        return await work.preferences.rules()


async def set_rule(world: World, right: Right, rule: Rule | None) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(right, rule)


# --- what a rule gives


def test_a_right_is_given_by_its_rule_and_by_nothing_else() -> None:
    people = {
        "guest": Standing(user=UserId("G"), restricted=True, admin=True, groups=frozenset({"S1"})),
        "member": Standing(user=UserId("M"), restricted=False, admin=False),
        "named": Standing(user=UserId("N"), restricted=False, admin=False),
        "grouped": Standing(user=UserId("O"), restricted=False, admin=False, groups=frozenset({"S1", "S9"})),
        "admin": Standing(user=UserId("A"), restricted=False, admin=True),
    }
    to_people = Rule(users=frozenset({"N", "G"}), groups=frozenset({"S1"}))
    for right, (name, person) in product(Right, people.items()):
        everybody = right in (Right.START, Right.ANSWER)
        for rule, may_member, may_named in (
            (None, everybody, everybody),
            (Rule(), everybody, everybody),
            (to_people, False, True),
            (replace(to_people, channels=frozenset({LAB})), False, True),
            (Rule(channels=frozenset({LAB})), everybody, everybody),
        ):
            grants = Grants(standing=person, rules={right: rule} if rule else {})
            may = {"guest": False, "admin": True, "member": may_member}.get(name, may_named)
            assert grants.has(right, LAB) is may, (right, name, rule)
            elsewhere = may and (name == "admin" or rule is None or not rule.channels)
            assert grants.has(right, GENERAL) is elsewhere, (right, name, rule)
            assert grants.has(Right.OPERATE, LAB) is (may if right is Right.OPERATE else name == "admin")


# --- changing rules


async def test_an_admin_sets_rules_which_are_said_in_words_and_noted(desk: Desk, world: World) -> None:
    [told] = await desk.ask(access(" Start ", users=("U1", "U2"), grantees=("S1",), channels=("C1",)))
    assert "- start sessions: people `U1`, `U2`; groups `S1`; only in `C1`; and admins" in told
    assert "- answer and steer others' teams: every full member who sees the thread (default)" in told
    await desk.ask(access("operate", grantees=("S1",)))
    assert await rules(world) == {
        Right.START: Rule(users=frozenset({"U1", "U2"}), groups=frozenset({"S1"}), channels=frozenset({"C1"})),
        Right.OPERATE: Rule(groups=frozenset({"S1"})),
    }
    [told] = await desk.ask(access("start", users=("U5",), reset=True))
    assert "- start sessions: every full member (default)" in told
    assert set(await rules(world)) == {Right.OPERATE}
    async with world.uow.read(ACME) as work:
        noted = [(line.action, line.subject, line.allowed) for line in await work.audit.latest()]
    assert noted == [("access", "start: reset", True), ("access", "operate", True), ("access", "start", True)]


async def test_a_rule_that_is_none_changes_nothing(desk: Desk, world: World) -> None:
    await desk.ask(access("operate", users=("U1",)))
    before = await rules(world)
    for change, words in (
        (access("fly", users=("U2",)), "There are: `start`, `answer`, `operate`, `administer`"),
        (access("", reset=True), "no right of that name"),
        (access("start"), "or `reset`"),
        (access("operate", channels=("C1",)), "Name the people or groups that may stop"),
        (access("administer", channels=("C1",)), "Name the people or groups that may change"),
        (access("start", users=tuple(f"U{n}" for n in range(MOST_NAMES + 1))), "50 people"),
    ):
        [told] = await desk.ask(change)
        assert words in told
    assert await rules(world) == before


async def test_whom_the_admins_name_administers_too_and_cannot_shut_them_out(desk: Desk, world: World) -> None:
    for by, groups in ((BEN, ()), (BEN, ("S1",))):
        [told] = await desk.ask(replace(access("start", by, admin=False, users=("U2",)), groups=groups))
        assert told.startswith("Only admins")
    await desk.ask(access("administer", grantees=("S1",)))
    await desk.ask(replace(access("start", BEN, admin=False, users=("U2",)), groups=("S1",)))
    assert (await rules(world))[Right.START] == Rule(users=frozenset({"U2"}))
    [told] = await desk.ask(replace(access("start", BEN, admin=False, reset=True), groups=("S2",)))
    assert told.startswith("Only admins")
    assert "From now on" in (await desk.ask(access("administer", reset=True)))[0]
    [told] = await desk.ask(replace(access("start", BEN, admin=False, reset=True), groups=("S1",)))
    assert told.startswith("Only admins")
    [told] = await desk.ask(replace(access("start", reset=True), restricted=True))
    assert "Only full members" in told


# --- rules where they count


async def test_sessions_are_started_by_whom_and_where_the_rule_says(desk: Desk, world: World) -> None:
    await set_rule(
        world, Right.START, Rule(users=frozenset({ANA.id}), groups=frozenset({"S1"}), channels=frozenset({LAB}))
    )
    refused = [
        start(channel=GENERAL),
        start(by=BEN, channel=LAB),
        replace(start(by=BEN, channel=LAB), groups=("S2",)),
        replace(start(channel=LAB), restricted=True),
    ]
    for command in refused:
        assert len(await desk.ask(command)) == 1
    assert await world.sessions() == []
    for command in (
        start("a", channel=LAB),
        replace(start("b", BEN, channel=LAB), groups=("S2", "S1")),
        replace(start("c", CHLOE), admin=True),
    ):
        assert await desk.ask(command) == []
    assert len(await world.sessions()) == 3


async def test_a_follow_up_and_a_mention_are_starts(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    await world.finish(session)
    await set_rule(world, Right.START, Rule(users=frozenset({CHLOE.id})))
    for command in (
        world.reply(place, "go on"),
        replace(world.reply(replace(place, root=world.reply(place, "").message), "sum up"), addressed=True),
        start("something else"),
    ):
        [told] = await desk.ask(command)
        assert told.startswith("You cannot start sessions here")
    assert len(await world.sessions()) == 1
    assert await desk.ask(world.reply(place, "go on", CHLOE)) == []


async def test_a_rule_that_changes_while_a_request_waits_counts_for_it(desk: Desk, world: World) -> None:
    desk.conversations.open.clear()
    await desk.take(start())
    await set_rule(world, Right.START, Rule(users=frozenset({BEN.id})))
    desk.conversations.open.set()
    await desk.desk.drain()
    assert len(desk.told) == 1
    assert await world.sessions() == []


async def test_the_starter_speaks_to_the_team_in_any_case_and_others_as_the_rule_says(
    desk: Desk, world: World, clock: SetClock
) -> None:
    session, place, _ = await world.waiting(desk)
    await set_rule(world, Right.ANSWER, Rule(groups=frozenset({"S1"})))
    [told] = await desk.ask(world.reply(place, "mine", BEN))
    assert told.startswith("You cannot speak to this team")
    assert (await world.session(session.id)).state is State.WAITING
    assert await desk.ask(replace(world.reply(place, "ours", BEN), groups=("S1",))) == []
    clock.advance(1)
    assert await desk.ask(world.reply(place, "a note")) == []
    [told] = await desk.ask(world.reply(place, "a note", CHLOE))
    assert told.startswith("You cannot speak to this team")
    assert (await world.events(session))[-1] == ev.NoteGiven(by=ANA, text="a note")


async def test_who_may_speak_no_more_cannot_change_what_was_said_but_can_take_it_back(desk: Desk, world: World) -> None:
    await desk.ask(start())
    session = await world.only_session()
    note = world.reply(await world.place(session), "in French", BEN)
    await desk.ask(note)
    await set_rule(world, Right.ANSWER, Rule(users=frozenset({CHLOE.id})))
    [told] = await desk.ask(world.change(note, "delete everything"))
    assert told.startswith("You cannot speak to this team")
    assert (await world.events(session))[-1] == ev.NoteGiven(by=BEN, text="in French")
    assert await desk.ask(world.change(note, "")) == []
    assert (await world.events(session))[-1] == ev.ReplyChanged(message=note.message, by=BEN, text="")


async def test_operators_stop_what_runs_in_their_channels_from_wherever_they_are(desk: Desk, world: World) -> None:
    of_general = Rule(users=frozenset({BEN.id}), channels=frozenset({GENERAL}))
    of_lab = replace(of_general, channels=frozenset({LAB}))
    for number, way in enumerate(("number", "thread", "reaction"), 1):
        await desk.ask(start(way, channel=LAB))
        session = (await world.sessions())[0]
        place = await world.place(session)
        command = {
            "number": stop(BEN, number=number),
            "thread": stop(BEN, place=place),
            "reaction": replace(stop(BEN, place=replace(place, root=None)), post=place.root),
        }[way]
        await set_rule(world, Right.OPERATE, of_general)
        assert len(await desk.ask(command)) == 1
        assert (await world.session(session.id)).state is State.QUEUED
        await set_rule(world, Right.OPERATE, of_lab)
        assert await desk.ask(command) == [f"Stopping #{number}. What was made so far stays in its thread."]
        assert (await world.session(session.id)).state is State.STOPPED
