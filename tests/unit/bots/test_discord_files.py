"""Files that people bring on Discord, over the wire: real discord.py, the simulated Discord, real SQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.domain import events as ev
from core.domain.lifecycle import State
from simulator.discord.person import Shown, file
from simulator.discord.rest import DOWNLOAD
from tests.support.waiting import until
from tests.unit.bots.discord_world import DiscordWorld, discord_world

pytestmark = pytest.mark.slow

MOST = 1_000


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DiscordWorld]:
    async with discord_world(tmp_path) as world:
        world.max_file_bytes = MOST
        await world.start_bot()
        yield world


async def told(world: DiscordWorld, name: str, containing: str) -> Shown:
    """What somebody was told in a direct message."""
    channel = await world.discord.person(name).open_im()
    return await world.discord.wait_for_message(channel=channel, containing=containing)


async def given(world: DiscordWorld, kind: type) -> list[str]:
    """Names of the files that came with the first event of that kind."""
    [event, *_] = [event for event in await world.events() if isinstance(event, kind)]
    return [each.name for each in getattr(event, "files", ())]


async def test_a_mention_brings_its_files_and_the_person_is_told_of_those_that_do_not_come(world: DiscordWorld) -> None:
    files = {"sheep.txt": b"baa", "big.bin": b"0" * (MOST + 1), "notes.md": b"n"}
    await world.discord.person("ada").post("general", "@muster count the sheep", files=files)
    root = await world.discord.wait_for_message(channel="general", containing="#1")
    assert not root.is_reply
    assert (await world.session()).task == "count the sheep"
    assert await given(world, ev.TaskGiven) == ["sheep.txt", "notes.md"]
    assert "notes" not in (await told(world, "ada", "`big.bin` is larger than 1,000 bytes")).text


async def test_a_command_goes_on_without_the_file_that_is_too_large(world: DiscordWorld) -> None:
    ada = world.discord.person("ada")
    options = {"task": "count", "file": file("big.bin", b"0" * (MOST + 1))}
    await ada.command("/agents run", channel="general", options=options)
    said = await ada.wait_for_ephemeral("`big.bin` is larger than")
    assert said.text.startswith("Started")
    assert await given(world, ev.TaskGiven) == []


async def test_a_file_alone_is_an_answer(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.ask("Which numbers?")
    await world.discord.wait_for_message(channel="general", containing="Which numbers?")
    await world.discord.person("ben").reply(root, files={"numbers.csv": b"1,2"})

    async def resumes() -> bool:
        return (await world.session()).state is State.RESUMING

    await until(resumes)
    assert await given(world, ev.QuestionAnswered) == ["numbers.csv"]
    fetched = [entry.data for entry in world.discord.entries("file.fetched")]
    assert [one["with_token"] for one in fetched] == [False]


async def test_a_note_whose_file_does_not_come_is_a_note_all_the_same(world: DiscordWorld) -> None:
    root = await world.started()
    await world.claim()
    await world.discord.wait_for_message(channel="general", containing="The team:")
    await world.discord.add_fault("deny", target=DOWNLOAD)
    await world.discord.person("ada").reply(root, "use this", files={"lost.txt": b"x", "kept.txt": b"y"})
    await told(world, "ada", "`lost.txt` could not be fetched")
    assert await given(world, ev.NoteGiven) == ["kept.txt"]
