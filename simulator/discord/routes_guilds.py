"""The REST routes of guilds, members, roles, users, the app itself and the gateway's address.

Listed for `rest`. All but the opening of direct messages only read.
Source: https://docs.discord.com/developers/resources/guild, .../user, .../application and .../events/gateway
"""

from __future__ import annotations

from typing import Any

from simulator.discord.call import Call, Endpoint, Reply
from simulator.discord.errors import ApiError, invalid, unknown
from simulator.discord.gateway_protocol import GATEWAY_PATH


def get_gateway(call: Call) -> Reply:
    """Get gateway."""
    return Reply(body={"url": f"ws://{call.host}{GATEWAY_PATH}"})


def get_gateway_bot(call: Call) -> Reply:
    """Get gateway bot: the address and how often IDENTIFY may still be sent."""
    limit = call.platform.gateway.session_start_limit()
    return Reply(body={"url": f"ws://{call.host}{GATEWAY_PATH}", "shards": 1, "session_start_limit": limit})


def get_own_user(call: Call) -> Reply:
    """Get current user."""
    return Reply(body=call.wire().own_user())


def get_user(call: Call) -> Reply:
    """Get user."""
    if call.path["user_id"] not in call.platform.world.users:
        raise unknown("User")
    return Reply(body=call.wire().user(call.path["user_id"]))


def list_own_guilds(call: Call) -> Reply:
    """Get current user guilds."""
    most = call.number("limit", 200, least=1, most=200)
    after = call.snowflake("after") or 0
    guilds = sorted(call.platform.world.bot_guilds(), key=lambda guild: int(guild.id))
    guilds = [guild for guild in guilds if int(guild.id) > after][:most]
    return Reply(body=[call.wire().own_guild(guild) for guild in guilds])


def open_dm(call: Call) -> Reply:
    """Create DM; the ones that there are, when there are some."""
    user_id = str(call.fields.get("recipient_id") or "")
    if not user_id:
        raise invalid(("recipient_id",), "BASE_TYPE_REQUIRED", "This field is required")
    user = call.platform.world.users.get(user_id)
    if user is None:
        raise unknown("User")
    if user.is_bot:
        raise ApiError(400, 50007, "Cannot send messages to this user")
    return Reply(body=call.wire().channel(call.platform.activity.open_dm(user_id)))


def get_application(call: Call) -> Reply:
    """Get current application."""
    options = call.platform.options
    body = call.wire().application(
        message_content=options.message_content_intent,
        members=options.members_intent,
        presence=options.presence_intent,
    )
    return Reply(body=body)


def get_guild(call: Call) -> Reply:
    """Get guild."""
    return Reply(body=call.wire().guild(call.guild(), with_counts=call.flag("with_counts")))


def list_channels(call: Call) -> Reply:
    """Get guild channels; threads are not among them."""
    channels = call.guild().channels.values()
    return Reply(body=[call.wire().channel(channel) for channel in channels if not channel.is_thread])


def list_roles(call: Call) -> Reply:
    """Get guild roles."""
    return Reply(body=[call.wire().role(role) for role in call.guild().roles.values()])


def get_member(call: Call) -> Reply:
    """Get guild member."""
    guild = call.guild()
    user_id = call.path["user_id"]
    if user_id not in call.platform.world.users:
        raise unknown("User")
    if user_id not in guild.members:
        raise unknown("Member")
    return Reply(body=call.wire().member(guild, user_id))


def list_members(call: Call) -> Reply:
    """List guild members, which takes the members intent."""
    guild = call.guild()
    if not call.platform.options.members_intent:
        raise ApiError(403, 50001, "Missing Access")
    most = call.number("limit", 1, least=1, most=1_000)
    after = call.snowflake("after") or 0
    chosen = [user_id for user_id in sorted(guild.members, key=int) if int(user_id) > after][:most]
    members: list[dict[str, Any]] = [call.wire().member(guild, user_id) for user_id in chosen]
    return Reply(body=members)


_GUILD = "/guilds/{guild.id}"

ENDPOINTS = (
    Endpoint(method="GET", template="/gateway", run=get_gateway, needs_token=False),
    Endpoint(method="GET", template="/gateway/bot", run=get_gateway_bot),
    Endpoint(method="GET", template="/users/@me", run=get_own_user),
    Endpoint(method="GET", template="/users/@me/guilds", run=list_own_guilds),
    Endpoint(method="POST", template="/users/@me/channels", run=open_dm),
    Endpoint(method="GET", template="/users/{user.id}", run=get_user),
    Endpoint(method="GET", template="/applications/@me", run=get_application),
    Endpoint(method="GET", template="/oauth2/applications/@me", run=get_application),
    Endpoint(method="GET", template=_GUILD, run=get_guild),
    Endpoint(method="GET", template=f"{_GUILD}/channels", run=list_channels),
    Endpoint(method="GET", template=f"{_GUILD}/roles", run=list_roles),
    Endpoint(method="GET", template=f"{_GUILD}/members", run=list_members),
    Endpoint(method="GET", template=_GUILD + "/members/{user.id}", run=get_member),
)
