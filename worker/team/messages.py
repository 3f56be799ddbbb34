"""What an agent hears and says, as plain values: the engine's own types stay in `engine`.

Made by `transcript` and the turn, turned into the engine's events by `engine`. Holds no behaviour.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call that a model made."""

    id: str
    name: str
    arguments: str  # JSON as the model wrote it; may be anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tool call is answered with."""

    call_id: str
    tool: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Something another one said; goes to the model as a user message."""

    text: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """What the agent itself said or called before."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """The results of all calls of the `Spoke` before."""

    results: tuple[Result, ...]


Message = Heard | Spoke | Answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A tool as the model is told of it."""

    name: str
    description: str
    parameters: dict[str, object]  # JSON schema of an object


def size_chars(message: Message) -> int:
    """About how much of the model's context *message* takes, in characters."""
    match message:
        case Heard(text):
            return len(text)
        case Spoke(text, calls):
            return len(text) + sum(len(call.arguments) for call in calls)
        case Answered(results):
            return sum(len(result.text) for result in results)
