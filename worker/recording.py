"""What an event may hold before it is kept: no secrets, and no more than anybody would read.

Called by the journal for every event that a worker records, so that nothing goes around it. Pure.
"""

from dataclasses import replace

from core.domain import events as ev
from core.service.outbound import redact
from worker.team.transcript import shortened

SAID_CHARS = 40_000
LINE_CHARS = 8_000
OUTPUT_CHARS = 64_000
ARGUMENTS_CHARS = 200_000
QUESTION_CHARS = 3_000
CHOICE_CHARS = 75
REASON_CHARS = 600


def fit(event: ev.Event) -> ev.Event:
    """*event* as it may be kept."""
    match event:
        case ev.TeamBuilt(team=team, fallback_reason=reason):
            return ev.TeamBuilt(team=tuple(map(_member, team)), fallback_reason=kept(reason, REASON_CHARS))
        case ev.Said(text=text):
            return replace(event, text=kept(text, SAID_CHARS))
        case ev.ToolStarted(arguments=arguments):
            return replace(event, arguments=redact(arguments)[:ARGUMENTS_CHARS])
        case ev.ToolFinished(output=text):
            return replace(event, output=output(text))
        case ev.QuestionAsked(text=text, choices=choices):
            short = tuple(" ".join(kept(choice, CHOICE_CHARS).split()) for choice in choices)
            return replace(event, text=kept(text, QUESTION_CHARS), choices=tuple(filter(None, short)))
        case ev.Noticed(text=text):
            return ev.Noticed(text=kept(text, REASON_CHARS))
        case ev.Failed(reason=reason):
            return ev.Failed(reason=kept(reason, REASON_CHARS))
        case _:
            return event


def kept(text: str, most_chars: int) -> str:
    """*text* without secrets, its middle left out when it is longer than *most_chars*."""
    return shortened(redact(text), most_chars)


def output(text: str) -> str:
    """A tool's output without secrets; long lines and long outputs are shortened in their middle."""
    lines = (shortened(line, LINE_CHARS) for line in redact(text).splitlines())
    return shortened("\n".join(lines), OUTPUT_CHARS)


def _member(member: ev.Member) -> ev.Member:
    return replace(member, role=redact(member.role), instructions=redact(member.instructions))
