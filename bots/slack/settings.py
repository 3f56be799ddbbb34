"""The form of `/agents settings`: its modal, and what a person filled in. Pure.

Opened and read by `pressed`. A key goes from the payload into `SettingsChange` and nowhere else; the form shows its
last four characters at most. Whose settings the form shows stands in the names of its blocks: Slack would keep what was
typed for oneself in the fields for the workspace.
Source: https://docs.slack.dev/reference/views/modal-views
"""

import json
from collections.abc import Mapping
from typing import Any

from bots.slack import limits
from bots.slack.forms import labelled, plain_text, provider_in, provider_select, text_input
from core.domain.preferences import Preferences
from core.domain.refs import Place
from core.errors import UserError
from core.service.policy import MAX_MODEL_CHARS
from core.service.sealing import MOST_CHARS
from core.service.settings_desk import MAX_PROMPT_CHARS, TAVILY, Scope, SettingsChange, SettingsView

CALLBACK = "muster_settings"
SCOPE = "muster_settings_scope"
"""The action of choosing whose settings are shown."""
PROVIDER, MODEL, SYSTEM_PROMPT = "provider", "model", "system_prompt"
PROVIDER_KEY, TAVILY_KEY = "provider_key", "tavily_key"
_FIELDS = (PROVIDER, MODEL, SYSTEM_PROMPT, PROVIDER_KEY, TAVILY_KEY)
"""Blocks and what they hold have the names that errors are about, and the scope before them."""
_SCOPES = {Scope.MINE: "Mine", Scope.WORKSPACE: "Everybody's in this workspace"}
_MODELS_NAMED = 5
_KEY_HINT = "Empty keeps what is there; the word remove forgets it. It is tried before it counts."


def settings_form(place: Place, view: SettingsView) -> dict[str, Any]:
    """The modal with what is set."""
    chosen, name = view.chosen, f"{view.scope}:".__add__
    others = "the workspace or Muster" if view.scope is Scope.MINE else "Muster"
    blocks = [
        labelled(name(PROVIDER), "Provider", provider_select(view.providers, chosen.provider, f"As {others} has it")),
        labelled(
            name(MODEL),
            "Model",
            text_input(chosen.model, MAX_MODEL_CHARS, view.effective.model),
            optional=True,
            hint=_models(view),
        ),
        labelled(
            name(SYSTEM_PROMPT),
            "Instructions for every agent",
            text_input(
                chosen.system_prompt,
                min(MAX_PROMPT_CHARS, limits.INPUT_CHARS),
                view.effective.system_prompt or "Answer in British English",
            )
            | {"multiline": True},
            optional=True,
        ),
        _key(name(PROVIDER_KEY), "Key of that provider", _provider_keys(view)),
        _key(name(TAVILY_KEY), "Tavily key, for searching the web", view.keys.get(TAVILY, "")),
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps({"place": place.encode(), "scope": view.scope, "own": chosen.provider}),
        "title": plain_text("Settings"),
        "submit": plain_text("Save"),
        "close": plain_text("Cancel"),
        "blocks": [*([_scope(view.scope)] if view.may_set_workspace else []), *blocks],
    }


def place_and_scope(view: Mapping[str, Any]) -> tuple[Place, Scope]:
    """Where the form was asked for, and whose settings it shows."""
    about = json.loads(view["private_metadata"])
    return Place.parse(about["place"]), Scope(about["scope"])


def scope_chosen(action: Mapping[str, Any]) -> Scope:
    """Whose settings a person wants to see."""
    return Scope(action["selected_option"]["value"])


def filled_in(view: Mapping[str, Any], effective: Preferences) -> SettingsChange:
    """What the person filled in.

    Args:
        effective: what holds before the change: a key without a provider is for the provider in use.

    Raises:
        UserError: it cannot be taken as it is; `about` names the field.
    """
    _, scope = place_and_scope(view)
    values = view["state"]["values"]
    if (shown := values.get(SCOPE)) and (shown[SCOPE].get("selected_option") or {}).get("value") != scope:
        raise UserError("These were not the settings that you chose to see. Look again, then save.", about="scope")
    fields = {name: values.get(f"{scope}:{name}", {}).get(f"{scope}:{name}", {}) for name in _FIELDS}
    texts = {name: (fields[name].get("value") or "").strip() for name in _FIELDS if name != PROVIDER}
    provider = provider_in(fields[PROVIDER])
    keys = {TAVILY: texts[TAVILY_KEY]}
    if texts[PROVIDER_KEY]:
        if not provider and json.loads(view["private_metadata"])["own"]:
            raise UserError("Choose the provider that the key is for.", about=PROVIDER)
        keys[provider or effective.provider] = texts[PROVIDER_KEY]
    chosen = Preferences(provider=provider, model=texts[MODEL], system_prompt=texts[SYSTEM_PROMPT])
    return SettingsChange(preferences=chosen, keys={name: key for name, key in keys.items() if key})


def beside_the_field(error: UserError, view: Mapping[str, Any]) -> dict[str, str]:
    """The error where it belongs in the form."""
    _, scope = place_and_scope(view)
    there = {block["block_id"] for block in view["blocks"]}
    block = SCOPE if error.about == "scope" else f"{scope}:{error.about}"
    return {block if block in there else f"{scope}:{PROVIDER}": str(error).replace("`", "")}


def _scope(scope: Scope) -> dict[str, Any]:
    options = {each: {"text": plain_text(words), "value": str(each)} for each, words in _SCOPES.items()}
    element = {"type": "static_select", "options": list(options.values()), "initial_option": options[scope]}
    return labelled(SCOPE, "Whose settings?", element) | {"dispatch_action": True}


def _models(view: SettingsView) -> str:
    known = view.models.get(view.effective.provider, ())[:_MODELS_NAMED]
    named = f" For {view.effective.provider}, for example: {', '.join(known)}." if known else ""
    return f"Any model of the provider; empty for its usual one.{named}"


def _provider_keys(view: SettingsView) -> str:
    return ", ".join(f"{name} {end}" for name, end in view.keys.items() if name != TAVILY)


def _key(name: str, label: str, kept: str) -> dict[str, Any]:
    placeholder = f"There is: {kept}" if kept else "There is none"
    return labelled(name, label, text_input("", MOST_CHARS, placeholder), optional=True, hint=_KEY_HINT)
