"""How interactions look on Discord's wire: INTERACTION_CREATE, and what messages say of the interaction they answer.

Used by `interactions` and `callbacks`. It only renders.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding and discord.py 2.7 `interactions.py`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.discord.interaction import Interaction, InteractionType
from simulator.discord.permissions import Permission, in_channel

if TYPE_CHECKING:
    from simulator.discord.platform import DiscordPlatform

LOCALE = "en-US"
_GUILD_CONTEXT, _BOT_DM_CONTEXT = 0, 1
_USER_INSTALLED = Permission.EMBED_LINKS | Permission.ATTACH_FILES | Permission.MENTION_EVERYONE
"""What an app may, within what its user may, where its bot is not."""


def app_permissions(platform: DiscordPlatform, interaction: Interaction) -> Permission:
    """What the app may where the interaction happened."""
    guild = interaction.guild
    if guild is not None and not platform.world.bot_is_in(guild):
        return in_channel(guild, interaction.channel, interaction.user_id) & _USER_INSTALLED
    return in_channel(guild, interaction.channel, platform.world.bot.id)


def payload(platform: DiscordPlatform, interaction: Interaction) -> dict[str, Any]:
    """The data of INTERACTION_CREATE."""
    wire, guild = platform.wire(), interaction.guild
    may = str(int(in_channel(guild, interaction.channel, interaction.user_id)))
    body: dict[str, Any] = {
        "id": interaction.id,
        "application_id": platform.world.application.id,
        "type": int(interaction.type),
        "data": interaction.data,
        "token": interaction.token,
        "version": 1,
        "channel_id": interaction.channel.id,
        "channel": wire.channel(interaction.channel) | {"permissions": may},
        "app_permissions": str(int(app_permissions(platform, interaction))),
        "locale": LOCALE,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": interaction.owners,
        "context": _GUILD_CONTEXT if guild is not None else _BOT_DM_CONTEXT,
        "attachment_size_limit": platform.options.file_bytes,
    }
    if guild is None:
        body["user"] = wire.user(interaction.user_id)
    else:
        body |= {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": LOCALE, "features": []},
            "guild_locale": LOCALE,
            "member": wire.member(guild, interaction.user_id) | {"permissions": may},
        }
    if interaction.source is not None:
        body["message"] = wire.message(interaction.source)
    return body


def metadata(platform: DiscordPlatform, interaction: Interaction) -> dict[str, Any]:
    """What a message says of the interaction that it answers."""
    known: dict[str, Any] = {
        "id": interaction.id,
        "type": int(interaction.type),
        "user": platform.wire().user(interaction.user_id),
        "authorizing_integration_owners": interaction.owners,
    }
    if interaction.type is InteractionType.COMPONENT and interaction.source is not None:
        known["interacted_message_id"] = interaction.source.id
    if interaction.trigger is not None:
        known["triggering_interaction_metadata"] = interaction.trigger
    if "target_id" in interaction.data:
        known["target_message_id"] = interaction.data["target_id"]
    return known
