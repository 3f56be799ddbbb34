from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.discord import parse
from bots.discord.places import Kind, direct_place, guild_of, guild_place, is_direct, target
from bots.facts import Known
from bots.requests import Asked, SettingsWanted, Topic
from core.domain.commands import PostReply, StartSession, StopSession
from core.domain.refs import MessageId, Person, Place, UserId

OURS = frozenset({"10", "20"})  # the bot's user and its role
ADA = Known(person=Person(id=UserId("1"), name="Ada"), restricted=False, admin=True)
CHANNEL = guild_place("7", "70", kind=Kind.TEXT, parent=None)
THREAD = guild_place("7", "71", kind=Kind.PUBLIC_THREAD, parent="70")
DIRECT = direct_place("1", "80")
MESSAGE: dict[str, Any] = {
    "id": "1574101782685024256",
    "channel_id": "70",
    "type": 0,
    "content": "hello",
    "author": {"id": "1", "username": "ada", "global_name": "Ada Lovelace"},
    "member": {"nick": None, "roles": []},
    "mentions": [],
}


def said(**more: Any) -> parse.Said:
    found = parse.said(MESSAGE | more, guild=more.pop("guild", "7"), ours=OURS)
    assert found is not None
    return found


def asked(place: Place = CHANNEL, **more: Any) -> Any:
    guild = "" if is_direct(place.workspace) else "7"
    message = parse.said(MESSAGE | more, guild=guild, ours=OURS)
    assert message is not None
    return parse.asked_in(message, place, ADA, ours=OURS, names={})


@pytest.mark.parametrize(
    "more",
    [
        {"author": {"id": "5", "username": "b", "bot": True}},
        {"author": {"id": "5", "username": "b", "system": True}},
        {"author": {"id": "10", "username": "muster"}},
        {"webhook_id": "9"},  # webhooks are not marked as bots
        *({"type": kind} for kind in (1, 3, 6, 7, 8, 18, 20, 21, 23, 24)),
    ],
)
def test_who_is_no_person_is_not_heard(more: dict[str, Any]) -> None:
    assert parse.said(MESSAGE | more, guild="7", ours=OURS) is None


@pytest.mark.parametrize("content", ["<@10> count", "<@!10>, count", "count <@&20>", "<@10>count"])
def test_a_mention_of_the_bot_or_of_its_role_starts(content: str) -> None:
    wanted = asked(content=content)
    assert isinstance(wanted, StartSession)
    assert wanted.task == "count"


def test_files_alone_are_a_task_and_nothing_at_all_is_a_question() -> None:
    wanted = asked(content="<@10>", attachments=[{"id": "1"}])
    assert isinstance(wanted, StartSession)
    assert wanted.task == parse.ONLY_FILES
    assert isinstance(asked(content="<@10>"), Asked)


def test_the_form_of_the_settings_is_not_for_messages() -> None:
    assert isinstance(asked(content="<@10> settings"), SettingsWanted)
    assert isinstance(asked(DIRECT, content="settings"), SettingsWanted)
    assert isinstance(asked(THREAD, content="settings"), PostReply)


def test_an_answer_to_a_post_of_ours_is_meant_for_us_and_is_no_mention() -> None:
    ours = {
        "referenced_message": {"author": {"id": "10"}},
        "mentions": [{"id": "10", "username": "muster"}],
        "type": 19,
    }
    message = said(**ours)
    assert (message.replied, message.mention, message.addressed) == (True, False, True)
    others = said(referenced_message={"author": {"id": "5"}}, type=19)
    assert not others.addressed


def test_a_reply_in_a_thread_carries_its_words_and_its_moment() -> None:
    wanted = asked(THREAD, content="use <@1> in <#70> <:party:123> </agents run:55>")
    assert isinstance(wanted, PostReply)
    assert wanted.text == "use @1 in #70 :party: /agents run"
    assert wanted.said_at.isoformat(timespec="seconds") == "2026-11-22T16:38:30+00:00"
    assert not wanted.addressed


@pytest.mark.parametrize(
    ("place", "content", "kind"),
    [
        (CHANNEL, "<@10>", Topic.HELP),
        (CHANNEL, "<@10> help", Topic.HELP),
        (THREAD, "<@10> status 3", Topic.STATUS),
        (DIRECT, "status", Topic.STATUS),
        (DIRECT, "help", Topic.HELP),
    ],
)
def test_keywords_are_questions(place: Place, content: str, kind: Topic) -> None:
    wanted = asked(place, content=content)
    assert isinstance(wanted, Asked)
    assert wanted.topic is kind


def test_stop_is_a_reply_in_a_thread_and_a_command_elsewhere() -> None:
    assert isinstance(asked(THREAD, content="stop"), PostReply)
    assert isinstance(asked(THREAD, content="<@10> stop"), PostReply)
    assert isinstance(asked(CHANNEL, content="<@10> stop"), StopSession)
    assert isinstance(asked(DIRECT, content="Stop."), StopSession)


def test_what_is_written_to_us_directly_is_a_reply_that_may_start() -> None:
    wanted = asked(DIRECT, content="add up")
    assert isinstance(wanted, PostReply)
    assert wanted.addressed
    assert (wanted.place.channel, wanted.place.root) == ("80", "80")
    assert isinstance(asked(DIRECT, content="", attachments=[{"id": "1"}]), PostReply)


def test_places_hang_together() -> None:
    assert (CHANNEL.channel, CHANNEL.root) == ("70", None)
    assert (THREAD.channel, THREAD.root, target(THREAD)) == ("70", "71", "71")
    private = guild_place("7", "72", kind=Kind.PRIVATE_THREAD, parent="70")
    assert (private.channel, private.root) == ("72", "72")
    assert guild_of(CHANNEL.workspace) == "7"
    assert DIRECT.workspace == "discord:dm:1"
    assert Place.parse(DIRECT.encode()) == DIRECT


@given(st.integers(min_value=1_500_000_000, max_value=4_000_000_000))
def test_snowflakes_and_moments_fit_together(second: int) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    assert parse.moment_of(parse.snowflake_at(moment)) == moment
    assert MessageId(parse.snowflake_at(moment)).isdecimal()
