"""The form that starts a session: its modal, and what a person filled in. Pure.

Opened and read by `handlers`. It carries the place where the session is to start, and nothing else of anybody's.
Source: https://docs.slack.dev/reference/views/modal-views
"""

from collections.abc import Mapping
from typing import Any

from bots.chunks import whole
from bots.slack import limits
from bots.slack.flags import Wish
from core.domain.refs import Place
from core.errors import UserError
from core.service.decisions import Defaults
from core.service.policy import MAX_MODEL_CHARS, MAX_WISH_CHARS

CALLBACK = "muster_start"
_TASK, _PROVIDER, _MODEL, _TEAM = "task", "provider", "model", "team"
"""Blocks and what they hold have the names of `Wish`'s fields, which errors are about."""


def start_form(place: Place, wish: Wish, defaults: Defaults) -> dict[str, Any]:
    """The modal, filled in with *wish* as far as that goes."""
    providers = list(defaults.models or {defaults.provider: (defaults.model,)})[: limits.SELECT_OPTIONS]
    chosen = next((name for name in (wish.provider, defaults.provider) if name in providers), providers[0])
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": place.encode(),
        "title": _plain("Run agents"),
        "submit": _plain("Start"),
        "close": _plain("Cancel"),
        "blocks": [
            _input(
                _TASK,
                "What should the team do?",
                _text(wish.task, limits.INPUT_CHARS, "Compare three ways to store logs") | {"multiline": True},
            ),
            _input(_PROVIDER, "Provider", _select(providers, chosen)),
            _input(_MODEL, "Model", _text(wish.model, MAX_MODEL_CHARS, defaults.model), optional=True),
            _input(
                _TEAM, "Who should be in it?", _text(wish.team, MAX_WISH_CHARS, "a researcher, a critic"), optional=True
            ),
        ],
    }


def filled_in(view: Mapping[str, Any]) -> tuple[Place, Wish]:
    """Where to start, and what the person filled in."""
    values = view["state"]["values"]
    provider = values[_PROVIDER][_PROVIDER].get("selected_option") or {}
    texts = {name: (values[name][name].get("value") or "").strip() for name in (_TASK, _MODEL, _TEAM)}
    return Place.parse(view["private_metadata"]), Wish(provider=provider.get("value", ""), **texts)


def beside_the_field(error: UserError) -> dict[str, str]:
    """The error where it belongs in the form."""
    block = error.about if error.about in (_TASK, _PROVIDER, _MODEL, _TEAM) else _TASK
    return {block: str(error).replace("`", "")}


def _input(name: str, label: str, element: dict[str, Any], *, optional: bool = False) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "element": element | {"action_id": name},
        "optional": optional,
    }


def _text(value: str, most_chars: int, example: str) -> dict[str, Any]:
    element = {
        "type": "plain_text_input",
        "max_length": most_chars,
        "placeholder": _plain(example[: limits.PLACEHOLDER_CHARS]),
    }
    return element | ({"initial_value": value[: whole(value, most_chars)]} if value else {})


def _select(options: list[str], chosen: str) -> dict[str, Any]:
    def option(name: str) -> dict[str, Any]:
        return {"text": _plain(name[: limits.OPTION_CHARS]), "value": name[: limits.OPTION_VALUE_CHARS]}

    return {"type": "static_select", "options": [option(name) for name in options], "initial_option": option(chosen)}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
