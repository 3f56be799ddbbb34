"""What the engine's shortcuts assume of ag2: run this at each of its upgrades."""

import inspect

import httpx2
import pytest
from ag2 import Agent, MemoryStream
from ag2.config import OpenAIConfig
from pydantic import BaseModel

from tests.unit.worker.conftest import Endpoint
from worker.team.engine import DirectStream, PooledConfig, ask, schema_of
from worker.team.messages import Answered, Call, Heard, Message, Offered, Result, Spoke

TOOL = Offered(
    name="look",
    description="Looks.",
    parameters={"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]},
)


class Form(BaseModel):
    """An answer of a kind that the demo model does not know."""

    answer: str


@pytest.fixture
async def config(endpoint: Endpoint) -> PooledConfig:
    return PooledConfig(
        model="demo", api_key="key", base_url=endpoint.url, max_retries=0, http_client=httpx2.AsyncClient()
    )


async def test_ag2_subscribes_only_what_the_direct_stream_can_call(endpoint: Endpoint, config: PooledConfig) -> None:
    endpoint.says("hello")
    stream = DirectStream()
    reply = await Agent("agent", "You are nobody.", config=config).ask("hi", stream=stream)
    assert reply.body == "hello"
    assert [type(event).__name__ for event in await stream.history.get_events()][-1] == "ModelResponse"


def test_the_direct_stream_takes_the_same_arguments_as_the_stream_it_stands_for() -> None:
    theirs = inspect.signature(MemoryStream.subscribe).parameters
    assert list(inspect.signature(DirectStream.subscribe).parameters) == list(theirs)


def test_the_direct_stream_refuses_what_it_could_only_call_wrongly() -> None:
    async def three(_a: object, _b: object, _c: object) -> None: ...

    stream = DirectStream()
    with pytest.raises(TypeError):
        stream.subscribe(lambda _event: None)
    with pytest.raises(TypeError):
        stream.subscribe(three)


def test_a_pooled_config_makes_one_client() -> None:
    config = PooledConfig(model="demo", api_key="key")
    assert config.create() is config.create()
    assert type(config.create()) is type(OpenAIConfig(model="demo", api_key="key").create())


async def test_every_call_of_a_batch_comes_back_unanswered_also_of_unknown_tools(
    endpoint: Endpoint, config: PooledConfig
) -> None:
    endpoint.says("I look", ("look", '{"where": "here"}'), ("guess", "not json"))
    answer = await ask(config, "You are X.", [Heard("hi")], offered=[TOOL])
    assert answer.text == "I look"
    assert [(call.name, call.arguments) for call in answer.calls] == [
        ("look", '{"where": "here"}'),
        ("guess", "not json"),
    ]
    assert len(endpoint.bodies()) == 1, "no second model call was made behind our back"
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens > 0


async def test_a_history_with_broken_calls_is_one_that_strict_providers_take(
    endpoint: Endpoint, config: PooledConfig
) -> None:
    calls = (
        Call(id="1", name="look", arguments='{"where": 1}'),
        Call(id="2", name="no such tool! " * 9, arguments="{broken"),
        Call(id="3", name="", arguments="[1]"),
    )
    results = tuple(Result(call_id=call.id, tool=call.name, text="nothing") for call in calls)
    history: list[Message] = [Heard("[Ada]: hi"), Spoke("", calls), Answered(results), Spoke("done"), Heard("go on")]
    endpoint.says("fine")
    assert (await ask(config, "You are X.", history, offered=[TOOL])).text == "fine"
    sent = endpoint.bodies()[-1]["messages"]
    assert [message["role"] for message in sent] == [
        *("system", "user", "assistant", "tool", "tool", "tool", "assistant", "user")
    ]


async def test_calls_without_ids_of_their_own_get_some(endpoint: Endpoint, config: PooledConfig) -> None:
    endpoint.says(None, ("look", "{}"), ("look", "{}"))
    answer = await ask(config, "You are X.", [Heard("hi")], offered=[TOOL])
    assert len({call.id for call in answer.calls}) == 2


@pytest.mark.parametrize("in_prompt", [False, True])
async def test_a_form_is_asked_for_in_the_schema_or_in_words(
    endpoint: Endpoint, config: PooledConfig, in_prompt: bool
) -> None:
    await ask(config, "You are X.", [Heard("hi")], schema=schema_of(Form, in_prompt=in_prompt))
    body = endpoint.bodies()[-1]
    assert ("response_format" in body) is not in_prompt
    assert ('"answer"' in str(body["messages"])) is in_prompt


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<think>\nhm {1}\n</think>\n\nYes.", "Yes."),
        ("<think>for ever", ""),
        ("I <think>so</think>.", "I <think>so</think>."),
    ],
)
async def test_thoughts_before_an_answer_are_not_the_answer(
    endpoint: Endpoint, config: PooledConfig, content: str, text: str
) -> None:
    endpoint.says(content)
    assert (await ask(config, "You are X.", [Heard("hi")])).text == text
