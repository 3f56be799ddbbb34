"""What people ask on Discord, over the wire: real discord.py, the simulated Discord, real SQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import WorkspaceId
from simulator.discord.options import DiscordOptions
from simulator.discord.person import Shown
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = [pytest.mark.slow, pytest.mark.slow]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path) as world:
        await world.start_bot()
        yield world


async def is_in(world: DiscordWorld, state: State, number: int = 1, workspace: WorkspaceId | None = None) -> bool:
    return (await world.session(number, workspace)).state is state


async def told(world: DiscordWorld, name: str, containing: str) -> Shown:
    """What somebody was told in a direct message."""
    channel = await world.discord.person(name).open_im()
    return await world.discord.wait_for_message(channel=channel, containing=containing)


async def test_agents_speak_under_their_own_names_and_a_reply_answers_their_question(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.record(
        ev.TurnStarted(agent="coder", round=1),
        ev.ToolStarted(agent="coder", call_id="1", tool="run_python", arguments='{"code": "print(1 < 2)"}'),
        ev.ToolFinished(agent="coder", call_id="1", tool="run_python", ok=True, output="True"),
        ev.Said(agent="coder", text="**Done**: `1 < 2`"),
    )
    said = await world.discord.wait_for_message(containing="**Done**", author="coder")
    assert said.root_ts == root.ts
    assert said.body["embeds"][0]["author"]["name"] == "💻 coder"
    assert "print(1 < 2)" in said.text
    await world.ask("Up to what?")
    question = await world.discord.wait_for_message(containing="Up to what?", author="writer")
    assert "Reply in this thread to answer" in question.text
    await world.discord.person("ben").reply(root, "a hundred & one")
    await until(lambda: is_in(world, State.RESUMING))
    async with world.uow.read(world.workspace) as work:
        answered = await work.questions.last_answer((await world.session()).id)
    assert answered is not None
    assert (answered.by.name, answered.text) == ("Ben Ortiz", "a hundred & one")


async def test_the_card_shows_the_team_and_the_end(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)
    ending = await world.discord.wait_for_message(channel="general", containing="Completed. Reply here")
    assert ending.root_ts == root.ts

    async def card() -> Shown | None:
        shown = next(m for m in await world.discord.messages("general") if m.ts == root.ts)
        return shown if "Completed" in shown.text else None

    shown = await world.discord.until(card)
    assert "writes code" in shown.text
    assert shown.actions == []


async def test_the_stop_button_stops_and_only_who_may_is_heard(world: DiscordWorld) -> None:
    root = await world.started()
    ben, ada = world.discord.person("ben"), world.discord.person("ada")
    assert (await ben.press(root, "muster:stop:1")).acked
    await ben.wait_for_ephemeral("can stop it")
    await ada.press(root, "muster:stop:1")
    await ada.wait_for_ephemeral("Stopping #1")
    assert await is_in(world, State.STOPPED)


async def test_a_button_works_after_a_restart(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    question = await world.ask("Which colour?", "red", "blue")
    asked = await world.discord.wait_for_message(channel="general", containing="Which colour?")
    await world.stop_bots()
    await world.start_bot("bots-2")
    ada, ben = world.discord.person("ada"), world.discord.person("ben")
    assert asked.actions == [f"muster:choice:{question}:{n}" for n in range(2)]
    await ben.press(asked, asked.actions[1])
    await ben.wait_for_ephemeral("Passed on")
    assert await is_in(world, State.RESUMING)
    await world.discord.wait_for_message(channel="general", containing="Ben Ortiz chose: blue")
    await ada.press(asked, asked.actions[0])
    await ada.wait_for_ephemeral("already decided: Ben Ortiz chose")
    await ada.press(root, "muster:stop:1")
    await until(lambda: is_in(world, State.STOPPED))


async def test_leave_is_for_operators_whom_admins_name_by_role(world: DiscordWorld) -> None:
    await world.started()
    await world.claim()
    await world.ask("Delete it?", "Approve", "Deny", who=ev.Answerer.OPERATOR, approves="f" * 64)
    asked = await world.discord.wait_for_message(channel="general", containing="Delete it?")
    ada, ben = world.discord.person("ada"), world.discord.person("ben")
    await ben.press(asked, asked.actions[0])
    await ben.wait_for_ephemeral("Only operators and admins")
    await ben.command("/agents access", channel="general", options={"right": "operate", "who": "ben"})
    await ben.wait_for_ephemeral("Only admins")
    await ada.command("/agents access", channel="general", options={"right": "operate", "who": "@Crew"})
    crew = next(role for role in (await world.discord.state())["roles"] if role["name"] == "Crew")
    assert f"<@&{crew['id']}>" in (await ada.wait_for_ephemeral("From now on")).text
    after = world.discord.position
    await world.discord.post("members/roles", user="ben", roles=[])
    await ben.press(asked, asked.actions[0])
    await ben.wait_for_ephemeral("Only operators and admins", after=after)
    await world.discord.post("members/roles", user="ben", roles=["Crew"])
    await ben.press(asked, asked.actions[0])
    await ben.wait_for_ephemeral("Passed on")
    await ada.command("/agents audit", channel="general")
    assert f"<@{await ben.id()}>" in (await ada.wait_for_ephemeral("approval: Approve")).text


@pytest.mark.parametrize("words", ["stop", "@muster stop"])
async def test_the_word_stop_in_the_thread_stops(world: DiscordWorld, words: str) -> None:
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    await world.discord.person("ada").reply(root, words)
    await until(lambda: is_in(world, State.STOPPING))
    await told(world, "ada", "Stopping #1")


@pytest.mark.parametrize("where", ["card", "post"])
async def test_the_stop_sign_on_the_card_or_a_post_stops(world: DiscordWorld, where: str) -> None:
    marked = await world.started()
    await world.claim()
    post = await world.discord.wait_for_message(channel="general", containing="The team:")
    await until(lambda: world.counts["sent"] == 2)
    await world.discord.person("ada").react(post if where == "post" else marked, "🛑")
    await until(lambda: is_in(world, State.STOPPING))


async def test_status_stop_and_help_by_command(world: DiscordWorld) -> None:
    root = await world.started()
    await until(lambda: world.counts["sent"] == 1)
    ada = world.discord.person("ada")
    await ada.command("/agents status", channel="general")
    listed = await ada.wait_for_ephemeral("At work")
    assert "count the primes" in listed.text
    assert f"<#{root.ts}>" in listed.text
    await ada.command("/agents stop", channel="general", options={"number": 7})
    await ada.wait_for_ephemeral("no session #7")
    await ada.command("/agents stop", channel="general", options={"number": 1})
    await ada.wait_for_ephemeral("Stopping #1")
    await ada.command("/agents help", channel="general")
    assert "/history" in (await ada.wait_for_ephemeral("/agents run")).text


async def test_a_mention_alone_is_answered_with_help(world: DiscordWorld) -> None:
    await world.discord.person("ada").post("general", "@muster")
    await told(world, "ada", "/agents run")
    assert [m for m in await world.discord.messages("general") if m.is_by_app] == []


async def test_history_pages_and_gives_the_transcript_as_a_file(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    for number in range(1, 13):
        await world.started(f"task number {number}")
        await ada.command("/agents stop", channel="general", options={"number": number})
        await ada.wait_for_ephemeral(f"Stopping #{number}.")
    await ada.command("/history", channel="general")
    page = await ada.wait_for_ephemeral("newest first")
    assert "task number 12" in page.text
    assert "task number 2\n" not in page.text
    [older] = [action for action in page.actions if action.startswith("muster:older:")]
    await ada.press(page, older)

    async def next_page() -> Shown | None:
        return next((e for e in await ada.ephemerals() if "task number 1\n" in e.text), None)

    assert (await world.discord.until(next_page)).ts == page.ts
    await ada.command("/history", channel="general", options={"id": 3})
    transcript = await ada.wait_for_ephemeral("#3, started by")
    assert [attached["name"] for attached in transcript.files] == ["session-3.md"]


async def test_after_the_end_a_reply_goes_on_in_the_same_thread(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.record(ev.Completed(), move=Move.COMPLETE)
    await world.discord.wait_for_message(channel="general", containing="Completed. Reply here")
    await world.discord.person("ada").reply(root, "now the twin primes")
    follow_up = await world.discord.wait_for_message(channel="general", containing="Going on")
    assert follow_up.root_ts == root.ts
    assert (await world.session(2)).parent == (await world.session(1)).id


async def test_an_edited_reply_counts_as_it_is_now_and_a_deleted_one_not(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    ada = world.discord.person("ada")
    note = await ada.reply(root, "use red")
    await world.discord.wait_for_message(channel="general", containing="Noted")
    await ada.edit(note, "use blue")
    await until(lambda: changed_to(world, "use blue"))
    await ada.delete(note)
    await until(lambda: changed_to(world, ""))


async def changed_to(world: DiscordWorld, text: str) -> bool:
    return any(isinstance(event, ev.ReplyChanged) and event.text == text for event in await world.events())


async def test_a_message_that_cannot_be_kept_is_kept_later(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    world.uow.broken = True
    await world.discord.person("ada").reply(root, "do not lose me")
    await until(lambda: world.uow.failures > 1)
    world.uow.broken = False
    await until(lambda: noted(world, "do not lose me"))


async def noted(world: DiscordWorld, text: str) -> bool:
    return any(isinstance(event, ev.NoteGiven) and event.text == text for event in await world.events())


async def test_without_the_content_intent_people_answer_by_button_and_form(tmp_path: Path) -> None:
    async with discord_world(tmp_path, replace(DiscordOptions(), message_content_intent=False)) as world:
        await world.start_bot()
        root = await world.started()
        await world.claim()
        await world.ask("Up to what?")
        question = await world.discord.wait_for_message(channel="general", containing="Up to what?")
        ben = world.discord.person("ben")
        await ben.reply(root, "nobody can read this")
        await told(world, "ben", "press **Answer**")
        await ben.press(question, "muster:answer:1")
        [form] = await ben.modals()
        await ben.submit(form["id"], {"muster:answer": "a hundred"})
        await ben.wait_for_ephemeral("Passed on")
        assert await is_in(world, State.RESUMING)
