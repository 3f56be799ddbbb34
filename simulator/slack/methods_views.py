"""The Web API's `views.*` methods.

Called by `web_api`. Source: https://docs.slack.dev/reference/methods (each method's page: arguments, errors).
"""

from __future__ import annotations

from typing import Any

from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.views import View


def open_view(call: Call) -> dict[str, Any]:
    """`views.open`."""
    body = _body(call)
    user = call.platform.triggers.redeem(call.workspace.id, call.args.required("trigger_id"))
    return _answer(call, call.platform.views.open(call.workspace, user, body))


def push(call: Call) -> dict[str, Any]:
    """`views.push`."""
    body = _body(call)
    user = call.platform.triggers.redeem(call.workspace.id, call.args.required("trigger_id"))
    return _answer(call, call.platform.views.push(call.workspace, user, body))


def update(call: Call) -> dict[str, Any]:
    """`views.update`."""
    external_id = call.args.text("external_id")
    if external_id:
        view = call.platform.views.find_external(call.workspace.id, external_id)
    else:
        view = call.platform.views.find(call.workspace.id, call.args.required("view_id"))
    if view is None:
        raise ApiError("not_found")
    changed = call.platform.views.update(call.workspace, view, _body(call), expected_hash=call.args.text("hash"))
    return _answer(call, changed)


def publish(call: Call) -> dict[str, Any]:
    """`views.publish`."""
    user = call.args.required("user_id")
    if user not in call.workspace.users:
        raise ApiError("invalid_arguments", "user_not_found")
    view = call.platform.views.publish(call.workspace, user, _body(call), expected_hash=call.args.text("hash"))
    return _answer(call, view)


def _body(call: Call) -> Any:
    return call.args.structure("view", error="invalid_arguments")


def _answer(call: Call, view: View) -> dict[str, Any]:
    return {"view": view.wire(call.workspace)}


METHODS: dict[str, Method] = {
    "views.open": Method(open_view),
    "views.push": Method(push),
    "views.update": Method(update),
    "views.publish": Method(publish),
}
