from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.facts import Known
from bots.requests import Asked, Topic
from bots.slack import parse
from bots.slack.flags import Wish
from core.domain.commands import PostReply, StartSession, StopSession
from core.domain.refs import ChannelId, MessageId, Person, Place, UserId, WorkspaceId

BOT = "UBOT"
WORKSPACE = WorkspaceId("slack:T1")
PLACE = Place(workspace=WORKSPACE, channel=ChannelId("C1"))
ADA = Known(person=Person(id=UserId("U1"), name="Ada"), restricted=False)


def event(**more: Any) -> dict[str, Any]:
    base = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "1700000000.000100"}
    return base | more


@pytest.mark.parametrize("text", ["stop", "STOP", " stop ", "stop!"])
def test_stop_alone_stops_the_newest_session(text: str) -> None:
    assert parse.agents_command(text, PLACE, ADA, {}) == StopSession(place=PLACE, by=ADA.person)


@pytest.mark.parametrize("text", ["stop 12", "stop #12", "Stop  #12"])
def test_stop_with_a_number_stops_that_session(text: str) -> None:
    assert parse.agents_command(text, PLACE, ADA, {}) == StopSession(place=PLACE, by=ADA.person, number=12)


@pytest.mark.parametrize(
    "text",
    ["stop the leak in my code", "status of the rollout?", "help me write a test", "stop 12 leaks", "help 3", "12"],
)
def test_a_task_that_only_begins_like_a_keyword_is_a_task(text: str) -> None:
    wanted = parse.agents_command(text, PLACE, ADA, {})
    assert wanted == StartSession(place=PLACE, by=ADA.person, task=text)


@pytest.mark.parametrize(("text", "wish"), [("", Wish()), ("  ", Wish()), ("--model x", Wish(model="x"))])
def test_what_has_no_task_wants_the_form(text: str, wish: Wish) -> None:
    assert parse.agents_command(text, PLACE, ADA, {}) == wish


def test_flags_say_how_a_task_is_to_be_done() -> None:
    wanted = parse.agents_command('sum --provider other --model small --team "a critic"', PLACE, ADA, {})
    assert wanted == StartSession(
        place=PLACE, by=ADA.person, task="sum", provider="other", model="small", team="a critic"
    )


@pytest.mark.parametrize(("text", "topic"), [("help", Topic.HELP), ("status", Topic.STATUS)])
def test_keywords_ask(text: str, topic: Topic) -> None:
    wanted = parse.agents_command(text, PLACE, ADA, {})
    assert isinstance(wanted, Asked)
    assert wanted.topic is topic


def test_status_of_one_session() -> None:
    wanted = parse.agents_command("status #7", PLACE, ADA, {})
    assert isinstance(wanted, Asked)
    assert wanted.query.number == 7


@pytest.mark.parametrize(
    ("text", "words", "number"), [("", "", None), ("#7", "", 7), ("7", "", 7), ("7 samurai", "7 samurai", None)]
)
def test_history_takes_words_or_a_number(text: str, words: str, number: int | None) -> None:
    asked = parse.history_command(text, PLACE, ADA, {})
    assert (asked.query.words, asked.query.number) == (words, number)


@pytest.mark.parametrize(
    "ignored",
    [
        event(text="hello"),
        event(text="<@UBOT> hi", bot_id="B1"),
        event(text="<@UBOT> hi", user=BOT),
        event(text="<@UBOT> hi", user="USLACKBOT"),
        event(text="<@UBOT> hi", user=None),
        event(text="<@UBOT> hi", subtype="message_changed"),
        event(text="<@UBOT> hi", subtype="message_deleted"),
        event(text="<@UBOT> hi", subtype="bot_message"),
        event(text="<@UBOT> hi", subtype="channel_join"),
        event(text="<@UBOT> hi", edited={"user": "U1", "ts": "1"}),
        event(text="hi", thread_ts="1699999999.000100", parent_user_id="U2"),
    ],
)
def test_what_is_not_a_persons_word_to_muster_is_dropped(ignored: dict[str, Any]) -> None:
    assert parse.said(ignored, BOT) is None


@pytest.mark.parametrize("subtype", [None, "file_share", "thread_broadcast"])
def test_what_a_person_says_to_muster_is_heard(subtype: str | None) -> None:
    assert parse.said(event(text="<@UBOT> hi", subtype=subtype), BOT) is not None


def test_both_events_of_a_mention_ask_for_the_same_once() -> None:
    message = parse.said(event(text="<@UBOT> count"), BOT)
    mention = parse.said(event(text="<@UBOT> count", type="app_mention", channel_type=None), BOT)
    assert message is not None
    assert message == mention
    assert parse.asked_in(message, WORKSPACE, BOT, ADA, {}) == StartSession(place=PLACE, by=ADA.person, task="count")


def test_a_reply_in_a_thread_of_muster_needs_no_mention() -> None:
    heard = parse.said(event(text="below &lt;100", thread_ts="1699999999.000100", parent_user_id=BOT), BOT)
    assert heard is not None
    assert parse.asked_in(heard, WORKSPACE, BOT, ADA, {}) == PostReply(
        place=Place(workspace=WORKSPACE, channel=ChannelId("C1"), root=MessageId("1699999999.000100")),
        by=ADA.person,
        text="below <100",
        message=MessageId("1700000000.000100"),
        said_at=datetime.fromtimestamp(1700000000.0001, UTC),
    )


def test_a_mention_in_somebodys_thread_is_addressed_to_muster() -> None:
    heard = parse.said(event(text="<@UBOT> join us", thread_ts="1699999999.000100", parent_user_id="U2"), BOT)
    assert heard is not None
    reply = parse.asked_in(heard, WORKSPACE, BOT, ADA, {})
    assert isinstance(reply, PostReply)
    assert reply.addressed
    assert reply.text == "join us"


def test_a_keyword_counts_in_a_thread_only_when_muster_is_mentioned() -> None:
    plain = parse.said(event(text="status", thread_ts="1699999999.000100", parent_user_id=BOT), BOT)
    asked = parse.said(event(text="<@UBOT> status", thread_ts="1699999999.000100", parent_user_id=BOT), BOT)
    stop = parse.said(event(text="<@UBOT> stop", thread_ts="1699999999.000100", parent_user_id=BOT), BOT)
    assert plain is not None
    assert asked is not None
    assert stop is not None
    assert isinstance(parse.asked_in(plain, WORKSPACE, BOT, ADA, {}), PostReply)
    assert isinstance(parse.asked_in(asked, WORKSPACE, BOT, ADA, {}), Asked)
    assert isinstance(parse.asked_in(stop, WORKSPACE, BOT, ADA, {}), PostReply)


def test_a_direct_message_needs_no_mention() -> None:
    heard = parse.said(event(text="count", channel="D1", channel_type="im"), BOT)
    assert heard is not None
    assert isinstance(parse.asked_in(heard, WORKSPACE, BOT, ADA, {}), StartSession)


@given(st.text(max_size=300))
def test_any_text_is_a_request(text: str) -> None:
    wanted = parse.agents_command(text, PLACE, ADA, {})
    assert isinstance(wanted, StartSession | StopSession | Asked | Wish)
