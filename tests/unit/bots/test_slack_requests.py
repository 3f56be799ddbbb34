"""What people ask on Slack, over the wire: real Bolt, real SDK, the simulated Slack, real SQL."""

import asyncio

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import ThreadId
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import SlackWorld

pytestmark = pytest.mark.slow


async def started(world: SlackWorld, task: str = "count the primes", channel: str = "general") -> Shown:
    outcome = await world.slack.person("ada").command("/agents", task, channel=channel)
    assert outcome.acked
    return await world.slack.wait_for_message(channel=channel, containing=task)


async def test_a_command_opens_a_thread_with_a_card(world: SlackWorld) -> None:
    root = await started(world, "compare 3 < 5 & *bold* <tag> 日本語 👩‍👩‍👧")
    assert "Queued" in root.text
    assert "compare 3 < 5 & *bold* <tag> 日本語 👩‍👩‍👧" in root.text
    assert root.actions == ["muster_stop"]
    assert (await world.session()).task == "compare 3 < 5 & *bold* <tag> 日本語 👩‍👩‍👧"


async def test_the_word_help_shows_help(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.command("/agents", "help", channel="general")
    shown = await ada.wait_for_ephemeral("/agents <task>")
    assert "/history" in shown.text


async def test_a_task_that_begins_with_a_keyword_is_a_task(world: SlackWorld) -> None:
    await started(world, "stop the leak in my code")
    assert (await world.session()).task == "stop the leak in my code"


async def test_a_mention_starts_one_session_although_two_events_tell_of_it(world: SlackWorld) -> None:
    await world.slack.person("ada").post("general", "@muster count the sheep")
    root = await world.slack.wait_for_message(channel="general", containing="#1")
    assert root.body.get("thread_ts") is None
    assert (await world.session()).task == "count the sheep"
    await world.slack.person("ada").post("general", "@muster count the goats")
    await world.slack.wait_for_message(channel="general", containing="#2")
    tasks = [m for m in await world.slack.messages("general") if "Queued" in m.text]
    assert len(tasks) == 2


async def test_an_event_that_is_sent_again_and_again_has_one_effect(world: SlackWorld) -> None:
    await world.slack.add_fault("duplicate_event", target="app_mention", copies=3)
    await world.slack.add_fault("duplicate_event", target="message", copies=3, same_envelope=True)
    await world.slack.person("ada").post("general", "@muster once only")
    await world.slack.wait_for_message(channel="general", containing="#1")
    await started(world, "something else")
    assert (
        len([m for m in await world.slack.messages("general") if "once only" in m.text]) == 2
    )  # the mention, the card


async def test_a_direct_message_starts_a_session_in_a_thread_of_its_own(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    channel = await ada.open_im()
    await ada.post("@muster", "add up the numbers")
    root = await world.slack.wait_for_message(channel=channel, containing="#1")
    await world.claim()
    await world.ask("Which numbers?")
    question = await world.slack.wait_for_message(channel=channel, containing="Which numbers?")
    assert question.body["thread_ts"] == root.ts
    await ada.reply(question, "1 and 2")
    await until(lambda: _state_is(world, State.RESUMING))


async def _state_is(world: SlackWorld, state: State, number: int = 1) -> bool:
    return (await world.session(number)).state is state


async def test_agents_speak_under_their_own_names_and_a_reply_answers_their_question(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.record(
        ev.TurnStarted(agent="coder", round=1),
        ev.ToolStarted(agent="coder", call_id="1", tool="run_python", arguments='{"code": "print(1 < 2)"}'),
        ev.ToolFinished(agent="coder", call_id="1", tool="run_python", ok=True, output="True"),
        ev.Said(agent="coder", text="**Done**: `1 < 2`"),
    )
    said = await world.slack.wait_for_message(containing="*Done*", author="coder")
    assert said.body["thread_ts"] == root.ts
    assert said.body["icons"]["emoji"] == ":computer:"
    assert "print(1 < 2)" in said.text
    await world.ask("Up to what?")
    question = await world.slack.wait_for_message(containing="Up to what?", author="writer")
    assert "Reply in this thread to answer" in question.text
    await world.slack.person("ben").reply(root, "a hundred &amp; one")
    await until(lambda: _state_is(world, State.RESUMING))
    async with world.uow.read(world.workspace) as work:
        answered = await work.questions.last_answer((await world.session()).id)
    assert answered is not None
    assert answered.by.name == "ben"


async def test_the_card_shows_the_team_and_the_end(world: SlackWorld) -> None:
    root = await started(world)
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)
    ending = await world.slack.wait_for_message(channel="general", containing="Completed. Reply here")
    assert ending.body["thread_ts"] == root.ts

    async def card() -> Shown | None:
        shown = (await world.slack.thread("general", root.ts))[0]
        return shown if "Completed" in shown.text else None

    shown = await world.slack.until(card)
    assert "writes code" in shown.text
    assert shown.actions == []


async def test_the_stop_button_stops_and_only_who_may_is_heard(world: SlackWorld) -> None:
    root = await started(world)
    outcome = await world.slack.person("chloe").press(root, "muster_stop")
    assert outcome.acked
    await world.slack.person("chloe").wait_for_ephemeral("can stop it")
    await world.slack.person("ada").press(root, "muster_stop")
    await world.slack.person("ada").wait_for_ephemeral("Stopping #1")
    assert await _state_is(world, State.STOPPED)


async def test_agents_stop_and_status_name_a_session_by_number(world: SlackWorld) -> None:
    await started(world)
    await until(lambda: _root_is_known(world))
    ada = world.slack.person("ada")
    await ada.command("/agents", "status", channel="general")
    listed = await ada.wait_for_ephemeral("At work")
    assert "count the primes" in listed.text
    assert "Open the thread" in listed.text
    await ada.command("/agents", "stop #1", channel="general")
    await ada.wait_for_ephemeral("Stopping #1")
    await ada.command("/agents", "stop 7", channel="general")
    await ada.wait_for_ephemeral("no session #7")


async def _root_is_known(world: SlackWorld) -> bool:
    async with world.uow.read(world.workspace) as work:
        thread = await work.threads.get((await world.session()).thread or ThreadId(""))
    return thread is not None and thread.root is not None


async def test_history_lists_pages_and_sends_the_transcript_directly(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    for number in range(1, 12):
        after = world.slack.position
        await ada.command("/agents", f"task number {number}!", channel="general")
        await until(lambda number=number: _exists(world, number))  # type: ignore[misc]
        await ada.command("/agents", f"stop {number}", channel="general")
        await ada.wait_for_ephemeral(f"Stopping #{number}", after=after)
    after = world.slack.position
    await ada.command("/history", channel="general")
    page = await ada.wait_for_ephemeral("newest first", after=after)
    assert "task number 11!" in page.text
    assert "task number 1!" not in page.text
    after = world.slack.position
    await ada.press(page, "muster_older")
    older = await ada.wait_for_ephemeral("newest first", after=after)
    assert "task number 1!" in older.text
    after = world.slack.position
    await ada.command("/history", "number 7", channel="general")
    found = await ada.wait_for_ephemeral("Sessions with", after=after)
    assert "task number 7!" in found.text
    await ada.command("/history", "#7", channel="general")
    await ada.wait_for_ephemeral("direct message", after=after)
    messages = await world.slack.messages(await ada.open_im())
    assert messages[-1].files[0]["name"] == "session-7.md"
    assert b"task number 7!" in await world.slack.download(messages[-1].files[0]["id"])


async def _exists(world: SlackWorld, number: int) -> bool:
    async with world.uow.read(world.workspace) as work:
        return await work.sessions.by_number(number) is not None


async def test_muster_joins_a_public_channel_and_asks_to_be_invited_to_a_private_one(world: SlackWorld) -> None:
    await started(world, "in random", channel="random")
    ada = world.slack.person("ada")
    await ada.command("/agents", "in leads", channel="leads")
    await ada.wait_for_ephemeral("Invite me")
    assert await world.slack.messages("leads") == []
    await ada.invite("leads", "muster")


async def test_a_guest_may_not_start_a_session(world: SlackWorld) -> None:
    gus = world.slack.person("gus")
    assert (await gus.command("/agents", "spend money", channel="general")).acked
    await gus.wait_for_ephemeral("full members")
    assert await world.slack.messages("general") == []


async def test_messages_that_are_not_for_muster_are_not_kept(world: SlackWorld) -> None:
    root = await started(world)
    ada, ben = world.slack.person("ada"), world.slack.person("ben")
    first = await ben.post("general", "just talking")
    await ada.reply(first, "with each other")
    mine = await ada.reply(root, "for the team")
    await ada.edit(mine, "edited")
    await until(lambda: _noted(world, "for the team"))
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session()).id)
    assert [record.event.text for record in recorded if isinstance(record.event, ev.NoteGiven)] == ["for the team"]


async def _noted(world: SlackWorld, text: str) -> bool:
    async with world.uow.read(world.workspace) as work:
        recorded = await work.sessions.events((await world.session()).id)
    return any(isinstance(record.event, ev.NoteGiven) and record.event.text == text for record in recorded)


async def test_a_command_that_cannot_be_kept_is_answered_with_nothing_was_started(world: SlackWorld) -> None:
    world.uow.broken = True
    outcome = await world.slack.person("ada").command("/agents", "lost?", channel="general")
    assert outcome.acked
    assert outcome.payload is not None
    assert "nothing was started" in outcome.payload["text"]
    assert await world.slack.messages("general") == []


async def test_a_message_that_cannot_be_kept_is_not_acknowledged_and_comes_again(world: SlackWorld) -> None:
    await world.slack.set(ack_timeout_s=0.3, redelivery_s=[0.1, 0.1, 0.1])
    root = await started(world)
    world.uow.broken = True
    await world.slack.person("ada").reply(root, "do not lose me")
    await world.slack.wait_for(lambda entry: entry.kind == "envelope.unacked")
    world.uow.broken = False
    await until(lambda: _noted(world, "do not lose me"))


async def test_fifty_commands_in_a_second_are_acknowledged_in_time(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    outcomes = await asyncio.gather(*(ada.command("/agents", f"task {n}", channel="general") for n in range(50)))
    assert all(outcome.acked for outcome in outcomes)
