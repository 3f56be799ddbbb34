"""Where models are found: the providers that Muster knows, as frozen values, and what is peculiar to each.

Made by `config.settings`, read by the worker alone, which holds the keys. Imports nothing of Muster, calls nobody, and
never lets a key into a repr. The names are those of the settings: `<NAME>_API_KEY` and `<NAME>_BASE_URL`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

OPENROUTER = "openrouter"
OPENAI = "openai"
GROQ = "groq"
DEEPSEEK = "deepseek"
ANTHROPIC = "anthropic"
OLLAMA = "ollama"
CUSTOM = "custom"
DEMO = "demo"
DEMO_MODEL = "demo"
DEMO_KEY = "demo"


_NO_EFFORT: Mapping[str, object] = MappingProxyType({"reasoning_effort": "none"})
_THINKING_DISABLED: Mapping[str, object] = MappingProxyType({"thinking": {"type": "disabled"}})


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
    title: str  # as people know it
    base_url: str  # ends before `/chat/completions`
    api_key: str = field(default="", repr=False)
    default_model: str
    structured: Structured = Structured.PROMPT
    needs_key: bool = True
    set_up: bool = False  # it answers without anybody's own key
    key_url: str = ""  # where people make a key
    models_path: str = "/models"  # its list of models, below the base URL
    public_models: bool = False  # anybody may read that list
    key_path: str = "/models"  # the cheapest call that tells whether a key is good
    # What a request says so that the model does not think before it calls a tool: `model` adds it where it must.
    thinking_off: Mapping[str, object] = field(default_factory=lambda: _NO_EFFORT, hash=False)


KNOWN: tuple[Provider, ...] = (
    # Any id of several hundred models, of which only some take a schema: it is described to them all.
    # https://openrouter.ai/docs/api/reference/overview, .../api-reference/api-keys/get-current-key (`/key`),
    # https://openrouter.ai/docs/guides/overview/models (the public list)
    Provider(
        name=OPENROUTER,
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        default_model="openai/gpt-6.1-terra",
        key_url="https://openrouter.ai/settings/keys",
        public_models=True,
        key_path="/key",
    ),
    # https://developers.openai.com/api/docs/models. Models from GPT-5.4 on refuse tools on this endpoint unless
    # `reasoning_effort` is "none" (https://developers.openai.com/api/docs/models/gpt-6-luna).
    Provider(
        name=OPENAI,
        title="OpenAI",
        base_url="https://api.openai.com/v1",
        default_model="gpt-6.1-terra",
        structured=Structured.SCHEMA,
        key_url="https://platform.openai.com/api-keys",
    ),
    # https://console.groq.com/docs/openai, .../docs/models, .../docs/structured-outputs (GPT-OSS takes a schema; a
    # model that does not says so with a 400)
    Provider(
        name=GROQ,
        title="Groq",
        base_url="https://api.groq.com/openai/v1",
        default_model="openai/gpt-oss-120b",
        structured=Structured.SCHEMA,
        key_url="https://console.groq.com/keys",
    ),
    # https://api-docs.deepseek.com/quick_start/pricing (the model's name), .../guides/json_mode (json_object only),
    # .../guides/thinking_mode: with tools, the thoughts must be sent back, or thinking be off.
    Provider(
        name=DEEPSEEK,
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        default_model="deepseek-flash",
        structured=Structured.JSON,
        key_url="https://platform.deepseek.com/api_keys",
        thinking_off=_THINKING_DISABLED,
    ),
    # https://platform.claude.com/docs/en/api/openai-sdk: `response_format` is ignored; .../models/overview;
    # .../api/models-list: the list comes in pages of at most 1,000.
    Provider(
        name=ANTHROPIC,
        title="Anthropic",
        base_url="https://api.anthropic.com/v1",
        default_model="claude-sonnet-5-5",
        key_url="https://platform.claude.com/settings/keys",
        models_path="/models?limit=1000",
        key_path="/models?limit=1",
        thinking_off=_THINKING_DISABLED,
    ),
    # https://docs.ollama.com/api/openai-compatibility. JSON with the schema in words: it works with models in Ollama's
    # cloud too, which take a schema without keeping to it.
    Provider(
        name=OLLAMA,
        title="Ollama",
        base_url="http://127.0.0.1:11434/v1",
        default_model="gpt-oss:20b",
        structured=Structured.JSON,
        needs_key=False,
    ),
)
"""The providers with a name, OpenRouter first; none is set up yet."""

NAMES = (*(provider.name for provider in KNOWN), CUSTOM)
"""What can be chosen besides the demo model."""


def configured(known: Provider, *, base_url: str, api_key: str) -> Provider:
    """A provider of the table as this deployment has it.

    Args:
        base_url: empty for the provider's own. One that needs no key is set up by its URL.

    Raises:
        ProviderNotReady: the URL is none, or the key cannot be one.
    """
    setting = known.name.upper()
    url, key = base_url.strip(), api_key.strip()
    return replace(
        known,
        base_url=_sound_url(url, f"{setting}_BASE_URL") if url else known.base_url,
        api_key=sound_key(key, f"{setting}_API_KEY"),
        set_up=bool(key if known.needs_key else url),
    )


def demo(base_url: str) -> Provider:
    """The scripted demo model at *base_url*, empty where there is none; it costs nothing and its key is no secret."""
    return Provider(
        name=DEMO,
        title="the demo model",
        base_url=base_url,
        api_key=DEMO_KEY,
        default_model=DEMO_MODEL,
        structured=Structured.SCHEMA,
        needs_key=False,
        set_up=bool(base_url),
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
    return Provider(
        name=CUSTOM,
        title="the provider of this deployment",
        base_url=_sound_url(url, names[0]),
        api_key=sound_key(key, names[1]),
        default_model=default_model,
        structured=structured,
        set_up=True,
    )


def by_name(providers: Iterable[Provider]) -> Mapping[str, Provider]:
    """The *providers*, looked up by name."""
    return MappingProxyType({provider.name: provider for provider in providers})


def chosen(providers: Mapping[str, Provider], name: str, *, key: str = "") -> Provider:
    """The provider called *name*, ready to be called.

    Args:
        key: a person's or a workspace's own; it takes the place of the deployment's.

    Raises:
        ProviderNotReady: there is none of that name, it has no key, or the key cannot be one.
    """
    if name not in providers:
        known = _listed([f"`{known}`" for known in sorted(providers)]) or "none"
        raise ProviderNotReady(f"the model provider `{name}` is not set up here; there is: {known}.")
    found = providers[name]
    if key.strip() and found.needs_key:
        return replace(found, api_key=sound_key(key.strip(), f"the key for `{name}`"), set_up=True)
    if found.set_up:
        return found
    if found.name == DEMO:
        raise ProviderNotReady(
            "no model provider is set up here: bring a key of your own with `/agents settings`, or set"
            " OPENROUTER_API_KEY for everybody."
        )
    if not found.needs_key:
        raise ProviderNotReady(f"the model provider `{name}` is not set up here: set {name.upper()}_BASE_URL.")
    raise ProviderNotReady(
        f"there is no key for the model provider `{name}`: set one with `/agents settings`, or {name.upper()}_API_KEY"
        " for everybody."
    )


def sound_key(key: str, name: str) -> str:
    """The *key*, if it can be sent at all.

    Raises:
        ProviderNotReady: it cannot; says so of *name*, and shows nothing of the key.
    """
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ProviderNotReady(f"{name} holds characters that no key has: copy it again.")
    return key


def _sound_url(url: str, name: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ProviderNotReady(f"{name} must begin with https:// or http://.")
    return url.rstrip("/").removesuffix("/chat/completions")


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
