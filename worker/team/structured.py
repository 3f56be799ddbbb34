"""Answers of a given form: asks a model for JSON, mends one bad answer, and says when there is nothing to be had.

Called by the builder and the group chat. Knows no form of its own.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from worker.team.messages import Heard, Message, Spoke
from worker.team.model import Model

T = TypeVar("T")

_SHOWN_AGAIN_CHARS = 4_000
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)


class Unusable(ValueError):
    """What a model answered is not of the form that was asked for, twice; the message says what was wrong."""


async def ask_form(
    model: Model,
    system: str,
    messages: Sequence[Message],
    form: type[BaseModel],
    read: Callable[[str], T],
) -> T:
    """Ask for JSON of *form* and *read* the answer; a bad one is shown to the model once, to be mended.

    Args:
        read: takes the answer's text; a ValueError's message tells the model what is wrong.

    Raises:
        Unusable: the second answer cannot be read either.
        PermanentError: the model cannot be called.
    """
    first = await model.reply(system, messages, form=form)
    try:
        return read(first.text)
    except ValueError as error:
        again = Heard(f"This cannot be used: {error}. Answer again, with the JSON only.")
    said = Spoke(first.text[:_SHOWN_AGAIN_CHARS].strip() or "(nothing)")
    second = await model.reply(system, [*messages, said, again], form=form)
    try:
        return read(second.text)
    except ValueError as error:
        raise Unusable(str(error)) from error


def json_in(text: str) -> Any:
    """The JSON value of an answer, also when the model put it in a code fence or words around it.

    Raises:
        ValueError: there is none.
    """
    fenced = _FENCED.search(text)
    candidates = [text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]]
    for candidate in filter(str.strip, candidates):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    raise ValueError("the answer is not JSON")
