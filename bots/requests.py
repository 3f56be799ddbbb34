"""What people's words and buttons ask for, where every platform means the same by them. Pure.

Used by each platform's `parse`, `cards` and `answers`. The words are plain: a platform's own escapes are gone already.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from bots.facts import Known
from core.domain.commands import Command, StopSession
from core.domain.refs import Place
from core.ports import Query

_KEYWORD = re.compile(r"(?P<word>help|status|stop)(?:\s+#?(?P<number>\d{1,9}))?[.!]?", re.IGNORECASE)
_NUMBER = re.compile(r"#?(\d{1,9})")


class Topic(StrEnum):
    """What a person wants to read."""

    HELP = "help"
    STATUS = "status"
    HISTORY = "history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about what is there; changes nothing."""

    topic: Topic
    query: Query


def keyword(text: str, place: Place, by: Known) -> Command | Asked | None:
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
    return help_wanted(place, by) if number is None else None


def help_wanted(place: Place, by: Known) -> Asked:
    """`/agents help`."""
    return Asked(topic=Topic.HELP, query=Query(place=place, by=by.person))


def status(number: int | None, place: Place, by: Known) -> Asked:
    """`/agents status [number]`."""
    query = Query(place=place, by=by.person, number=number, restricted=by.restricted)
    return Asked(topic=Topic.STATUS, query=query)


def stop(number: int | None, place: Place, by: Known) -> StopSession:
    """`/agents stop [number]`."""
    return StopSession(place=place, by=by.person, number=number, restricted=by.restricted, admin=by.admin)


def history(text: str, place: Place, by: Known) -> Asked:
    """`/history`, `/history <words>` or `/history <number>`."""
    words = text.strip()
    number = _NUMBER.fullmatch(words)
    query = Query(
        place=place,
        by=by.person,
        words="" if number else words,
        number=int(number[1]) if number else None,
        restricted=by.restricted,
    )
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
    query = Query(place=place, by=by.person, words=words, offset=offset, restricted=by.restricted)
    return Asked(topic=Topic.HISTORY, query=query)
