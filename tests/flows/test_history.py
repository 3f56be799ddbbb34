"""What was done is found again, by those who can see the conversation, and by nobody else."""

import pytest

from tests.support.model_control import DONE, asks
from tests.support.room import COMPLETED, Person, Room, Shown

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _asked(room: Room, who: Person, command: str, text: str = "") -> Shown:
    """What the person is told in private."""
    after = room.chat.position
    outcome = await (room.history if command == "/history" else room.command)(text, by=who)
    assert outcome.acked, outcome
    return await room.told(who, after=after)


async def _done(room: Room, words: str, result: str = "Done so.") -> int:
    """Run a session to its end; returns its number."""
    await room.script(f"{result}{DONE}")
    root = await room.start(words)
    await room.until(COMPLETED, root)
    return room.number(root)


async def test_the_sessions_of_a_conversation_are_listed_newest_first(room: Room) -> None:
    first = await _done(room, "Count the apples")
    second = await _done(room, "Weigh the pears")
    listed = await _asked(room, room.ben, "/history")
    assert listed.text.index(f"#{second}") < listed.text.index(f"#{first}")
    assert "Count the apples" in listed.text
    assert "Weigh the pears" in listed.text
    assert "✅ Completed" in listed.text
    found = await _asked(room, room.ben, "/history", "apples")
    assert "Count the apples" in found.text
    assert "Weigh the pears" not in found.text
    none = await _asked(room, room.ben, "/history", "quinces")
    assert "No session in this conversation has the words “quinces”" in none.text


async def test_words_are_found_in_what_agents_said_too(room: Room) -> None:
    await _done(room, "Count the apples", "There are too many of them.")
    found = await _asked(room, room.ada, "/history", "too many")
    assert "Count the apples" in found.text


async def test_a_long_history_is_read_page_by_page(room: Room) -> None:
    for n in range(11):
        await room.script(asks(f"Question {n}?"))
        await room.command(room.task(f"Task {n:02}"))
    await room.chat.until(lambda: _waiting(room, 11), timeout_s=80)
    first = await _asked(room, room.ada, "/history")
    assert room.button(first, "older")
    after = room.chat.position
    await room.press(first, "older")
    second = await room.told(room.ada, after=after)
    pages = first.text + second.text
    assert all(f"Task {n:02}" in pages for n in range(11))
    assert "Task 10" in first.text
    assert "Task 00" in second.text
    assert not room.button(second, "older")


async def _waiting(room: Room, number: int) -> bool:
    return len(await room.roots()) == number


async def test_a_transcript_comes_as_a_private_file(room: Room) -> None:
    number = await _done(room, "Count the apples", "There are 4217 of them.")
    after = room.chat.position
    told = await _asked(room, room.ben, "/history", f"#{number}")
    assert f"#{number}" in told.text
    sent = await room.document(room.ben, after=after)
    [file] = sent.files
    assert file["name"] == f"session-{number}.md"
    document = (await room.download(file["id"])).decode()
    starter = room.called["ada"]
    for words in ("Count the apples", "There are 4217 of them.", "✅ Completed", f"Started by {starter}", "Ana"):
        assert words in document


async def test_who_is_not_in_a_private_channel_finds_nothing_of_it(room: Room) -> None:
    private = await room.stage.room(room.platform, private=True, members=("chloe", "muster"))
    number = await _done(private, "Plan the party")
    seen = await _asked(private, private.chloe, "/history")
    assert "Plan the party" in seen.text
    for command, text in (("/history", f"{number}"), ("/agents", f"status {number}"), ("/agents", f"stop {number}")):
        hidden = await _asked(room, room.ben, command, text)
        absent = await _asked(room, room.ben, command, text.replace(str(number), "999999"))
        assert hidden.text.replace(str(number), "N") == absent.text.replace("999999", "N")
        assert "Plan the party" not in hidden.text


async def test_who_left_a_private_channel_no_longer_reads_its_history(room: Room) -> None:
    private = await room.stage.room(room.platform, private=True, members=("chloe", "muster"))
    number = await _done(private, "Plan the party")
    await private.remove("chloe")
    told = await _asked(room, room.chloe, "/history", f"{number}")
    assert f"There is no session #{number} that you can see" in told.text


@pytest.mark.platforms("slack")
async def test_a_guest_reads_no_history(room: Room) -> None:
    number = await _done(room, "Count the apples")
    gus = room.person("gus")
    await room.ada.invite(room.channel, "gus")
    for text in ("", f"{number}"):
        told = await _asked(room, gus, "/history", text)
        assert "apples" not in told.text


async def test_status_says_what_is_at_work(room: Room) -> None:
    await room.script(asks("Which colour?"))
    root = await room.start("Paint the fence")
    await room.until("Which colour?", root)
    listed = await _asked(room, room.ben, "/agents", "status")
    assert "Paint the fence" in listed.text
    assert "💬 Waiting for you" in listed.text
    one = await _asked(room, room.ben, "/agents", f"status {room.number(root)}")
    assert f"started by {room.called['ada']}" in one.text
    await room.ada.reply(root, "stop")
    await room.end(root)
    none = await _asked(room, room.ben, "/agents", "status")
    assert "Nothing is at work in this conversation" in none.text


async def test_nothing_done_yet_says_how_to_begin(room: Room) -> None:
    told = await _asked(room, room.ada, "/history")
    assert "No session has run in this conversation yet" in told.text
    assert "Start one with `/agents`" in told.text
