"""The conversation of a team: who speaks next, what a speaker is told, and when the work is done.

Called by the runner before and after each turn; it holds no state, so that a turn goes on anywhere. The loop itself,
with all that is kept, is the runner's.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import structlog
from pydantic import BaseModel, create_model

from core.domain.events import Member
from core.errors import PermanentError
from worker.team.faults import TOO_LONG
from worker.team.messages import Heard
from worker.team.model import Model
from worker.team.structured import Unusable, ask_form, json_in
from worker.team.transcript import Conversation, labelled

log = structlog.get_logger(__name__)

TERMINATE = "TERMINATE"
SELECTOR_CHARS = 40_000

_ENDING = re.compile(r"(?:^|\n|(?<=[.!?:)\]`*_]) )[ \t>*_`\"']*TERMINATE[ \t*_`\"'.!]*\s*\Z")

_SELECTOR = """\
You lead the conversation of a team of AI agents in a chat thread. Read it and choose who speaks next: the one whose
part is due, given what has been done and said, and what the person wants. The team:
{team}
Answer with JSON only: the name of one of them."""

_SPEAKER = """\
You are {name}. Your role: {role}.

{instructions}

You are one of a team of AI agents that does a task in a chat thread, together with the person who gave it. The team:
{team}

- Messages of others begin with their name in brackets; never begin your own so.
- Do your part only, build on what the others have said, and be brief: people read along.
- Never invent a result. What a tool can find out, find out with the tool.
- When the whole task is done, give the result and end your message with a line that says only {terminate}. \
While anything is left to do, leave that line out.
- This is round {round} of {max_rounds}.{last}"""

_LAST = f" It is the last one: give the best result there is now, and end with {TERMINATE}."


class GroupChat:
    """The rules of conversation of one *team*, with the model that chooses its speakers."""

    def __init__(self, model: Model, team: Sequence[Member]) -> None:
        self._model = model
        self._team = {member.name: member for member in team}

    def member(self, name: str) -> Member:
        """The member called *name*; the first one when the team has nobody of that name."""
        return self._team.get(name) or next(iter(self._team.values()))

    async def next_speaker(self, conversation: Conversation) -> str:
        """Who speaks next; asks no model when only one can, and goes round when the model's choice is nonsense.

        Raises:
            PermanentError: the model cannot be called.
        """
        names = tuple(self._team)
        if len(names) == 1:
            return names[0]
        system = _SELECTOR.format(team=self._introductions())
        messages = [Heard(labelled(line)) for line in conversation.bounded(SELECTOR_CHARS)]
        direction = Heard("Who speaks next? Answer with the JSON only.")
        try:
            return await ask_form(self._model, system, [*messages, direction], _speaker_form(names), self._read_name)
        except Unusable as error:
            log.info("speaker.round_robin", error=str(error))
            return self._after_last(conversation)
        except PermanentError as error:
            if error.reason != TOO_LONG:  # a turn is shortened until it fits; the choice is not worth that
                raise
            log.info("speaker.round_robin", error=str(error))
            return self._after_last(conversation)

    def system(self, name: str, *, round_: int, max_rounds: int, wishes: str = "") -> str:
        """The system message of the member called *name* for one of its turns.

        Args:
            wishes: what people want of every agent.
        """
        member = self.member(name)
        told = _SPEAKER.format(
            name=member.name,
            role=member.role.rstrip("."),
            instructions=member.instructions,
            team=self._introductions(),
            terminate=TERMINATE,
            round=round_,
            max_rounds=max_rounds,
            last=_LAST if round_ >= max_rounds else "",
        )
        return f"{wishes.strip()}\n\n{told}" if wishes.strip() else told

    def _introductions(self) -> str:
        return "\n".join(f"- {member.name}: {member.role}" for member in self._team.values())

    def _after_last(self, conversation: Conversation) -> str:
        names = list(self._team)
        lines = reversed(conversation.lines)
        spoke = next((line.speaker for line in lines if not line.human and line.speaker in self._team), None)
        return names[(names.index(spoke) + 1) % len(names)] if spoke else names[0]

    def _read_name(self, text: str) -> str:
        """The one member that the answer names.

        Raises:
            ValueError: it names none, or several.
        """
        try:
            value = json_in(text)
        except ValueError:
            value = text
        values = value.values() if isinstance(value, dict) else [value]
        said = [word.strip().strip("[]:*`\"'").lower() for word in values if isinstance(word, str)]
        named = [name for name in self._team if name.lower() in said]
        if not named:
            named = [name for name in self._team if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
        if len(named) != 1:
            raise ValueError(f"it must name one of {', '.join(self._team)}")
        return named[0]


@lru_cache(maxsize=256)
def _speaker_form(names: tuple[str, ...]) -> type[BaseModel]:
    name: Any = Literal[names]
    return create_model("NextSpeaker", speaker=(name, ...))


def without_ending(agent: str, text: str) -> tuple[str, bool]:
    """What *agent* said without its own label and the closing TERMINATE, and whether that stood there."""
    body = re.sub(rf"\A\s*\[{re.escape(agent)}\]:\s*", "", text)
    stripped = _ENDING.sub("", body)
    return stripped.strip(), stripped != body
