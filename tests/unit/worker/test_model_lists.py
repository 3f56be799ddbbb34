"""What providers tell of their models and of keys, over HTTP; lists on a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from aiohttp import web

from config.providers import KNOWN, NAMES, OPENAI, OPENROUTER, Provider, by_name, configured, custom, demo
from core.adapters.unit_of_work import SqlUnitOfWork
from core.errors import TransientError
from core.ports import ModelList
from tests.conftest import SetClock
from tests.support.ports import free_port
from tests.support.waiting import until
from tests.unit.worker.conftest import Endpoint
from worker.model_lists import (
    MOST_MODELS,
    keep_model_lists,
    key_trial,
    models_of,
    read_model_lists,
    try_key,
    try_tavily,
)

pytestmark = pytest.mark.slow  # `make test` runs them, `make check` does not

EACH = pytest.mark.parametrize("name", [known.name for known in KNOWN])
WITH_KEY = pytest.mark.parametrize("name", [known.name for known in KNOWN if known.needs_key])


def played(endpoint: Endpoint, name: str, *, key: str = "theirs") -> Provider:
    url = endpoint.url.replace("/model/v1", f"/model/{name}/v1")
    return configured(by_name(KNOWN)[name], base_url=url, api_key=key)


@dataclass
class Canned:
    """Answers every GET with one status and body, and notes what was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def answer(self, http: web.Request) -> web.Response:
        self.asked.append((http.path_qs, dict(http.headers)))
        return web.Response(status=self.status, body=self.body)

    def ready(self, name: str = "custom") -> Provider:
        if name == "custom":
            return custom(self.url, "k", "m-usual")
        return configured(by_name(KNOWN)[name], base_url=self.url, api_key="k")


@pytest.fixture
async def canned() -> AsyncIterator[Canned]:
    canned = Canned()
    app = web.Application()
    app.router.add_get("/{any:.*}", canned.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    canned.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield canned
    await runner.cleanup()


async def kept(uow: SqlUnitOfWork) -> dict[str, ModelList]:
    async with uow.across() as across:
        return dict(await across.model_lists.all())


async def there_are(uow: SqlUnitOfWork, names: set[str]) -> bool:
    return set(await kept(uow)) == names


# --- lists ---


async def test_the_lists_of_all_providers_are_kept(endpoint: Endpoint, uow: SqlUnitOfWork, clock: SetClock) -> None:
    providers = [played(endpoint, known.name) for known in KNOWN] + [endpoint.custom(model="demo-small")]
    assert await read_model_lists(uow, clock, providers)
    lists = await kept(uow)
    assert set(lists) == set(NAMES)
    assert all(set(one.models) == {"demo", "demo-small", "demo-no-schema"} for one in lists.values())
    assert lists["custom"].models[0] == "demo-small", "the usual one is the first"
    assert lists[OPENAI].read_at == clock.now()


async def test_one_that_cannot_be_read_keeps_what_it_had(
    endpoint: Endpoint, uow: SqlUnitOfWork, clock: SetClock
) -> None:
    openai, groq = played(endpoint, OPENAI), played(endpoint, "groq")
    assert await read_model_lists(uow, clock, [openai])
    before = await kept(uow)
    clock.advance(10)
    assert not await read_model_lists(uow, clock, [replace(openai, api_key="bad-key"), groq])
    after = await kept(uow)
    assert after[OPENAI] == before[OPENAI]
    assert after["groq"].read_at == clock.now()


async def test_a_list_that_is_fresh_is_left_alone(canned: Canned, uow: SqlUnitOfWork, clock: SetClock) -> None:
    canned.body = b'{"data": [{"id": "m"}]}'
    for seconds, asked in ((0, 1), (59, 1), (2, 2)):
        clock.advance(seconds)
        assert await read_model_lists(uow, clock, [canned.ready()], older_than_s=60)
        assert len(canned.asked) == asked


@pytest.mark.parametrize(
    ("listed", "models"),
    [
        ({"data": [{"id": "b"}, {"id": "m-usual"}, {"id": "a"}, {"id": "b"}]}, ("m-usual", "a", "b")),
        ({"data": []}, ()),
        ([{"id": "bare"}], ("bare",)),
        ({"data": [{"id": "x" * 129}, {"id": "two words"}, {"id": "tab\t"}, {"id": "\u202e"}, {"id": ""}]}, ()),
        ({"data": [{"id": 1}, {"name": "m"}, None, "m", [], {"id": "x" * 128}]}, ("x" * 128,)),
    ],
)
async def test_only_ids_that_can_be_ids_are_taken(listed: Any, models: tuple[str, ...], canned: Canned) -> None:
    canned.body = json.dumps(listed).encode()
    async with httpx2.AsyncClient() as http:
        assert await models_of(canned.ready(), http) == models


async def test_a_list_has_an_end(canned: Canned) -> None:
    canned.body = json.dumps(
        {"data": [{"id": f"m{n}"} for n in range(MOST_MODELS + 10)] + [{"id": "m-usual"}]}
    ).encode()
    async with httpx2.AsyncClient() as http:
        models = await models_of(canned.ready(), http)
        assert (len(models), models[0]) == (MOST_MODELS, "m-usual")
        canned.body = b" " * 17_000_000
        with pytest.raises(TransientError, match="too large"):
            await models_of(canned.ready(), http)


@pytest.mark.parametrize("body", [b"", b"<html>", b'"data"', b'{"data": 1}', b"[" * 5_000])
async def test_what_is_no_list_is_trouble(body: bytes, canned: Canned) -> None:
    canned.body = body
    async with httpx2.AsyncClient() as http:
        with pytest.raises(TransientError, match="no list"):
            await models_of(canned.ready(), http)


async def test_where_people_bring_their_keys_the_public_list_is_read(
    endpoint: Endpoint, uow: SqlUnitOfWork, clock: SetClock
) -> None:
    without_keys = [played(endpoint, name, key="") for name in (OPENAI, OPENROUTER, "groq")]
    loop = asyncio.create_task(keep_model_lists(uow, clock, without_keys))
    await until(lambda: there_are(uow, {OPENROUTER}))
    loop.cancel()


async def test_nobody_is_asked_whom_the_deployment_does_not_use(
    endpoint: Endpoint, canned: Canned, uow: SqlUnitOfWork, clock: SetClock
) -> None:
    public = configured(by_name(KNOWN)[OPENROUTER], base_url=canned.url, api_key="")
    loop = asyncio.create_task(keep_model_lists(uow, clock, [public, demo(endpoint.url), endpoint.custom()]))
    await until(lambda: there_are(uow, {"demo", "custom"}))
    loop.cancel()
    assert canned.asked == []


async def test_what_fails_is_tried_again_before_long(canned: Canned, uow: SqlUnitOfWork, clock: SetClock) -> None:
    canned.status = 500
    loop = asyncio.create_task(keep_model_lists(uow, clock, [canned.ready()], every_s=0.01))
    await until(lambda: len(canned.asked) > 1)
    canned.status, canned.body = 200, b'{"data": [{"id": "m"}]}'
    await until(lambda: there_are(uow, {"custom"}))
    loop.cancel()


# --- keys ---


@WITH_KEY
async def test_a_good_key_works_and_a_bad_one_is_told(name: str, endpoint: Endpoint) -> None:
    provider = played(endpoint, name, key="")
    assert await try_key(provider, " good \n") == ""
    told = await try_key(provider, "my-bad-key")
    assert told == f"{provider.title} refused the key (401)."
    assert endpoint.model.requests.entries() == [], "no model was called"


@pytest.mark.parametrize("key", ["", "sch\u00f6n", "two words", "a\nb"])
async def test_a_key_that_cannot_be_one_is_not_sent(key: str, canned: Canned) -> None:
    told = await try_key(replace(canned.ready(OPENAI), api_key="", set_up=False), key)
    assert told.endswith(".")
    assert not key or key not in told
    assert await try_tavily(key, canned.url) != ""
    assert canned.asked == []


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, b"{}", ""),
        (401, b"", "OpenAI refused the key (401)."),
        (403, b"", "OpenAI refused the key (403)."),
        (403, b'{"error": {"message": "Missing scopes: api.model.read"}}', ""),
        (402, b"", "OpenAI says that the key's account has no credit left."),
        (404, b"", ""),
        (400, b"", "OpenAI did not take the key (400)."),
    ],
)
async def test_what_a_status_says_of_a_key(status: int, body: bytes, told: str, canned: Canned) -> None:
    canned.status, canned.body = status, body
    assert await try_key(canned.ready(OPENAI), "mine") == told


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
async def test_trouble_says_nothing_of_a_key(status: int, canned: Canned) -> None:
    canned.status = status
    with pytest.raises(TransientError):
        await try_key(canned.ready(OPENAI), "mine")
    with pytest.raises(TransientError):
        await try_tavily("tvly-mine", canned.url)


async def test_a_provider_that_is_down_says_nothing_of_a_key() -> None:
    with pytest.raises(TransientError) as caught:
        await try_key(custom(f"http://127.0.0.1:{free_port()}", "k", "m"), "mine-all-mine")
    assert "mine-all-mine" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "path", "header"),
    [
        (OPENROUTER, "/key", "Authorization"),
        (OPENAI, "/models", "Authorization"),
        ("anthropic", "/models?limit=1", "x-api-key"),
    ],
)
async def test_the_cheapest_call_is_made_with_the_key(name: str, path: str, header: str, canned: Canned) -> None:
    await try_key(canned.ready(name), "mine")
    ((asked, headers),) = canned.asked
    assert asked == path
    assert headers[header].removeprefix("Bearer ") == "mine"


async def test_keys_are_tried_by_their_names(endpoint: Endpoint, canned: Canned) -> None:
    attempt = key_trial(by_name([played(endpoint, "groq"), played(endpoint, "ollama")]), canned.url + "/")
    assert await attempt("groq", "mine") == ""
    assert await attempt("groq", "bad-key") == "Groq refused the key (401)."
    assert await attempt("ollama", "mine") == "Ollama needs no key here."
    assert await attempt("nowhere", "mine") == "There is no model provider `nowhere` here."
    assert await attempt("tavily", "tvly-mine") == ""
    assert canned.asked[0][0] == "/usage"
    assert canned.asked[0][1]["Authorization"] == "Bearer tvly-mine"
    canned.status = 401
    assert await attempt("tavily", "tvly-mine") == "Tavily refused the key (401)."
