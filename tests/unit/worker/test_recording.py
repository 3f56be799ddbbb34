"""What may be kept of an event, whoever recorded it."""

import dataclasses

import pytest

from core.domain import events as ev
from core.domain.refs import QuestionId
from worker.recording import LINE_CHARS, OUTPUT_CHARS, fit, output

SECRET = "xoxb-" + "1234567890" * 3
MEMBER = ev.Member(name="A", role=SECRET, instructions=SECRET, tools=(), icon="mag")


@pytest.mark.parametrize(
    "event",
    [
        ev.TeamBuilt(team=(MEMBER,), fallback_reason=SECRET),
        ev.Said(agent="A", text=SECRET),
        ev.ToolStarted(agent="A", call_id="1", tool="t", arguments=SECRET),
        ev.ToolFinished(agent="A", call_id="1", tool="t", ok=True, output=SECRET),
        ev.QuestionAsked(question=QuestionId("1"), agent="A", text=SECRET, choices=(SECRET, " ")),
        ev.Noticed(text=SECRET),
        ev.Failed(reason=SECRET),
    ],
    ids=lambda event: type(event).__name__,
)
def test_no_field_of_an_event_keeps_a_secret(event: ev.Event) -> None:
    kept = fit(event)
    assert type(kept) is type(event)
    assert SECRET not in str(dataclasses.asdict(kept))


def test_long_lines_and_long_outputs_lose_their_middle_and_say_so() -> None:
    long_line = output("a" * 20_000 + "\nb")
    assert len(long_line) <= LINE_CHARS + 2
    assert long_line.endswith("\nb")
    long_output = output("line\n" * 50_000 + "the end")
    assert len(long_output) <= OUTPUT_CHARS
    assert "left out" in long_output
    assert long_output.endswith("the end")
