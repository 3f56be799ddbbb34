"""Search: which engine answers, and what becomes of each one's trouble."""

import asyncio
import json
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from functools import cache

import pytest

from simulator.server import Simulator
from tests.support.ports import free_port
from tests.support.web_host import Asked, WebHost, http, says
from worker.web import duckduckgo
from worker.web.duckduckgo import DuckDuckGo
from worker.web.errors import WebError
from worker.web.search import Hit, WebSearch, hit
from worker.web.tavily import Tavily

KEY = "tvly-of-a-person"
RESULT = {"title": "T", "url": "https://a.example/x", "content": "said  there"}
FOUND = Hit(title="T", url="https://a.example/x", text="said there")


@cache
def trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class Ducks:
    """An engine that needs no key."""

    def __init__(self, answer: Sequence[Hit] | WebError | None = ()) -> None:
        self.asked = 0
        self._answer = answer

    async def search(self, query: str, most: int) -> Sequence[Hit]:
        self.asked += 1
        if self._answer is None:
            await asyncio.Event().wait()
        if isinstance(self._answer, WebError):
            raise self._answer
        return self._answer or ()


@pytest.fixture
async def ducks() -> AsyncIterator[DuckDuckGo]:
    engine = DuckDuckGo()
    yield engine
    engine.close()


def said(*results: object) -> bytes:
    return http(json.dumps({"results": list(results)}), kind="application/json")


async def test_with_a_key_tavily_answers_and_nobody_else_is_asked() -> None:
    simulator = Simulator()
    await simulator.start()
    try:
        other = Ducks()
        search = WebSearch(Tavily(f"{simulator.web_url}/tavily", trusted()), other)
        found = await search.search("coffee machines", 1, key=KEY)
        assert (found.engine, found.why_not_first, other.asked) == ("Tavily", "", 0)
        assert [(each.title, "Alba" in each.text) for each in found.hits] == [
            ("Coffee machines for offices compared", True)
        ]
        again = await search.search("coffee", 1, key="not a key of Tavily's")
        assert (again.engine, again.why_not_first) == ("DuckDuckGo", "Tavily refuses the key.")
    finally:
        await simulator.stop()


async def test_without_a_key_tavily_is_not_asked() -> None:
    async with WebHost(says(said(RESULT))) as host:
        search = WebSearch(Tavily(f"http://127.0.0.1:{host.port}", trusted()), Ducks([FOUND]))
        found = await search.search("x", 3)
        assert (found.engine, found.why_not_first, found.hits, host.asked) == ("DuckDuckGo", "", (FOUND,), [])


async def test_each_search_brings_its_own_key_and_no_other_ones() -> None:
    async with WebHost(says(said(RESULT))) as host:
        search = WebSearch(Tavily(f"http://127.0.0.1:{host.port}", trusted()), Ducks(), key="tvly-deployment")
        for key in (KEY, "", "tvly-another"):
            assert (await search.search("x", 3, key=key)).hits == (FOUND,)
        assert [_key_of(asked) for asked in host.asked] == [KEY, "tvly-deployment", "tvly-another"]


def _key_of(asked: Asked) -> str:
    return next(line for line in asked.head.splitlines() if line.lower().startswith("authorization"))[22:]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http('{"detail": {"error": "no"}}', status=401, kind="application/json"), "refuses the key"),
        (http('{"detail": {"error": "no"}}', status=429, kind="application/json"), "allows no more"),
        (http("{}", status=432, kind="application/json"), "allows no more"),
        (http("<html>", status=400), "refuses the query"),
        (http("down", status=503), "answers 503"),
        (http("<html>not JSON</html>"), "no result"),
        (http("[]", kind="application/json"), ""),
        (http('{"results": 5}', kind="application/json"), "no result"),
        (b"nothing of the kind", "cannot be reached"),
        (b"", "cannot be reached"),
    ],
)
async def test_whatever_tavilys_trouble_is_the_other_engine_answers(answer: bytes, why: str) -> None:
    async with WebHost(says(answer)) as host:
        search = WebSearch(Tavily(f"http://127.0.0.1:{host.port}", trusted()), Ducks([FOUND]))
        found = await search.search("x", 3, key=KEY)
    assert (found.engine, found.hits) == ("DuckDuckGo", (FOUND,))
    assert why in found.why_not_first
    assert KEY not in found.why_not_first


async def test_odd_results_are_left_out() -> None:
    odd = [RESULT, 5, None, {"url": 7}, {"url": "javascript:x"}, {"url": "https://" + "a" * 3_000}, {"title": "no url"}]
    async with WebHost(says(said(*odd, {"url": "https://b.example/"}))) as host:
        search = WebSearch(Tavily(f"http://127.0.0.1:{host.port}", trusted()), Ducks())
        found = await search.search("x", 10, key=KEY)
    assert found.hits == (FOUND, Hit(title="https://b.example/", url="https://b.example/", text=""))


async def test_an_engine_that_does_not_answer_is_not_waited_for() -> None:
    class Silent:
        async def search(self, query: str, most: int, key: str) -> Sequence[Hit]:
            await asyncio.Event().wait()
            return ()

    search = WebSearch(Silent(), Ducks([FOUND]), timeout_s=0.01)
    found = await search.search("x", 3, key=KEY)
    assert (found.engine, found.why_not_first) == ("DuckDuckGo", "Tavily does not answer in time.")
    with pytest.raises(WebError, match=r"Tavily does not answer in time\. DuckDuckGo does not"):
        await WebSearch(Silent(), Ducks(None), timeout_s=0.01).search("x", 3, key=KEY)
    with pytest.raises(WebError, match=r"^gone$"):
        await WebSearch(Silent(), Ducks(WebError("gone"))).search("x", 3)


async def test_a_proxy_of_the_environment_is_not_asked_for_what_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with WebHost(says(http("proxy"))) as proxy, WebHost(says(said(RESULT))) as host:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        search = WebSearch(Tavily(f"http://127.0.0.1:{host.port}", trusted()), Ducks())
        assert (await search.search("x", 3, key=KEY)).hits == (FOUND,)
        assert proxy.connections == 0


# --- DuckDuckGo, through its library, against a page like its own ---

DUCK_PAGE = """<html><body>
<div class="links_main result__body"><h2><a href="x">Fruit  prices</a></h2><a href="https://a.example/fruit">Apples cost</a></div>
<div class="result__body"><h2>An advertisement</h2><a href="https://duckduckgo.com/y.js?ad">buy</a></div>
<div class="result__body"><h2>Second</h2><a href="https://b.example/">more on fruit prices</a></div>
</body></html>"""  # noqa: E501


async def test_what_duckduckgos_page_lists_is_found(ducks: DuckDuckGo, monkeypatch: pytest.MonkeyPatch) -> None:
    from ddgs.engines.duckduckgo import Duckduckgo

    async with WebHost(says(http(DUCK_PAGE))) as host:
        monkeypatch.setattr(Duckduckgo, "search_url", f"http://127.0.0.1:{host.port}/html/")
        hits = await ducks.search("fruit prices", 5)
        assert len(host.asked) == 1
    assert {(each.title, each.url) for each in hits} == {
        ("Fruit prices", "https://a.example/fruit"),
        ("Second", "https://b.example/"),
    }


@pytest.mark.parametrize("answer", [http("blocked", status=202), http("no", status=403), http("<html>none</html>")])
async def test_a_duckduckgo_that_refuses_or_finds_nothing_is_a_sentence(
    ducks: DuckDuckGo, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """The library does not tell a refusal from an empty list."""
    from ddgs.engines.duckduckgo import Duckduckgo

    async with WebHost(says(answer)) as host:
        monkeypatch.setattr(Duckduckgo, "search_url", f"http://127.0.0.1:{host.port}/html/")
        with pytest.raises(WebError, match="finds nothing, or does not answer"):
            await ducks.search("fruit", 5)


async def test_a_duckduckgo_that_cannot_be_reached_is_a_sentence(
    ducks: DuckDuckGo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddgs.engines.duckduckgo import Duckduckgo

    monkeypatch.setattr(Duckduckgo, "search_url", f"http://127.0.0.1:{free_port()}/html/")
    with pytest.raises(WebError, match="cannot be reached"):
        await ducks.search("fruit", 5)


async def test_a_cancelled_search_keeps_nobody_waiting(ducks: DuckDuckGo, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, released = threading.Event(), threading.Event()

    def hang(query: str, most: int) -> list[dict[str, str]]:
        begun.set()
        released.wait(5)
        return []

    monkeypatch.setattr(duckduckgo, "_ask", hang)
    try:
        search = asyncio.create_task(ducks.search("x", 1))
        await asyncio.to_thread(begun.wait, 5)
        search.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(search, 1)
        assert not released.is_set()
    finally:
        released.set()


def test_long_titles_and_texts_are_cut() -> None:
    found = hit("t" * 1_000, "https://a.example/", "x " * 5_000)
    assert found is not None
    assert (len(found.title), len(found.text)) == (300, 1_500)
