"""T25: what was said in a conversation is read by those who can see that conversation now, and by nobody else."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bots import replies, requests
from bots.discord import limits as discord_limits
from bots.discord.places import guild_place
from bots.facts import Known
from bots.slack import limits as slack_limits
from core.adapters.sql_engine import Database
from core.adapters.unit_of_work import SqlUnitOfWork
from core.domain import events as ev
from core.domain.refs import ChannelId, MessageId, Person, Place, Platform, UserId, WorkspaceId
from core.errors import MusterError, TransientError
from core.ports import Answer, Change, Query
from core.service.history import History
from core.service.reports import Reports
from tests.conftest import NotingBell, NotingQueue, SetClock
from tests.security.figures import figure
from tests.support.desk import ANA, Desk, World, start
from tests.support.desk_doubles import Conversations
from tests.support.schema import lay_schema

CANARY = "layoffs-in-march"
EVE = Person(id=UserId("U66"), name="Eve")
SLACK = WorkspaceId("slack:T1")

THREAD = guild_place("1", "900", kind=12, parent="7")
"""A private thread, as Discord's handlers place it."""

May = Callable[[Place, UserId], bool]


class Watched(Conversations):
    """Conversations that are seen by whom `may` says."""

    def __init__(self) -> None:
        super().__init__()
        self.may: May = lambda place, user: user == ANA.id

    async def may_view(self, place: Place, user: UserId) -> bool:
        return self.may(place, user)


def says_nothing(place: Place, user: UserId) -> bool:
    raise TransientError("the platform did not answer")


@dataclass(frozen=True, kw_only=True)
class Onlooker:
    """Somebody who has no business in Ana's conversation."""

    platform: Platform = Platform.SLACK
    channel: str  # of the session
    asks_from: str  # the channel
    may: May
    by: Known


def known(*, restricted: bool = False, admin: bool = False, person: Person = EVE) -> Known:
    return Known(person=person, restricted=restricted, admin=admin)


ONLOOKERS = {
    "taken out of a private channel": Onlooker(
        channel="G1", asks_from="G1", may=lambda place, user: False, by=known(person=ANA, admin=True)
    ),
    "admin in a direct message that is another's": Onlooker(
        channel="D1",
        asks_from="C2",
        may=lambda place, user: place.channel == "C2",
        by=known(admin=True),
    ),
    "admin outside of a private thread of a channel that they see": Onlooker(
        platform=Platform.DISCORD,
        channel=THREAD.channel,
        asks_from="7",
        may=lambda place, user: place.channel == "7",
        by=known(admin=True),
    ),
    "guest who is in the channel": Onlooker(
        channel="C1", asks_from="C1", may=lambda place, user: True, by=known(restricted=True)
    ),
    "somebody of another company in a shared channel": Onlooker(
        channel="C1",
        asks_from="C1",
        may=lambda place, user: True,
        by=known(restricted=True, admin=True),
    ),
    "the starter, of whom the platform says nothing just now": Onlooker(
        channel="C1", asks_from="C1", may=says_nothing, by=known(person=ANA, admin=True)
    ),
}
QUESTIONS = ("list", "transcript", "status", "usage")


@dataclass(kw_only=True)
class Archive:
    """A finished session full of what nobody else may know."""

    uow: SqlUnitOfWork
    clock: SetClock
    conversations: Watched

    async def fill(self, workspace: WorkspaceId, channel: str) -> None:
        desk = Desk(
            uow=self.uow, clock=self.clock, platform=Platform(workspace.split(":")[0]), conversations=self.conversations
        )
        world = World(self.uow, self.clock, workspace)
        place = Place(workspace=workspace, channel=ChannelId(channel), root=MessageId("1600000000.000100"))
        assert await desk.ask(replace(start(f"plan the {CANARY}"), place=place)) == []
        session = (await world.sessions())[0]
        held = await world.run(session)
        change = Change(round=1, used_by=CANARY, add_usage=replace(session.usage, prompt_tokens=7))
        turn = ev.TurnStarted(agent=CANARY, round=1)
        await world.record(session, held, turn, ev.Said(agent=CANARY, text=CANARY), change=change)

    async def ask(self, question: str, place: Place, by: Known) -> Answer:
        """As the attendant does."""
        history = History(uow=self.uow, conversations=self.conversations)
        policy = Desk(uow=self.uow, clock=self.clock).policy
        reports = Reports(uow=self.uow, conversations=self.conversations, policy=policy)
        try:
            match question:
                case "list":
                    return await history.answer(requests.history(CANARY.split("-")[0], place, by).query)
                case "transcript":
                    return await history.answer(requests.history("#1", place, by).query)
                case "status":
                    return await history.status(requests.status(None, place, by).query)
                case _:
                    return await reports.usage(requests.report(requests.Topic.USAGE, place, by, number=1).query)
        except MusterError as error:
            return Answer(text=replies.in_words(error))


@pytest.fixture
async def archive(tmp_path: Path, clock: SetClock) -> AsyncIterator[Archive]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'muster.db'}")
    await lay_schema(database)
    uow = SqlUnitOfWork(database, clock, NotingBell(), NotingQueue())
    yield Archive(uow=uow, clock=clock, conversations=Watched())
    await database.close()


async def test_who_cannot_see_a_conversation_now_reads_nothing_of_it(archive: Archive) -> None:
    leaks: list[tuple[str, str]] = []
    cases = 0
    for n, (who, onlooker) in enumerate(ONLOOKERS.items()):
        workspace = WorkspaceId(f"{onlooker.platform}:W{n}")
        await archive.fill(workspace, onlooker.channel)
        place = Place(workspace=workspace, channel=ChannelId(onlooker.asks_from))
        archive.conversations.may = lambda place, user: True
        for question in QUESTIONS:  # the very question shows it to those who may
            shown = await archive.ask(question, replace(place, channel=ChannelId(onlooker.channel)), known(person=ANA))
            assert CANARY in repr(shown), (who, question)
        archive.conversations.may = onlooker.may
        for question in QUESTIONS:
            cases += 1
            if CANARY in repr(await archive.ask(question, place, onlooker.by)).replace("layoffs”", ""):
                leaks.append((who, question))
    assert leaks == []
    assert cases == 24
    figure("T25", f"{cases} questions about 6 kinds of private conversations, 0 leaks")


async def test_what_may_not_be_seen_is_answered_like_what_is_not_there(archive: Archive) -> None:
    await archive.fill(SLACK, "G1")
    place = Place(workspace=SLACK, channel=ChannelId("C2"))
    archive.conversations.may = lambda place, user: place.channel == "C2"
    history, by = History(uow=archive.uow, conversations=archive.conversations), known(admin=True)
    for ask in (history.answer, history.status):
        there, absent = [await ask(Query(place=place, by=by.person, number=number)) for number in (1, 2)]
        assert there == replace(absent, text=absent.text.replace("#2", "#1"))
    there = await archive.ask("usage", place, by)
    assert there.text == "There is no session #1 of yours. `/history` lists sessions."


async def test_the_next_page_is_for_those_who_can_still_see_the_conversation(archive: Archive) -> None:
    await archive.fill(SLACK, "G1")
    place = Place(workspace=SLACK, channel=ChannelId("G1"))
    pressed = requests.older_pressed('[0,""]', place, known(person=ANA))
    assert pressed is not None
    history = History(uow=archive.uow, conversations=archive.conversations)
    assert CANARY in repr(await history.answer(pressed.query))
    archive.conversations.may = lambda place, user: False
    assert CANARY not in repr(await history.answer(pressed.query))


def test_what_is_known_of_members_is_a_minute_old_at_most() -> None:
    assert max(discord_limits.FACTS_S, slack_limits.FACTS_S) <= 60
