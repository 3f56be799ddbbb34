"""The Web API's methods about who is who: `auth.test`, `users.*`, `usergroups.list`, `bots.info`, `team.info`,
`apps.connections.open`.

Called by `web_api`. Source: https://docs.slack.dev/reference/methods (each method's page: arguments, errors).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.paging import page


def auth_test(call: Call) -> dict[str, Any]:
    """`auth.test`."""
    workspace = call.workspace
    return {
        "url": f"{call.base_url}/",
        "team": workspace.name,
        "user": workspace.bot.name,
        "team_id": workspace.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> dict[str, Any]:
    """`api.test`: the arguments come back."""
    error = call.args.text("error")
    if error:
        raise ApiError(error, args=call.args.values)
    return {"args": call.args.values}


def open_connection(call: Call) -> dict[str, Any]:
    """`apps.connections.open`: an address for one Socket Mode connection."""
    return {"url": call.platform.hub.new_url(urlsplit(call.base_url).netloc)}


def user_info(call: Call) -> dict[str, Any]:
    """`users.info`."""
    user = call.workspace.users.get(call.args.required("user"))
    if user is None:
        raise ApiError("user_not_found")
    return {"user": call.wire().user(user)}


def user_list(call: Call) -> dict[str, Any]:
    """`users.list`."""
    part, cursor = page(call, list(call.workspace.users.values()), default=1000)
    wire = call.wire()
    members = [wire.user(user) for user in part]
    return {"members": members, "cache_ts": call.workspace.now_s(), "response_metadata": {"next_cursor": cursor}}


def group_list(call: Call) -> dict[str, Any]:
    """`usergroups.list`: all at once, it has no pages."""
    wire, with_users = call.wire(), call.args.flag("include_users")
    all_of_them = call.args.flag("include_disabled")
    groups = [group for group in call.workspace.groups.values() if all_of_them or not group.deleted]
    return {"usergroups": [wire.group(group, with_users=with_users) for group in groups]}


def bot_info(call: Call) -> dict[str, Any]:
    """`bots.info`."""
    bot = call.args.text("bot")
    if bot and bot != call.workspace.bot_id:
        raise ApiError("bot_not_found")
    return {"bot": call.wire().bot()}


def team_info(call: Call) -> dict[str, Any]:
    """`team.info`."""
    workspace = call.workspace
    wanted = call.args.text("team")
    if wanted and wanted != workspace.id:
        raise ApiError("team_not_found")
    team = {"id": workspace.id, "name": workspace.name, "domain": workspace.domain, "email_domain": ""}
    return {"team": team | {"url": f"{call.base_url}/", "icon": {"image_default": True}}}


METHODS: dict[str, Method] = {
    "api.test": Method(api_test),
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(open_connection, wants_app_token=True),
    "users.info": Method(user_info, accepts_json=False),
    "users.list": Method(user_list, accepts_json=False),
    "usergroups.list": Method(group_list, accepts_json=False),
    "bots.info": Method(bot_info, accepts_json=False),
    "team.info": Method(team_info, accepts_json=False),
}
