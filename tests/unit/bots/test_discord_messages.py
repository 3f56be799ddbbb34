from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots import requests
from bots.discord import answers, cards, commands, limits
from bots.discord.messages import DiscordRenderer, attachment_name
from bots.discord.places import direct_workspace, guild_workspace
from bots.facts import Known
from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Person,
    Place,
    QuestionId,
    SessionId,
    ThreadId,
    UserId,
)
from core.domain.session import Session, Usage
from core.ports import Answer, Listed, Query, Thread
from core.service.narration import Speaker, Tone, Words
from simulator.discord.components import ComponentCheck
from simulator.discord.errors import Problems

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
WORKSPACE = guild_workspace("7")
SESSION = Session(
    id=SessionId("s1"),
    workspace=WORKSPACE,
    number=12,
    thread=ThreadId("t1"),
    state=State.RUNNING,
    task="count",
    starter=Person(id=UserId("1"), name="Ada"),
    provider="demo",
    model="demo",
    max_rounds=12,
    created_at=NOW,
    changed_at=NOW,
)
THREAD = Thread(id=ThreadId("t1"), workspace=WORKSPACE, channel=ChannelId("70"), root=MessageId("71"), owned=True)
QUESTION = QuestionId("0123456789abcdef")
CODER, WRITER = Speaker(name="coder", icon="computer"), Speaker(name="writer", icon="memo")
READS, BLIND = DiscordRenderer(lambda: True), DiscordRenderer(lambda: False)


def said(seq: int, text: str, speaker: Speaker = CODER) -> Words:
    return Words(seq=seq, tone=Tone.SAID, text=text, speaker=speaker)


def asked(choices: tuple[str, ...] = ()) -> Words:
    return Words(seq=1, tone=Tone.QUESTION, text="Which?", speaker=CODER, question=QUESTION, choices=choices)


def described(payload: dict[str, Any]) -> str:
    return str(payload["embeds"][0]["description"])


def test_what_one_agent_says_in_a_row_is_one_message() -> None:
    words = [said(1, "a"), said(2, "b"), said(3, "c", WRITER), said(4, "d")]
    drafts = [rendered.draft for rendered in READS.render(SESSION, THREAD, words)]
    assert [(draft.payload["embeds"][0]["author"]["name"], described(draft.payload)) for draft in drafts] == [
        ("💻 coder", "a\n\nb"),
        ("📝 writer", "c"),
        ("💻 coder", "d"),
    ]
    assert [draft.shown for draft in drafts] == [2, 3, 4]


@given(st.text(min_size=1, max_size=12_000))
def test_no_message_is_longer_than_discord_takes(text: str) -> None:
    rendered = READS.render(SESSION, THREAD, [said(1, text), replace(asked(), seq=2, text=text)])
    for each in rendered:
        for embed in each.draft.payload["embeds"]:
            assert len(embed["description"].encode("utf-16-le")) // 2 <= limits.EMBED_CHARS


def test_very_long_text_becomes_a_file_and_nothing_of_it_is_lost() -> None:
    text = "\n\n".join(f"paragraph {n} " + "x" * 200 for n in range(200))
    first, document = READS.render(SESSION, THREAD, [said(1, text)])
    assert "in the file" in described(first.draft.payload)
    assert document.document == text.encode()
    assert document.draft.payload["file"]["name"] == "coder-1.md"


@pytest.mark.parametrize(
    ("renderer", "thread", "hint", "buttons"),
    [
        (READS, THREAD, "Reply in this thread", 0),
        (READS, replace(THREAD, owned=False), "mention me", 0),
        (BLIND, THREAD, "press **Answer**", 1),
        (READS, replace(THREAD, workspace=direct_workspace("1")), "Write your reply here", 0),
        (BLIND, replace(THREAD, workspace=direct_workspace("1")), "Write your reply here", 0),
    ],
)
def test_a_question_says_how_to_answer_it(renderer: DiscordRenderer, thread: Thread, hint: str, buttons: int) -> None:
    [rendered] = renderer.render(SESSION, thread, [asked()])
    assert hint in described(rendered.draft.payload)
    assert len(rendered.draft.payload["components"]) == buttons
    assert rendered.draft.question == QUESTION
    assert rendered.draft.urgent


def buttons(payload: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [row["components"] for row in payload["components"]]


def test_choices_are_buttons_that_say_which_question_they_answer() -> None:
    choices = tuple(f"choice {n}" for n in range(7))
    [rendered] = READS.render(SESSION, THREAD, [asked(choices)])
    rows = buttons(rendered.draft.payload)
    assert [[button["label"] for button in row] for row in rows] == [list(choices[:5]), list(choices[5:])]
    place = Place(workspace=WORKSPACE, channel=ChannelId("70"), root=MessageId("71"))
    ada = Known(person=SESSION.starter, restricted=False, groups=frozenset({"90"}))
    pressed = requests.choice_pressed(rows[1][1]["custom_id"].removeprefix(cards.CHOICE), place, ada)
    assert pressed is not None
    assert (pressed.question, pressed.choice, pressed.groups) == (QUESTION, 6, ("90",))
    assert "Press a button, or use your own words" in described(rendered.draft.payload)


def test_leave_is_given_by_button_alone() -> None:
    for renderer in (READS, BLIND):
        [rendered] = renderer.render(SESSION, THREAD, [replace(asked(("Approve", "Deny")), approval=True)])
        [[approve, deny]] = buttons(rendered.draft.payload)
        assert (approve["style"], deny["style"]) == (3, 4)
        assert "decides nothing" in described(rendered.draft.payload)
        assert "Reply in this thread" not in described(rendered.draft.payload)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=40), st.booleans())
def test_discord_takes_every_choice(choices: list[str], approval: bool) -> None:
    [*_, rendered] = BLIND.render(SESSION, THREAD, [replace(asked(tuple(choices)), approval=approval)])
    problems = Problems()
    ComponentCheck(problems).message(rendered.draft.payload, is_v2=False)
    problems.refuse_any()
    for row in buttons(rendered.draft.payload):
        assert all(len(button["label"].encode("utf-16-le")) // 2 <= limits.BUTTON_LABEL_CHARS for button in row)


def test_a_plot_is_in_its_embed_and_a_file_that_is_too_large_stays() -> None:
    def made(name: str, mime: str, size_bytes: int = 9) -> Words:
        file = FileRef(name=name, blob=BlobHash("b"), size_bytes=size_bytes, mime=mime)
        return Words(seq=1, tone=Tone.FILE, text="", speaker=CODER, file=file)

    words = [made("out/my plöt.png", "image/png"), made("a.csv", "text/csv"), made("big.bin", "x/y", 11 * 1024 * 1024)]
    plot, table, big = (rendered.draft for rendered in READS.render(SESSION, THREAD, words))
    assert plot.payload["file"]["name"] == "my_pl_t.png"
    assert plot.payload["embeds"][0]["image"]["url"] == "attachment://my_pl_t.png"
    assert "image" not in table.payload["embeds"][0]
    assert table.blob == "b"
    assert big.blob is None
    assert "larger than 10 MB" in described(big.payload)


@given(st.text())
def test_an_attachment_has_a_name_that_an_embed_can_refer_to(path: str) -> None:
    name = attachment_name(path)
    assert name
    assert all(char.isascii() and (char.isalnum() or char in "_.-") for char in name)


@pytest.mark.parametrize("state", list(State))
def test_the_card_fits_and_has_its_button_while_it_can_be_stopped(state: State) -> None:
    team = tuple(
        ev.Member(name=f"agent_{n}" * 3, role="r" * 300, instructions="", tools=(), icon="memo") for n in range(60)
    )
    session = replace(
        SESSION,
        state=state,
        task="*" * 10_000,
        team=team,
        round=3,
        usage=Usage(prompt_tokens=1_000, cost_usd=0.01),
        ended_at=NOW + timedelta(hours=1) if state in (State.COMPLETED, State.FAILED) else None,
    )
    card = cards.card(session)
    assert len(described(card)) <= limits.EMBED_CHARS
    stoppable = state in (State.QUEUED, State.BUILDING, State.RUNNING, State.WAITING, State.RESUMING)
    assert len(card["components"]) == stoppable
    root = READS.root(session)
    assert root.card
    assert 1 <= len(root.payload["thread"]) <= limits.THREAD_NAME_CHARS
    assert "thread" not in READS.card(session)


@given(st.text(max_size=3_000))
def test_any_task_gives_a_thread_a_name(task: str) -> None:
    assert 1 <= len(cards.thread_name(replace(SESSION, task=task))) <= limits.THREAD_NAME_CHARS


@given(st.text(max_size=500), st.integers(min_value=0, max_value=10_000))
def test_the_button_to_the_next_page_fits(words: str, offset: int) -> None:
    query = Query(
        place=Place(workspace=WORKSPACE, channel=ChannelId("7")), by=SESSION.starter, words=words, offset=offset
    )
    [button] = cards.older_button(query)["components"]
    assert len(button["custom_id"]) <= limits.CUSTOM_ID_CHARS


def test_an_answer_lists_sessions_with_their_threads_as_far_as_they_fit() -> None:
    place = Place(workspace=WORKSPACE, channel=ChannelId("70"), root=MessageId("71"))
    listed = tuple(Listed(session=replace(SESSION, number=n, task="t" * 500), place=place) for n in range(50))
    shown = answers.rendered(Answer(text="All:", sessions=listed))
    assert "<#71>" in described(shown)
    assert len(described(shown)) <= limits.EMBED_CHARS
    direct = answers.rendered(
        Answer(text="x", sessions=(Listed(session=SESSION, place=replace(place, workspace=direct_workspace("1"))),))
    )
    assert "<#" not in described(direct)


KEPT = [
    {
        **command,
        "id": "1",
        "application_id": "2",
        "version": "3",
        "type": command.get("type", 1),
        "default_member_permissions": None,
        "nsfw": False,
        "dm_permission": True,
        "name_localizations": None,
        "description": command.get("description", ""),
        "contexts": [2, 1, 0],
    }
    for command in commands.wanted()
]


def test_commands_as_discord_gives_them_back_do_not_differ() -> None:
    assert not commands.differ(KEPT[::-1], commands.wanted())


@pytest.mark.parametrize(
    "kept",
    [
        [],
        KEPT[:2],
        [*KEPT, {"name": "old", "type": 1}],
        [KEPT[0] | {"description": "another"}, *KEPT[1:]],
        [KEPT[0] | {"options": KEPT[0]["options"][:2]}, *KEPT[1:]],
        [KEPT[0] | {"contexts": [0]}, *KEPT[1:]],
        [KEPT[0] | {"default_member_permissions": "0"}, *KEPT[1:]],
    ],
)
def test_commands_that_differ_are_noticed(kept: list[dict[str, Any]]) -> None:
    assert commands.differ(kept, commands.wanted())
