"""Posts reach Discord once and in order, whatever is lost on the way; over the wire."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import FileRef
from simulator.discord.person import Shown
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = pytest.mark.slow

CREATE = "POST /channels/{channel.id}/messages"
EDIT = "PATCH /channels/{channel.id}/messages/{message.id}"
START_THREAD = "POST /channels/{channel.id}/messages/{message.id}/threads"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path) as world:
        await world.start_bot()
        yield world


def said(text: str, agent: str = "coder") -> ev.Said:
    return ev.Said(agent=agent, text=text)


def creates(world: DiscordWorld) -> list[dict[str, Any]]:
    return world.calls(*CREATE.split(" ", 1))


def creates_in(world: DiscordWorld, channel: str) -> int:
    return sum(call["path"]["channel_id"] == channel for call in creates(world))


async def cards(world: DiscordWorld) -> list[Shown]:
    return [m for m in await world.discord.messages("general") if m.is_by_app]


async def test_a_post_whose_answer_was_lost_is_resent_and_shown_once(world: DiscordWorld) -> None:
    await world.discord.add_fault("lose_reply", target=CREATE, times=1)
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    await world.discord.add_fault("lose_reply", target=CREATE, times=1)
    await world.record(said("only once"))
    await world.record(said("and then this", "writer"))
    await world.discord.wait_for_message(channel="general", containing="and then this")
    shown = await world.texts(root)
    assert sum("only once" in text for text in shown) == 1
    assert len(await cards(world)) == 1
    sent = [call["body"]["nonce"] for call in creates(world) if "only once" in str(call["body"])]
    assert len(sent) == 2
    assert len(set(sent)) == 1


async def test_when_the_nonce_is_too_old_the_post_is_looked_for(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world:
        await world.start_bot(resend_within_s=0.0)
        await world.discord.set(nonce_life_s=0)
        await world.discord.add_fault("lose_reply", target=CREATE, times=1)
        root = await world.started()
        await world.claim()
        await world.discord.wait_for_message(channel="general", containing="The team:")
        await world.discord.add_fault("lose_reply", target=CREATE, times=1)
        await world.record(said("the same"), said("x", "writer"))
        await world.record(said("the same"))
        await world.record(said("done", "writer"))
        await world.discord.wait_for_message(channel="general", containing="done")
        shown = await world.texts(root)
        assert [text.strip() for text in shown[1:]] == ["the same", "x", "the same", "done"]
        assert len(await cards(world)) == 1
        assert world.counts["reconciled"] == 2


async def test_a_post_that_was_lost_on_the_way_is_sent_again(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world:
        await world.start_bot(resend_within_s=0.0)
        await world.discord.add_fault("lose_request", target=CREATE, times=1)
        await world.started()
        assert world.counts["resent"] == 1
        assert len(await cards(world)) == 1


async def test_a_thread_that_could_not_be_started_is_started_later_under_the_same_card(world: DiscordWorld) -> None:
    await world.discord.add_fault("lose_request", target=START_THREAD, times=2)
    root = await world.started()
    await world.claim()
    team = await world.discord.wait_for_message(channel="general", containing="The team:")
    assert team.root_ts == root.ts
    assert len(await cards(world)) == 1


async def test_a_thread_that_was_started_and_not_heard_of_is_the_cards_own(world: DiscordWorld) -> None:
    await world.discord.add_fault("lose_reply", target=START_THREAD, times=1)
    root = await world.started()
    await world.claim()
    team = await world.discord.wait_for_message(channel="general", containing="The team:")
    assert team.root_ts == root.ts
    assert len(await cards(world)) == 1


async def test_a_429_delays_a_post_and_nothing_is_lost_or_doubled(world: DiscordWorld) -> None:
    root = await world.started()
    await world.discord.add_fault("rate_limit", target=CREATE, times=1, retry_after_s=1)
    await world.claim()
    await world.record(said("one"), said("two", "writer"))
    await world.discord.wait_for_message(channel="general", containing="two")
    assert [text.strip() for text in (await world.texts(root))[1:]] == ["one", "two"]


async def test_a_server_error_is_waited_out(world: DiscordWorld) -> None:
    await world.discord.add_fault("server_error", target=CREATE, times=1)
    await world.started()
    assert len(await cards(world)) == 1


async def test_a_post_that_discord_objects_to_is_sent_in_plain_words(world: DiscordWorld) -> None:
    root = await world.started()
    await until(lambda: world.counts["sent"] == 1)
    await world.discord.add_fault("deny", target=CREATE, error="50035", times=1)
    await world.claim()
    plain = await world.discord.wait_for_message(channel="general", containing="The team:")
    assert plain.body["embeds"] == []
    assert plain.body["flags"] & (1 << 2)
    await world.discord.add_fault("deny", target=CREATE, error="50035", times=2)
    await world.record(said("never shown"))
    await until(lambda: world.counts["given_up"] == 1)
    await world.record(said("goes on"))
    await world.discord.wait_for_message(channel="general", containing="goes on")
    assert len(await world.texts(root)) == 2


async def test_a_plot_is_shown_and_another_file_is_attached(world: DiscordWorld) -> None:
    await world.started()
    await world.claim()
    async with world.uow.begin(world.workspace) as work:
        plot = FileRef(name="out/my plot.png", blob=await work.files.put(PNG), size_bytes=len(PNG), mime="image/png")
        table = FileRef(name="table.csv", blob=await work.files.put(b"a,b\n"), size_bytes=4, mime="text/csv")
    made = ev.ToolFinished(agent="coder", call_id="1", tool="run_python", ok=True, output="", files=(plot, table))
    await world.discord.add_fault("lose_reply", target=CREATE, times=3)
    await world.record(made, said("look"))
    await world.discord.wait_for_message(channel="general", containing="look")
    root = (await cards(world))[0]
    shown = [m for m in await world.discord.messages(root.ts) if m.is_by_app]
    assert [(m.author, [p["name"] for p in m.pictures]) for m in shown if m.pictures] == [("coder", ["my_plot.png"])]
    assert [attached["name"] for m in shown for attached in m.files] == ["table.csv"]


@pytest.mark.parametrize("trouble", ["locked", "deleted", "forbidden"])
async def test_when_the_thread_takes_no_more_the_starter_is_told_once(world: DiscordWorld, trouble: str) -> None:
    root = await world.started()
    await until(lambda: world.counts["sent"] == 1)
    ada = world.discord.person("ada")
    match trouble:
        case "locked":
            await ada.change_thread(root.ts, archived=True, locked=True)
        case "deleted":
            await ada.delete_channel(root.ts)
        case "forbidden":
            await world.discord.set_permissions("general", "@everyone", deny=["SEND_MESSAGES_IN_THREADS"])
            await world.discord.change_role("Muster", ["VIEW_CHANNEL", "SEND_MESSAGES"])
    await world.claim()
    await world.record(said("nobody hears"))
    direct = await ada.open_im()
    await world.discord.wait_for_message(channel=direct, containing="can no longer post")
    tried = creates_in(world, root.ts)
    await world.record(said("nor this"), ev.Completed(), move=Move.COMPLETE)
    async with world.uow.read(world.workspace) as work:
        assert await work.posts.heads() == []
        assert await work.deliveries.behind() == []
    assert creates_in(world, root.ts) == tried == 1
    assert (await world.session()).state is State.COMPLETED


async def test_an_archived_thread_wakes_by_the_next_post(world: DiscordWorld) -> None:
    root = await world.started()
    await until(lambda: world.counts["sent"] == 1)
    await world.discord.person("ada").change_thread(root.ts, archived=True)
    await world.claim()
    team = await world.discord.wait_for_message(channel="general", containing="The team:")
    assert team.root_ts == root.ts


@pytest.mark.parametrize("code", ["10008", "30046"])
async def test_a_card_that_cannot_be_edited_is_replaced_by_a_new_one(world: DiscordWorld, code: str) -> None:
    root = await world.started()
    await until(lambda: world.counts["sent"] == 1)
    await world.discord.add_fault("deny", target=EDIT, error=code, times=1)
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)

    async def replaced() -> bool:
        return any("#1" in text and "Completed" in text for text in await world.texts(root))

    await until(replaced)


async def test_a_post_that_was_deleted_before_its_answer_came_counts_as_sent(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    await world.discord.add_fault("deny", target=CREATE, error="10008", times=1)
    await world.record(said("gone"))
    await world.record(said("still here", "writer"))
    await world.discord.wait_for_message(channel="general", containing="still here")
    assert not any("gone" in text for text in await world.texts(root))


async def test_nothing_that_leaves_can_mention_anybody(world: DiscordWorld) -> None:
    await world.discord.person("ada").post("general", "@muster tell @everyone and <@1> and <@&2>")
    await world.discord.wait_for_message(channel="general", containing="#1")
    await world.claim()
    await world.record(said("@everyone @here <@1> <@&2> <#3> `@everyone`"), ev.Completed(), move=Move.COMPLETE)
    await world.discord.wait_for_message(channel="general", containing="Completed. Reply here")
    written = creates(world) + world.calls(*EDIT.split(" ", 1))
    assert all(call["body"]["allowed_mentions"]["parse"] == [] for call in written)
    posted = [entry.data for entry in world.discord.entries("message.posted")]
    assert all(entry["notifies"] == [] for entry in posted if entry["message"]["author"].get("bot"))
    assert not any("@everyone" in str(call["body"].get("embeds")) for call in written)


async def test_a_revoked_token_ends_all_calls(world: DiscordWorld) -> None:
    await world.started()
    await until(lambda: world.counts["sent"] == 1)
    await world.discord.revoke_token()
    tried = len(creates(world))
    await world.claim()
    await until(lambda: len(creates(world)) == tried + 1)
    for number in range(5):
        await world.record(said(f"{number}"))
    async with world.uow.read(world.workspace) as work:
        assert len(await work.posts.heads()) == 1
    assert len(creates(world)) == tried + 1
