"""Each provider that Muster knows, played by the simulator over HTTP: what goes well, and what does not."""

import asyncio

import pytest

from config.providers import ANTHROPIC, DEEPSEEK, KNOWN, OPENAI, OPENROUTER, Provider, by_name, configured
from core.domain.lifecycle import State
from core.domain.session import Line
from core.errors import PermanentError
from simulator.model.orders import FaultKind
from tests.unit.worker.conftest import ACME, QUICK, Bench, Endpoint
from worker.team import faults
from worker.team.builder import AgentBuilder
from worker.team.messages import Answered, Heard, Message, Offered, Result, Spoke
from worker.team.model import MOST_CONFIGS, Model, ModelPool
from worker.team.transcript import Conversation

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

LOOK = Offered(
    name="look",
    description="Looks.",
    parameters={"type": "object", "properties": {"where": {"type": "string"}}, "required": ["where"]},
)
TASK = Conversation(lines=[Line(seq=1, speaker="Ada", text="count the words", human=True)])
HI = [Heard("[Ada]: hi")]
EACH = pytest.mark.parametrize("name", [known.name for known in KNOWN])
WITH_KEY = pytest.mark.parametrize("name", [known.name for known in KNOWN if known.needs_key])


def played(endpoint: Endpoint, name: str, *, key: str = "theirs") -> Provider:
    """The provider of the table at the simulator's address."""
    url = endpoint.url.replace("/model/v1", f"/model/{name}/v1")
    return configured(by_name(KNOWN)[name], base_url=url, api_key=key)


@pytest.fixture
async def pool(endpoint: Endpoint) -> ModelPool:
    """All of them, in place of the conftest's; the endpoint's end closes what it holds."""
    return ModelPool(by_name([played(endpoint, known.name) for known in KNOWN]), QUICK)


async def use_a_tool(endpoint: Endpoint, model: Model) -> str:
    """What the model says after it has called a tool."""
    endpoint.says("I look.", ("look", '{"where": "here"}'))
    asked: list[Message] = list(HI)
    reply = await model.reply("You are X.", asked, offered=[LOOK])
    (call,) = reply.calls
    assert (call.name, call.arguments) == ("look", '{"where": "here"}')
    result = Result(call_id=call.id, tool="look", text="nothing")
    endpoint.says("It is done.")
    asked += [Spoke(reply.text, reply.calls), Answered((result,))]
    return (await model.reply("You are X.", asked, offered=[LOOK])).text


@EACH
async def test_a_team_a_tool_and_the_usage(name: str, endpoint: Endpoint, pool: ModelPool) -> None:
    model = pool.model(name, "demo")
    built = await AgentBuilder(model, {"run_python": "Runs Python."}).build(TASK)
    assert built.fallback_reason == ""
    assert len(built.team) > 1
    assert await use_a_tool(endpoint, model) == "It is done."

    answered = endpoint.model.requests.entries(outcome="answered")
    used = model.take_usage()
    assert used is not None
    assert used.prompt_tokens == sum(entry.prompt_tokens for entry in answered)
    assert used.completion_tokens == sum(entry.completion_tokens for entry in answered)
    cost_usd = (used.prompt_tokens + 5 * used.completion_tokens) / 1_000_000
    assert used.cost_usd == (pytest.approx(cost_usd) if name == OPENROUTER else None)
    # Only what OpenAI and DeepSeek refuse is asked a second time, and only once.
    assert len(endpoint.bodies()) == 3 + (name in (OPENAI, DEEPSEEK))


@EACH
async def test_what_passes_is_tried_again(name: str, endpoint: Endpoint, pool: ModelPool) -> None:
    for kind in (FaultKind.EMPTY, FaultKind.CUT):
        endpoint.fails(kind)
    endpoint.fails(FaultKind.STATUS, status=429, retry_after_s=0.01)
    for status in (500, 503):
        endpoint.fails(FaultKind.STATUS, status=status)
    assert "scripted demo" in (await pool.model(name, "demo").reply("You are X.", HI)).text
    assert len(endpoint.bodies()) == 6


@WITH_KEY
async def test_what_stays_is_told_at_once(name: str, endpoint: Endpoint, pool: ModelPool) -> None:
    reasons = []
    for key, model in (("bad-key", "demo"), ("poor-key", "demo"), ("good-key", "no-such-model")):
        with pytest.raises(PermanentError) as caught:
            await pool.model(name, model, key=f"sk-mine-{key}").reply("You are X.", HI)
        assert f"mine-{key}" not in str(caught.value)
        reasons.append(caught.value.reason)
    assert reasons == [faults.BAD_KEY, faults.NO_CREDIT, faults.UNKNOWN_MODEL]
    assert len(endpoint.model.requests.entries()) == 3


@EACH
async def test_a_conversation_that_is_too_long_is_told_shorter(name: str, bench: Bench, endpoint: Endpoint) -> None:
    bench.pool = ModelPool(by_name([played(endpoint, name)]), QUICK)
    session = await bench.open_with_team(task="word " * 20_000, provider=name, model="demo")
    endpoint.fails(FaultKind.CONTEXT_LENGTH, times=2)
    endpoint.says("Here it is.\nTERMINATE")
    await bench.runner().work(ACME, session.id)
    sizes = [len(body["messages"][1]["content"]) for body in endpoint.bodies()]
    assert sizes[-1] < sizes[-2] < sizes[-3]
    assert (await bench.session(session)).state is State.COMPLETED


# --- what a model refuses ---


async def test_what_one_call_learns_does_not_fail_those_beside_it(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.fails(FaultKind.SLOW, delay_s=0.05, times=3)
    models = [pool.model(OPENAI, "demo") for _ in range(3)]
    endpoint.says("Fine.", times=3)
    replies = await asyncio.gather(*(model.reply("You are X.", HI, offered=[LOOK]) for model in models))
    assert [reply.text for reply in replies] == ["Fine."] * 3
    assert len(endpoint.bodies()) == 6, "all three had to learn it"
    await pool.model(OPENAI, "demo").reply("You are X.", HI, offered=[LOOK])
    assert len(endpoint.bodies()) == 7, "it is known now"


@pytest.mark.parametrize(
    ("name", "off"), [(OPENAI, {"reasoning_effort": "none"}), (DEEPSEEK, {"thinking": {"type": "disabled"}})]
)
async def test_thinking_is_off_only_where_tools_are_offered(
    name: str, off: dict[str, object], endpoint: Endpoint, pool: ModelPool
) -> None:
    model = pool.model(name, "demo")
    await use_a_tool(endpoint, model)
    await model.reply("You are X.", HI)
    with_tools, without = endpoint.bodies()[-2:]
    assert off.items() <= with_tools.items()
    assert not off.keys() & without.keys()


@pytest.mark.parametrize("name", [OPENROUTER, ANTHROPIC])
async def test_who_may_ignore_a_schema_is_told_it_in_words(name: str, endpoint: Endpoint, pool: ModelPool) -> None:
    await AgentBuilder(pool.model(name, "demo"), {}).build(TASK)
    (body,) = endpoint.bodies()
    assert "response_format" not in body
    assert '"instructions"' in str(body["messages"])


# --- keys ---


@WITH_KEY
async def test_ones_own_key_is_the_one_that_is_sent(name: str, endpoint: Endpoint) -> None:
    pool = ModelPool(by_name([played(endpoint, name, key="their-bad-key")]), QUICK)
    with pytest.raises(PermanentError):
        await pool.model(name, "demo").reply("You are X.", HI)
    endpoint.says("Here I am.", times=2)
    assert (await pool.model(name, "demo", key="mine").reply("You are X.", HI)).text == "Here I am."
    with pytest.raises(PermanentError):
        await pool.model(name, "demo").reply("You are X.", HI)
    await pool.close()


async def test_without_any_key_nothing_is_called_and_the_sentence_says_where_to_set_one(endpoint: Endpoint) -> None:
    pool = ModelPool(by_name([played(endpoint, OPENAI, key="")]), QUICK)
    with pytest.raises(PermanentError, match=r"`/agents settings`, or OPENAI_API_KEY") as caught:
        pool.model(OPENAI, "demo")
    assert caught.value.reason == faults.NO_KEY
    assert pool.model(OPENAI, "", key="mine").name == by_name(KNOWN)[OPENAI].default_model
    with pytest.raises(PermanentError) as odd:
        pool.model(OPENAI, "demo", key="m\u00efne")
    assert "m\u00efne" not in str(odd.value)


async def test_clients_are_kept_for_those_who_came_last_and_show_no_key(endpoint: Endpoint, pool: ModelPool) -> None:
    def config(n: int) -> object:
        return pool.config(played(endpoint, OPENAI, key=f"secret{n}"), "demo", json_object=False, thoughts=True)

    first, second = config(0), config(1)
    for n in range(2, MOST_CONFIGS):
        config(n)
        assert config(0) is first, "it is in use"
    config(MOST_CONFIGS)
    assert config(0) is first
    assert config(1) is not second
    assert "secret" not in repr(first)
    assert "secret" not in repr(vars(pool)["_configs"])


@pytest.mark.parametrize(("name", "model"), [(known.name, known.default_model) for known in KNOWN])
def test_a_call_can_be_priced_before_it_is_made(name: str, model: str) -> None:
    theirs = configured(by_name(KNOWN)[name], base_url="", api_key="k")
    pool = ModelPool(
        by_name([theirs if theirs.needs_key else configured(theirs, base_url=theirs.base_url, api_key="")])
    )
    price_usd = pool.model(name, model).price_of(100_000, 1_000)
    assert price_usd is None if not theirs.needs_key else price_usd is not None and 0 < price_usd < 1
