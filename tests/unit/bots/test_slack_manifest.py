"""The app that people install is the one that the handlers are written for."""

from pathlib import Path
from typing import Any

import yaml

from bots.slack import parse

MANIFEST = Path(__file__).parents[3] / "config" / "slack-manifest.yaml"


def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    return found


def test_the_shortcut_on_a_message_is_the_one_that_opens_the_form() -> None:
    [shortcut] = manifest()["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", parse.SHORTCUT_RUN)
    assert len(shortcut["name"]) <= 24  # https://docs.slack.dev/reference/app-manifest


def test_each_call_has_the_scope_that_it_needs() -> None:
    needed = {
        "files:read",
        "files:write",
        "usergroups:read",
        "users:read",
        "channels:read",
        "channels:join",
        "im:write",
    }
    assert needed <= set(manifest()["oauth_config"]["scopes"]["bot"])


def test_commands_come_with_the_ids_of_those_whom_they_name() -> None:
    assert all(command["should_escape"] for command in manifest()["features"]["slash_commands"])


def test_each_event_that_is_subscribed_to_has_the_scope_that_it_needs() -> None:
    needed = {
        "app_mention": "app_mentions:read",
        "message.channels": "channels:history",
        "message.groups": "groups:history",
        "message.im": "im:history",
        "reaction_added": "reactions:read",
    }
    events = manifest()["settings"]["event_subscriptions"]["bot_events"]
    scopes = manifest()["oauth_config"]["scopes"]["bot"]
    assert set(events) == set(needed)
    assert {needed[event] for event in events} <= set(scopes)
