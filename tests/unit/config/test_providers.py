"""The providers of a deployment as values."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from config.providers import (
    CUSTOM,
    DEMO,
    KNOWN,
    NAMES,
    OLLAMA,
    OPENAI,
    Provider,
    ProviderNotReady,
    Structured,
    by_name,
    chosen,
    configured,
    custom,
    demo,
)


def test_a_key_is_never_shown() -> None:
    assert "s3cret" not in repr(custom("https://example.test/v1", "s3cret", "m"))


def test_a_custom_provider_takes_the_url_as_people_copy_it() -> None:
    provider = custom(" https://example.test/v1/chat/completions ", " key\n", "m ", structured=Structured.JSON)
    assert (provider.base_url, provider.api_key, provider.default_model) == ("https://example.test/v1", "key", "m")
    assert custom("https://example.test/v1/", "key", "m").base_url == "https://example.test/v1"


def test_what_is_missing_is_named_as_it_is_set() -> None:
    with pytest.raises(ProviderNotReady, match="set MODEL_API_KEY and MODEL_NAME") as caught:
        custom("https://example.test", "", " ", names=("MODEL_BASE_URL", "MODEL_API_KEY", "MODEL_NAME"))
    assert "example" not in str(caught.value)


@pytest.mark.parametrize("url", ["example.test/v1", "ftp://example.test", "https://"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ProviderNotReady, match="must begin with"):
        custom(url, "key", "m")


def test_a_key_with_characters_that_cannot_be_sent_is_refused_without_showing_it() -> None:
    with pytest.raises(ProviderNotReady) as caught:
        custom("https://example.test", "sécret", "m")
    assert "sécret" not in str(caught.value)


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    providers = by_name([demo("http://127.0.0.1:1/v1"), custom("https://example.test", "key", "m")])
    assert chosen(providers, DEMO).structured is Structured.SCHEMA
    with pytest.raises(ProviderNotReady, match=f"`{CUSTOM}` and `{DEMO}`"):
        chosen(providers, "other")
    with pytest.raises(ProviderNotReady, match="none"):
        chosen({}, "other")


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_the_table_says_all_that_is_needed_of_a_provider(known: Provider) -> None:
    assert known.name in NAMES
    url = urlsplit(known.base_url)
    assert url.scheme == ("https" if known.needs_key else "http")
    assert not known.base_url.endswith("/")
    assert known.default_model
    assert known.title
    assert known.models_path.startswith("/")
    assert known.key_path.startswith("/")
    assert bool(known.key_url) is known.needs_key
    assert (known.set_up, known.api_key) == (False, "")


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_the_page_about_models_says_what_the_table_does(known: Provider) -> None:
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text()
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{known.name}` |")]
    assert f"`{known.default_model}`" in row
    assert known.key_url in row
    assert (f"`{known.name.upper()}_API_KEY`" if known.needs_key else f"`{known.base_url}`") in row
    way = {Structured.SCHEMA: "by schema", Structured.JSON: "as a JSON object", Structured.PROMPT: "in words"}
    assert f"| {way[known.structured]}" in row


def table() -> dict[str, Provider]:
    return dict(by_name([*KNOWN, demo("")]))


def test_without_a_key_the_sentence_says_where_to_set_one() -> None:
    with pytest.raises(ProviderNotReady, match=r"`openai`.*`/agents settings`, or OPENAI_API_KEY") as caught:
        chosen(table(), OPENAI)
    assert str(caught.value).count(". ") == 0, "it is one sentence"
    with pytest.raises(ProviderNotReady, match="OLLAMA_BASE_URL"):
        chosen(table(), OLLAMA, key="mine")
    with pytest.raises(ProviderNotReady, match="`/agents settings`, or set OPENROUTER_API_KEY"):
        chosen(table(), DEMO, key="mine")


def test_ones_own_key_takes_the_place_of_the_deployments() -> None:
    here = by_name([configured(table()[OPENAI], base_url="https://proxy.example/v1/", api_key="theirs")])
    assert chosen(here, OPENAI).api_key == "theirs"
    mine = chosen(here, OPENAI, key=" mine ")
    assert (mine.api_key, mine.base_url) == ("mine", "https://proxy.example/v1")
    assert chosen(table(), OPENAI, key="mine").api_key == "mine"
    assert "mine" not in repr(mine)


@pytest.mark.parametrize("key", ["m\u00efne", "mi ne", "mi\nne"])
def test_a_key_of_ones_own_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ProviderNotReady) as caught:
        chosen(table(), OPENAI, key=key)
    assert key not in str(caught.value)
