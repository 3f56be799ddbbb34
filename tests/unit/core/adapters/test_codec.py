"""What is stored is read back as it was, by this version and by those that come."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.adapters.codec import (
    COMMAND_KINDS,
    EVENT_KINDS,
    VERSION,
    dump_command,
    dump_event,
    dump_team,
    load_command,
    load_event,
    load_team,
    words_of,
)
from core.domain import events as ev
from core.domain.commands import (
    ChangeAccess,
    ChangeReply,
    Command,
    PostReply,
    PressChoice,
    StartSession,
    StopSession,
)
from core.domain.refs import (
    BlobHash,
    ChannelId,
    FileRef,
    MessageId,
    Person,
    Place,
    QuestionId,
    SessionId,
    UserId,
    WorkspaceId,
)

GOLDEN = json.loads((Path(__file__).parent / "stored_by_version_1.json").read_text(encoding="utf-8"))
ANA = Person(id=UserId("U1"), name="Ana Ü 語")
PLACE = Place(workspace=WorkspaceId("slack:T1"), channel=ChannelId("C1"), root=MessageId("1700000000.000100"))
SAID_AT = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)
ADA = ev.Member(name="Ada", role="counts", instructions="Count.", tools=("run_python", "ask_human"), icon="bar_chart")
PLOT = FileRef(name="out/plot.png", blob=BlobHash("ab" * 32), size_bytes=1234, mime="image/png")
EVENTS: list[ev.Event] = [
    ev.TaskGiven(task="count the words 🎉", by=ANA),
    ev.TaskGiven(task="again", by=ANA, parent=SessionId("0123456789abcdef")),
    ev.BuildingStarted(),
    ev.TeamBuilt(team=(ADA,)),
    ev.TeamBuilt(team=(ADA,), fallback_reason="the model gave no team"),
    ev.TurnStarted(agent="Ada", round=1),
    ev.Said(agent="Ada", text="two\n```x```"),
    ev.ToolStarted(agent="Ada", call_id="c1", tool="run_python", arguments='{"code": "1+1"}'),
    ev.ToolFinished(agent="Ada", call_id="c1", tool="run_python", ok=True, output="2", files=(PLOT,)),
    ev.QuestionAsked(question=QuestionId("q1"), agent="Ada", text="Which?", choices=("a", "b")),
    ev.QuestionAnswered(question=QuestionId("q1"), by=ANA, text="a"),
    ev.NoteGiven(by=ANA, text="hurry"),
    ev.ReplyChanged(message=MessageId("1700000000.000300"), by=ANA, text="hurry up"),
    ev.Interrupted(),
    ev.Noticed(text="slow"),
    ev.StopRequested(by=ANA),
    ev.Completed(),
    ev.Failed(reason="no key"),
    ev.Stopped(by=ANA),
    ev.Stopped(),
    ev.Expired(reason="too old"),
    ev.QuestionAsked(
        question=QuestionId("q2"),
        agent="Ada",
        text="Send?",
        choices=("Approve", "Deny"),
        who=ev.Answerer.OPERATOR,
        deadline_at=SAID_AT,
        default="Deny",
        approves="cd" * 32,
    ),
    ev.QuestionReminded(question=QuestionId("q2")),
    ev.QuestionLapsed(question=QuestionId("q2"), text="Deny"),
    ev.QuestionAnswered(question=QuestionId("q2"), by=ANA, text="Deny", files=(PLOT,)),
    ev.NoteGiven(by=ANA, text="see this", files=(PLOT,)),
    ev.ToolFinished(agent="Ada", call_id="c2", tool="search_web", ok=True, output="x", hosts=("example.com",)),
]
COMMANDS: list[Command] = [
    StartSession(place=Place(workspace=PLACE.workspace, channel=PLACE.channel), by=ANA, task="count"),
    PostReply(place=PLACE, by=ANA, text="a", message=MessageId("1700000000.000200"), said_at=SAID_AT, addressed=True),
    ChangeReply(place=PLACE, by=ANA, message=MessageId("1700000000.000200"), text="b"),
    StopSession(place=PLACE, by=ANA, number=7, admin=True),
    PressChoice(place=PLACE, by=ANA, question=QuestionId("q2"), choice=1, groups=("S1",)),
    ChangeAccess(place=PLACE, by=ANA, right="start", users=("U1",), grantees=("S1",), channels=("C1",), admin=True),
]

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
ANY_EVENT: st.SearchStrategy[ev.Event] = st.one_of(*(st.from_type(kind) for kind in get_args(ev.Event)))
ANY_COMMAND: st.SearchStrategy[Command] = st.one_of(*(st.from_type(kind) for kind in get_args(Command)))


def through_json(data: Any) -> Any:
    """As a database keeps it."""
    return json.loads(json.dumps(data, ensure_ascii=False).encode().decode())


@given(ANY_EVENT)
def test_any_event_is_read_back_as_it_was(event: ev.Event) -> None:
    kind, data = dump_event(event)
    assert load_event(kind, VERSION, through_json(data)) == event


@given(ANY_COMMAND)
def test_any_command_is_read_back_as_it_was(command: Command) -> None:
    kind, data = dump_command(command)
    assert load_command(kind, through_json(data)) == command


@given(st.lists(st.from_type(ev.Member)))
def test_any_team_is_read_back_as_it_was(team: list[ev.Member]) -> None:
    assert load_team(through_json(dump_team(team))) == tuple(team)


def test_every_kind_has_its_own_name() -> None:
    assert len(EVENT_KINDS) == len(get_args(ev.Event))
    assert len(COMMAND_KINDS) == len(get_args(Command))
    assert all(len(kind) <= 32 for kind in (*EVENT_KINDS, *COMMAND_KINDS))  # the column's width


@pytest.mark.parametrize(("stored", "event"), list(zip(GOLDEN["events"], EVENTS, strict=True)))
def test_what_version_1_stored_still_means_the_same(stored: dict[str, Any], event: ev.Event) -> None:
    assert load_event(stored["kind"], 1, stored["data"]) == event


@pytest.mark.parametrize(("stored", "command"), list(zip(GOLDEN["commands"], COMMANDS, strict=True)))
def test_a_command_that_version_1_took_is_still_carried_out(stored: dict[str, Any], command: Command) -> None:
    assert load_command(stored["kind"], stored["data"]) == command


def test_the_stored_file_has_every_kind() -> None:
    assert {stored["kind"] for stored in GOLDEN["events"]} == set(EVENT_KINDS)
    assert {stored["kind"] for stored in GOLDEN["commands"]} == set(COMMAND_KINDS)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        ("agent_sang", {"agent": "Ada", "text": "la la"}, "la la"),
        ("gave_up_hope", {"reason": "it is late"}, "it is late"),
        ("tool_streamed", {"output": "1 2 3"}, "1 2 3"),
        ("door_opened", {"by": {"id": "U1"}}, "door opened"),
        ("door_opened", {"text": ""}, "door opened"),
    ],
)
@pytest.mark.parametrize("version", [VERSION, VERSION + 1])
def test_an_unknown_kind_is_shown_as_text(kind: str, data: dict[str, Any], text: str, version: int) -> None:
    assert load_event(kind, version, data) == ev.Unknown(kind=kind, text=text)


def test_a_known_kind_in_a_newer_form_is_shown_as_text() -> None:
    newer = {"speaker": {"agent": "Ada"}, "text": "hello"}
    assert load_event("said", VERSION + 1, newer) == ev.Unknown(kind="said", text="hello")
    with pytest.raises(ValidationError):
        load_event("said", VERSION, newer)


def test_a_newer_form_that_only_adds_is_read() -> None:
    assert load_event("said", VERSION + 1, {"agent": "Ada", "text": "x", "mood": "calm"}) == ev.Said(
        agent="Ada", text="x"
    )


def test_search_finds_what_people_and_agents_said_in_any_case() -> None:
    said = [words_of(event) for event in EVENTS if words_of(event)]
    assert said == [
        "count the words 🎉",
        "again",
        "two\n```x```",
        "which?",
        "a",
        "hurry",
        "hurry up",
        "send?",
        "deny",
        "see this",
    ]
    assert words_of(ev.Said(agent="Ada", text="STRASSE")) == words_of(ev.Said(agent="Ada", text="Straße"))
