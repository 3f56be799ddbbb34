"""`core.ports.Conversations` on every platform: may Muster post there, and may this person read that; over the wire."""

from dataclasses import replace

import pytest

from core.domain.refs import ChannelId, MessageId, Place, UserId
from core.errors import TransientError
from tests.support import discord_chat, slack_chat
from tests.support.chat import Chat
from tests.support.waiting import until

pytestmark = pytest.mark.slow

ASKED = [(name, what) for name, of in (("slack", slack_chat), ("discord", discord_chat)) for what in of.QUESTIONS]
NOWHERE = {"slack": "C0000009999", "discord": "9999"}
NOBODY = {"slack": UserId("U0000009999"), "discord": UserId("9999")}


async def until_refused(chat: Chat, place: Place) -> str:
    """What Muster says once it knows that it cannot work there."""
    told: list[str] = []

    async def refused() -> bool:
        chat.let_time_pass()
        told.append(await chat.people.admit(place))
        return bool(told[-1])

    await until(refused)
    return told[-1]


async def until_view(chat: Chat, place: Place, name: str, *, allowed: bool) -> None:
    """Wait until it is so, which it must become without anybody's help."""
    user = await chat.user(name)

    async def is_so() -> bool:
        chat.let_time_pass()
        return await chat.people.may_view(place, user) is allowed

    await until(is_so)


# --- admit


@pytest.mark.parametrize("name", ["general", "random"])
async def test_muster_works_in_a_public_channel_and_can_post_there(connected_chat: Chat, name: str) -> None:
    chat = connected_chat
    place = replace(chat.place, channel=await chat.channel_named(name))
    assert await chat.people.admit(place) == ""
    assert await chat.send(place, chat.post_of(chat.renderer.root(chat.session)))


async def test_muster_works_in_a_private_channel_that_it_is_in(connected_chat: Chat) -> None:
    place = await connected_chat.private_channel()
    await until_view(connected_chat, place, "ada", allowed=True)  # heard of it
    assert await connected_chat.people.admit(place) == ""


async def test_muster_works_in_direct_messages(connected_chat: Chat) -> None:
    assert await connected_chat.people.admit(await connected_chat.direct("ben")) == ""


async def test_of_a_private_channel_without_muster_is_said_what_to_do(connected_chat: Chat) -> None:
    chat = connected_chat
    told = await chat.people.admit(replace(chat.place, channel=await chat.channel_named("leads")))
    assert "Invite me with `/invite @Muster`" in told or "View Channel" in told


async def test_of_a_channel_that_is_not_there_is_said_what_to_do(connected_chat: Chat) -> None:
    chat = connected_chat
    told = await chat.people.admit(replace(chat.place, channel=ChannelId(NOWHERE[chat.platform])))
    assert told.endswith(".")


@pytest.mark.parametrize(
    ("connected_chat", "way", "words"),
    [
        ("slack", "archived", "is archived"),
        ("discord", "hidden", "View Channel"),
        ("discord", "no threads", "Create Public Threads"),
        ("discord", "thrown out", "Invite me to the server"),
        ("discord", "deleted", "cannot see this channel"),
    ],
    indirect=["connected_chat"],
)
async def test_of_a_channel_that_was_closed_is_said_why_and_what_to_do(
    connected_chat: Chat, way: str, words: str
) -> None:
    assert await connected_chat.people.admit(connected_chat.place) == ""
    connected_chat.let_time_pass()
    await (slack_chat if connected_chat.platform == "slack" else discord_chat).WAYS_TO_CLOSE_CHANNEL[way](
        connected_chat, MessageId("")
    )
    told = await until_refused(connected_chat, connected_chat.place)
    assert words in told
    assert told.endswith((".", ".)"))


@pytest.mark.parametrize(
    ("way", "words"), [("locked", "is locked"), ("forbidden", "Send Messages in Threads"), ("deleted", "cannot see")]
)
@pytest.mark.parametrize("connected_chat", ["discord"], indirect=True)
async def test_of_a_thread_that_was_closed_is_said_why(connected_chat: Chat, way: str, words: str) -> None:
    place = connected_chat.under(root := await connected_chat.begin())
    await discord_chat.WAYS_TO_CLOSE[way](connected_chat, root)
    assert words in await until_refused(connected_chat, place)


async def test_while_the_platform_does_not_say_nobody_is_turned_away(connected_chat: Chat) -> None:
    chat = connected_chat
    place = chat.place
    chat.let_time_pass()
    if chat.platform == "slack":
        await chat.control.add_fault("server_error", target="conversations.info", status=503)
    else:  # what is not known from the gateway is asked for
        place = chat.under(MessageId("9999"))
        await chat.control.add_fault("server_error", target="GET /channels/{channel.id}", status=503)
    with pytest.raises(TransientError):
        await chat.people.admit(place)


# --- may_view


async def test_a_public_channel_and_its_threads_are_open_to_the_members_of_the_workspace(connected_chat: Chat) -> None:
    chat = connected_chat
    for place in (chat.place, chat.under(await chat.begin())):
        assert await chat.people.may_view(place, await chat.user("chloe"))
        assert not await chat.people.may_view(place, NOBODY[chat.platform])


@pytest.mark.parametrize("connected_chat", ["slack"], indirect=True)
async def test_a_guest_views_no_channel(connected_chat: Chat) -> None:
    assert not await connected_chat.people.may_view(connected_chat.place, await connected_chat.user("gus"))


@pytest.mark.parametrize("connected_chat", ["discord"], indirect=True)
async def test_who_has_left_the_server_views_nothing(connected_chat: Chat) -> None:
    await until_view(connected_chat, connected_chat.place, "ben", allowed=True)
    await connected_chat.control.post("members/remove", removed="ben")
    await until_view(connected_chat, connected_chat.place, "ben", allowed=False)


async def test_a_private_channel_is_open_to_those_who_are_in_it_now(connected_chat: Chat) -> None:
    chat = connected_chat
    place = await chat.private_channel("ben")
    await until_view(chat, place, "ben", allowed=True)
    await until_view(chat, place, "chloe", allowed=False)
    await chat.let_out(place, "ben")
    await until_view(chat, place, "ben", allowed=False)
    await chat.let_in(place, "chloe")
    await until_view(chat, place, "chloe", allowed=True)


@pytest.mark.parametrize("connected_chat", ["slack"], indirect=True)
async def test_a_private_channel_without_muster_is_closed_to_all(connected_chat: Chat) -> None:
    place = replace(connected_chat.place, channel=await connected_chat.channel_named("leads"))
    assert not await connected_chat.people.may_view(place, await connected_chat.user("ada"))


@pytest.mark.parametrize("connected_chat", ["discord"], indirect=True)
async def test_a_private_thread_is_open_to_those_in_it_and_to_moderators(connected_chat: Chat) -> None:
    chat = connected_chat
    ben = chat.control.person("ben")
    thread = await ben.create_thread("general", "between us", private=True)
    await ben.invite(thread, "chloe")
    await ben.invite(thread, "muster")
    place = replace(chat.place, channel=ChannelId(thread), root=MessageId(thread))
    for name, allowed in (("ben", True), ("chloe", True), ("ada", True), ("gus", False)):
        await until_view(chat, place, name, allowed=allowed)
    await chat.control.person("chloe").leave(thread)
    await until_view(chat, place, "chloe", allowed=False)


async def test_direct_messages_are_open_to_the_other_person_alone(connected_chat: Chat) -> None:
    chat = connected_chat
    place = await chat.direct("ada")
    assert await chat.people.may_view(place, await chat.user("ada"))
    assert not await chat.people.may_view(place, await chat.user("ben"))


@pytest.mark.parametrize("fault", ["server_error", "lose_request", "deny"])
@pytest.mark.parametrize(("connected_chat", "asked"), ASKED, indirect=["connected_chat"])
async def test_an_error_means_no(connected_chat: Chat, asked: str, fault: str) -> None:
    chat = connected_chat
    place = await chat.private_channel("ben")
    await until_view(chat, place, "ben", allowed=True)
    chat.let_time_pass()
    await chat.control.add_fault(fault, target=asked, times=None, status=503, error="10013")
    assert not await chat.people.may_view(place, await chat.user("ben"))
    await chat.control.clear_faults()
    assert await chat.people.may_view(place, await chat.user("ben"))


async def test_with_a_revoked_token_nobody_views_anything(connected_chat: Chat) -> None:
    place = await connected_chat.private_channel("ben")
    await until_view(connected_chat, place, "ben", allowed=True)
    connected_chat.let_time_pass()
    await connected_chat.revoke_token()
    assert not await connected_chat.people.may_view(place, await connected_chat.user("ben"))


async def test_what_was_said_less_than_a_minute_ago_is_relied_on(connected_chat: Chat) -> None:
    chat = connected_chat
    ben = await chat.user("ben")
    assert await chat.people.may_view(chat.place, ben)
    for target in ("users.info", "conversations.info", *discord_chat.QUESTIONS):
        await chat.control.add_fault("server_error", target=target, times=None, status=503)
    chat.time.now += 59
    assert await chat.people.may_view(chat.place, ben)
    chat.time.now += 2
    assert not await chat.people.may_view(chat.place, ben)
