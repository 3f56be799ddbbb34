"""Files that people on Slack attach to what they say, over the wire."""

from typing import Any

import pytest

from core.domain import events as ev
from core.domain.refs import FileRef
from simulator.slack.person import Shown
from tests.support.waiting import until
from tests.unit.bots.slack_world import MAX_FILE_BYTES, SlackWorld

pytestmark = pytest.mark.slow


async def told(world: SlackWorld, kind: type[Any], number: int = 1) -> list[Any]:
    session = await world.session(number)
    async with world.uow.read(world.workspace) as work:
        return [record.event for record in await work.sessions.events(session.id) if isinstance(record.event, kind)]


async def until_there(world: SlackWorld, kind: type[Any]) -> None:
    async def there() -> bool:
        return bool(await told(world, kind))

    await until(there)


async def content(world: SlackWorld, file: FileRef) -> bytes | None:
    async with world.uow.read(world.workspace) as work:
        return await work.files.content(file.blob)


async def at_work(world: SlackWorld) -> Shown:
    await world.slack.person("ada").command("/agents", "count the primes", channel="general")
    root = await world.slack.wait_for_message(channel="general", containing="count the primes")
    await world.claim()
    return root


async def test_a_mention_brings_its_files_once_although_two_events_tell_of_it(world: SlackWorld) -> None:
    files = {"data.csv": b"a,b\n1,2\n", "notes é.txt": b"note"}
    await world.slack.person("ada").post("general", "@muster sum it up", files=files)
    await world.slack.wait_for_message(channel="general", containing="#1")
    [given] = await told(world, ev.TaskGiven)
    assert given.task == "sum it up"
    assert {file.name: (await content(world, file), file.mime) for file in given.files} == {
        "data.csv": (b"a,b\n1,2\n", "text/csv"),
        "notes é.txt": (b"note", "text/plain"),
    }
    assert len(world.slack.entries("file.fetched")) == 2


async def test_files_alone_are_a_task_in_a_direct_message(world: SlackWorld) -> None:
    ada = world.slack.person("ada")
    await ada.post("@muster", files={"data.csv": b"1"})
    await world.slack.wait_for_message(channel=await ada.open_im(), containing="#1")
    [given] = await told(world, ev.TaskGiven)
    assert given.task == "Look at the attached files."
    assert [file.name for file in given.files] == ["data.csv"]


async def test_a_file_alone_answers_a_question(world: SlackWorld) -> None:
    root = await at_work(world)
    await world.ask("Which data?")
    await world.slack.wait_for_message(channel="general", containing="Which data?")
    await world.slack.person("ben").reply(root, files={"data.csv": b"1"})
    await until_there(world, ev.QuestionAnswered)
    [answered] = await told(world, ev.QuestionAnswered)
    assert answered.text == ""
    assert await content(world, answered.files[0]) == b"1"


async def test_what_is_left_out_is_told_in_private_and_the_rest_goes_on(world: SlackWorld) -> None:
    root = await at_work(world)
    ben = world.slack.person("ben")
    files = {"large.bin": b"x" * (MAX_FILE_BYTES + 1), **{f"{n}.txt": b"x" for n in range(3)}}
    await ben.reply(root, "have a look", files=files)
    shown = await ben.wait_for_ephemeral("larger than")
    assert "`large.bin`" in shown.text
    assert "`2.txt`" in shown.text  # the fourth
    [note] = await told(world, ev.NoteGiven)
    assert [file.name for file in note.files] == ["0.txt", "1.txt"]
    assert len([each for each in await ben.ephemerals() if "larger than" in each.text]) == 1


async def test_a_file_that_cannot_be_fetched_is_told_and_the_words_go_on(world: SlackWorld) -> None:
    root = await at_work(world)
    await world.slack.add_fault("deny", target="files.download", times=None)
    ben = world.slack.person("ben")
    await ben.reply(root, "use this", files={"data.csv": b"1"})
    assert "`data.csv` could not be fetched" in (await ben.wait_for_ephemeral("fetched")).text
    [note] = await told(world, ev.NoteGiven)
    assert (note.text, note.files) == ("use this", ())


async def test_a_slow_file_is_recorded_once_while_slack_tells_of_the_message_again(
    world: SlackWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is acknowledged is in the inbox; what is not goes on, and is found done."""
    root = await at_work(world)
    monkeypatch.setattr("bots.slack.limits.RECORD_S", 0.1)
    await world.slack.set(ack_timeout_s=0.15, redelivery_s=[0.0, 0.5])
    await world.slack.add_fault("delay", target="files.download", delay_s=0.3)
    await world.slack.person("ben").reply(root, "slow one", files={"data.csv": b"1"})
    await until_there(world, ev.NoteGiven)
    [note] = await told(world, ev.NoteGiven)
    assert await content(world, note.files[0]) == b"1"
    acked = await world.slack.wait_for(
        lambda entry: entry.kind == "envelope.acked" and entry.data.get("subtype") == "file_share"
    )
    assert acked.data["attempt"] > 0
    assert len(world.slack.entries("file.fetched")) == 1


async def test_nobodys_files_are_fetched_for_what_is_refused(world: SlackWorld) -> None:
    gus = world.slack.person("gus")
    await gus.post("general", "@muster look", files={"data.csv": b"1"})
    await gus.wait_for_ephemeral("Only full members")
    assert not world.slack.entries("file.fetched")


async def test_files_that_cannot_be_kept_leave_the_message_to_be_told_again(world: SlackWorld) -> None:
    root = await at_work(world)
    await world.slack.set(ack_timeout_s=0.3, redelivery_s=[0.0, 0.2])
    world.uow.broken = True
    await world.slack.person("ben").reply(root, "use this", files={"data.csv": b"1"})
    await world.slack.wait_for(lambda entry: entry.kind == "file.fetched")
    world.uow.broken = False
    await until_there(world, ev.NoteGiven)
    [note] = await told(world, ev.NoteGiven)
    assert [file.name for file in note.files] == ["data.csv"]
