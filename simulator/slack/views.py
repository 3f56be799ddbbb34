"""Modals and home tabs: what the app has open in front of whom, and what people filled in.

Changed by the view methods (the app) and by `interactions` (the person). It checks a view's shape and never sends.
Source: https://docs.slack.dev/reference/views and https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import PersonError
from simulator.slack import limits
from simulator.slack.activity import with_block_ids
from simulator.slack.blocks import check_blocks
from simulator.slack.errors import ApiError
from simulator.slack.workspace import Workspace
from simulator.truth import TruthLog


@dataclass(slots=True, kw_only=True)
class View:
    """One view that a person has before them."""

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None
    state: dict[str, Any] = field(default_factory=dict)

    def wire(self, workspace: Workspace) -> dict[str, Any]:
        """The view as answers and interactions show it."""
        body = {
            "id": self.id,
            "team_id": workspace.id,
            "state": {"values": self.state},
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "app_id": workspace.app_id,
            "app_installed_team_id": workspace.id,
            "bot_id": workspace.bot_id,
        }
        defaults = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
        }
        return defaults | self.body | body


class Views:
    """The stacks of modals and the home tabs of all people."""

    def __init__(self, truth: TruthLog) -> None:
        self._truth = truth
        self._stacks: dict[tuple[str, str], list[View]] = {}
        self._homes: dict[tuple[str, str], View] = {}

    def stack(self, team: str, user: str) -> list[View]:
        """The modals open before *user*, the visible one last."""
        return list(self._stacks.get((team, user), []))

    def stacks_of(self, team: str) -> dict[str, list[View]]:
        """The modals of everybody in a workspace."""
        return {user: views for (owner, user), views in self._stacks.items() if owner == team and views}

    def home(self, team: str, user: str) -> View | None:
        """The app's home tab as *user* sees it."""
        return self._homes.get((team, user))

    def find(self, team: str, view_id: str) -> View | None:
        """A modal that is open, or a home tab, by its id."""
        return next((view for view in self._all_of(team) if view.id == view_id), None)

    def find_external(self, team: str, external_id: str) -> View | None:
        """A modal that is open, or a home tab, by the id that the app gave it."""
        return next((view for view in self._all_of(team) if view.body.get("external_id") == external_id), None)

    def _all_of(self, team: str) -> Iterator[View]:
        for (owner, _), stack in self._stacks.items():
            if owner == team:
                yield from stack
        yield from (view for (owner, _), view in self._homes.items() if owner == team)

    def open(self, workspace: Workspace, user: str, body: Any) -> View:
        """Show a modal to *user*, in place of what they had open."""
        check_view(body, kind="modal")
        view = self._new(workspace, user, body)
        self._stacks[workspace.id, user] = [view]
        self._record(workspace, "view.opened", view)
        return view

    def push(self, workspace: Workspace, user: str, body: Any) -> View:
        """Put a modal on top of what *user* has open."""
        check_view(body, kind="modal")
        stack = self._stacks.get((workspace.id, user), [])
        if not stack:
            raise ApiError("not_found")
        if len(stack) >= limits.MODAL_DEPTH:
            raise ApiError("push_limit_reached")
        view = self._new(workspace, user, body, below=stack[-1])
        stack.append(view)
        self._record(workspace, "view.pushed", view)
        return view

    def update(self, workspace: Workspace, view: View, body: Any, *, expected_hash: str | None = None) -> View:
        """Replace what a view shows. What the person typed stays where the block and action keep their ids."""
        check_view(body, kind=view.body["type"])
        if expected_hash and expected_hash != view.hash:
            raise ApiError("hash_conflict")
        view.body = {**body, "blocks": with_block_ids(body["blocks"])}
        view.hash = _new_hash(workspace)
        self._record(workspace, "view.updated", view)
        return view

    def publish(self, workspace: Workspace, user: str, body: Any, *, expected_hash: str | None = None) -> View:
        """Set the home tab of *user*."""
        check_view(body, kind="home")
        known = self._homes.get((workspace.id, user))
        if known is not None:
            return self.update(workspace, known, body, expected_hash=expected_hash)
        view = self._homes[workspace.id, user] = self._new(workspace, user, body)
        self._record(workspace, "view.published", view)
        return view

    def close(self, workspace: Workspace, view: View, *, whole_stack: bool) -> None:
        """Take a modal away, or the whole stack it is in."""
        stack = self._stacks.get((workspace.id, view.user), [])
        if whole_stack:
            stack.clear()
        elif view in stack:
            stack.remove(view)
        self._record(workspace, "view.closed", view, whole_stack=whole_stack)

    def _new(self, workspace: Workspace, user: str, body: dict[str, Any], *, below: View | None = None) -> View:
        view_id = workspace.next_id("V")
        return View(
            id=view_id,
            user=user,
            body={**body, "blocks": with_block_ids(body["blocks"])},
            hash=_new_hash(workspace),
            root_id=below.root_id if below else view_id,
            previous_id=below.id if below else None,
        )

    def _record(self, workspace: Workspace, kind: str, view: View, **more: bool) -> None:
        self._truth.append(kind, {"user": view.user, "view": view.wire(workspace), **more}, team=workspace.id)


def check_view(body: Any, *, kind: str) -> None:
    """Refuse what Slack refuses of a view.

    Raises:
        ApiError: `invalid_arguments` with what is wrong, `view_too_large`.
    """
    if not isinstance(body, dict) or body.get("type") != kind:
        raise ApiError("invalid_arguments", f"view must be a {kind} [json-pointer:/view/type]")
    blocks = body.get("blocks")
    if not isinstance(blocks, list):
        raise ApiError("invalid_arguments", "missing required field: blocks [json-pointer:/view]")
    problems = [p.replace("/blocks/", "/view/blocks/") for p in check_blocks(blocks, most=limits.MODAL_BLOCKS)]
    if kind == "modal":
        problems += _title_problems(body)
        has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if has_input and not body.get("submit"):
            problems.append(
                "`submit` is required when an `input` block is within the `blocks` array [json-pointer:/view]"
            )
    if len(body.get("private_metadata") or "") > limits.PRIVATE_METADATA_CHARS:
        problems.append(
            f"must be less than {limits.PRIVATE_METADATA_CHARS + 1} characters [json-pointer:/view/private_metadata]"
        )
    if len(body.get("callback_id") or "") > limits.ID_CHARS:
        problems.append(f"must be less than {limits.ID_CHARS + 1} characters [json-pointer:/view/callback_id]")
    if problems:
        raise ApiError("invalid_arguments", *problems)


def _title_problems(body: dict[str, Any]) -> list[str]:
    problems = []
    if not body.get("title"):
        problems.append("missing required field: title [json-pointer:/view]")
    for name in ("title", "submit", "close"):
        text = (body.get(name) or {}).get("text", "")
        if len(text) > limits.MODAL_TITLE_CHARS:
            problems.append(
                f"must be less than {limits.MODAL_TITLE_CHARS + 1} characters [json-pointer:/view/{name}/text]"
            )
    return problems


def fill_in(view: View, values: dict[str, Any]) -> dict[str, Any]:
    """The `state.values` of a view in which a person filled in *values*.

    Args:
        values: by action id or block id: text, an option's value, a list of those, a user's or channel's id, or files
            as on the wire.

    Raises:
        PersonError: a name that no input has, or a required input that stays empty.
    """
    left = dict(values)
    state: dict[str, Any] = {}
    for block in view.body["blocks"]:
        element = block.get("element") if block["type"] == "input" else None
        if not isinstance(element, dict):
            continue
        block_id, action_id = block["block_id"], element.get("action_id", "")
        given = left.pop(action_id, None) if action_id in left else left.pop(block_id, None)
        answer = element_state(element, given)
        if not any(answer.get(name) for name in answer if name != "type") and not block.get("optional"):
            raise PersonError(f"{action_id or block_id}: please complete this required field")
        state[block_id] = {action_id: answer}
    if left:
        raise PersonError(f"the form has no input called {', '.join(left)}")
    return state


def element_state(element: dict[str, Any], given: Any) -> dict[str, Any]:
    """What an interactive element says when a person has chosen *given* (its initial value when None)."""
    kind = element["type"]
    if kind in ("static_select", "radio_buttons", "overflow"):
        chosen = given if given is not None else (element.get("initial_option") or {}).get("value")
        return {"type": kind, "selected_option": _option(element, chosen) if chosen is not None else None}
    if kind in ("multi_static_select", "checkboxes"):
        chosen_all = given if given is not None else [o["value"] for o in element.get("initial_options", [])]
        return {"type": kind, "selected_options": [_option(element, value) for value in chosen_all]}
    simple = {
        "users_select": ("selected_user", "initial_user"),
        "conversations_select": ("selected_conversation", "initial_conversation"),
        "channels_select": ("selected_channel", "initial_channel"),
        "datepicker": ("selected_date", "initial_date"),
        "timepicker": ("selected_time", "initial_time"),
        "multi_users_select": ("selected_users", "initial_users"),
        "file_input": ("files", ""),
    }
    name, initial = simple.get(kind, ("value", "initial_value"))
    return {"type": kind, name: given if given is not None else element.get(initial)}


def _option(element: dict[str, Any], value: str) -> dict[str, Any]:
    options = list(element.get("options", []))
    for group in element.get("option_groups", []):
        options += group["options"]
    for option in options:
        if option.get("value") == value:
            return dict(option)
    raise PersonError(f"there is no option {value!r}")


def _new_hash(workspace: Workspace) -> str:
    return f"{workspace.now_s()}.{secrets.token_hex(4)}"
