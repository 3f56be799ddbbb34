"""The agent library at close to the cost of the bare client: the only module that knows ag2.

`model` asks through it, one model call a time. It never runs a tool: every call that a model makes is handed back, so
that the runner can commit before and after it, and so that a turn after a crash takes the same way as any other.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from ag2 import Agent, MemoryStream, PromptedSchema, ResponseSchema
from ag2.annotations import Context
from ag2.config import LLMClient, OpenAIConfig
from ag2.context import ConversationContext
from ag2.events import (
    BaseEvent,
    ClientToolCallEvent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextInput,
    ToolCallEvent,
    ToolCallsEvent,
    ToolResultEvent,
    ToolResultsEvent,
)
from ag2.events.conditions import Condition
from ag2.middleware import BaseMiddleware
from ag2.response import ResponseProto
from ag2.tools.types import FunctionDefinition, FunctionToolSchema, Tool
from pydantic import BaseModel

from worker.team.messages import Answered, Call, Heard, Message, Offered, Spoke

Subscriber = Callable[..., Any]
# What reasoning models that are served plainly put before their answer.
_THOUGHTS = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")


class DirectStream(MemoryStream):
    """A `MemoryStream` that awaits its subscribers, `func(event)` or `func(event, context)`, without injection.

    ag2 makes at least six subscriptions a call; its own stream builds a pydantic model for each and runs each in a
    worker thread, which is two thirds of its cost.
    """

    __slots__ = ("_direct",)

    def __init__(self) -> None:
        self._direct: dict[UUID, tuple[Condition | None, Subscriber, bool, bool]] = {}
        super().__init__()  # subscribes already

    def subscribe(  # type: ignore[override]  # ag2 also allows use as a decorator, which nobody needs here
        self,
        func: Subscriber,
        *,
        interrupt: bool = False,
        sync_to_thread: bool = True,
        condition: Condition | None = None,
    ) -> UUID:
        """Call *func* with each event that meets *condition*.

        Raises:
            TypeError: *func* is no coroutine function of one or two arguments: a new ag2 asks for more than this
                stream can do.
        """
        if not inspect.iscoroutinefunction(func):
            raise TypeError(f"DirectStream takes coroutine functions only, not {func!r}")
        arguments = func.__code__.co_argcount - inspect.ismethod(func)
        if arguments not in (1, 2):
            raise TypeError(f"DirectStream cannot give {func!r} its {arguments} arguments")
        key = uuid4()
        self._direct[key] = (condition, func, arguments == 2, interrupt)
        return key

    def unsubscribe(self, sub_id: UUID) -> None:
        self._direct.pop(sub_id, None)

    async def send(self, event: BaseEvent, context: ConversationContext) -> None:
        # Interrupters come first, otherwise the order of subscription stands.
        for condition, func, wants_context, interrupts in sorted(self._direct.values(), key=lambda sub: not sub[3]):
            if condition is None or condition(event):
                outcome = await (func(event, context) if wants_context else func(event))
                if interrupts:
                    if not outcome:
                        return
                    event = outcome


@dataclass(slots=True, repr=False)
class PooledConfig(OpenAIConfig):
    """An `OpenAIConfig` that makes its client once: ag2 asks for one with each call, at 25 ms each."""

    _client: LLMClient | None = field(default=None, init=False, compare=False)

    def __repr__(self) -> str:
        """Without the key, which ag2's own would show."""
        return f"PooledConfig(model={self.model!r}, base_url={self.base_url!r})"

    def create(self) -> Any:
        """The one client of this config."""
        if self._client is None:
            self._client = OpenAIConfig.create(self)
        return self._client


class HandedBack(Tool):
    """Offers tools and answers every call, of an unknown tool too, with its return to the caller."""

    name = "handed_back"

    def __init__(self, offered: Iterable[Offered]) -> None:
        self._schemas = [
            FunctionToolSchema(
                function=FunctionDefinition(
                    name=tool.name, description=tool.description, parameters=dict(tool.parameters)
                )
            )
            for tool in offered
        ]

    async def schemas(self, context: Context) -> list[FunctionToolSchema]:
        return self._schemas

    def register(
        self,
        stack: ExitStack | AsyncExitStack,
        context: Context,
        *,
        middleware: Iterable[BaseMiddleware] = (),
    ) -> None:
        stack.enter_context(context.stream.where(ToolCallEvent).sub_scope(self._hand_back))

    async def _hand_back(self, event: ToolCallEvent, context: Context) -> None:
        await context.send(ClientToolCallEvent.from_call(event))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one model call brought."""

    text: str
    calls: tuple[Call, ...]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    model: str  # as the provider names it


@lru_cache(maxsize=256)
def schema_of(answer: type[BaseModel], *, in_prompt: bool) -> ResponseProto[Any]:
    """*answer* as the engine wants it; building one takes half a millisecond.

    Args:
        in_prompt: describe the schema in the system message instead of in `response_format`.
    """
    schema: ResponseProto[Any] = ResponseSchema(answer)
    return PromptedSchema(schema) if in_prompt else schema


async def ask(
    config: PooledConfig,
    system: str,
    messages: Sequence[Message],
    *,
    offered: Sequence[Offered] = (),
    schema: ResponseProto[Any] | None = None,
) -> Answer:
    """Call the model once; its tool calls come back unanswered.

    Args:
        messages: ends with `Heard` or `Answered`; each `Spoke` with calls is followed by their `Answered`.

    Raises:
        Exception: the SDK's errors as they are, and whatever the engine makes of an answer that is none.
    """
    stream = DirectStream()
    responses: list[ModelResponse] = []

    async def on_response(event: ModelResponse) -> None:
        if not event.response_force:  # a forced one is ag2's own copy of the calls that it hands back
            responses.append(event)

    stream.where(ModelResponse).subscribe(on_response)
    agent = Agent("agent", system, config=config, tools=[HandedBack(offered)], response_schema=schema)
    await agent.resume(*map(_event, messages), stream=stream)
    return _answer(responses[0])


def _answer(response: ModelResponse) -> Answer:
    calls: dict[str, Call] = {}
    for call in response.tool_calls.calls:
        # Some providers give every call of a batch the same id, or none.
        key = call.id if call.id and call.id not in calls else f"call_{uuid4().hex[:16]}"
        calls[key] = Call(id=key, name=str(call.name or ""), arguments=call.arguments or "{}")
    used = response.usage
    return Answer(
        text=_THOUGHTS.sub("", response.content or ""),
        calls=tuple(calls.values()),
        finish_reason=response.finish_reason or "",
        prompt_tokens=int(used.prompt_tokens or 0),
        completion_tokens=int(used.completion_tokens or 0),
        cached_tokens=int(used.cache_read_input_tokens or 0),
        model=response.model or "",
    )


def _event(message: Message) -> BaseEvent:
    match message:
        case Heard(text):
            return ModelRequest([TextInput(text)])
        case Spoke(text, calls):
            called = ToolCallsEvent([_called(call) for call in calls])
            return ModelResponse(ModelMessage(text) if text else None, tool_calls=called)
        case Answered(results):
            return ToolResultsEvent(
                [
                    ToolResultEvent.from_call(ToolCallEvent(_sound_name(result.tool), id=result.call_id), result.text)
                    for result in results
                ]
            )


def _called(call: Call) -> ToolCallEvent:
    """The call in a form that providers accept back, whatever the model wrote."""
    return ToolCallEvent(_sound_name(call.name), id=call.id, arguments=_sound_arguments(call.arguments))


def _sound_name(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)[:64] or "unknown"


def _sound_arguments(arguments: str) -> str:
    try:
        sound = isinstance(json.loads(arguments), Mapping)
    except (ValueError, RecursionError):
        sound = False
    return arguments if sound else "{}"
