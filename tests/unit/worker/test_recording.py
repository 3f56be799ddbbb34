"""What may be kept of an event, whoever recorded it."""

import dataclasses

import pytest

from core.domain import events as ev
from core.domain.refs import BlobHash, FileRef, QuestionId
from core.service.redaction import Redactor
from worker.recording import LINE_CHARS, OUTPUT_CHARS, fit, output, redacted

LOOKS_LIKE_ONE = "xoxb-" + "1234567890" * 3
KNOWN = "correct horse battery"


def _events(secret: str) -> list[ev.Event]:
    member = ev.Member(name="A", role=secret, instructions=secret, tools=(), icon="mag")
    file = FileRef(name=f"plots/{secret}.png", blob=BlobHash("b"), size_bytes=1, mime="image/png")
    return [
        ev.TeamBuilt(team=(member,), fallback_reason=secret),
        ev.Said(agent="A", text=secret),
        ev.ToolStarted(agent="A", call_id="1", tool="t", arguments=secret),
        ev.ToolFinished(agent="A", call_id="1", tool="t", ok=True, output=secret, files=(file,)),
        ev.QuestionAsked(question=QuestionId("1"), agent="A", text=secret, choices=(secret, " "), default=secret),
        ev.Noticed(text=secret),
        ev.Failed(reason=secret),
    ]


@pytest.mark.parametrize("secret", [LOOKS_LIKE_ONE, KNOWN])
@pytest.mark.parametrize("kind", range(len(_events(""))), ids=[type(event).__name__ for event in _events("")])
def test_no_field_of_an_event_keeps_a_secret(kind: int, secret: str) -> None:
    event = _events(secret)[kind]
    kept = fit(event, Redactor([KNOWN]))
    assert type(kept) is type(event)
    assert secret not in str(dataclasses.asdict(kept))


def test_what_looks_like_a_secret_goes_without_a_redactor_too() -> None:
    assert LOOKS_LIKE_ONE not in str(fit(ev.Said(agent="A", text=LOOKS_LIKE_ONE)))


def test_a_secret_that_holds_what_looks_like_another_goes_whole() -> None:
    secret = f"prefix-of-it-{LOOKS_LIKE_ONE}-and-its-end"
    assert redacted(f"it is {secret}.", Redactor([secret])) == "it is [redacted]."


def test_invisible_characters_do_not_hide_a_secret() -> None:
    assert redacted("correct \u202ehorse\x00 battery", Redactor([KNOWN])) == "[redacted]"


def test_a_secret_at_the_cut_of_a_long_text_leaves_no_half() -> None:
    text = "".join(f"{KNOWN}{'x' * n}" for n in range(600))
    assert "correct" not in output(text, Redactor([KNOWN]))
    assert "battery" not in output(text, Redactor([KNOWN]))


def test_long_lines_and_long_outputs_lose_their_middle_and_say_so() -> None:
    long_line = output("a" * 20_000 + "\nb")
    assert len(long_line) <= LINE_CHARS + 2
    assert long_line.endswith("\nb")
    long_output = output("line\n" * 50_000 + "the end")
    assert len(long_output) <= OUTPUT_CHARS
    assert "left out" in long_output
    assert long_output.endswith("the end")
