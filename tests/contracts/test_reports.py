"""`/agents usage`, `/agents access`, `/agents audit`: what each person may read of them, and nothing more."""

from dataclasses import replace

import pytest

from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.access import Right, Rule
from core.domain.refs import Person, Place, UserId
from core.domain.session import Session, Usage
from core.errors import UserError
from core.ports import Change, Query
from core.service.policy import Policy
from core.service.reports import Reports
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, CHLOE, GENERAL, Desk, World, start

HERE = Place(workspace=ACME, channel=GENERAL)


@pytest.fixture
def reports(desk: Desk) -> Reports:
    return desk.desk.reports


def asked(by: Person = ANA, *, number: int | None = None, admin: bool = False, restricted: bool = False) -> Query:
    return Query(place=HERE, by=by, number=number, admin=admin, restricted=restricted)


async def used(desk: Desk, world: World, by: Person, cost_usd: float | None = None) -> Session:
    """A session in which a Coder took one turn."""
    await desk.ask(start(f"for {by.name}", by))
    session = (await world.sessions())[0]
    held = await world.run(session)
    built = Usage(prompt_tokens=100, completion_tokens=10)
    await world.record(session, held, change=Change(add_usage=built))
    turn = ev.TurnStarted(agent="Coder", round=1)
    change = Change(round=1, used_by="Coder", add_usage=replace(built, prompt_tokens=1_000, cost_usd=cost_usd))
    return await world.record(session, held, turn, change=change)


async def test_a_person_reads_what_they_used_and_an_admin_what_all_did(
    desk: Desk, reports: Reports, world: World, clock: SetClock
) -> None:
    await used(desk, world, ANA, 0.5)
    clock.advance(2 * 86_400)
    await used(desk, world, ANA, 0.25)
    await used(desk, world, BEN, 2.0)
    told = (await reports.usage(asked())).text
    mine = "Your sessions: 1,120 tokens · $0.2500 in the last 24 hours, 2,240 tokens · $0.7500 in 30 days."
    assert told.splitlines() == [
        mine,
        "The limits: 2 of yours at work at once, 10 of the workspace at work at once.",
    ]
    assert "U2" not in told
    lines = (await reports.usage(asked(admin=True))).text.splitlines()
    assert lines[:2] == [
        mine,
        "The workspace: 2,240 tokens · $2.2500 in the last 24 hours, 3,360 tokens · $2.7500 in 30 days. "
        "By person, the dearest first:",
    ]
    assert lines[2:4] == ["- `U2`: 1,120 tokens · $2.0000 in 1 session", "- `U1`: 2,240 tokens · $0.7500 in 2 sessions"]
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.ADMINISTER, Rule(groups=frozenset({"S1"})))
    assert "By person" in (await reports.usage(replace(asked(CHLOE), groups=("S1",)))).text
    assert "By person" not in (await reports.usage(replace(asked(CHLOE), groups=("S2",)))).text


async def test_all_limits_of_the_deployment_are_said(uow: SqlUnitOfWork, clock: SetClock) -> None:
    policy = Policy(
        max_per_user_per_day=20,
        max_per_workspace_per_day=99,
        max_usd_per_user_per_day=1.5,
        max_usd_per_workspace_per_day=9,
    )
    told = (await Desk(uow=uow, clock=clock, policy=policy).desk.reports.usage(asked())).text
    assert told.endswith(
        "The limits: 2 of yours at work at once, 10 of the workspace at work at once, 20 of yours started in 24 hours, "
        "99 of the workspace started in 24 hours, $1.50 of yours in 24 hours, $9.00 of the workspace in 24 hours."
    )


async def test_one_session_is_told_to_its_starter_and_to_admins_who_can_see_its_conversation(
    desk: Desk, reports: Reports, world: World
) -> None:
    await used(desk, world, ANA, 0.5)
    desk.conversations.viewers[GENERAL] = {ANA.id, BEN.id, CHLOE.id}
    absent = [(await reports.usage(asked(number=each))).text for each in (2, 999_999_999, 0)]
    assert set(absent) == {
        f"There is no session #{n} of yours. `/history` lists sessions." for n in (2, 999_999_999, 0)
    }
    foreign = absent[0].replace("#2", "#1")
    told = (await reports.usage(asked(number=1))).text
    assert "#1 used 1,120 tokens · $0.5000" in told
    assert "- Coder: 1,010 tokens · $0.5000" in told
    assert (await reports.usage(asked(BEN, number=1))).text == foreign
    assert (await reports.usage(asked(BEN, number=1, admin=True))).text == told
    desk.conversations.viewers[GENERAL] = {CHLOE.id}  # others were taken out of the channel
    assert (await reports.usage(asked(number=1))).text == foreign
    assert (await reports.usage(asked(BEN, number=1, admin=True))).text == foreign


async def test_every_full_member_reads_the_rules(reports: Reports, world: World) -> None:
    async with world.uow.begin(ACME) as work:
        await work.preferences.set_rule(Right.START, Rule(users=frozenset({"U7"}), channels=frozenset({"C9"})))
    assert (await reports.access(asked())).text.splitlines() == [
        "Who may do what in this workspace:",
        "- start sessions: people `U7`; only in `C9`; and admins",
        "- answer and steer others' teams: every full member who sees the thread (default)",
        "- stop others' sessions and approve what is costly (operators): admins (default)",
        "- change the workspace's settings and these rules (admins): admins of the platform (default)",
    ]


async def test_the_audit_is_for_admins_and_has_no_content(desk: Desk, reports: Reports, world: World) -> None:
    assert (await reports.audit(asked(admin=True))).text == "Nothing is noted yet."
    await desk.ask(start("the secret task"))
    await desk.ask(replace(start("another secret", Person(id=UserId("U8"), name="Gus")), restricted=True))
    session = await world.only_session()
    told = (await reports.audit(asked(CHLOE, admin=True))).text
    assert told.splitlines() == [
        "Who did what, the newest first:",
        "- 2026-11-01 12:00:00 `U8` StartSession (refused)",
        f"- 2026-11-01 12:00:00 `U1` start `{session.id}`",
    ]
    with pytest.raises(UserError, match="Only admins"):
        await reports.audit(asked())


async def test_guests_read_none_of_it(reports: Reports) -> None:
    for ask in (reports.usage, reports.access, reports.audit):
        for number in (None, 1):
            with pytest.raises(UserError, match="Only full members"):
                await ask(asked(restricted=True, admin=True, number=number))
