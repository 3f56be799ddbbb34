"""The gateway drops out, says what nobody understands, falls silent: nothing that people say is lost or heard twice."""

from collections.abc import Awaitable, Callable

import pytest

from bots.discord.parse import moment_of
from simulator.discord.person import DiscordControl
from simulator.truth import TruthEntry
from tests.support.discord_room import DiscordRoom
from tests.support.model_control import DONE, asks, said_to
from tests.support.room import COMPLETED, STOPPED, Room, Shown
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.platforms("discord")]

BACK_S = 75.0
"""Within which somebody is heard again, a wait for the next IDENTIFY included."""
FOUND_S = 20.0
"""Within which what was missed is found, once there is a session again."""


def _control(room: Room) -> DiscordControl:
    assert isinstance(room, DiscordRoom)
    return room.stage.discord


async def _asked(room: Room) -> tuple[Shown, Shown]:
    """The root and the question of a session that waits for an answer, and then ends."""
    await room.script(asks("Which colour?"), f"Blue it is.{DONE}", f"Blue it is, as noted.{DONE}")
    await room.stage.discord.until_served()  # the test before may have cut it off
    root = await room.start()
    return root, await room.until("Which colour?", root)


async def _answered_once(room: Room, root: Shown) -> None:
    await room.until("Blue it is.", root, timeout_s=BACK_S)
    await room.until(COMPLETED, root)
    assert not any("Noted." in text for text in await room.texts(root))
    last = (await room.stage.model.requests(room.name, kind="turn"))[-1]
    assert said_to(last).count("Blue, please.") == 1


Drop = Callable[[Room], Awaitable[None]]


async def _cut(room: Room) -> None:
    await _control(room).cut_sockets()


async def _ask_to_reconnect(room: Room) -> None:
    await room.chat.disconnect_sockets(reason="7")


async def _close(room: Room) -> None:
    await _control(room).close_sockets(4000)


async def _invalidate(room: Room) -> None:
    await _control(room).invalidate_sessions(resumable=True)


@pytest.mark.parametrize("drop", [_cut, _close, _ask_to_reconnect, _invalidate])
async def test_what_is_said_while_the_connection_is_away_is_heard_when_it_resumes(room: Room, drop: Drop) -> None:
    root, question = await _asked(room)
    after = room.chat.position
    await drop(room)
    await room.ada.reply(question, "Blue, please.")
    await _answered_once(room, root)
    assert room.chat.entries("gateway.resume", after=after)
    assert not room.chat.entries("gateway.identify", after=after)


async def _lose_session(room: Room) -> None:
    await _control(room).cut_sockets(resumable=False)


async def _send_nonsense(room: Room) -> None:
    await _control(room).send_raw("{")


async def test_what_is_said_before_a_session_that_cannot_be_resumed_is_found_by_reading(room: Room) -> None:
    # Each way costs an IDENTIFY, and there are two a minute: one way for each kind of installation.
    is_embedded = room.stage.bots == room.stage.workers
    root, question = await _asked(room)
    await room.chat.add_fault("drop_event", target="MESSAGE_CREATE", where={"channel_id": root.ts}, times=None)
    after = room.chat.position
    await (_lose_session if is_embedded else _send_nonsense)(room)
    await room.ada.reply(question, "Blue, please.")
    await _answered_once(room, root)
    *_, connected = room.chat.entries("gateway.identify", after=after)
    answered = await room.chat.wait_for_message(containing="Blue it is.", thread_ts=root.ts, after=after)
    assert moment_of(answered.ts).timestamp() - connected.at < FOUND_S, "found by chance, in the minute's round"
    assert all(bots.is_running for bots in room.stage.bots)


UNREADABLE = [
    ("SOMETHING_NEW", {"id": "1"}),
    ("MESSAGE_CREATE", {}),
    ("MESSAGE_CREATE", {"id": "x", "channel_id": None, "author": {}}),
    ("MESSAGE_UPDATE", []),
    ("MESSAGE_DELETE", "text"),
    ("MESSAGE_REACTION_ADD", {"emoji": None}),
    ("INTERACTION_CREATE", {"id": "1", "type": 99}),
    ("GUILD_CREATE", {"id": []}),
    ("GUILD_DELETE", None),
    ("CHANNEL_UPDATE", {}),
    ("THREAD_DELETE", {"id": {}}),
]


async def test_what_nobody_understands_ends_nothing(room: Room) -> None:
    root, question = await _asked(room)
    after = room.chat.position
    for event, data in UNREADABLE:
        await _control(room).inject(event, data)
    await _control(room).send_raw('{"op": 99, "d": {}, "s": null, "t": null}')
    await room.ada.reply(question, "Blue, please.")
    await _answered_once(room, root)
    assert not room.chat.entries("socket.closed", after=after)
    assert all(bots.is_running for bots in room.stage.bots)


async def test_what_bots_and_webhooks_write_answers_nothing(room: Room) -> None:
    root, question = await _asked(room)
    said = await room.ben.post(room.name, "Red, please.")
    for other in ({"webhook_id": "1"}, {"author": {**said.body["author"], "bot": True}}):
        event = {**said.body, "id": f"{int(said.ts) + 1}", "channel_id": root.ts, "guild_id": _guild(room), **other}
        await _control(room).inject("MESSAGE_CREATE", event)
    await room.ada.reply(question, "Blue, please.")
    await _answered_once(room, root)
    asked = await room.stage.model.requests(room.name, kind="turn")
    assert not any("Red, please." in said_to(each) for each in asked)


def _guild(room: Room) -> str:
    return next(entry.team for entry in room.chat.entries("message.posted") if entry.team)


async def test_a_message_that_the_gateway_tells_four_times_is_heard_once(room: Room) -> None:
    await room.script(asks("Which colour?"), asks("And how large?"), f"Done so.{DONE}")
    root = await room.start()
    question = await room.until("Which colour?", root)
    after, where = room.chat.position, {"channel_id": root.ts}
    await room.chat.add_fault("duplicate_event", target="MESSAGE_CREATE", where=where, copies=3, spacing_s=0.3)
    said = await room.ada.reply(question, "Blue, please.")
    second = await room.until("And how large?", root)
    await until(lambda: len(_tellings(room, said.ts, after)) == 4)
    await room.ada.reply(second, "Large.")
    await room.until(COMPLETED, root)
    assert not any("Noted." in text for text in await room.texts(root))
    [asked] = [each for each in await room.stage.model.requests(room.name, kind="turn") if "Large." in said_to(each)]
    assert said_to(asked).count("Blue, please.") == 1


async def test_an_interaction_that_comes_three_times_starts_one_session(room: Room) -> None:
    await room.script(f"Done so.{DONE}")
    after = room.chat.position
    await room.chat.add_fault("duplicate_event", target="INTERACTION_CREATE", copies=2, spacing_s=0.1)
    root = await room.start()
    [asked] = [entry.data["interaction"] for entry in room.chat.entries("user.command", after=after)]
    await until(lambda: len(_tellings(room, asked, after)) == 3)
    await room.until(COMPLETED, root)
    assert len(await room.roots()) == 1
    assert len(await room.stage.model.requests(room.name, kind="team")) == 1


def _tellings(room: Room, thing: str, after: int) -> list[TruthEntry]:
    """The events that told of the message or interaction."""
    return [entry for entry in room.chat.entries("event.sent", after=after) if entry.data["data"].get("id") == thing]


async def test_a_connection_that_has_fallen_silent_is_replaced(room: Room) -> None:
    root, question = await _asked(room)
    discord = _control(room)
    await discord.set(heartbeat_interval_ms=1_000)
    try:
        after = room.chat.position
        await discord.disconnect_sockets(reason="7")  # for a connection that is told of the shorter interval
        await discord.wait_for(lambda entry: entry.kind == "gateway.resume", after=after, timeout_s=20)
        after = discord.position
        assert await discord.black_hole_sockets() >= 1
        await room.ada.reply(question, "Blue, please.")
        await discord.wait_for(lambda entry: entry.kind == "gateway.resume", after=after, timeout_s=20)
        await _answered_once(room, root)
    finally:
        await discord.set(heartbeat_interval_ms=41_250)
        await discord.disconnect_sockets(reason="7")
    assert not room.chat.entries("gateway.identify", after=after)


async def test_a_button_works_while_a_connection_is_replaced(room: Room) -> None:
    root, _ = await _asked(room)
    after = room.chat.position
    await _control(room).cut_sockets()
    await _control(room).wait_for(lambda entry: entry.kind == "gateway.resume", after=after, timeout_s=20)
    outcome = await room.press(root, "stop")
    assert outcome.acked, outcome
    await room.until(STOPPED, root)
