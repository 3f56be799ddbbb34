"""The same wish is the same command on every platform, apart from ids.

Each platform's `parse` is given what the platform sends. In Discord's direct messages a task is a reply, since channel
and thread are one there: the front desk starts a session of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bots.discord import called as discord_called
from bots.discord import parse as discord
from bots.discord.places import direct_place, guild_place
from bots.facts import Known
from bots.requests import Asked, Topic
from bots.slack import parse as slack
from bots.slack.markup import escape
from core.domain.commands import ChangeReply, Command, PostReply, StartSession, StopSession
from core.domain.refs import ChannelId, MessageId, Person, Place, UserId, WorkspaceId
from core.ports import Query

AT = 1_700_000_000
ADA = Known(person=Person(id=UserId("1"), name="Ada"), restricted=False, admin=True)
GUEST = Known(person=Person(id=UserId("5"), name="Gus"), restricted=True)
PLACE = Place(workspace=WorkspaceId("w"), channel=ChannelId("c"))
THREAD = replace(PLACE, root=MessageId("r"))
START = StartSession(place=PLACE, by=ADA.person, task="count the primes", admin=True)
STOP = StopSession(place=PLACE, by=ADA.person, admin=True)
REPLY = PostReply(
    place=THREAD,
    by=ADA.person,
    text="below 100",
    message=MessageId("m"),
    said_at=datetime.fromtimestamp(AT, UTC),
    admin=True,
)


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """What a person writes; `@muster` and `@ben` in it are mentions."""

    text: str
    by: Known = ADA
    thread: str = ""  # of whom: `muster` or `ben`
    direct: bool = False
    edited_from: str = ""


@dataclass(frozen=True, kw_only=True)
class Called:
    """A command, in the words of Slack and the options of Discord."""

    words: str
    sub: str
    options: Mapping[str, Any] = field(default_factory=dict)
    by: Known = ADA
    name: str = "agents"


class On(Protocol):
    """One platform."""

    def hear(self, spoken: Spoken) -> Any:
        """What a message asks for, without ids; None when it is not for Muster."""

    def call(self, called: Called) -> Any:
        """What a command asks for, without ids."""


class OnSlack:
    """Slack's payloads, and what Slack's side makes of them."""

    def hear(self, spoken: Spoken) -> Any:
        event = self._event(spoken, spoken.text)
        names = {"U2": "Ben"}
        if spoken.edited_from:
            message = event | {"edited": {"user": spoken.by.person.id, "ts": f"{AT + 9}.000000"}}
            was = self._event(spoken, spoken.edited_from)
            told = {"subtype": "message_changed", "channel": "C1", "message": message, "previous_message": was}
            change = slack.changed(told, "UBOT")
            assert change is not None
            return without_ids(slack.changed_reply(change, WorkspaceId("slack:T1"), "UBOT", spoken.by, names))
        said = slack.said(event, "UBOT")
        return said and without_ids(slack.asked_in(said, WorkspaceId("slack:T1"), "UBOT", spoken.by, names))

    def call(self, called: Called) -> Any:
        place = Place(workspace=WorkspaceId("slack:T1"), channel=ChannelId("C1"))
        read = slack.history_command if called.name == "history" else slack.agents_command
        return without_ids(read(escape(called.words).replace("@ben", "<@U2>"), place, called.by, {"U2": "Ben"}))

    def _event(self, spoken: Spoken, text: str) -> dict[str, Any]:
        authors = {"muster": "UBOT", "ben": "U2"}
        thread = {"thread_ts": f"{AT - 9}.000000", "parent_user_id": authors[spoken.thread]} if spoken.thread else {}
        return {
            "type": "message",
            "channel": "D1" if spoken.direct else "C1",
            "channel_type": "im" if spoken.direct else "channel",
            "user": f"U{spoken.by.person.id}",
            "ts": f"{AT}.000000",
            "text": escape(text).replace("@muster", "<@UBOT>").replace("@ben", "<@U2>"),
            **thread,
        }


class OnDiscord:
    """Discord's payloads, and what Discord's side makes of them."""

    ours = frozenset({"99"})

    def hear(self, spoken: Spoken) -> Any:
        place = self._place(spoken)
        said = discord.said(self._message(spoken), guild="" if spoken.direct else "10", ours=self.ours)
        assert said is not None
        if not said.addressed and spoken.thread != "muster":
            return None  # which threads are Muster's own is the handlers' to know
        if spoken.edited_from:
            return without_ids(discord.changed(said, place, spoken.by, ours=self.ours, names={}))
        return without_ids(discord.asked_in(said, place, spoken.by, ours=self.ours, names={}))

    def call(self, called: Called) -> Any:
        options: list[dict[str, Any]] = [
            {"type": 3, "name": name, "value": value.replace("@ben", "<@2>") if isinstance(value, str) else value}
            for name, value in called.options.items()
        ]
        if called.sub:
            options = [{"type": 1, "name": called.sub, "options": options}]
        command = discord_called.called({"name": called.name, "options": options})
        place = guild_place("10", "20", kind=0, parent=None)
        return without_ids(discord_called.asked_by(command, place, called.by, names={"2": "Ben"}))

    def _place(self, spoken: Spoken) -> Place:
        if spoken.direct:
            return direct_place("1", "40")
        return guild_place("10", "30" if spoken.thread else "20", kind=11 if spoken.thread else 0, parent="20")

    def _message(self, spoken: Spoken) -> dict[str, Any]:
        mentions = [
            {"id": i, "username": n} for i, n in (("99", "Muster"), ("2", "Ben")) if f"@{n.lower()}" in spoken.text
        ]
        return {
            "id": discord.snowflake_at(datetime.fromtimestamp(AT, UTC)),
            "channel_id": "40" if spoken.direct else "30" if spoken.thread else "20",
            "type": 0,
            "author": {"id": str(spoken.by.person.id), "username": spoken.by.person.name.lower()},
            "content": spoken.text.replace("@muster", "<@99>").replace("@ben", "<@2>"),
            "mentions": mentions,
            "edited_timestamp": "2026-11-01T12:00:00+00:00" if spoken.edited_from else None,
        }


PLATFORMS: dict[str, On] = {"slack": OnSlack(), "discord": OnDiscord()}


def without_ids(wanted: Any) -> Any:
    """*wanted* with the same ids on every platform."""
    if isinstance(wanted, Asked):
        return replace(wanted, query=replace(wanted.query, place=_no_ids(wanted.query.place)))
    if isinstance(wanted, StartSession | PostReply | ChangeReply | StopSession):
        wanted = replace(wanted, place=_no_ids(wanted.place))
    return replace(wanted, message=MessageId("m")) if isinstance(wanted, PostReply | ChangeReply) else wanted


def _no_ids(place: Place) -> Place:
    return THREAD if place.root else PLACE


@pytest.fixture(params=PLATFORMS)
def on(request: pytest.FixtureRequest) -> On:
    return PLATFORMS[request.param]


@pytest.mark.parametrize(
    "text", ["@muster count the primes", "  @muster: count the primes ", "count the primes @muster"]
)
def test_a_mention_in_a_channel_starts_a_session(on: On, text: str) -> None:
    assert on.hear(Spoken(text=text)) == START


def test_people_are_called_by_their_names_in_a_task(on: On) -> None:
    wanted = on.hear(Spoken(text="@muster ask @ben <soon> & quickly"))
    assert wanted == replace(START, task="ask @Ben <soon> & quickly")


def test_a_guests_wishes_say_that_they_are_a_guests(on: On) -> None:
    started = on.hear(Spoken(text="@muster count the primes", by=GUEST))
    assert started == replace(START, by=GUEST.person, restricted=True, admin=False)
    replied = on.hear(Spoken(text="below 100", thread="muster", by=GUEST))
    assert replied == replace(REPLY, by=GUEST.person, restricted=True, admin=False)
    stopped = on.call(Called(words="stop", sub="stop", by=GUEST))
    assert stopped == replace(STOP, by=GUEST.person, restricted=True, admin=False)


def test_a_reply_in_a_thread_of_muster_needs_no_mention(on: On) -> None:
    assert on.hear(Spoken(text="below 100", thread="muster")) == REPLY


def test_a_mention_in_a_thread_is_addressed_to_muster_whosever_it_is(on: On) -> None:
    for whose in ("muster", "ben"):
        assert on.hear(Spoken(text="@muster below 100", thread=whose)) == replace(REPLY, addressed=True)


def test_in_other_peoples_threads_and_channels_muster_hears_nothing_without_a_mention(on: On) -> None:
    assert on.hear(Spoken(text="below 100", thread="ben")) is None
    assert on.hear(Spoken(text="below 100")) is None


@pytest.mark.parametrize("text", ["stop", "Stop", "@muster stop"])
def test_stop_in_a_thread_is_a_reply_which_the_front_desk_understands(on: On, text: str) -> None:
    wanted = on.hear(Spoken(text=text, thread="muster"))
    assert wanted == replace(REPLY, text=text.removeprefix("@muster "), addressed="@" in text)


@pytest.mark.parametrize("place", [{}, {"thread": "muster"}, {"thread": "ben"}, {"direct": True}])
def test_stop_with_a_number_stops_that_session_from_everywhere(on: On, place: dict[str, Any]) -> None:
    wanted = on.hear(Spoken(text="@muster stop #12", **place))
    assert isinstance(wanted, StopSession)
    assert replace(wanted, place=PLACE) == replace(STOP, number=12)


@pytest.mark.parametrize(("text", "number"), [("stop", None), ("stop!", None), ("STOP 12", 12)])
def test_stop_in_a_channel_stops_the_newest_session_or_that_one(on: On, text: str, number: int | None) -> None:
    assert on.hear(Spoken(text=f"@muster {text}")) == replace(STOP, number=number)


@pytest.mark.parametrize(
    ("text", "topic", "number"),
    [("", Topic.HELP, None), ("help", Topic.HELP, None), ("status", Topic.STATUS, None), ("status 7", Topic.STATUS, 7)],
)
@pytest.mark.parametrize("place", [{}, {"thread": "ben"}, {"direct": True}])
def test_questions_about_what_is_there_are_the_same_everywhere(
    on: On, text: str, topic: Topic, number: int | None, place: dict[str, Any]
) -> None:
    wanted = on.hear(Spoken(text=f"@muster {text}", **place))
    assert isinstance(wanted, Asked)
    query = Query(place=PLACE, admin=True, by=ADA.person, number=number)
    assert replace(wanted, query=replace(wanted.query, place=PLACE)) == Asked(topic=topic, query=query)


def test_a_changed_reply_says_what_it_says_now(on: On) -> None:
    wanted = on.hear(Spoken(text="below 1,000 @ben", edited_from="below 100", thread="muster"))
    assert isinstance(wanted, ChangeReply)
    assert wanted.said_at is not None
    assert replace(wanted, said_at=None) == ChangeReply(
        place=THREAD, by=ADA.person, message=MessageId("m"), text="below 1,000 @Ben", admin=True
    )


@pytest.mark.parametrize(
    ("called", "wanted"),
    [
        (Called(words="count the primes", sub="run", options={"task": "count the primes"}), START),
        (Called(words="ask @ben", sub="run", options={"task": "ask @ben"}), replace(START, task="ask @Ben")),
        (
            Called(
                words='count the primes --provider other --model small --team "a critic"',
                sub="run",
                options={"task": " count the primes ", "provider": "other", "model": "small", "team": "a critic"},
            ),
            replace(START, provider="other", model="small", team="a critic"),
        ),
        (Called(words="stop", sub="stop"), STOP),
        (Called(words="stop 12", sub="stop", options={"number": 12}), replace(STOP, number=12)),
        (
            Called(words="help", sub="help"),
            Asked(topic=Topic.HELP, query=Query(place=PLACE, admin=True, by=ADA.person)),
        ),
        (
            Called(words="status", sub="status"),
            Asked(topic=Topic.STATUS, query=Query(place=PLACE, admin=True, by=ADA.person)),
        ),
        (
            Called(words="status #7", sub="status", options={"number": 7}),
            Asked(topic=Topic.STATUS, query=Query(place=PLACE, admin=True, by=ADA.person, number=7)),
        ),
        (
            Called(name="history", words="", sub=""),
            Asked(topic=Topic.HISTORY, query=Query(place=PLACE, admin=True, by=ADA.person)),
        ),
        (
            Called(name="history", words="7 samurai", sub="", options={"query": "7 samurai"}),
            Asked(topic=Topic.HISTORY, query=Query(place=PLACE, admin=True, by=ADA.person, words="7 samurai")),
        ),
        (
            Called(name="history", words="#7", sub="", options={"id": 7}),
            Asked(topic=Topic.HISTORY, query=Query(place=PLACE, admin=True, by=ADA.person, number=7)),
        ),
    ],
)
def test_commands_ask_for_the_same(on: On, called: Called, wanted: Command | Asked) -> None:
    assert on.call(called) == wanted


@given(text=st.text(max_size=200), thread=st.sampled_from(["", "muster", "ben"]))
def test_whatever_is_written_to_muster_asks_for_the_same(text: str, thread: str) -> None:
    assume(not {"<", "-", "\u2013", "\u2014"} & set(text))  # sequences of Discord's, flags of Slack's
    spoken = Spoken(text=f"@muster {text}", thread=thread)
    assert PLATFORMS["slack"].hear(spoken) == PLATFORMS["discord"].hear(spoken)


@given(text=st.text(max_size=200))
def test_whatever_is_replied_is_the_same_reply(text: str) -> None:
    assume("<" not in text)
    spoken = Spoken(text=text, thread="muster")
    assert PLATFORMS["slack"].hear(spoken) == PLATFORMS["discord"].hear(spoken)
