"""What people's words and buttons ask for, where every platform means the same by them. Pure.

Used by each platform's `parse`, `cards` and `answers`. The words are plain: a platform's own escapes are gone already.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bots.facts import Known
from core.domain.commands import ChangeAccess, Command, PressChoice, StopSession
from core.domain.refs import Place, QuestionId
from core.ports import Query

_KEYWORD = re.compile(
    r"(?P<word>help|status|stop|usage|access|audit|settings)(?:\s+#?(?P<number>\d{1,9}))?[.!]?", re.IGNORECASE
)
_NUMBER = re.compile(r"#?(\d{1,9})")
_CHOICE = re.compile(r"([0-9a-f]{16}):(\d{1,2})")


class Topic(StrEnum):
    """What a person wants to read."""

    HELP = "help"
    STATUS = "status"
    HISTORY = "history"
    USAGE = "usage"
    ACCESS = "access"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about what is there; changes nothing."""

    topic: Topic
    query: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsWanted:
    """`/agents settings`: a form to open."""

    place: Place


def keyword(text: str, place: Place, by: Known) -> Command | Asked | SettingsWanted | None:
    """A single keyword, with a number perhaps, is a request about sessions; nothing is one for help; else None."""
    if not text.strip():
        return help_wanted(place, by)
    match = _KEYWORD.fullmatch(text.strip())
    if match is None:
        return None
    word, number = match["word"].casefold(), int(match["number"]) if match["number"] else None
    if word == "stop":
        return stop(number, place, by)
    if word == "status":
        return status(number, place, by)
    if word == "usage":
        return report(Topic.USAGE, place, by, number=number)
    if number is not None:
        return None
    if word == "settings":
        return SettingsWanted(place=place)
    return report(Topic(word), place, by) if word != "help" else help_wanted(place, by)


def report(topic: Topic, place: Place, by: Known, *, number: int | None = None) -> Asked:
    """`/agents usage [number]`, `/agents access`, `/agents audit`."""
    return Asked(topic=topic, query=_query(place, by, number=number))


def access_change(
    right: str,
    place: Place,
    by: Known,
    *,
    users: Iterable[str] = (),
    grantees: Iterable[str] = (),
    channels: Iterable[str] = (),
    reset: bool = False,
) -> ChangeAccess:
    """`/agents access <right> ...`."""
    return ChangeAccess(
        place=place,
        by=by.person,
        right=right,
        users=tuple(users),
        grantees=tuple(grantees),
        channels=tuple(channels),
        reset=reset,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def choice_value(question: QuestionId, n: int) -> str:
    """What the button of the choice at *n*, from 0, carries; `choice_pressed` reads it back."""
    return f"{question}:{n}"


def choice_pressed(value: str, place: Place, by: Known) -> PressChoice | None:
    """A press of a choice; None when the value is not one that Muster made."""
    match = _CHOICE.fullmatch(value)
    if match is None:
        return None
    return PressChoice(
        place=place,
        by=by.person,
        question=QuestionId(match[1]),
        choice=int(match[2]),
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def help_wanted(place: Place, by: Known) -> Asked:
    """`/agents help`."""
    return Asked(topic=Topic.HELP, query=_query(place, by))


def status(number: int | None, place: Place, by: Known) -> Asked:
    """`/agents status [number]`."""
    return Asked(topic=Topic.STATUS, query=_query(place, by, number=number))


def stop(number: int | None, place: Place, by: Known) -> StopSession:
    """`/agents stop [number]`."""
    return StopSession(
        place=place,
        by=by.person,
        number=number,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )


def history(text: str, place: Place, by: Known) -> Asked:
    """`/history`, `/history <words>` or `/history <number>`."""
    words = text.strip()
    number = _NUMBER.fullmatch(words)
    query = _query(place, by, words="" if number else words, number=int(number[1]) if number else None)
    return Asked(topic=Topic.HISTORY, query=query)


def stop_pressed(value: str, place: Place, by: Known) -> StopSession | None:
    """A press of the Stop button; None when the value is not one that Muster made."""
    number = _NUMBER.fullmatch(value)
    return stop(int(number[1]), place, by) if number else None


def older_value(query: Query, most_chars: int) -> str:
    """What the button to the next page carries, `most_chars` at most; `older_pressed` reads it back."""
    words = query.words[:most_chars]
    while len(value := json.dumps([query.offset, words], separators=(",", ":"))) > most_chars:
        words = words[:-1]
    return value


def older_pressed(value: str, place: Place, by: Known) -> Asked | None:
    """A press of the button to the next page; None when the value is not one that Muster made."""
    try:
        offset, words = json.loads(value)
        offset, words = int(offset), str(words)
    except (ValueError, TypeError, OverflowError):
        return None
    if not 0 <= offset < 1_000_000:
        return None
    return Asked(topic=Topic.HISTORY, query=_query(place, by, words=words, offset=offset))


def _query(place: Place, by: Known, *, words: str = "", number: int | None = None, offset: int = 0) -> Query:
    return Query(
        place=place,
        by=by.person,
        words=words,
        number=number,
        offset=offset,
        restricted=by.restricted,
        admin=by.admin,
        groups=tuple(sorted(by.groups)),
    )
