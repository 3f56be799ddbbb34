"""What a person does in conversations and with the app: messages, reactions, commands, buttons, forms.

Called by `control`. It checks what Discord's own client would check and leaves the doing to `activity` and
`interactions`.
"""

from __future__ import annotations

import re
from typing import Any

from simulator.discord.ask import Ask, find_user
from simulator.discord.call import Upload
from simulator.discord.command_call import Leaf, find_leaf, with_text
from simulator.discord.command_check import CommandType
from simulator.discord.components import Kind, find_component
from simulator.discord.guild import Message, User
from simulator.discord.interactions import Spot
from simulator.discord.message_form import refuse_closed
from simulator.discord.modals import Modal, chosen
from simulator.discord.permissions import ALL, Permission, in_guild
from simulator.discord.resolved import attach
from simulator.errors import PersonError

_NAMED = re.compile(r"(?<![\w<&])@(?P<name>\w+)|(?<![\w<])#(?P<channel>[\w-]+)")


async def post(ask: Ask) -> dict[str, Any]:
    """A person posts a message, an answer to another one (`reply_to`), or files; in a thread with `thread_ts`."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    may = ask.may(channel, user)
    refuse_closed(channel, may)
    body: dict[str, Any] = {"content": _typed(ask, ask.text("text", ""))}
    if ask.body.get("reply_to"):
        body["message_reference"] = {"message_id": ask.text("reply_to")}
    files = [
        attach(ask.platform.world, item, file_bytes=ask.platform.options.file_bytes)
        for item in ask.body.get("files", [])
    ]
    uploads = {
        number: Upload(filename=file.filename, content=file.content, content_type=file.content_type)
        for number, file in enumerate(files)
    }
    message = ask.platform.form().new(channel, body, uploads, author_id=user.id, may=may)
    ask.platform.activity.post_message(channel, message)
    return ask.show(channel, message)


def _typed(ask: Ask, text: str) -> str:
    """*text* as Discord's client sends it: `@name` and `#name` of what there is become mentions."""

    def mention(found: re.Match[str]) -> str:
        if found["name"]:
            user = find_user(ask.platform, found["name"])
            return f"<@{user.id}>" if user is not None else found[0]
        channel = next((c for c in ask.guild.channels.values() if c.name == found["channel"]), None)
        return f"<#{channel.id}>" if channel is not None else found[0]

    return _NAMED.sub(mention, text)


async def edit(ask: Ask) -> dict[str, Any]:
    """A person edits a message of theirs."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message = _own(ask, user, ask.message(channel))
    if channel.is_archived:
        raise PersonError(f"{channel.name} is archived")
    body = {"content": _typed(ask, ask.text("text"))}
    changes = ask.platform.form().changes(channel, message, body, {}, may=ask.may(channel, user))
    ask.platform.activity.edit_message(channel, message, **changes)
    return ask.show(channel, message)


async def delete(ask: Ask) -> dict[str, Any]:
    """A person deletes a message of theirs; a moderator any."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message = ask.message(channel, seen_by=user)
    if Permission.MANAGE_MESSAGES not in ask.may(channel, user) and message.only_for != user.id:
        _own(ask, user, message)
    ask.platform.activity.delete_message(channel, message)
    return {}


def _own(ask: Ask, user: User, message: Message) -> Message:
    if message.author_id != user.id:
        raise PersonError(f"that message is not {user.username}'s", status=403)
    return message


async def react(ask: Ask) -> dict[str, Any]:
    """A person adds a reaction (an emoji), or takes it back with `remove`."""
    user = ask.user()
    channel = ask.channel(as_seen_by=user)
    message, name = ask.message(channel), ask.text("name")
    added = not ask.body.get("remove")
    if added == (user.id in message.reactions.get(name, [])):
        raise PersonError("already so")
    if added and name not in message.reactions:
        ask.needs(channel, user, Permission.ADD_REACTIONS)
    ask.platform.activity.react(channel, message, user_id=user.id, emoji=name, added=added)
    return ask.show(channel, message)


# -- commands ---------------------------------------------------------------------------------------------------------


async def command(ask: Ask) -> dict[str, Any]:
    """A person calls a command: `command` is its name, `options` their values by name.

    Free `text` is for who does not care how the command is made: it names the subcommand, or is the first text option.
    """
    spot = ask.spot()
    leaf, rest = _leaf(ask, spot)
    values = with_text(leaf, rest, ask.body.get("options") or {})
    return (await ask.platform.interactions.command(spot, leaf, values)).wire()


async def autocomplete(ask: Ask) -> dict[str, Any]:
    """A person types into the option `focused` of a command; the choices are in the answer's `payload`."""
    spot = ask.spot()
    leaf, _ = _leaf(ask, spot)
    values, focused = ask.body.get("options") or {}, ask.text("focused")
    return (await ask.platform.interactions.autocomplete(spot, leaf, values, focused)).wire()


async def shortcut(ask: Ask) -> dict[str, Any]:
    """A person uses the context menu's command `callback_id` on a message."""
    spot = ask.spot()
    name = ask.text("callback_id")
    found = next((c for c in _found(ask, spot) if c["name"] == name and c["type"] == CommandType.MESSAGE), None)
    if found is None:
        raise PersonError(f"there is no command {name!r} for messages", status=404)
    message = ask.message(spot.channel)
    return (await ask.platform.interactions.message_command(spot, found, message)).wire()


def _leaf(ask: Ask, spot: Spot) -> tuple[Leaf, str]:
    return find_leaf(_found(ask, spot), f"{ask.text('command')} {ask.text('text', '')}")


def _found(ask: Ask, spot: Spot) -> list[dict[str, Any]]:
    """The commands that the person finds there."""
    ask.needs(spot.channel, spot.user, Permission.USE_APPLICATION_COMMANDS)
    owners = ask.platform.interactions.owners(spot)
    guild_id = spot.guild.id if spot.guild is not None else None
    return [c for c in ask.platform.commands.callable_in(guild_id) if _is_for(c, spot, owners)]


def _is_for(command: dict[str, Any], spot: Spot, owners: dict[str, str]) -> bool:
    """Whether Discord's client offers *command* there."""
    contexts = command.get("contexts")
    if contexts is not None and (0 if spot.guild is not None else 1) not in contexts:
        return False
    if contexts is None and spot.guild is None and command.get("dm_permission") is False:
        return False
    if not {str(kind) for kind in command.get("integration_types") or (0,)} & owners.keys():
        return False
    needed = command.get("default_member_permissions")
    if needed is None or spot.guild is None:
        return True
    held = in_guild(spot.guild, spot.user.id)
    return held == ALL or (int(needed) != 0 and int(needed) & ~int(held) == 0)


# -- components and forms ---------------------------------------------------------------------------------------------


async def press(ask: Ask) -> dict[str, Any]:
    """A person presses a button of a message, or chooses `value` (one or a list) in a select."""
    spot = ask.spot()
    message, action_id = ask.message(spot.channel, seen_by=spot.user), ask.text("action_id")
    component = find_component(message.components, action_id)
    if component is None and ask.body.get("stale"):
        component = {"type": int(Kind.BUTTON), "custom_id": action_id, "id": 1}
    if component is None:
        raise PersonError(f"the message has no element {action_id!r}", status=404)
    if component.get("disabled"):
        raise PersonError(f"{action_id!r} is disabled", status=403)
    values = None if component["type"] == Kind.BUTTON else chosen(component, ask.body.get("value"))
    return (await ask.platform.interactions.use(spot, message, component, values)).wire()


async def submit_view(ask: Ask) -> dict[str, Any]:
    """A person submits a modal with `values` by custom id."""
    user = ask.user()
    modal = _open_modal(ask, user)
    spot = Spot(user=user, channel=modal.channel, guild=ask.platform.world.guild_of(modal.channel))
    return (await ask.platform.interactions.submit(spot, modal, ask.body.get("values", {}))).wire()


async def close_view(ask: Ask) -> dict[str, Any]:
    """A person closes a modal; the app hears nothing of it."""
    ask.platform.interactions.modals.close(_open_modal(ask, ask.user()))
    return {}


def _open_modal(ask: Ask, user: User) -> Modal:
    modal = ask.platform.interactions.modals.find(ask.text("view_id"))
    if modal is None or modal.user_id != user.id:
        raise PersonError(f"{user.username} has no modal {ask.text('view_id')!r} open", status=404)
    return modal
