"""Owns what a provider tells without a completion: its list of models, and what a key is.

Called by `completions`.
"""

from collections.abc import Iterable
from typing import Any

from simulator.model.manners import Manner

JsonObject = dict[str, Any]
PRICES = {"prompt": "0.000001", "completion": "0.000005"}


def models_json(manner: Manner, names: Iterable[str]) -> JsonObject:
    """The list of the models called *names*, as this provider writes it."""
    entries = [model_json(name) for name in names]
    if manner.name == "anthropic":  # https://platform.claude.com/docs/en/api/models-list
        listed = [{"type": "model", "id": one["id"], "display_name": one["id"]} for one in entries]
        return {"data": listed, "has_more": False, "first_id": listed[0]["id"], "last_id": listed[-1]["id"]}
    if manner.name == "openrouter":  # https://openrouter.ai/docs/guides/overview/models
        return {"data": [one | {"name": one["id"], "context_length": 128_000, "pricing": PRICES} for one in entries]}
    return {"object": "list", "data": entries}


def model_json(name: str) -> JsonObject:
    """One model as OpenAI describes it."""
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "simulator"}


def key_json() -> JsonObject:
    """What OpenRouter says of a key.

    Source: https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key
    """
    limits = {"limit": None, "limit_remaining": None, "limit_reset": None}
    return {"data": {"label": "sk-or-v1-dem...emo", "usage": 0, "is_free_tier": False} | limits}
