"""Events, commands and teams to JSON and back, with a version beside each event.

Used by the SQL stores only. An event that this version does not know is kept and shown as text, never dropped.
"""

import re
from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from core.domain import events as ev
from core.domain.commands import Command

VERSION = 1
"""Of the events' JSON; a change that older readers cannot pass over adds one and a reader for the old form."""


def _kind(cls: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


EVENT_KINDS: dict[str, type[Any]] = {_kind(cls): cls for cls in get_args(ev.Event)}
COMMAND_KINDS: dict[str, type[Any]] = {_kind(cls): cls for cls in get_args(Command)}


@cache
def _adapter(cls: Hashable) -> TypeAdapter[Any]:
    form: Any = cls
    return TypeAdapter(form)


def _adapter_of(value: object) -> TypeAdapter[Any]:
    cls: Any = type(value)
    return _adapter(cls)


def dump_event(event: ev.Event) -> tuple[str, dict[str, Any]]:
    """The event's kind and its fields as JSON values."""
    return _kind(type(event)), _adapter_of(event).dump_python(event, mode="json")


def load_event(kind: str, version: int, data: dict[str, Any]) -> ev.Event | ev.Unknown:
    """Read `dump_event`'s form; what a newer Muster wrote comes back as `Unknown` with its text."""
    cls: Any = EVENT_KINDS.get(kind)
    if cls is not None:
        try:
            event: ev.Event = _adapter(cls).validate_python(data)
            return event
        except ValidationError:
            if version <= VERSION:
                raise
    words = next((str(data[name]) for name in ("text", "reason", "output") if data.get(name)), kind.replace("_", " "))
    return ev.Unknown(kind=kind, text=words)


def words_of(event: ev.Event) -> str:
    """What search finds of the event, case-folded."""
    match event:
        case ev.TaskGiven(task=text) | ev.Said(text=text) | ev.NoteGiven(text=text):
            return text.casefold()
        case ev.QuestionAsked(text=text) | ev.QuestionAnswered(text=text) | ev.ReplyChanged(text=text):
            return text.casefold()
        case _:
            return ""


def dump_command(command: Command) -> tuple[str, dict[str, Any]]:
    """The command's kind and its fields as JSON values."""
    return _kind(type(command)), _adapter_of(command).dump_python(command, mode="json")


def load_command(kind: str, data: dict[str, Any]) -> Command:
    """Read `dump_command`'s form.

    Raises:
        KeyError: a kind that this version does not know.
    """
    cls: Any = COMMAND_KINDS[kind]
    command: Command = _adapter(cls).validate_python(data)
    return command


def dump_team(team: Sequence[ev.Member]) -> list[dict[str, Any]]:
    """A team as JSON values."""
    return [_adapter_of(member).dump_python(member, mode="json") for member in team]


def load_team(data: list[dict[str, Any]]) -> tuple[ev.Member, ...]:
    """Read `dump_team`'s form."""
    cls: Any = ev.Member
    return tuple(_adapter(cls).validate_python(member) for member in data)
