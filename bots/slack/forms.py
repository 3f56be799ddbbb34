"""The form that starts a session: its modal, and what a person filled in. Pure.

Opened and read by `pressed`. It carries the place where the session is to start, and which files the message has that
it was opened on; nothing else of anybody's.
Source: https://docs.slack.dev/reference/views/modal-views
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bots.attachments import Attached
from bots.chunks import whole
from bots.slack import limits, parse
from bots.slack.flags import Wish
from core.domain.refs import Place
from core.errors import UserError
from core.service.decisions import Defaults
from core.service.outbound import safe_file_name
from core.service.policy import MAX_MODEL_CHARS, MAX_WISH_CHARS

CALLBACK = "muster_start"
_NO_CHOICE = "-"
_AS_SET = "As the settings have it"
_TASK, _PROVIDER, _MODEL, _TEAM, FILES = "task", "provider", "model", "team", "files"
"""Blocks and what they hold have the names of `Wish`'s fields, which errors are about."""


def start_form(place: Place, wish: Wish, defaults: Defaults, files: Sequence[Attached] = ()) -> dict[str, Any]:
    """The modal, filled in with *wish* as far as that goes.

    Args:
        files: of the message that it is opened on; they come along.
    """
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": _metadata(place, files),
        "title": plain_text("Run agents"),
        "submit": plain_text("Start"),
        "close": plain_text("Cancel"),
        "blocks": [
            labelled(
                _TASK,
                "What should the team do?",
                text_input(wish.task, limits.INPUT_CHARS, "Compare three ways to store logs") | {"multiline": True},
            ),
            labelled(_PROVIDER, "Provider", provider_select(list(defaults.models), wish.provider, _AS_SET)),
            labelled(_MODEL, "Model", text_input(wish.model, MAX_MODEL_CHARS, _AS_SET), optional=True),
            labelled(
                _TEAM,
                "Who should be in it?",
                text_input(wish.team, MAX_WISH_CHARS, "a researcher, a critic"),
                optional=True,
            ),
            labelled(
                FILES,
                "Files",
                {"type": "file_input", "max_files": min(limits.INPUT_FILES, defaults.max_files)},
                optional=True,
                hint=f"Those of the message come along: {_named(files)}." if files else "",
            ),
        ],
    }


def filled_in(view: Mapping[str, Any]) -> tuple[Place, Wish, tuple[Attached, ...]]:
    """Where to start, what the person filled in, and the files that come with it."""
    values, about = view["state"]["values"], json.loads(view["private_metadata"])
    texts = {name: (values[name][name].get("value") or "").strip() for name in (_TASK, _MODEL, _TEAM)}
    wish = Wish(provider=provider_in(values[_PROVIDER][_PROVIDER]), **texts)
    uploaded = parse.attached(values.get(FILES, {}).get(FILES, {}).get("files"))
    return Place.parse(about["place"]), wish, (*(Attached(**file) for file in about["files"]), *uploaded)


def _metadata(place: Place, files: Sequence[Attached]) -> str:
    """What the form carries, as many files as there is room for."""
    about: dict[str, Any] = {"place": place.encode(), "files": []}
    for file in files:
        longer = about | {"files": [*about["files"], asdict(file)]}
        if len(json.dumps(longer)) > limits.METADATA_CHARS:
            break
        about = longer
    return json.dumps(about)


def _named(files: Sequence[Attached]) -> str:
    names = ", ".join(safe_file_name(file.name) for file in files)
    return names[: whole(names, 500)]


def beside_the_field(error: UserError) -> dict[str, str]:
    """The error where it belongs in the form."""
    block = error.about if error.about in (_TASK, _PROVIDER, _MODEL, _TEAM, FILES) else _TASK
    return {block: str(error).replace("`", "")}


def labelled(
    name: str, label: str, element: dict[str, Any], *, optional: bool = False, hint: str = ""
) -> dict[str, Any]:
    """The block of a field; what it holds has the block's name."""
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label),
        "element": element | {"action_id": name},
        "optional": optional,
        **({"hint": plain_text(hint)} if hint else {}),
    }


def text_input(value: str, most_chars: int, example: str) -> dict[str, Any]:
    """A field for text that holds *value*, else shows *example*."""
    element: dict[str, Any] = {"type": "plain_text_input", "max_length": most_chars}
    if example:
        element["placeholder"] = plain_text(example[: whole(example, limits.PLACEHOLDER_CHARS)])
    return element | ({"initial_value": value[: whole(value, most_chars)]} if value else {})


def provider_select(names: Sequence[str], chosen: str, otherwise: str) -> dict[str, Any]:
    """A menu of providers; `provider_in` reads it.

    Args:
        otherwise: what stands for no choice.
    """
    options = {"": {"text": plain_text(otherwise), "value": _NO_CHOICE}}
    for name in names[: limits.SELECT_OPTIONS - 1]:
        options[name] = {"text": plain_text(name[: limits.OPTION_CHARS]), "value": name[: limits.OPTION_VALUE_CHARS]}
    initial = options.get(chosen, options[""])
    return {"type": "static_select", "options": list(options.values()), "initial_option": initial}


def provider_in(field: Mapping[str, Any]) -> str:
    """The provider that was chosen; "" for none."""
    value = str((field.get("selected_option") or {}).get("value", _NO_CHOICE))
    return "" if value == _NO_CHOICE else value


def plain_text(text: str) -> dict[str, Any]:
    """Text in which nothing is markup."""
    return {"type": "plain_text", "text": text}
