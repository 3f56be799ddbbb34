"""What `bots.ports.ChatSurface` raises when a platform refuses, pauses, breaks or keeps silent; over the wire."""

from dataclasses import replace
from typing import Any

import pytest

from bots.ports import Refusal, UnknownOutcome
from core.domain.refs import MessageId, Place
from core.errors import PermanentError, TransientError
from core.ports import Answer
from tests.support import discord_chat, slack_chat
from tests.support.chat import CODER, PAUSE_S, PNG, Chat, Deed, Trouble, ago

pytestmark = pytest.mark.slow

CALLS = [(name, deed) for name, of in (("slack", slack_chat), ("discord", discord_chat)) for deed in of.TARGETS]
CLOSED = [(name, way) for name, of in (("slack", slack_chat), ("discord", discord_chat)) for way in of.WAYS_TO_CLOSE]
CHANNELS_CLOSED = [
    (name, way) for name, of in (("slack", slack_chat), ("discord", discord_chat)) for way in of.WAYS_TO_CLOSE_CHANNEL
]
WAYS = {"slack": slack_chat.WAYS_TO_CLOSE, "discord": discord_chat.WAYS_TO_CLOSE}
CHANNEL_WAYS = {"slack": slack_chat.WAYS_TO_CLOSE_CHANNEL, "discord": discord_chat.WAYS_TO_CLOSE_CHANNEL}
REFUSED: dict[tuple[str, Deed, Refusal], str] = {
    ("slack", Deed.POST, Refusal.THREAD_GONE): "channel_not_found is_archived not_in_channel restricted_action "
    "restricted_action_read_only_channel cannot_reply_to_message",
    ("slack", Deed.POST, Refusal.CONTENT): "msg_too_long invalid_blocks msg_blocks_too_long missing_scope new_error",
    ("slack", Deed.POST, Refusal.DISCONNECTED): "token_revoked account_inactive invalid_auth token_expired not_authed",
    ("slack", Deed.EDIT, Refusal.MESSAGE_GONE): "message_not_found edit_window_closed cant_update_message",
    ("slack", Deed.EDIT, Refusal.THREAD_GONE): "is_archived not_in_channel channel_not_found",
    ("slack", Deed.FIND, Refusal.READ_DENIED): "not_allowed_token_type missing_scope no_permission",
    ("discord", Deed.POST, Refusal.THREAD_GONE): "10003 50001 50013 50083 160005 160006",
    ("discord", Deed.POST, Refusal.CONTENT): "50035 50006 40005 99999",
    ("discord", Deed.POST, Refusal.DISCONNECTED): "0",
    ("discord", Deed.EDIT, Refusal.MESSAGE_GONE): "10008 30046 50005 50083",
    ("discord", Deed.EDIT, Refusal.THREAD_GONE): "10003 50001 50013",
    ("discord", Deed.FIND, Refusal.THREAD_GONE): "10003 50001",
}
ALL_REFUSED = [
    (name, deed, reason, error) for (name, deed, reason), errors in REFUSED.items() for error in errors.split()
]
PERHAPS = (Trouble.SERVER_ERROR, Trouble.LOSE_REPLY, Trouble.LOSE_REQUEST)


async def do(chat: Chat, deed: Deed, place: Place, message: MessageId) -> Any:
    """Make *deed*'s calls once, on a thread and a message of Muster's in it."""
    match deed:
        case Deed.POST:
            return await chat.surface.post(place, chat.says("words"))
        case Deed.UPLOAD:
            return await chat.surface.upload(_picture(chat), PNG)
        case Deed.FIND:
            return await chat.surface.find(place, chat.says("words"), ago(5))
        case Deed.EDIT:
            return await chat.surface.edit(place, message, chat.renderer.card(chat.session))
        case Deed.COPIES:
            return await chat.surface.copies(place, ago(5))
        case Deed.DELETE:
            return await chat.surface.delete(place, message)
        case Deed.TELL:
            return await chat.surface.tell(place, chat.starter.id, Answer(text="for you"))


def _picture(chat: Chat) -> Any:
    post = chat.says("a picture", by=CODER)
    return replace(post, draft=replace(post.draft, payload={**post.draft.payload, "image": {"name": "p.png"}}))


async def prepared(chat: Chat) -> tuple[Place, MessageId]:
    """A thread, and a card of Muster's in it."""
    place = chat.under(await chat.begin())
    return place, await chat.send(place, chat.post_of(chat.renderer.root(chat.session)))


# --- for a while


@pytest.mark.parametrize(("chat", "deed"), CALLS, indirect=["chat"])
async def test_a_429_says_when_to_come_again_and_nothing_was_done(chat: Chat, deed: Deed) -> None:
    place, message = await prepared(chat)
    before = [shown.body for shown in await chat.read(place)]
    await chat.order(Trouble.PAUSE, deed)
    with pytest.raises(TransientError) as paused:
        await do(chat, deed, place, message)
    assert paused.value.retry_after_s == PAUSE_S
    assert [shown.body for shown in await chat.read(place)] == before
    assert await chat.told("ada") == []


@pytest.mark.parametrize("trouble", PERHAPS)
@pytest.mark.parametrize(("chat", "deed"), CALLS, indirect=["chat"])
async def test_without_an_answer_a_posts_outcome_is_unknown_and_all_else_may_be_done_again(
    chat: Chat, deed: Deed, trouble: Trouble
) -> None:
    place, message = await prepared(chat)
    await chat.order(trouble, deed, times=None)  # aiohttp asks a second time for what is only read or deleted
    with pytest.raises(UnknownOutcome if deed is Deed.POST else TransientError):
        await do(chat, deed, place, message)
    if deed is Deed.POST:  # tried once and no more
        assert len(await chat.read(place)) == 1 + (trouble is Trouble.LOSE_REPLY)
    await chat.control.clear_faults()
    if deed is not Deed.POST:
        await do(chat, deed, place, message)


@pytest.mark.parametrize("deed", [Deed.POST, Deed.FIND, Deed.EDIT, Deed.COPIES, Deed.DELETE, Deed.TELL])
async def test_what_cannot_be_reached_may_be_done_later(chat: Chat, deed: Deed) -> None:
    place, message = await prepared(chat)
    await chat.simulator.stop()
    with pytest.raises(TransientError):
        await do(chat, deed, place, message)


# --- for good


@pytest.mark.parametrize(("chat", "way"), CLOSED, indirect=["chat"])
async def test_a_thread_that_takes_no_more_is_gone(chat: Chat, way: str) -> None:
    root = await chat.begin()
    await WAYS[chat.platform][way](chat, root)
    with pytest.raises(PermanentError) as refused:
        await chat.send(chat.under(root), chat.says("nobody hears"))
    assert refused.value.reason == Refusal.THREAD_GONE
    assert str(refused.value)


@pytest.mark.parametrize(("chat", "way"), CHANNELS_CLOSED, indirect=["chat"])
async def test_a_channel_in_which_no_thread_can_be_opened_takes_no_root(chat: Chat, way: str) -> None:
    await CHANNEL_WAYS[chat.platform][way](chat, MessageId(""))
    with pytest.raises(PermanentError) as refused:
        await chat.begin()
    assert refused.value.reason == Refusal.THREAD_GONE


@pytest.mark.parametrize(("chat", "deed", "reason", "error"), ALL_REFUSED, indirect=["chat"])
async def test_each_refusal_says_what_to_do_about_it(chat: Chat, deed: Deed, reason: Refusal, error: str) -> None:
    place, message = await prepared(chat)
    await chat.deny(error, deed)
    with pytest.raises(PermanentError) as refused:
        await do(chat, deed, place, message)
    assert refused.value.reason == reason


@pytest.mark.parametrize(("chat", "deed"), CALLS, indirect=["chat"])
async def test_with_a_revoked_token_everything_is_disconnected(chat: Chat, deed: Deed) -> None:
    place, message = await prepared(chat)
    await chat.revoke_token()
    with pytest.raises(PermanentError) as refused:
        await do(chat, deed, place, message)
    assert refused.value.reason == Refusal.DISCONNECTED


async def test_a_message_that_is_gone_cannot_be_edited(chat: Chat) -> None:
    place, message = await prepared(chat)
    await chat.surface.delete(place, message)
    with pytest.raises(PermanentError) as refused:
        await do(chat, Deed.EDIT, place, message)
    assert refused.value.reason == Refusal.MESSAGE_GONE


async def test_a_root_that_is_gone_cannot_be_edited(chat: Chat) -> None:
    root = await chat.begin()
    await chat.surface.delete(chat.place, root)
    with pytest.raises(PermanentError) as refused:
        await do(chat, Deed.EDIT, chat.place, root)
    assert refused.value.reason == Refusal.MESSAGE_GONE


async def test_a_persons_message_can_neither_be_edited_nor_taken_for_ours(chat: Chat) -> None:
    root = await chat.begin()
    heard = await chat.control.person("ada").reply(await chat.read_one(chat.place, root), "mine")
    with pytest.raises(PermanentError) as refused:
        await do(chat, Deed.EDIT, chat.under(root), MessageId(heard.ts))
    assert refused.value.reason == Refusal.MESSAGE_GONE


async def test_what_the_platform_never_takes_is_refused_for_its_content(chat: Chat) -> None:
    place, _ = await prepared(chat)
    with pytest.raises(PermanentError) as refused:
        await chat.send(place, chat.post_of(chat.too_large()))
    assert refused.value.reason == Refusal.CONTENT


async def test_where_muster_may_not_read_it_says_so_instead_of_finding_nothing(chat: Chat) -> None:
    place, _ = await prepared(chat)
    await chat.deny_reading()
    with pytest.raises(PermanentError) as refused:
        await chat.surface.find(place, chat.says("never sent"), ago(5))
    assert refused.value.reason == Refusal.READ_DENIED


# --- what one platform alone can do


@pytest.mark.parametrize("chat", ["discord"], indirect=True)
async def test_a_thread_that_was_archived_wakes_by_a_post_and_takes_no_edit_before(chat: Chat) -> None:
    place, message = await prepared(chat)
    assert place.root is not None
    await chat.control.person("ada").change_thread(place.root, archived=True)
    with pytest.raises(PermanentError) as refused:
        await do(chat, Deed.EDIT, place, message)
    assert refused.value.reason == Refusal.MESSAGE_GONE
    await do(chat, Deed.POST, place, message)
    await do(chat, Deed.EDIT, place, message)


@pytest.mark.parametrize("chat", ["discord"], indirect=True)
async def test_a_file_above_the_servers_limit_is_refused_for_its_content(chat: Chat) -> None:
    place, _ = await prepared(chat)
    await chat.control.set(file_bytes=10)
    post = chat.says("a file")
    post = replace(post, draft=replace(post.draft, payload={**post.draft.payload, "file": {"name": "a.bin"}}))
    with pytest.raises(PermanentError) as refused:
        await chat.surface.post(place, post, content=b"0" * 11)
    assert refused.value.reason == Refusal.CONTENT


@pytest.mark.parametrize("chat", ["discord"], indirect=True)
async def test_a_post_that_was_removed_before_it_is_sent_again_counts_as_sent(chat: Chat) -> None:
    place, _ = await prepared(chat)
    post = chat.says("gone")
    await chat.surface.delete(place, await chat.send(place, post))
    before = len(await chat.read(place))
    assert await chat.send(place, post)
    assert len(await chat.read(place)) == before
