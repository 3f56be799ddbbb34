"""What the app says after its first answer to an interaction: the routes under `/webhooks/{application.id}/{token}`.

Listed for `rest`. A token is good for fifteen minutes after the interaction, and for its own messages alone.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding#followup-messages
"""

from __future__ import annotations

from simulator.discord.call import Call, Endpoint, Rate, Reply
from simulator.discord.callbacks import publish, reply_to
from simulator.discord.errors import ApiError, unknown
from simulator.discord.guild import Channel, Message, MessageFlag
from simulator.discord.interaction import Interaction
from simulator.discord.interaction_wire import app_permissions

_RATE = Rate(calls=5, per_s=2.0)
ORIGINAL = "@original"


def create(call: Call) -> Reply:
    """Create followup message. After a deferral the first one takes the place of the original."""
    interaction = _interaction(call)
    original = _message(interaction.channel, interaction.original_id)
    if original is not None and original.flags & MessageFlag.LOADING:
        return _edited(call, interaction, original)
    platform = call.platform
    message = platform.form(call.wire()).new(
        interaction.channel,
        call.fields,
        call.uploads,
        author_id=call.bot_id,
        may=app_permissions(platform, interaction),
        is_answer=True,
    )
    message.type, message.reference = reply_to(interaction, original)
    publish(call, interaction, message)
    return Reply(body=call.wire().message(message))


def get(call: Call) -> Reply:
    """Get original response or followup message."""
    return Reply(body=call.wire().message(_named(call, _interaction(call))))


def edit(call: Call) -> Reply:
    """Edit original response or followup message."""
    interaction = _interaction(call)
    return _edited(call, interaction, _named(call, interaction))


def delete(call: Call) -> Reply:
    """Delete original response or followup message."""
    interaction = _interaction(call)
    call.platform.activity.delete_message(interaction.channel, _named(call, interaction))
    return Reply()


def _edited(call: Call, interaction: Interaction, message: Message) -> Reply:
    platform, channel = call.platform, interaction.channel
    may = app_permissions(platform, interaction)
    changes = platform.form(call.wire()).changes(channel, message, call.fields, call.uploads, may=may)
    flags = changes.get("flags", message.flags) & ~MessageFlag.LOADING
    platform.activity.edit_message(channel, message, **changes | {"flags": flags})
    return Reply(body=call.wire().message(message))


def _interaction(call: Call) -> Interaction:
    """The interaction whose token is in the path.

    Raises:
        ApiError: 10015, it is none, or was not answered; 50027, it is too old.
    """
    platform = call.platform
    interaction = platform.interactions.tokens.find(call.path["webhook_token"])
    if interaction is None or call.path["webhook_id"] != platform.world.application.id:
        raise unknown("Webhook")
    if platform.interactions.tokens.age_s(interaction) > platform.options.interaction_token_life_s:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    if interaction.response is None:
        raise unknown("Webhook")
    return interaction


def _named(call: Call, interaction: Interaction) -> Message:
    """The path's message, `@original` among them, as far as it belongs to the interaction."""
    message_id = call.path.get("message_id", ORIGINAL)
    if message_id == ORIGINAL:
        message_id = interaction.original_id or ""
    elif message_id not in interaction.message_ids:
        raise unknown("Message")
    message = _message(interaction.channel, message_id)
    if message is None:
        raise unknown("Message")
    return message


def _message(channel: Channel, message_id: str | None) -> Message | None:
    """A message of *channel*, ephemeral ones among them."""
    return channel.messages.get(message_id or "") or channel.ephemerals.get(message_id or "")


_WEBHOOK = "/webhooks/{webhook.id}/{webhook.token}"
_MESSAGE = _WEBHOOK + "/messages/{message.id}"

ENDPOINTS = (
    Endpoint(method="POST", template=_WEBHOOK, run=create, rate=_RATE, needs_token=False),
    *(
        Endpoint(method=method, template=template, run=run, rate=_RATE, needs_token=False)
        for template in (f"{_WEBHOOK}/messages/{ORIGINAL}", _MESSAGE)
        for method, run in (("GET", get), ("PATCH", edit), ("DELETE", delete))
    ),
)
