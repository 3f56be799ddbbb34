"""One model call with all that can go wrong with it, over HTTP."""

import asyncio
from typing import Literal

import httpx2
import pytest
from pydantic import BaseModel

from config.providers import Provider, Structured, by_name, custom
from core.domain.session import Usage
from core.errors import PermanentError
from simulator.model.orders import FaultKind
from tests.support.ports import free_port
from tests.unit.worker.conftest import QUICK, Endpoint
from worker.team import faults
from worker.team.engine import Answer
from worker.team.messages import Heard
from worker.team.model import Model, ModelPool, Patience
from worker.team.usage import Bill, billed, read_bill, usage_of

HI = [Heard("hi")]


class Choice(BaseModel):
    """Stands for the speaker's form."""

    speaker: Literal["A", "B"]


async def call(provider: Provider, model: str = "", patience: Patience = QUICK, **how: object) -> str:
    pool = ModelPool(by_name([provider]), patience)
    try:
        return (await pool.model(provider.name, model).reply("You are X.", HI, **how)).text  # type: ignore[arg-type]
    finally:
        await pool.close()


@pytest.mark.parametrize(
    ("order", "times"),
    [
        ({"fault": FaultKind.STATUS, "status": 429, "retry_after_s": 0.05}, 2),
        ({"fault": FaultKind.STATUS, "status": 500}, 3),
        ({"fault": FaultKind.STATUS, "status": 503}, 5),
        ({"fault": FaultKind.CUT}, 2),
        ({"fault": FaultKind.HTML}, 2),
        ({"fault": FaultKind.EMPTY}, 2),
        ({"fault": FaultKind.EMPTY_CHOICES}, 2),
    ],
)
async def test_what_passes_is_tried_again(endpoint: Endpoint, order: dict[str, object], times: int) -> None:
    endpoint.fails(order.pop("fault"), times=times, **order)  # type: ignore[arg-type]
    assert "scripted demo" in await call(endpoint.demo)
    assert len(endpoint.bodies()) == times + 1


@pytest.mark.parametrize(
    ("order", "reason", "calls"),
    [
        ({"fault": FaultKind.STATUS, "status": 401}, faults.BAD_KEY, 1),
        ({"fault": FaultKind.STATUS, "status": 403}, faults.BAD_KEY, 1),
        ({"fault": FaultKind.STATUS, "status": 402}, faults.NO_CREDIT, 1),
        ({"fault": FaultKind.STATUS, "status": 404}, faults.UNKNOWN_MODEL, 1),
        ({"fault": FaultKind.STATUS, "status": 418}, faults.REFUSED, 1),
        ({"fault": FaultKind.CONTEXT_LENGTH}, faults.TOO_LONG, 1),
        ({"fault": FaultKind.STATUS, "status": 429}, faults.BUSY, 6),
        ({"fault": FaultKind.STATUS, "status": 500}, faults.BROKEN, 6),
        ({"fault": FaultKind.CUT}, faults.UNREACHABLE, 6),
        ({"fault": FaultKind.HTML}, faults.NONSENSE, 3),
        ({"fault": FaultKind.EMPTY}, faults.NONSENSE, 3),
    ],
)
async def test_what_stays_is_told_in_a_sentence_that_says_what_to_do(
    endpoint: Endpoint, order: dict[str, object], reason: str, calls: int
) -> None:
    endpoint.fails(order.pop("fault"), times=99, **order)  # type: ignore[arg-type]
    with pytest.raises(PermanentError) as caught:
        await call(endpoint.custom(key="k-very-secret"))
    assert caught.value.reason == reason
    assert len(endpoint.bodies()) == calls
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "`" in sentence, "it names the provider or the model"
    assert "secret" not in sentence


async def test_a_key_that_the_provider_repeats_is_not_passed_on(endpoint: Endpoint) -> None:
    with pytest.raises(PermanentError) as caught:
        await call(endpoint.custom(key="bad-key"))
    assert caught.value.reason == faults.BAD_KEY
    assert "bad-key" not in str(caught.value)


async def test_an_unknown_model_is_told_by_its_name(endpoint: Endpoint) -> None:
    with pytest.raises(PermanentError, match="`gpt-17`") as caught:
        await call(endpoint.custom(), "gpt-17")
    assert caught.value.reason == faults.UNKNOWN_MODEL


async def test_a_provider_that_is_down_is_told_so() -> None:
    provider = custom(f"http://127.0.0.1:{free_port()}/v1", "key", "m")
    with pytest.raises(PermanentError) as caught:
        await call(provider)
    assert caught.value.reason == faults.UNREACHABLE


async def test_a_hanging_provider_ends_with_patience_and_no_later(endpoint: Endpoint) -> None:
    endpoint.fails(FaultKind.HANG, times=99)
    started = asyncio.get_running_loop().time()
    with pytest.raises(PermanentError) as caught:
        await call(endpoint.demo, patience=Patience(call_timeout_s=0.3, total_s=0.7, first_wait_s=0.01))
    assert caught.value.reason == faults.TIMEOUT
    assert asyncio.get_running_loop().time() - started < 3
    assert len(endpoint.bodies()) in (2, 3)


async def test_a_provider_that_wants_a_longer_wait_than_there_is_patience_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.fails(FaultKind.STATUS, status=429, retry_after_s=3600, times=99)
    with pytest.raises(PermanentError) as caught:
        await call(endpoint.demo)
    assert caught.value.reason == faults.BUSY
    assert len(endpoint.bodies()) == 1


async def test_people_are_told_once_when_it_takes_long(endpoint: Endpoint) -> None:
    told: list[str] = []

    async def tell(sentence: str) -> None:
        told.append(sentence)

    endpoint.fails(FaultKind.STATUS, status=500, times=4)
    pool = ModelPool(by_name([endpoint.demo]), Patience(first_wait_s=0.01, notice_after_s=0.0))
    await pool.model("demo", "", notice=tell).reply("You are X.", HI)
    await pool.close()
    assert len(told) == 1
    assert "demo" in told[0]


async def test_a_huge_answer_does_no_harm(endpoint: Endpoint) -> None:
    endpoint.fails(FaultKind.HUGE)
    assert len(await call(endpoint.demo)) >= 2_000_000


async def test_a_model_that_refuses_response_format_is_asked_in_words_from_then_on(endpoint: Endpoint) -> None:
    pool = ModelPool(by_name([endpoint.custom(model="demo-no-schema", structured=Structured.SCHEMA)]), QUICK)
    for _ in range(2):
        await pool.model("custom", "").reply("You choose.", HI, form=Choice)
    await pool.close()
    assert ["response_format" in body for body in endpoint.bodies()] == [True, False, False]


async def test_json_mode_asks_for_an_object_and_describes_it(endpoint: Endpoint) -> None:
    assert "A" in await call(endpoint.custom(structured=Structured.JSON), form=Choice)
    body = endpoint.bodies()[-1]
    assert body["response_format"] == {"type": "json_object"}
    assert '"speaker"' in str(body["messages"])


async def test_cancelling_a_call_ends_it_at_once(endpoint: Endpoint, pool: ModelPool) -> None:
    endpoint.fails(FaultKind.HANG)
    task = asyncio.create_task(pool.model("demo", "").reply("You are X.", HI))
    await endpoint.model.requests.wait_for(endpoint.model.requests.entries, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await endpoint.model.requests.wait_for(
        lambda: endpoint.model.requests.entries(outcome="cancelled"), timeout_s=5
    )


async def test_a_proxy_in_the_environment_does_not_stand_between_us_and_this_machine(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    endpoint.says("here I am")
    assert await call(endpoint.demo) == "here I am"


async def test_an_unknown_provider_is_a_final_error(pool: ModelPool) -> None:
    with pytest.raises(PermanentError, match="`nowhere`"):
        pool.model("nowhere", "m")


# --- usage ---


async def test_tokens_are_those_that_the_provider_counted_repeated_and_empty_answers_too(
    endpoint: Endpoint, pool: ModelPool
) -> None:
    endpoint.fails(FaultKind.EMPTY)
    model: Model = pool.model("demo", "")
    await model.reply("You are X.", HI)
    used = model.take_usage()
    assert used is not None
    entries = endpoint.model.requests.entries()
    assert used.prompt_tokens == sum(entry.prompt_tokens for entry in entries)
    assert used.completion_tokens == sum(entry.completion_tokens for entry in entries)
    assert used.cost_usd is None
    assert model.take_usage() is None


def _answer(**tokens: int) -> Answer:
    counted = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "cached_tokens": 0} | tokens
    return Answer(text="", calls=(), finish_reason="stop", model="", **counted)


async def test_the_cost_that_a_provider_names_is_taken_before_the_table() -> None:
    provider = custom("https://openrouter.ai/api/v1", "key", "m")
    bill = Bill()
    billed.set(bill)
    await read_bill(httpx2.Response(200, json={"usage": {"cost": 0.25}}))
    assert usage_of(_answer(), provider, "openai/gpt-4o-mini", bill).cost_usd == 0.25


@pytest.mark.parametrize("body", [b"{}", b'"cost"', b'{"usage": {"cost": "much"}}', b'{"usage": {"cost": true}}', b""])
async def test_an_odd_cost_is_no_cost(body: bytes) -> None:
    bill = Bill()
    billed.set(bill)
    await read_bill(httpx2.Response(200, content=body))
    assert bill.cost_usd is None


def test_the_table_knows_well_known_models_and_nothing_of_this_machine() -> None:
    openai = custom("https://api.openai.com/v1", "key", "gpt-4o-mini")
    assert usage_of(_answer(), openai, "gpt-4o-mini", Bill()) == Usage(prompt_tokens=1_000_000, cost_usd=0.15)
    cached = usage_of(_answer(cached_tokens=1_000_000), openai, "gpt-4o-mini", Bill()).cost_usd
    assert cached is not None
    assert cached < 0.15
    here = custom("http://localhost:11434/v1", "key", "gpt-4o-mini")
    assert usage_of(_answer(), here, "gpt-4o-mini", Bill()).cost_usd is None
    assert usage_of(_answer(), openai, "no-such-model", Bill()).cost_usd is None
