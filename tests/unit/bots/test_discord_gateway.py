"""The connection to the gateway: resumed, renewed, shared out, kept within its budget; over the wire."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.discord.app import DiscordBot
from bots.discord.calls import BanGuard
from bots.discord.gateway import Gateway, GatewayClient
from bots.discord.places import direct_workspace
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import WorkspaceId
from core.errors import PermanentError, TransientError
from simulator.discord.options import DiscordOptions
from simulator.discord.person import Shown
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = [pytest.mark.slow, pytest.mark.slow]

QUICK = replace(DiscordOptions(), identify_max_concurrency=100)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path, QUICK) as world:
        await world.start_bot()
        yield world


async def asked(world: DiscordWorld, task: str = "count the primes") -> Shown:
    root = await world.started(task)
    await world.claim()
    await world.ask("Up to what?")
    await world.discord.wait_for_message(channel="general", containing="Up to what?")
    await until(lambda: sent(world) == 3)
    return root


def sent(world: DiscordWorld) -> int:
    return sum(outlet.sender.counts["sent"] for bot, _ in world.running for outlet in bot.opened.values())


async def is_in(world: DiscordWorld, state: State, workspace: WorkspaceId | None = None) -> bool:
    return (await world.session(workspace=workspace)).state is state


async def answers(world: DiscordWorld) -> list[str]:
    return [event.text for event in await world.events() if isinstance(event, ev.QuestionAnswered)]


def identifies(world: DiscordWorld) -> int:
    return len(world.discord.entries("gateway.begun"))


async def test_what_was_said_while_the_connection_was_down_is_heard_by_resuming(world: DiscordWorld) -> None:
    root = await asked(world)
    before = identifies(world)
    await world.discord.cut_sockets()
    await world.discord.person("ben").reply(root, "a hundred")
    await until(lambda: is_in(world, State.RESUMING))
    assert identifies(world) == before


async def test_what_was_said_before_a_new_session_is_found(world: DiscordWorld) -> None:
    root = await asked(world)
    before = identifies(world)
    await world.discord.cut_sockets(resumable=False)
    await world.discord.person("ben").reply(root, "a hundred")
    await until(lambda: is_in(world, State.RESUMING))
    assert await answers(world) == ["a hundred"]
    assert identifies(world) == before + 1


async def test_an_answer_given_while_nobody_listened_is_found_after_a_restart(world: DiscordWorld) -> None:
    root = await asked(world)
    await world.stop_bots()
    ben = world.discord.person("ben")
    answer = await ben.reply(root, "a hundret")
    await ben.edit(answer, "a hundred")
    await world.start_bot("bots-2")
    await until(lambda: is_in(world, State.RESUMING))
    assert await answers(world) == ["a hundred"]


async def test_an_answer_in_direct_messages_is_found_as_well(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    channel, workspace = await ada.open_im(), direct_workspace(await ada.id())
    await ada.post("@muster", "add up")
    await world.discord.wait_for_message(channel=channel, containing="#1")
    await world.claim(workspace=workspace)
    await world.ask("Which?", workspace=workspace)
    await world.discord.wait_for_message(channel=channel, containing="Which?")
    await until(lambda: world.counts["sent"] == 3)
    await world.stop_bots()
    await ada.post("@muster", "1 and 2")
    await world.start_bot("bots-2")
    await until(lambda: is_in(world, State.RESUMING, workspace))


async def test_threads_in_which_nothing_was_said_are_not_read(world: DiscordWorld) -> None:
    await asked(world)
    await world.stop_bots()
    route = "/channels/{channel.id}/messages"
    async with world.uow.across() as across:  # as if all that was said were older than the session
        await across._connection.exec_driver_sql("UPDATE sessions SET created_at = '2099-01-01T00:00:00.000000'")
    before = len(world.calls("GET", route))
    await world.start_bot("bots-2")
    await until(lambda: len(world.calls("GET", "/guilds/{guild.id}/threads/active")) > 0)
    await world.started("something else")
    assert len(world.calls("GET", route)) == before


@pytest.mark.parametrize("resumable", [True, False])
async def test_a_session_that_discord_invalidates_is_renewed(world: DiscordWorld, resumable: bool) -> None:
    root = await asked(world)
    await world.discord.invalidate_sessions(resumable=resumable)
    await until(world.bot.connected)
    await world.discord.person("ben").reply(root, "a hundred")
    await until(lambda: is_in(world, State.RESUMING), timeout_s=20)


async def test_what_cannot_be_understood_ends_nothing(world: DiscordWorld) -> None:
    before = identifies(world)
    for event in ("MESSAGE_CREATE", "INTERACTION_CREATE", "MESSAGE_REACTION_ADD", "GUILD_CREATE", "THREAD_UPDATE"):
        odd: list[Any] = [{}, {"id": "x"}, None, [], "text", {"guild_id": world.guild, "channel_id": None}]
        for data in odd:
            await world.discord.inject(event, data)
    await world.discord.inject("SOMETHING_NEW", {"a": 1})
    await world.started()
    assert identifies(world) == before
    assert not world.running[0][1].done()


@pytest.mark.parametrize("frame", ["no JSON", "[]", '{"op": 99}', '{"op": 0, "t": "READY", "s": 9, "d": {}}'])
async def test_a_frame_that_is_none_costs_at_most_the_connection(world: DiscordWorld, frame: str) -> None:
    before = identifies(world)
    await world.discord.send_raw(frame)
    if "99" not in frame:
        await until(lambda: identifies(world) > before)
        await until(world.bot.connected)
    await world.started()
    assert not world.running[0][1].done()


async def test_one_process_is_connected_and_another_takes_over(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        first = await world.start_bot("bots-1", lease_s=1.0)
        second = await world.start_bot("bots-2", lease_s=1.0, connected=False)
        assert not await second.connected()
        root = await asked(world)
        task = world.running.pop(0)[1]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(second.connected)
        await world.discord.person("ben").reply(root, "a hundred")
        await until(lambda: is_in(world, State.RESUMING))
        assert identifies(world) == 2
        await first.stop()


async def test_a_process_that_loses_the_lease_lets_go_of_the_connection(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        first = await world.start_bot("bots-1", lease_s=1.0)
        async with world.uow.across() as across:
            await across._connection.exec_driver_sql("UPDATE processes SET owner = 'x', lease_until = '2099-01-01'")
        await until(lambda: is_disconnected(first))


async def test_a_process_that_cannot_renew_its_lease_hears_on_and_says_nothing(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        first = await world.start_bot("bots-1", lease_s=1.0)
        async with world.uow.across() as across:
            await across._connection.exec_driver_sql("ALTER TABLE processes RENAME TO processes_away")
        await until(lambda: lapsed(first))
        await asyncio.sleep(1.0)  # what would close the connection looks twice a second
        assert await first.connected()
        async with world.uow.across() as across:
            await across._connection.exec_driver_sql("ALTER TABLE processes_away RENAME TO processes")


async def lapsed(bot: DiscordBot) -> bool:
    return not bot._lease.held


async def is_disconnected(bot: DiscordBot) -> bool:
    return not await bot.connected()


async def test_sessions_are_not_started_faster_than_the_budget_allows(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        await world.start_bot("bots-1", identifies={60.0: 1})
        await world.stop_bots()
        bot = await world.start_bot("bots-2", identifies={60.0: 1}, connected=False)
        with pytest.raises(AssertionError):
            await until(bot.connected, timeout_s=2.0)
        assert identifies(world) == 1


async def test_the_budget_counts_by_windows(world: DiscordWorld) -> None:
    async def identify(bot: str, most: dict[float, int]) -> float:
        async with world.uow.across() as across:
            return await across.identify(bot, most)

    assert await identify("b", {60.0: 2}) == 0
    assert await identify("b", {60.0: 2}) == 0
    assert 59 < await identify("b", {60.0: 2}) <= 60
    assert 86_390 < await identify("b", {0.0: 9, 86_400.0: 2}) <= 86_400
    assert await identify("another", {60.0: 2}) == 0


async def test_where_hardly_a_session_is_left_none_is_started(tmp_path: Path) -> None:
    async with discord_world(tmp_path, replace(QUICK, identify_total=1)) as world:
        bot = await world.start_bot("bots-1")
        await world.stop_bots()
        bot = await world.start_bot("bots-2", connected=False)
        with pytest.raises(AssertionError):
            await until(bot.connected, timeout_s=2.0)
        assert identifies(world) == 1


async def test_a_bad_token_is_said_at_the_start(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        await world.discord.revoke_token()
        with pytest.raises(PermanentError, match="DISCORD_BOT_TOKEN"):
            await world.start_bot()


async def test_without_the_intent_that_was_taken_away_it_serves_on(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        await world.start_bot()
        await world.discord.set(message_content_intent=False)
        await world.discord.cut_sockets(resumable=False)
        await until(lambda: identifies(world) == 2, timeout_s=20)
        root = await asked(world)
        question = next(m for m in await world.discord.messages(root.ts) if "Up to what?" in m.text)
        assert question.actions == ["muster:answer:1"]


async def test_intents_that_are_refused_altogether_are_said_with_where_to_set_them(tmp_path: Path) -> None:
    async with discord_world(tmp_path, QUICK) as world:
        bot = await world.start_bot()
        with pytest.raises(PermanentError, match="developers/applications"):
            await Gateway._closed(bot._gateway, _Closed(4013))  # type: ignore[arg-type]


class _Closed(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


def test_before_discord_would_ban_us_we_stop() -> None:
    now = [0.0]
    guard = BanGuard(lambda: now[0])
    for _ in range(1_999):
        guard.count(403)
    guard.count(429, "shared")
    guard.count(200)
    guard.check()
    guard.count(401)
    with pytest.raises(TransientError):
        guard.check()
    now[0] = 601.0
    guard.check()


async def test_nothing_is_kept_of_members_or_messages() -> None:
    async def identified() -> float:
        return 0.0

    client = GatewayClient(reads_content=True, guard=BanGuard(), on_identify=identified)
    assert client._connection.max_messages is None
    assert not client._connection._chunk_guilds
    assert not client.intents.members
    assert not client.intents.presences
