"""Assembles the team for a task: the model proposes specialists, this module makes them fit or falls back to one.

Called by the runner once a session. It names no tool of its own: the catalogue is handed in.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, create_model

from core.domain.events import Member
from worker.team.messages import Heard
from worker.team.model import Model
from worker.team.structured import Unusable, ask_form, json_in
from worker.team.transcript import Conversation, labelled

FEWEST, MOST = 2, 5
NAME_CHARS = 32
ROLE_CHARS = 120
INSTRUCTIONS_CHARS = 4_000
TASK_CHARS = 60_000

ICONS = (
    "clipboard", "mag", "bar_chart", "speech_balloon", "memo", "computer", "bulb", "microscope", "books", "art",
    "chart_with_upwards_trend", "abacus", "scales", "wrench", "world_map", "hourglass", "shield", "moneybag",
    "stethoscope", "seedling", "test_tube", "triangular_ruler", "newspaper", "telescope", "compass", "rocket",
)  # fmt: skip
"""Emoji short codes, without colons, that Slack and Discord both know; the order is the order of choice."""

_ASSISTANT = Member(
    name="Assistant",
    role="Does the whole task",
    instructions="Do the whole task yourself, step by step, and close with the result.",
    tools=(),
    icon="robot_face",
)
_RESERVED = frozenset({"muster", "user", "system", "assistant", "terminate", "tool", "human"})

_SYSTEM = """\
You assemble a team of AI agents that will do a task together in a chat thread, in the open.
Propose {fewest} to {most} specialists who between them do everything that the task needs, each with a part of its own.
For each agent give:
- name: one word that says what it does, of at most {name_chars} letters, digits, _ or -, beginning with a letter
- role: one short line for people
- instructions: what it has to do for this very task, how it works with the others, and when it is finished
- tools: only those that it needs, of this list:
{tools}
- icon: one of {icons}
One of the agents closes the work with the result. Answer with JSON only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A team that can work."""

    team: tuple[Member, ...]
    fallback_reason: str = ""  # why it is one assistant only


class AgentBuilder:
    """Builds teams with one model; *tools* are the names in the catalogue and what each does."""

    def __init__(self, model: Model, tools: Mapping[str, str]) -> None:
        self._model = model
        self._tools = tools

    async def build(self, conversation: Conversation) -> Built:
        """The team for the task of *conversation*.

        Raises:
            PermanentError: the model cannot be called at all.
        """
        system = _SYSTEM.format(
            fewest=FEWEST,
            most=MOST,
            name_chars=NAME_CHARS,
            tools="\n".join(f"  - {name}: {what}" for name, what in self._tools.items()) or "  (none)",
            icons=", ".join(ICONS),
        )
        messages = [Heard(labelled(line)) for line in conversation.bounded(TASK_CHARS)]
        form = _team_form(tuple(self._tools))
        try:
            team = await ask_form(self._model, system, messages, form, self._read)
        except Unusable as error:
            return Built(team=(self._assistant(),), fallback_reason=f"the model's proposal could not be used: {error}")
        return Built(team=team)

    def _assistant(self) -> Member:
        return Member(
            name=_ASSISTANT.name,
            role=_ASSISTANT.role,
            instructions=_ASSISTANT.instructions,
            tools=tuple(self._tools),
            icon=_ASSISTANT.icon,
        )

    def _read(self, text: str) -> tuple[Member, ...]:
        value = json_in(text)
        agents = value.get("agents") if isinstance(value, dict) else value
        if not isinstance(agents, list) or not all(isinstance(agent, dict) for agent in agents):
            raise ValueError("it has no list of agents")
        if not FEWEST <= len(agents) <= MOST:
            raise ValueError(f"it has {len(agents)} agents instead of {FEWEST} to {MOST}")
        team: list[Member] = []
        for agent in agents:
            team.append(self._member(agent, team))
        return tuple(team)

    def _member(self, agent: dict[str, Any], others: Sequence[Member]) -> Member:
        name = _mended_name(_words(agent, "name"), [other.name for other in others])
        instructions = _words(agent, "instructions")[:INSTRUCTIONS_CHARS]
        if not instructions:
            raise ValueError(f"the agent {name} has no instructions")
        wanted = agent.get("tools")
        listed = [tool for tool in wanted if isinstance(tool, str)] if isinstance(wanted, list) else []
        return Member(
            name=name,
            role=" ".join(_words(agent, "role").split())[:ROLE_CHARS] or name,
            instructions=instructions,
            tools=tuple(tool for tool in self._tools if tool in listed),
            icon=_icon(_words(agent, "icon").strip(":"), [other.icon for other in others]),
        )


@lru_cache(maxsize=16)
def _team_form(tools: tuple[str, ...]) -> type[BaseModel]:
    """What is asked for. No bounds and no defaults: strict providers refuse a schema that has them."""
    tool: Any = Literal.__getitem__(tools) if tools else str
    fields: Any = dict.fromkeys(("name", "role", "instructions", "icon"), (str, ...)) | {"tools": (list[tool], ...)}
    specialist: Any = create_model("Specialist", **fields)
    return create_model("Team", agents=(list[specialist], ...))


def _words(agent: dict[str, Any], field: str) -> str:
    value = agent.get(field)
    return value.strip() if isinstance(value, str) else ""


def _mended_name(name: str, taken: Sequence[str]) -> str:
    """*name* as `[A-Za-z][A-Za-z0-9_-]{0,31}`, unlike those *taken* whatever their case."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", plain).strip("_-")
    plain = re.sub(r"^[^A-Za-z]+", "", plain)[:NAME_CHARS].rstrip("_-") or f"Agent{len(taken) + 1}"
    if plain.lower() in _RESERVED:
        plain += "Agent"
    known = {other.lower() for other in taken}
    mended, n = plain, 2
    while mended.lower() in known:
        mended = f"{plain[: NAME_CHARS - len(str(n))]}{n}"
        n += 1
    return mended


def _icon(wanted: str, taken: Sequence[str]) -> str:
    if wanted in ICONS and wanted not in taken:
        return wanted
    return next(icon for icon in ICONS if icon not in taken)
