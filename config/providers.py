"""Where models are found: the providers that this deployment can use, as frozen values.

Made by `config.settings`, read by the worker alone, which holds the keys. Imports nothing of Muster, calls nobody, and
never lets a key into a repr.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

DEMO = "demo"
CUSTOM = "custom"
DEMO_MODEL = "demo"
DEMO_KEY = "demo"


class Structured(StrEnum):
    """How a provider is brought to answer with JSON of a given schema."""

    SCHEMA = "schema"  # `response_format` of type json_schema
    JSON = "json"  # `response_format` of type json_object, and the schema in the system message
    PROMPT = "prompt"  # the schema in the system message only


class ProviderNotReady(ValueError):
    """A provider cannot be used as it is configured; the message is a sentence that says what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenAI-compatible endpoint."""

    name: str
    base_url: str  # ends before `/chat/completions`
    api_key: str = field(repr=False)
    default_model: str
    structured: Structured = Structured.PROMPT


def demo(base_url: str) -> Provider:
    """The scripted demo model at *base_url*; it costs nothing and its key is no secret."""
    return Provider(
        name=DEMO,
        base_url=base_url,
        api_key=DEMO_KEY,
        default_model=DEMO_MODEL,
        structured=Structured.SCHEMA,
    )


def custom(
    base_url: str,
    api_key: str,
    model: str,
    *,
    structured: Structured = Structured.PROMPT,
    names: tuple[str, str, str] = ("its URL", "its key", "a model"),
) -> Provider:
    """Any OpenAI-compatible endpoint.

    Args:
        base_url: with `http://` or `https://`; a trailing `/chat/completions` is taken off.
        names: how the three values are called where they are set, for the error's sentence.

    Raises:
        ProviderNotReady: a value is missing, or the URL is none.
    """
    values = (base_url.strip(), api_key.strip(), model.strip())
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        raise ProviderNotReady(f"The provider `{CUSTOM}` is not complete: set {_listed(missing)}.")
    url, key, default_model = values
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ProviderNotReady(f"{names[0]} must begin with https:// or http://.")
    if not (key.isascii() and key.isprintable()):
        raise ProviderNotReady(f"{names[1]} holds characters that no key has: copy it again.")
    return Provider(
        name=CUSTOM,
        base_url=url.rstrip("/").removesuffix("/chat/completions"),
        api_key=key,
        default_model=default_model,
        structured=structured,
    )


def by_name(providers: Iterable[Provider]) -> Mapping[str, Provider]:
    """The *providers*, looked up by name."""
    return MappingProxyType({provider.name: provider for provider in providers})


def chosen(providers: Mapping[str, Provider], name: str) -> Provider:
    """The provider called *name*.

    Raises:
        ProviderNotReady: this deployment has none of that name.
    """
    if name in providers:
        return providers[name]
    known = _listed([f"`{known}`" for known in sorted(providers)]) or "none"
    raise ProviderNotReady(f"the model provider `{name}` is not set up here; there is: {known}.")


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
