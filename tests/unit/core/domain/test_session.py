"""What can be read off a session's events."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core.domain import events as ev
from core.domain.lifecycle import State
from core.domain.refs import MessageId, Person, QuestionId, SessionId, UserId
from core.domain.session import Line, Usage, activity_after, is_read, reply_in, transcript

ANA = Person(id=UserId("U1"), name="Ana")
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
QUESTION = QuestionId("q")
STARTED = ev.ToolStarted(agent="Ada", call_id="1", tool="run_python", arguments="{}")
FINISHED = ev.ToolFinished(agent="Ada", call_id="1", tool="run_python", ok=True, output="")
ASKED = ev.QuestionAsked(question=QUESTION, agent="Ada", text="Which?")


def recorded(*events: ev.Event | ev.Unknown) -> list[ev.Recorded]:
    return [ev.Recorded(seq=seq, at=NOON, event=event) for seq, event in enumerate(events, 1)]


def test_an_agents_activity_follows_its_turn() -> None:
    activity: dict[str, str] = {}
    seen = []
    for event in (ev.TurnStarted(agent="Ada", round=1), STARTED, FINISHED, ASKED, ev.Said(agent="Ada", text="done")):
        activity = activity_after(activity, [event])
        seen.append(activity["Ada"])
    assert seen == ["thinking", "running Python", "thinking", "waiting for you", "has spoken"]


def test_a_tool_without_words_of_its_own_is_named() -> None:
    searching = ev.ToolStarted(agent="Ada", call_id="1", tool="web_search", arguments="{}")
    assert activity_after({}, [searching]) == {"Ada": "using web_search"}


def test_nobody_works_on_after_the_end() -> None:
    at_work = {"Ada": "running Python", "Bob": "has spoken"}
    for end in (ev.Completed(), ev.Failed(reason="x"), ev.Stopped(), ev.Expired(reason="x")):
        assert activity_after(at_work, [end]) == {"Ada": "stopped", "Bob": "has spoken"}
    assert at_work["Ada"] == "running Python"


def test_what_no_agent_does_changes_no_activity() -> None:
    others = (ev.NoteGiven(by=ANA, text="x"), ev.Noticed(text="x"), ev.Interrupted(), ev.BuildingStarted())
    assert activity_after({"Ada": "thinking"}, others) == {"Ada": "thinking"}


@given(st.lists(st.sampled_from([STARTED, FINISHED, ASKED, ev.Completed(), ev.TurnStarted(agent="Bob", round=2)])))
def test_activity_can_be_followed_event_by_event_or_all_at_once(events: list[ev.Event]) -> None:
    step_by_step: dict[str, str] = {}
    for event in events:
        step_by_step = activity_after(step_by_step, [event])
    assert activity_after({}, events) == step_by_step


def test_the_transcript_has_what_was_said_and_nothing_else() -> None:
    lines = transcript(
        recorded(
            ev.TaskGiven(task="count", by=ANA, parent=SessionId("p")),
            ev.BuildingStarted(),
            ev.TurnStarted(agent="Ada", round=1),
            STARTED,
            FINISHED,
            ASKED,
            ev.QuestionAnswered(question=QUESTION, by=ANA, text="the second"),
            ev.NoteGiven(by=ANA, text="hurry"),
            ev.Said(agent="Ada", text="two"),
            ev.Unknown(kind="sung", text="la la"),
            ev.Completed(),
        )
    )
    assert lines == [
        Line(seq=1, speaker="Ana", text="count", human=True),
        Line(seq=6, speaker="Ada", text="Which?", human=False),
        Line(seq=7, speaker="Ana", text="the second", human=True),
        Line(seq=8, speaker="Ana", text="hurry", human=True),
        Line(seq=9, speaker="Ada", text="two", human=False),
    ]


M1, M2 = MessageId("1"), MessageId("2")
NOTE = ev.NoteGiven(by=ANA, text="hurry", message=M1)
ANSWER = ev.QuestionAnswered(question=QUESTION, by=ANA, text="the second", message=M2)


def changed(message: MessageId, text: str) -> ev.ReplyChanged:
    return ev.ReplyChanged(message=message, by=ANA, text=text)


def test_the_transcript_has_replies_as_they_were_last_changed_and_none_that_were_deleted() -> None:
    without = ev.NoteGiven(by=ANA, text="from the web")
    events = (NOTE, ANSWER, without, changed(M1, "slowly"), changed(M2, ""), changed(M1, "hurry slowly"))
    assert [line.text for line in transcript(recorded(*events))] == ["hurry slowly", "from the web"]


def test_a_note_is_read_with_the_next_turn_that_begins() -> None:
    before = recorded(ev.TurnStarted(agent="Ada", round=1), NOTE, ev.Said(agent="Ada", text="x"))
    note = reply_in(before, M1)
    assert note is not None
    assert not is_read(note, before, State.RUNNING)
    assert is_read(
        note, [*before, ev.Recorded(seq=4, at=NOON, event=ev.TurnStarted(agent="Bob", round=2))], State.RUNNING
    )


def test_an_answer_is_read_by_the_worker_that_goes_on() -> None:
    before = recorded(ev.TurnStarted(agent="Ada", round=1), STARTED, ASKED, ANSWER)
    answer = reply_in(before, M2)
    assert answer is not None
    assert not is_read(answer, before, State.RESUMING)
    assert is_read(answer, before, State.RUNNING)
    assert not is_read(answer, [*before, ev.Recorded(seq=5, at=NOON, event=ev.Interrupted())], State.RESUMING)
    assert is_read(answer, [*before, ev.Recorded(seq=5, at=NOON, event=FINISHED)], State.RESUMING)


def test_usage_adds_up_and_an_unknown_price_is_not_nothing() -> None:
    unknown = Usage(prompt_tokens=1, completion_tokens=2)
    assert unknown + unknown == Usage(prompt_tokens=2, completion_tokens=4, cost_usd=None)
    assert (unknown + Usage(cost_usd=0.5)).cost_usd == 0.5
    assert (Usage(cost_usd=0.25) + Usage(cost_usd=0.5)).cost_usd == 0.75
