"""What an event may hold before it is kept: no secrets, and no more than anybody would read.

Called by the journal for every event that a worker records, so that nothing goes around it, with the `Redactor` of its
session. Pure.
"""

from dataclasses import replace

from core.domain import events as ev
from core.service.outbound import redact
from core.service.redaction import Redactor
from worker.team.transcript import shortened

SAID_CHARS = 40_000
LINE_CHARS = 8_000
OUTPUT_CHARS = 64_000
ARGUMENTS_CHARS = 200_000
QUESTION_CHARS = 3_000
CHOICE_CHARS = 75
REASON_CHARS = 600


KNOWS_NONE = Redactor()


def fit(event: ev.Event, redactor: Redactor = KNOWS_NONE) -> ev.Event:
    """*event* as it may be kept; *redactor* knows the secrets that the session's worker holds."""

    def clear(text: str, most_chars: int) -> str:
        return kept(text, most_chars, redactor)

    match event:
        case ev.TeamBuilt(team=team, fallback_reason=reason):
            members = tuple(_member(member, redactor) for member in team)
            return ev.TeamBuilt(team=members, fallback_reason=clear(reason, REASON_CHARS))
        case ev.Said(text=text):
            return replace(event, text=clear(text, SAID_CHARS))
        case ev.ToolStarted(arguments=text):
            return replace(event, arguments=arguments(text, redactor))
        case ev.ToolFinished(output=text, files=files):
            named = tuple(replace(file, name=redacted(file.name, redactor)) for file in files)
            return replace(event, output=output(text, redactor), files=named)
        case ev.QuestionAsked(text=text, choices=choices, default=default):
            short = tuple(" ".join(clear(choice, CHOICE_CHARS).split()) for choice in choices)
            asked = replace(event, text=clear(text, QUESTION_CHARS), choices=tuple(filter(None, short)))
            return replace(asked, default=clear(default, QUESTION_CHARS))
        case ev.Noticed(text=text):
            return ev.Noticed(text=clear(text, REASON_CHARS))
        case ev.Failed(reason=reason):
            return ev.Failed(reason=clear(reason, REASON_CHARS))
        case _:
            return event


def redacted(text: str, redactor: Redactor = KNOWS_NONE) -> str:
    """*text* without secrets: those that are known, and what looks like one."""
    # Known ones first, whole: a pattern may match a part of one. And last: what hid between their characters is gone.
    return redactor(redact(redactor(text)))


def kept(text: str, most_chars: int, redactor: Redactor = KNOWS_NONE) -> str:
    """*text* without secrets, its middle left out when it is longer than *most_chars*."""
    return shortened(redacted(text, redactor), most_chars)


def arguments(text: str, redactor: Redactor = KNOWS_NONE) -> str:
    """A tool call's arguments without secrets."""
    return redacted(text, redactor)[:ARGUMENTS_CHARS]


def output(text: str, redactor: Redactor = KNOWS_NONE) -> str:
    """A tool's output without secrets; long lines and long outputs are shortened in their middle."""
    lines = (shortened(line, LINE_CHARS) for line in redacted(text, redactor).splitlines())
    return shortened("\n".join(lines), OUTPUT_CHARS)


def _member(member: ev.Member, redactor: Redactor) -> ev.Member:
    role, instructions = redacted(member.role, redactor), redacted(member.instructions, redactor)
    return replace(member, role=role, instructions=instructions)
