"""`--provider x --model y --team "..."`: what people say beside their task, at its beginning or its end. Pure.

Called by `parse` with plain text. In the middle of a task they are words of it, as every flag is that has another name.
"""

import re
from dataclasses import dataclass

_FLAG = (
    r"(?:--|[\u2014\u2013])(?P<name>provider|model|team)(?:\s+|\s*=\s*)"
    r"(?:[\"\u201c\u201d\u201e](?P<quoted>[^\"\u201c\u201d\u201e]*)[\"\u201c\u201d]"
    r"|(?P<word>(?![-\u2014\u2013])[^\s\"\u201c\u201d\u201e]+))"
)
"""Keyboards of telephones make dashes and curly quotes of what is typed."""
_FIRST = re.compile(r"\s*" + _FLAG + r"(?=\s|$)", re.IGNORECASE)
_LAST = re.compile(r"(?:^|(?<=\s))" + _FLAG + r"\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A task as typed, and how it is to be done; "" where nothing is said."""

    task: str = ""
    provider: str = ""
    model: str = ""
    team: str = ""


def read(text: str) -> Wish:
    """The task in *text* without its flags, and what they say; of two with one name the last counts."""
    said: dict[str, str] = {}
    while (found := _LAST.search(text)) is not None:
        said.setdefault(found["name"].casefold(), _value(found))
        text = text[: found.start()]
    first: dict[str, str] = {}
    while (found := _FIRST.match(text)) is not None:
        first[found["name"].casefold()] = _value(found)
        text = text[found.end() :]
    return Wish(task=text.strip(), **(first | said))


def _value(found: re.Match[str]) -> str:
    return (found["quoted"] if found["quoted"] is not None else found["word"]).strip()
