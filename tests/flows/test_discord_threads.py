"""Threads, channels and guilds that Discord takes away from a session, and posts that it does not take at once."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.discord.person import DiscordControl
from simulator.truth import TruthEntry
from tests.support.discord_room import DiscordRoom
from tests.support.model_control import DONE
from tests.support.room import COMPLETED, Room, Shown
from tests.support.stage import Stage, embedded
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("discord")]

CREATE = "POST /channels/{channel.id}/messages"
EDIT = "PATCH /channels/{channel.id}/messages/{message.id}"
STORY = ["Chapter one.", "Chapter two.", "Chapter three."]
GONE = "I can no longer post in the thread of session"
PAUSE_S = 1.5
"""For what a test does to a thread between two chapters."""
LONG_S = 6
"""Longer than a sender with the lease of these installations may wait for one call."""


async def _tell(room: Room) -> Shown:
    """Start a session that tells the story, with a pause after its first chapter; returns once that stands."""
    await room.script(*STORY[:-1], STORY[-1] + DONE)
    await room.fault("slow", agent="Bea", delay_s=PAUSE_S)
    root = await room.start()
    await room.until(STORY[0], root)
    return root


async def _told(room: Room, root: Shown) -> None:
    """The whole story stands in the thread, once, in order, and nothing comes after its end."""
    ending = await room.end(root)
    assert ending.text.startswith(COMPLETED)
    texts = [text for text in await room.texts(root) if "Started by" not in text]
    assert texts[1:-1] == STORY
    assert texts[-1] == ending.text


async def _until_completed(room: Room, number: int) -> None:
    async def is_completed() -> bool:
        after = room.chat.position
        await room.command(f"status {number}")
        return COMPLETED in (await room.told(room.ada, f"#{number}", after=after)).text

    await until(is_completed, timeout_s=40)


async def _is_kept(room: Room, number: int) -> None:
    """The session runs to its end, and everything that it said is in the history."""
    await _until_completed(room, number)
    after = room.chat.position
    await room.history(f"{number}")
    sent = await room.document(room.ada, after=after)
    document = (await room.download(sent.files[0]["id"])).decode()
    assert all(chapter in document for chapter in STORY)


async def _is_told_out(room: Room) -> bool:
    turns = await room.stage.model.requests(room.name, kind="turn")
    return len(turns) == len(STORY) and all(turn["outcome"] != "running" for turn in turns)


def _posts_in(room: Room, thread: str, after: int) -> list[TruthEntry]:
    return [entry for entry in room.chat.entries("api.call", after=after) if _is_post(entry, thread)]


def _is_post(entry: TruthEntry, thread: str) -> bool:
    called = f"{entry.data['method']} {entry.data['route']}"
    return called == CREATE and entry.data["path"]["channel_id"] == thread


def _refused(room: Room, thread: str, after: int) -> list[TruthEntry]:
    return [post for post in _posts_in(room, thread, after) if post.data["status"] in (403, 404)]


def _words_to_ada(room: Room, after: int) -> list[str]:
    posted = [room.chat.shown(entry) for entry in room.chat.entries("message.posted", after=after)]
    return [shown.text for shown in posted if GONE in shown.text]


# --- what a thread survives


async def test_a_thread_that_was_archived_wakes_when_the_team_goes_on(room: Room) -> None:
    root = await _tell(room)
    await room.ada.change_thread(root.ts, archived=True)
    await _told(room, root)
    await room.until_card(COMPLETED, root)


async def test_a_card_that_sleeps_with_its_thread_is_posted_anew(room: Room) -> None:
    begun = await room.ben.post(room.name, "Has anybody looked at the story?")
    await room.thread_under(begun)
    await room.script(*STORY[:-1], STORY[-1] + DONE)
    await room.chat.add_fault("deny", target=EDIT, where={"channel_id": begun.ts}, error="50083", times=1)
    await room.ada.reply(begun, room.task("@muster tell it"))
    await _completed_card_below(room, begun)


async def test_a_card_that_was_deleted_is_posted_anew(room: Room) -> None:
    root = await _tell(room)
    await room.ada.delete(root)
    await _completed_card_below(room, root)


async def _completed_card_below(room: Room, root: Shown) -> None:
    """A card in the thread itself says that the session is completed, and is its only one that can be pressed."""

    async def shows() -> bool:
        cards = [line for line in await room.lines(root) if "Started by" in line.text]
        return any(COMPLETED in card.text and not card.actions for card in cards)

    await room.end(root)
    await until(shows, timeout_s=40)
    texts = await room.texts(root)
    assert [text for text in texts if text in STORY] == STORY


# --- what takes the thread from the session


async def _lock(room: Room, root: Shown) -> None:
    await room.ada.change_thread(root.ts, locked=True)


async def _lock_and_archive(room: Room, root: Shown) -> None:
    await room.ada.change_thread(root.ts, locked=True, archived=True)


async def _delete_thread(room: Room, root: Shown) -> None:
    await room.ada.delete_channel(root.ts)


async def _forbid(room: Room, root: Shown) -> None:
    await _control(room).set_permissions(room.channel, "muster", deny=["SEND_MESSAGES_IN_THREADS"])


async def _hide(room: Room, root: Shown) -> None:
    await _control(room).set_permissions(room.channel, "muster", deny=["VIEW_CHANNEL"])


def _control(room: Room) -> DiscordControl:
    assert isinstance(room, DiscordRoom)
    return room.stage.discord


TakeAway = Callable[[Room, Shown], Awaitable[None]]


@pytest.mark.parametrize("take_away", [_lock, _lock_and_archive, _delete_thread, _forbid, _hide])
async def test_without_its_thread_a_session_finishes_and_its_starter_is_told_once(
    room: Room, take_away: TakeAway
) -> None:
    root = await _tell(room)
    number, after = room.number(root), room.chat.position
    await take_away(room, root)
    told = await room.told(room.ada, GONE, after=after)
    assert f"/history {number}" in told.text
    await _is_kept(room, number)
    assert len(_words_to_ada(room, after)) == 1
    assert len(_refused(room, root.ts, after)) == 1, "sent on, into a thread that takes nothing"


async def test_without_its_channel_a_session_tells_its_starter_and_shows_itself_to_nobody(room: Room) -> None:
    elsewhere = await room.stage.room("discord")
    root = await _tell(room)
    number, after = room.number(root), room.chat.position
    await room.ada.delete_channel(room.channel)
    await room.told(room.ada, GONE, after=after)
    await until(lambda: _is_told_out(room))
    after = room.chat.position
    await elsewhere.history(f"{number}")
    await room.told(room.ada, f"There is no session #{number}", after=after)


async def test_kicked_out_of_a_guild_it_stops_calling_there_and_serves_the_others(room: Room) -> None:
    discord = _control(room)
    guild = (await discord.post("teams", name=f"Guild of {room.name}"))["team"]
    async with DiscordControl(room.stage.url, team=guild) as control:
        there = await replace(room.stage, discord=control).room("discord")
        root = await _tell(there)
        after = room.chat.position
        await control.remove_bot()
        await until(lambda: _is_told_out(there))
        await room.told(room.ada, GONE, after=after)
    await _told(room, await _tell(room))
    assert len(_refused(room, root.ts, after)) == 1


# --- what Discord does not take at once


@pytest.mark.parametrize("kind", ["server_error", "lose_request", "lose_reply"])
async def test_a_thread_is_whole_after_a_post_without_an_answer(room: Room, kind: str) -> None:
    root = await _tell(room)
    await room.chat.add_fault(kind, target=CREATE, where={"channel_id": root.ts}, times=1)
    await _told(room, root)


async def test_a_thread_is_whole_and_one_after_its_card_lost_its_reply(room: Room) -> None:
    await room.chat.add_fault("lose_reply", target=CREATE, where={"channel_id": room.channel}, times=1)
    await _told(room, await _tell(room))
    assert len(await room.roots()) == 1


async def test_a_thread_is_whole_after_every_third_answer_was_lost(room: Room) -> None:
    root = await _tell(room)
    await room.chat.add_fault("lose_reply", target=CREATE, where={"channel_id": root.ts}, times=None, probability=0.34)
    await _told(room, root)


async def test_a_card_that_discord_would_not_edit_is_right_in_the_end(room: Room) -> None:
    for kind in ("server_error", "rate_limit", "lose_reply"):
        await room.chat.add_fault(kind, target=EDIT, where={"channel_id": room.channel}, times=1)
    root = await _tell(room)
    await _told(room, root)
    await room.until_card(COMPLETED, root)


@pytest.mark.parametrize("scope", ["user", "global"])
async def test_discord_is_left_alone_for_as_long_as_it_asks(room: Room, scope: str) -> None:
    root = await _tell(room)
    after, where = room.chat.position, {"channel_id": root.ts}
    await room.chat.add_fault("rate_limit", target=CREATE, where=where, retry_after_s=LONG_S, error=scope)
    await _told(room, root)
    calls = room.chat.entries("api.call", after=after)
    limited = next(call for call in calls if call.data["status"] == 429)
    heeding = calls if scope == "global" else _posts_in(room, root.ts, after)
    assert next(call for call in heeding if call.id > limited.id).at - limited.at >= LONG_S


# --- what Discord takes from Muster as a whole


async def test_with_a_token_that_is_worth_nothing_it_calls_no_more_and_goes_on_with_a_good_one(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stage:
        room = await stage.room("discord")
        root = await _tell(room)
        after = room.chat.position
        await stage.discord.revoke_token()
        await until(lambda: _is_told_out(room))
        [up] = stage.bots
        await up.until_prints("discord.token_refused")
        await up.until_prints("sender.disconnected")
        await _slack_goes_on(stage)
        calls = [entry.data for entry in room.chat.entries("api.call", after=after)]
        assert {call["status"] for call in calls} <= {200, 401}
        assert sum(call["status"] == 401 for call in calls) <= 3, calls
        await stage.discord.revoke_token(again_good=True)
        await up.kill()
    async with embedded(tmp_path) as stage:
        again = DiscordRoom(stage, room.name, room.channel)
        await _told(again, root)
        await again.until_card(COMPLETED, root)


async def test_banned_from_discord_it_makes_no_call_for_a_minute(tmp_path: Path) -> None:
    async with embedded(tmp_path) as stage:
        room = await stage.room("discord")
        root = await _tell(room)
        after = room.chat.position
        await room.chat.add_fault("server_error", target=CREATE, where={"channel_id": root.ts}, status=429)
        await stage.bots[0].until_prints("discord.banned")
        await until(lambda: _is_told_out(room))
        await _slack_goes_on(stage)
        calls = room.chat.entries("api.call", after=after)
        banned = next(entry.id for entry in calls if entry.data["status"] == 429)
        assert [entry.data["route"] for entry in calls if entry.id > banned] == []


async def _slack_goes_on(stage: Stage) -> None:
    room = await stage.room("slack")
    await room.script(f"Done so.{DONE}")
    await room.until(COMPLETED, await room.start())
