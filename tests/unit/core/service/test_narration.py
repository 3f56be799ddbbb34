"""Events in words: every kind of event has its form, and no content can break out of its block."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import BlobHash, FileRef, MessageId, Person, QuestionId, SessionId, UserId, WorkspaceId
from core.domain.session import Session, Usage
from core.service.narration import STATE_WORDS, Speaker, Tone, Words, card_words, fenced, narrate, tool_name
from core.service.outbound import Links

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANA = Person(id=UserId("U1"), name="Ana")
ADA = ev.Member(name="Ada", role="counts", instructions="", tools=("run_python",), icon="bar_chart")
PLOT = FileRef(name="out/plot.png", blob=BlobHash("0" * 64), size_bytes=9, mime="image/png")
QUESTION = QuestionId("q")
BY_ADA = Speaker(name="Ada", icon="bar_chart")
SECRET = "xoxb-" + "1234567890-abcdefghij"
LINK = "[bank](https://evil.example)"

NARRATED: list[tuple[ev.Event | ev.Unknown, list[tuple[Tone, str]]]] = [
    (
        ev.TaskGiven(task="x", by=ANA, parent=SessionId("p")),
        [(Tone.NOTICE, "Going on from where the last session in this thread ended.")],
    ),
    (ev.TeamBuilt(team=(ADA,)), [(Tone.NOTICE, "The team: **Ada** (counts).")]),
    (
        ev.TeamBuilt(team=(ADA,), fallback_reason="no answer"),
        [(Tone.NOTICE, "I could not assemble a team (no answer), so one assistant does the work.")],
    ),
    (ev.Said(agent="Ada", text="two"), [(Tone.SAID, "two")]),
    (
        ev.ToolStarted(agent="Ada", call_id="1", tool="run_python", arguments='{"code": "a[0](//b)"}'),
        [(Tone.TOOL, "Runs Python:\n```python\na[0](//b)\n```")],
    ),
    (
        ev.ToolStarted(agent="Ada", call_id="1", tool="run_python", arguments="{no json"),
        [(Tone.TOOL, "Uses `run_python`:\n```json\n{no json\n```")],
    ),
    (
        ev.ToolStarted(agent="Ada", call_id="1", tool="find", arguments='{"a": "[b](//c)"}'),
        [(Tone.TOOL, 'Uses `find`:\n```json\n{"a": "[b](//c)"}\n```')],
    ),
    (ev.ToolStarted(agent="Ada", call_id="1", tool="ask_human", arguments="{}"), []),
    (
        ev.ToolFinished(
            agent="Ada", call_id="1", tool="run_python", ok=True, output="\n  a\n [b](//c)\n", files=(PLOT,)
        ),
        [(Tone.TOOL, "Result:\n```\n  a\n [b](//c)\n```"), (Tone.FILE, "")],
    ),
    (
        ev.ToolFinished(agent="Ada", call_id="1", tool="run_python", ok=False, output=" \n"),
        [(Tone.TOOL, "It did not work: nothing was printed.")],
    ),
    (ev.ToolFinished(agent="Ada", call_id="1", tool="ask_human", ok=True, output="x"), []),
    (
        ev.QuestionAsked(question=QUESTION, agent="Ada", text="Which?", choices=("a", "b")),
        [(Tone.QUESTION, "Which?\n- a\n- b")],
    ),
    (
        ev.QuestionAsked(
            question=QUESTION,
            agent="Ada",
            text="Which?",
            deadline_at=NOON,
            default="the first [one](https://a.example)",
        ),
        [
            (
                Tone.QUESTION,
                "Which?\n\nAnswer by 2026-11-01 12:00 UTC; then “the first one (`hxxps://a.example`)” counts.",
            )
        ],
    ),
    (
        ev.QuestionAsked(question=QUESTION, agent="Ada", text="Which?", deadline_at=NOON),
        [(Tone.QUESTION, "Which?\n\nAnswer by 2026-11-01 12:00 UTC; then the session ends.")],
    ),
    (
        ev.QuestionAsked(
            question=QUESTION,
            agent="Ada",
            text='May I do this?\n\n`fetch` (free):\n```\n{"url": "https://a.example"}\n```',
            choices=("Approve", "Deny"),
            approves="0",
        ),
        [(Tone.QUESTION, 'May I do this?\n\n`fetch` (free):\n```\n{"url": "https://a.example"}\n```')],
    ),
    (ev.QuestionReminded(question=QUESTION), [(Tone.NOTICE, "The question above still waits for an answer.")]),
    (
        ev.QuestionLapsed(question=QUESTION, text="yes"),
        [(Tone.NOTICE, "Nobody answered in time, so this counts: yes")],
    ),
    (ev.QuestionAnswered(question=QUESTION, by=ANA, text="x"), [(Tone.NOTICE, "Ana chose: x")]),
    (ev.NoteGiven(by=ANA, text="x"), [(Tone.NOTICE, "Noted. The team reads it at its next turn.")]),
    (
        ev.ReplyChanged(message=MessageId("1"), by=ANA, text="x"),
        [(Tone.NOTICE, "Noted. The team reads the message as it is now.")],
    ),
    (
        ev.ReplyChanged(message=MessageId("1"), by=ANA, text=""),
        [(Tone.NOTICE, "Noted. The team does not read what was deleted.")],
    ),
    (ev.Interrupted(), [(Tone.NOTICE, "The work was interrupted and goes on from its last step.")]),
    (ev.Noticed(text="slow"), [(Tone.NOTICE, "slow")]),
    (ev.Unknown(kind="sung", text="la la"), [(Tone.NOTICE, "la la")]),
    (ev.Completed(), [(Tone.ENDING, "✅ Completed. Reply here to go on from this result.")]),
    (ev.Failed(reason="no key"), [(Tone.ENDING, "❌ Failed: no key")]),
    (ev.Stopped(by=ANA), [(Tone.ENDING, "⏹ Stopped by Ana. What was made so far stays here.")]),
    (ev.Stopped(), [(Tone.ENDING, "⏹ Stopped. What was made so far stays here.")]),
    (ev.Expired(reason="too old"), [(Tone.ENDING, "⌛ Expired: too old")]),
    # what only the card shows, or people have just typed themselves
    (ev.TaskGiven(task="x", by=ANA), []),
    (ev.BuildingStarted(), []),
    (ev.TurnStarted(agent="Ada", round=1), []),
    (ev.QuestionAnswered(question=QUESTION, by=ANA, text="x", message=MessageId("1")), []),
    (ev.StopRequested(by=ANA), []),
]


def told(event: ev.Event | ev.Unknown) -> list[Words]:
    return narrate(ev.Recorded(seq=7, at=NOON, event=event), [ADA])


@pytest.mark.parametrize(("event", "expected"), NARRATED, ids=lambda value: type(value).__name__)
def test_each_event_has_its_words(event: ev.Event, expected: list[tuple[Tone, str]]) -> None:
    words = told(event)
    assert [(word.tone, word.text) for word in words] == expected
    assert all(word.seq == 7 for word in words)


def test_every_kind_of_event_is_in_the_list_above() -> None:
    assert {type(event) for event, _ in NARRATED} == {*get_args(ev.Event), ev.Unknown}


def test_agents_speak_under_their_own_name_and_icon_and_strangers_get_one() -> None:
    [said] = told(ev.Said(agent="Ada", text="x"))
    [stranger] = told(ev.Said(agent="Eve", text="x"))
    assert said.speaker == BY_ADA
    assert stranger.speaker == Speaker(name="Eve", icon="robot_face")


def test_a_question_carries_its_id_and_choices_and_a_file_itself() -> None:
    [question] = told(ev.QuestionAsked(question=QUESTION, agent="Ada", text="?", choices=("a",)))
    assert (question.question, question.choices, question.speaker) == (QUESTION, ("a",), BY_ADA)
    finished = ev.ToolFinished(agent="Ada", call_id="1", tool="find", ok=True, output="", files=(PLOT,))
    assert told(finished)[1].file == PLOT


def events_full_of(text: str) -> list[ev.Event | ev.Unknown]:
    """Every kind of event with *text* in each field that holds any."""
    by = Person(id=UserId("U1"), name=text)
    member = ev.Member(name="Ada", role=text, instructions=text, tools=(), icon="x")
    file = FileRef(name=text, blob=BlobHash("0"), size_bytes=1, mime=text)
    special = {
        "team": (member,), "by": by, "files": (file,), "choices": (text,), "ok": True, "round": 1, "parent": None,
        "deadline_at": NOON, "hosts": (), "message": None, "who": ev.Answerer.ANYONE, "approves": "",
    }  # fmt: skip
    kinds = (*get_args(ev.Event), ev.Unknown)
    told = [kind(**{f.name: special.get(f.name, text) for f in fields(kind)}) for kind in kinds]
    return [*told, ev.QuestionAsked(question=QUESTION, agent=text, text=text, choices=(text,), approves="0")]


@pytest.mark.parametrize("event", events_full_of(f"look: {SECRET} and {LINK}"), ids=lambda e: type(e).__name__)
def test_no_secret_and_no_link_is_shown_of_any_event(event: ev.Event) -> None:
    words = told(event)
    shown = [word.text for word in words]
    shown += [word.speaker.name for word in words if word.speaker] + [word.file.name for word in words if word.file]
    assert not any(SECRET in text or "https:" in text for text in shown)


def test_what_a_session_has_found_stays_a_link_in_what_is_said_of_it() -> None:
    links = Links(hosts=frozenset({"found.example"}))
    text = "https://found.example/a and https://evil.example/a"
    for event in (
        ev.Said(agent="Ada", text=text),
        ev.ToolStarted(agent="Ada", call_id="1", tool="find", arguments=text),
        ev.ToolFinished(agent="Ada", call_id="1", tool="find", ok=True, output=text),
        ev.QuestionAsked(agent="Ada", question=QUESTION, text="Which?", choices=(text,)),
        ev.Failed(reason=text),
    ):
        [words, *_] = narrate(ev.Recorded(seq=7, at=NOON, event=event), [ADA], links)
        assert "https://found.example/a" in words.text
        assert "hxxps://evil.example/a" in words.text


@given(st.text())
def test_any_text_can_be_told(text: str) -> None:
    for event in events_full_of(text):
        told(event)


FENCES = st.text(st.sampled_from("`~\n a")) | st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"))


@given(FENCES)
def test_no_text_closes_the_block_it_stands_in(text: str) -> None:
    blocks = MarkdownIt("commonmark").parse(fenced(text, "python") + "\nafter")
    assert [block.type for block in blocks] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert blocks[0].content == text + "\n"


@given(FENCES, FENCES)
def test_no_tool_call_breaks_out_of_its_block(tool: str, code: str) -> None:
    for arguments in (code, json.dumps({"code": code})):
        [words] = told(ev.ToolStarted(agent="Ada", call_id="1", tool="x" + tool, arguments=arguments))
        blocks = MarkdownIt("commonmark").parse(words.text)
        assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close", "fence"]


def test_a_long_output_is_cut_and_says_so() -> None:
    [words] = told(ev.ToolFinished(agent="Ada", call_id="1", tool="find", ok=True, output="a" * 7_000))
    assert words.text.endswith("a\n… (the rest is in the transcript)\n```")
    assert len(words.text) < 6_100


def test_a_tools_name_stays_on_its_line() -> None:
    assert tool_name("`a\n```b") == "'a '''b"


def test_the_card_says_where_the_session_stands() -> None:
    session = Session(
        id=SessionId("s"),
        workspace=WorkspaceId("slack:T1"),
        number=1,
        thread=None,
        state=State.RUNNING,
        task="x",
        starter=ANA,
        provider="demo",
        model="demo",
        max_rounds=12,
        created_at=NOON,
        changed_at=NOON,
        round=2,
        usage=Usage(prompt_tokens=1_000, completion_tokens=234, cost_usd=0.0123),
    )
    assert card_words(session) == "⚙️ Working · round 2 of 12 · 1,234 tokens · $0.0123"
    assert set(STATE_WORDS) == set(State)
