"""What a tool is: a name, a description, a form for its arguments, and a function.

Each tool is one small file that makes one `Tool`; `catalog` lists them. A tool never raises for what a model did wrong:
it says so in its outcome.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError

from core.domain.refs import SessionId
from worker.equipment import Equipment
from worker.ports import Sandbox
from worker.sandbox.job import SandboxLimits
from worker.team.messages import Offered
from worker.tools.folder import Folder, MadeFile


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """What a tool may use of the worker and of the session that it works for."""

    session: SessionId
    folder: Folder
    sandbox: Sandbox | None  # None: agents' code cannot be isolated here, so it is not run
    python_limits: SandboxLimits = field(default_factory=SandboxLimits)  # of one run in it
    equipment: Equipment = field(default_factory=Equipment)
    # Keys that the session may use, by service ("tavily", "openai"): the starter's, else the workspace's. A tool hands
    # one to its service and to nobody else.
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    calls: Counter[str] = field(default_factory=Counter)  # by tool, of the whole session: tools with a limit count here


class Approval(StrEnum):
    """Who has to agree before a tool runs."""

    NONE = "none"
    LOW = "low"  # whoever started the session, or an operator
    HIGH = "high"  # an operator


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """What a tool call gives."""

    text: str  # for the model, and shown to people
    ok: bool = True
    files: tuple[MadeFile, ...] = ()
    hosts: tuple[str, ...] = ()  # where this was found: the session's agents may link there


def nothing_missing(_: ToolContext) -> str:
    """For tools that can always be used."""
    return ""


Run = Callable[[ToolContext, Any], Awaitable[ToolOutcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One thing that agents can do beside speaking."""

    name: str
    description: str  # for models
    arguments: type[BaseModel]
    run: Run | None  # gets `arguments`; None: a person answers, and the session waits for it
    cost: str = "free"  # what one call costs, for people
    approval: Approval = Approval.NONE
    missing: Callable[[ToolContext], str] = nothing_missing  # what it lacks, for people; with a word it is not offered

    @property
    def offered(self) -> Offered:
        """The tool as a model is told of it."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        for argument in schema.get("properties", {}).values():
            argument.pop("title", None)
        return Offered(name=self.name, description=self.description, parameters=schema)

    def read(self, arguments: str) -> BaseModel:
        """The model's *arguments*.

        Raises:
            ValueError: they are not JSON of the tool's form; the message tells the model what is wrong.
        """
        try:
            return self.arguments.model_validate(json.loads(arguments or "{}"))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'all'}: {e['msg']}" for e in error.errors()[:5])
            raise ValueError(f"the arguments of {self.name} do not fit: {wrong}") from error
        except (ValueError, RecursionError) as error:
            raise ValueError(f"the arguments of {self.name} are not valid JSON") from error
