"""Posts reach Slack once and in order, whatever is lost on the way; over the wire."""

import asyncio
from datetime import timedelta

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move
from core.domain.refs import FileRef
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld

pytestmark = pytest.mark.slow


async def started(world: SlackWorld, task: str = "count the primes") -> Shown:
    await world.slack.person("ada").command("/agents", task, channel="general")
    return await world.slack.wait_for_message(channel="general", containing=task)


def said(text: str, agent: str = "coder") -> ev.Said:
    return ev.Said(agent=agent, text=text)


def posts_tried(world: SlackWorld) -> int:
    calls = [entry.data for entry in world.slack.entries("api.call")]
    return sum(call["method"] == "chat.postMessage" and call["args"]["channel"].startswith("C") for call in calls)


async def texts(world: SlackWorld, root: Shown) -> list[str]:
    return [shown.text for shown in await world.slack.thread("general", root.ts)]


async def test_a_post_whose_answer_was_lost_is_found_and_not_sent_again(world: SlackWorld) -> None:
    await world.slack.add_fault("lose_reply", target="chat.postMessage", times=1)
    root = await started(world)
    await world.claim()
    await world.slack.wait_for_message(channel="general", containing="The team:")
    await world.slack.add_fault("lose_reply", target="chat.postMessage", times=1)
    await world.record(said("only once"))
    await world.record(said("and then this", "writer"))
    await world.slack.wait_for_message(channel="general", containing="and then this")
    shown = await texts(world, root)
    assert sum("only once" in text for text in shown) == 1
    assert len([m for m in await world.slack.messages("general") if "count the primes" in m.text]) == 1
    assert world.bot.outlet.sender.counts["reconciled"] == 2


async def test_a_post_that_was_lost_on_the_way_is_sent_again(world: SlackWorld) -> None:
    await world.slack.add_fault("lose_request", target="chat.postMessage", times=1)
    root = await started(world)
    assert root.body.get("thread_ts") is None
    assert world.bot.outlet.sender.counts["resent"] == 1


async def test_where_slack_lets_nobody_look_a_lost_post_is_sent_once_more_and_counted(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.slack.wait_for_message(channel="general", containing="The team:")
    await world.slack.set(replies_error="not_allowed_token_type")
    await world.slack.add_fault("lose_reply", target="chat.postMessage", times=1)
    await world.record(said("perhaps twice"))
    await world.record(said("later", "writer"))
    await world.slack.wait_for_message(channel="general", containing="later")
    assert sum("perhaps twice" in text for text in await texts(world, root)) == 2
    assert world.bot.outlet.sender.counts["possible_duplicates"] == 1


async def test_a_429_delays_a_post_and_nothing_is_lost_or_doubled(world: SlackWorld) -> None:
    root = await started(world)
    await world.slack.add_fault("rate_limit", target="chat.postMessage", times=1, retry_after_s=1)
    await world.claim()
    await world.record(said("one"), said("two", "writer"))
    await world.slack.wait_for_message(channel="general", containing="two")
    shown = await texts(world, root)
    assert [text.split("\n")[0] for text in shown[2:]] == ["one", "two"]
    assert world.bot.outlet.sender.counts["limited"] == 1


async def test_a_server_error_is_looked_into_before_the_post_is_sent_again(world: SlackWorld) -> None:
    await world.slack.add_fault("server_error", target="chat.postMessage", times=2)
    root = await started(world)
    assert len([m for m in await world.slack.messages("general") if m.ts == root.ts]) == 1
    assert world.bot.outlet.sender.counts["resent"] == 2


async def test_a_post_that_slack_objects_to_is_sent_in_plain_words(world: SlackWorld) -> None:
    await started(world)
    await world.slack.add_fault("deny", target="chat.postMessage", error="invalid_blocks", times=1)
    await world.claim()
    plain = await world.slack.wait_for_message(channel="general", containing="The team:")
    assert "username" not in plain.body
    await world.slack.add_fault("deny", target="chat.postMessage", error="msg_too_long", times=2)
    await world.record(said("never shown"))
    await until(lambda: world.bot.outlet.sender.counts["given_up"] == 1)
    await world.record(said("goes on"))
    await world.slack.wait_for_message(channel="general", containing="goes on")


async def test_when_the_thread_takes_no_more_the_starter_is_told_once(world: SlackWorld) -> None:
    root = await started(world)
    ada = world.slack.person("ada")
    await ada.archive("general")
    await world.claim()
    await world.record(said("nobody hears"))
    direct = await ada.open_im()
    told = await world.slack.wait_for_message(channel=direct, containing="can no longer post")
    assert "is_archived" in told.text
    tried = posts_tried(world)
    await world.record(said("nor this"), ev.Completed(), move=Move.COMPLETE)
    async with world.uow.read(world.workspace) as work:
        assert await work.posts.heads() == []
        assert await work.deliveries.behind() == []
    assert len(await texts(world, root)) == 1
    assert posts_tried(world) == tried


async def test_a_revoked_token_ends_all_calls(world: SlackWorld) -> None:
    await started(world)
    await world.slack.post("teams/revoke")
    await world.claim()
    await until(lambda: posts_tried(world) == 2)
    for number in range(5):
        await world.record(said(f"{number}"))
    async with world.uow.read(world.workspace) as work:
        assert len(await work.posts.heads()) == 1
    assert posts_tried(world) == 2


async def test_a_plot_is_shown_and_another_file_is_attached(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    async with world.uow.begin(world.workspace) as work:
        plot = FileRef(name="out/plot.png", blob=await work.files.put(PNG), size_bytes=len(PNG), mime="image/png")
        table = FileRef(name="table.csv", blob=await work.files.put(b"a,b\n"), size_bytes=4, mime="text/csv")
    made = ev.ToolFinished(agent="coder", call_id="1", tool="run_python", ok=True, output="", files=(plot, table))
    await world.slack.add_fault(
        "lose_reply", target="files.completeUploadExternal", times=1, where={"channel_id": root.channel}
    )
    await world.record(made, said("look"))
    await world.slack.wait_for_message(channel="general", containing="look")
    shown = await world.slack.thread("general", root.ts)
    images = [m for m in shown if any(block["type"] == "image" for block in m.body.get("blocks", []))]
    assert [image.author for image in images] == ["coder"]
    assert [file["name"] for message in shown for file in message.files] == ["table.csv"]


async def test_a_card_that_is_gone_is_replaced_by_a_new_one(world: SlackWorld) -> None:
    root = await started(world)
    await world.slack.add_fault("deny", target="chat.update", error="message_not_found", times=1)
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)
    await world.slack.wait_for_message(channel="general", containing="Completed. Reply here")
    new = await world.slack.wait_for_message(channel="general", containing="#1", thread_ts=root.ts)
    assert "Completed" in new.text


async def test_a_standby_takes_over_and_finishes_what_was_begun(world: SlackWorld) -> None:
    await world.stop_bots()
    await world.start_bot("bots-1", lease_s=1.0)
    root = await started(world)
    await world.claim()
    await world.slack.wait_for_message(channel="general", containing="The team:")
    first, task = world.running.pop()
    await world.start_bot("bots-2", lease_s=1.0)
    await world.slack.add_fault("delay", target="chat.postMessage", delay_s=0.3, times=1)
    await world.record(said("begun by the first"))
    await world.slack.wait_for(lambda e: e.kind == "api.call" and "begun by" in str(e.data))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await first.stop()
    await world.record(said("by the second", "writer"))
    await world.slack.wait_for_message(channel="general", containing="by the second")
    assert sum("begun by the first" in text for text in await texts(world, root)) == 1
    assert world.bot.outlet.sender.counts["reconciled"] == 0  # a process that is told to stop ends its calls first


async def test_of_two_processes_only_one_speaks(world: SlackWorld) -> None:
    await world.start_bot("bots-2")
    root = await started(world)
    await world.claim()
    for number in range(3):
        await world.record(said(f"line {number}", ("coder", "writer")[number % 2]))
    await world.slack.wait_for_message(channel="general", containing="line 2")
    shown = "\n".join(await texts(world, root))
    assert [shown.count(f"line {number}") for number in range(3)] == [1, 1, 1]
    assert len([m for m in await world.slack.messages("general") if "count the primes" in m.text]) == 1


async def test_what_two_senders_posted_both_is_repaired(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.slack.wait_for_message(channel="general", containing="The team:")
    await world.slack.set(replies_error="not_allowed_token_type")
    await world.slack.add_fault("lose_reply", target="chat.postMessage", times=1)
    await world.record(said("twice for a moment"))
    await until(lambda: _times(world, root, "twice for a moment", 2))
    await world.slack.set(replies_error=None)
    thread = (await world.session()).thread
    assert thread is not None
    since = world.clock.now() - timedelta(minutes=1)
    world.bot.outlet.sender._repairs.plan(thread, since, 0.0)
    world.bot.outlet.sender.wake()
    await until(lambda: _times(world, root, "twice for a moment", 1))
    assert world.bot.outlet.sender.counts["duplicates_repaired"] == 1


async def _times(world: SlackWorld, root: Shown, text: str, times: int) -> bool:
    return sum(text in shown for shown in await texts(world, root)) == times


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)


async def test_a_team_far_ahead_of_its_thread_is_folded_into_a_file_and_nothing_is_dropped(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.slack.wait_for_message(channel="general", containing="The team:")
    agents = ("coder", "writer")
    await world.record(*(said(f"line {n} " + "x" * 600, agents[n % 2]) for n in range(40)))
    await world.ask("Which one?")
    await world.slack.wait_for_message(channel="general", containing="Which one?", timeout_s=30)
    shown = await world.slack.thread("general", root.ts)
    told = [message for message in shown if "came faster than they could be shown" in message.text]
    assert len(told) == 1
    [file] = [file for message in shown for file in message.files]
    whole = (await world.slack.download(file["id"])).decode()
    assert [n for n in range(40) if f"line {n} " not in whole] == []
    assert len(shown) < 8
    assert "Which one?" in shown[-1].text
