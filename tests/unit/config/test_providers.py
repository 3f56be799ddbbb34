"""The providers of a deployment as values."""

import pytest

from config.providers import CUSTOM, DEMO, ProviderNotReady, Structured, by_name, chosen, custom, demo


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
