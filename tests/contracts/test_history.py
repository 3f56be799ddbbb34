"""What people may read of what is kept: pages, words, transcripts, and nothing that they may not see."""

from dataclasses import replace

import pytest

from core.domain import events as ev
from core.domain.lifecycle import Move, State
from core.domain.refs import BlobHash, ChannelId, FileRef, Person, Place, WorkspaceId
from core.domain.session import Session, Usage
from core.ports import Answer, Change, Query
from core.service.history import MOST_WORDS, PAGE, History
from core.service.policy import Policy
from tests.conftest import SetClock
from tests.support.desk import ACME, ANA, BEN, GENERAL, Desk, World, start
from tests.support.desk_doubles import Conversations

pytestmark = pytest.mark.slow

SECRET = ChannelId("C2")
NOT_SHOWN = "I cannot tell whether you may read this conversation, so I show nothing of it."
NONE_YET = "No session has run in this conversation yet. Start one with `/agents`."
TOKEN = "xoxb-" + "1234567890-abcdefghij"
PLENTY = Policy(max_active_per_user=1_000, max_active_per_workspace=1_000)


@pytest.fixture
def conversations() -> Conversations:
    """Ana sees both channels, Ben only the general one."""
    conversations = Conversations()
    conversations.viewers = {GENERAL: {ANA.id, BEN.id}, SECRET: {ANA.id}}
    return conversations


@pytest.fixture
def history(world: World, conversations: Conversations) -> History:
    return History(uow=world.uow, conversations=conversations)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return Desk(uow=desk.uow, clock=desk.clock, policy=PLENTY)


def query(by: Person = ANA, *, words: str = "", number: int | None = None, channel: ChannelId = GENERAL) -> Query:
    return Query(place=Place(workspace=ACME, channel=channel), by=by, words=words, number=number)


def tasks(answer: Answer) -> list[str]:
    return [listed.session.task for listed in answer.sessions]


def unknown(number: int) -> Answer:
    return Answer(text=f"There is no session #{number} that you can see. `/history` lists those of a conversation.")


async def test_a_conversations_sessions_are_listed_newest_first_in_pages(desk: Desk, history: History) -> None:
    for n in range(2 * PAGE + 3):
        await desk.ask(start(f"task {n}"))
    pages = [await history.answer(query())]
    while pages[-1].older is not None:
        pages.append(await history.answer(pages[-1].older))
    assert [len(page.sessions) for page in pages] == [PAGE, PAGE, 3]
    assert [task for page in pages for task in tasks(page)] == [f"task {n}" for n in reversed(range(2 * PAGE + 3))]
    assert pages[0].text == "Sessions in this conversation, newest first:"


async def test_a_full_last_page_offers_no_empty_one(desk: Desk, history: History) -> None:
    for n in range(PAGE):
        await desk.ask(start(f"task {n}"))
    answer = await history.answer(query())
    assert (len(answer.sessions), answer.older) == (PAGE, None)


async def test_a_listed_session_says_where_it_is(desk: Desk, world: World, history: History) -> None:
    await desk.ask(start())
    session = await world.only_session()
    place = await world.place(session)
    [listed] = (await history.answer(query())).sessions
    assert (listed.session.id, listed.place) == (session.id, place)


async def test_words_are_found_in_what_was_asked_said_noted_and_answered(
    desk: Desk, world: World, history: History
) -> None:
    await whole_session(desk, world)
    await desk.ask(start("something else"))
    for words in ("COUNT", "forty-two", "words  which", "second", "hurry", "lésson"):
        answer = await history.answer(query(words=words))
        assert tasks(answer) == ["count the words of lésson 1"], words
        assert answer.text.startswith("Sessions with “")
    for words in ("count absent", "run_python", "%", "_"):
        answer = await history.answer(query(words=words))
        assert answer == Answer(text=f"No session in this conversation has the words “{words}”.")


async def test_the_pages_of_a_search_keep_its_words(desk: Desk, history: History) -> None:
    for n in range(PAGE + 1):
        await desk.ask(start(f"blue {n}"))
        await desk.ask(start(f"red {n}"))
    older = (await history.answer(query(words="blue"))).older
    assert older is not None
    assert tasks(await history.answer(older)) == ["blue 0"]


@pytest.mark.parametrize(
    "words", ["word " * 3_000, "nul\x00", "\ud83d", "'; DROP TABLE sessions; --", "\\", "x" * 5_000]
)
async def test_any_words_can_be_looked_for(desk: Desk, history: History, words: str) -> None:
    await desk.ask(start())
    answer = await history.answer(query(words=words))
    assert "has the words" in answer.text or tasks(answer)


async def test_only_the_first_words_of_a_long_search_count(desk: Desk, history: History) -> None:
    many = [f"w{n}" for n in range(MOST_WORDS)]
    await desk.ask(start(" ".join(many)))
    assert len((await history.answer(query(words=" ".join([*many, "absent"])))).sessions) == 1


async def test_a_conversation_without_sessions_says_how_to_start_one(history: History) -> None:
    assert await history.answer(query()) == Answer(text=NONE_YET)


# --- who may see what


@pytest.mark.parametrize("words", ["", "count"])
async def test_who_may_not_see_a_conversation_is_told_the_same_whether_it_has_sessions_or_not(
    desk: Desk, history: History, words: str
) -> None:
    empty = await history.answer(query(BEN, words=words, channel=SECRET))
    await desk.ask(start("count", channel=SECRET))
    assert await history.answer(query(BEN, words=words, channel=SECRET)) == empty == Answer(text=NOT_SHOWN)
    assert await history.status(query(BEN, channel=SECRET)) == Answer(text=NOT_SHOWN)
    assert tasks(await history.answer(query(ANA, words=words, channel=SECRET))) == ["count"]


async def test_a_conversation_shows_nothing_of_another(desk: Desk, history: History) -> None:
    await desk.ask(start("plan the party", channel=SECRET))
    await desk.ask(start("count"))
    assert tasks(await history.answer(query(ANA))) == ["count"]
    assert tasks(await history.status(query(ANA))) == ["count"]
    assert tasks(await history.answer(query(ANA, words="party"))) == []


async def test_a_session_that_may_not_be_seen_is_answered_like_one_that_is_not_there(
    desk: Desk, world: World, history: History, conversations: Conversations
) -> None:
    await desk.ask(start("plan the party", channel=SECRET))
    for ask in (history.answer, history.status):
        assert await ask(query(BEN, number=1)) == unknown(1)
        assert await ask(query(BEN, number=2)) == unknown(2)
        assert tasks(await ask(query(ANA, number=1))) == ["plan the party"]  # from any conversation
    conversations.viewers[SECRET].clear()  # Ana has been removed since
    assert await history.answer(query(ANA, number=1)) == unknown(1)


async def test_guests_see_nothing(desk: Desk, history: History) -> None:
    await desk.ask(start("count"))
    guest = replace(query(), restricted=True)
    assert await history.answer(guest) == Answer(text=NOT_SHOWN)
    assert await history.status(guest) == Answer(text=NOT_SHOWN)
    assert await history.answer(replace(guest, number=1)) == unknown(1)


async def test_another_workspace_has_numbers_and_words_of_its_own(desk: Desk, history: History) -> None:
    await desk.ask(start("count"))
    elsewhere = Place(workspace=WorkspaceId("slack:T2"), channel=GENERAL)
    assert await history.answer(replace(query(number=1), place=elsewhere)) == unknown(1)
    assert await history.answer(replace(query(), place=elsewhere)) == Answer(text=NONE_YET)


# --- one session


async def whole_session(desk: Desk, world: World) -> Session:
    """A session with one of each thing that a transcript shows."""
    await desk.ask(start("count the words of lésson 1"))
    session = (await world.sessions())[0]
    place = await world.place(session)
    held = await world.claim(session)
    ada = ev.Member(name="Ada", role="counts", instructions="", tools=("run_python",), icon="bar_chart")
    await world.record(session, held, ev.TeamBuilt(team=(ada,)), move=Move.BUILT, change=Change(team=(ada,)))
    plot = FileRef(name="out/plot.png", blob=BlobHash("0" * 64), size_bytes=12_345, mime="image/png")
    await world.ask(session, held, "Which one?")
    await desk.ask(world.reply(place, "the second", BEN))
    held = await world.claim(session)
    await desk.ask(world.reply(place, "hurry"))
    code = '{"code": "print(a[0](b))"}'
    await world.record(
        session,
        held,
        ev.TurnStarted(agent="Ada", round=1),
        ev.ToolStarted(agent="Ada", call_id="1", tool="run_python", arguments=code),
        ev.ToolFinished(
            agent="Ada", call_id="1", tool="run_python", ok=True, output=f"{TOKEN}\n[a](//b)\n```", files=(plot,)
        ),
        ev.ToolFinished(agent="Ada", call_id="2", tool="ask_human", ok=True, output="the second"),
        ev.Said(agent="Ada", text="forty-two [words](https://evil.example)"),
        change=Change(round=1, add_usage=Usage(prompt_tokens=1_000, completion_tokens=234)),
    )
    await world.record(session, held, ev.Completed(), move=Move.COMPLETE)
    return await world.session(session.id)


async def test_a_sessions_transcript_is_a_document_with_everything_that_was_shown(
    desk: Desk, world: World, history: History
) -> None:
    await whole_session(desk, world)
    answer = await history.answer(query(BEN, number=1))
    assert answer.text == "#1, started by Ana: ✅ Completed · round 1 of 12 · 1,234 tokens"
    assert answer.file_name == "session-1.md"
    assert answer.file_text == (
        "# Session #1\n\n"
        "- State: ✅ Completed\n"
        "- Started by Ana at 2026-11-01 12:00 UTC\n"
        "- Model: demo / demo\n"
        "- Used: 1,234 tokens, 1 round\n\n"
        "## Ana · 12:00:00\n\ncount the words of lésson 1\n\n"
        "## Muster · 12:00:00\n\nThe team: **Ada** (counts).\n\n"
        "## Ada · 12:00:00\n\nWhich one?\n\n"
        "## Ben · 12:00:00\n\nthe second\n\n"
        "## Ana · 12:00:00\n\nhurry\n\n"
        "## Ada · 12:00:00\n\nRuns Python:\n```python\nprint(a[0](b))\n```\n\n"
        "## Ada · run_python · 12:00:00\n\n````\n[redacted]\n[a](//b)\n```\n````\n"
        "- file: out/plot.png (12,345 bytes)\n\n"
        "## Ada · 12:00:00\n\nforty-two words (`hxxps://evil.example`)\n\n"
        "## Muster · 12:00:00\n\n✅ Completed. Reply here to go on from this result.\n\n"
    )


async def test_a_transcript_has_every_event_however_long_the_session(
    desk: Desk, world: World, history: History
) -> None:
    await desk.ask(start())
    session = await world.only_session()
    held = await world.run(session)
    await world.record(session, held, *(ev.Said(agent="Ada", text=f"line {n}.") for n in range(1_200)))
    text = (await history.answer(query(number=1))).file_text
    assert all(f"line {n}." in text for n in range(1_200))


# --- status


async def test_status_lists_what_is_at_work_and_nothing_else(
    desk: Desk, world: World, history: History, clock: SetClock
) -> None:
    assert await history.status(query()) == Answer(
        text="Nothing is at work in this conversation. `/history` shows what was."
    )
    for n, state in enumerate(State):
        await desk.ask(start(state.value))
        await world.bring_to((await world.sessions())[0], state)
        assert n + 1 == len(await world.sessions())
    answer = await history.status(query(BEN))
    assert tasks(answer) == ["stopping", "resuming", "waiting", "running", "building", "queued"]
    one = await history.status(query(BEN, number=4))
    assert one.text == "#4, started by Ana: 💬 Waiting for you"
    assert one.file_text == ""
