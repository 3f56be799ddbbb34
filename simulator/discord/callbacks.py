"""The app's first answer to an interaction: `POST /interactions/{id}/{token}/callback`.

Listed for `rest`. It carries the answer out and lets the waiting person know.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding#responding-to-an-interaction
"""

from __future__ import annotations

from typing import Any

from simulator.discord import limits
from simulator.discord.call import Call, Endpoint, Reply
from simulator.discord.checks import list_in, text_in
from simulator.discord.components import ComponentCheck
from simulator.discord.errors import ApiError, Problems, invalid, unknown
from simulator.discord.guild import Message, MessageFlag, MessageType
from simulator.discord.interaction import Answer, CallbackType, Interaction, InteractionType
from simulator.discord.interaction_wire import app_permissions, metadata
from simulator.discord.modals import Modal

_MESSAGES = (CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE)
_UPDATES = (CallbackType.DEFERRED_UPDATE, CallbackType.UPDATE)
_ALLOWED: dict[InteractionType, tuple[CallbackType, ...]] = {
    InteractionType.COMMAND: (*_MESSAGES, CallbackType.MODAL),
    InteractionType.COMPONENT: (*_MESSAGES, *_UPDATES, CallbackType.MODAL),
    InteractionType.AUTOCOMPLETE: (CallbackType.CHOICES,),
    InteractionType.MODAL_SUBMIT: (*_MESSAGES, *_UPDATES),
}


def answer(call: Call) -> Reply:
    """Create interaction response.

    Raises:
        ApiError: 10062, there is no such interaction or the three seconds are over; 40060, it was answered before.
    """
    interaction = call.platform.interactions.tokens.find(call.path["interaction_token"])
    if interaction is None or interaction.id != call.path["interaction_id"] or interaction.is_void:
        raise unknown("Interaction")
    if interaction.answered.done():
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    kind = _kind(interaction, call.fields.get("type"))
    data = call.fields.get("data") or {}
    if not isinstance(data, dict):
        raise invalid(("data",), "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    message: Message | None = None
    match kind:
        case CallbackType.MESSAGE:
            message = _post(call, interaction, data)
        case CallbackType.DEFERRED_MESSAGE:
            message = _defer(call, interaction, data)
        case CallbackType.UPDATE:
            message = _update(call, interaction, data)
        case CallbackType.DEFERRED_UPDATE:
            interaction.original_id = interaction.source.id if interaction.source is not None else None
        case CallbackType.CHOICES:
            _check_choices(data)
        case CallbackType.MODAL:
            _open_modal(call, interaction, data)
    interaction.response = kind
    interaction.answered.set_result(Answer(type=kind, data=data))
    return Reply(body=_resource(call, interaction, kind, message)) if call.flag("with_response") else Reply()


def _kind(interaction: Interaction, asked: Any) -> CallbackType:
    allowed = _ALLOWED[interaction.type]
    if interaction.type is InteractionType.MODAL_SUBMIT and interaction.source is None:
        allowed = _MESSAGES
    if asked not in allowed or isinstance(asked, bool):
        told = f"Value must be one of {{{', '.join(str(int(kind)) for kind in allowed)}}}."
        raise invalid(("type",), "BASE_TYPE_CHOICES", told)
    return CallbackType(asked)


def _post(call: Call, interaction: Interaction, data: dict[str, Any]) -> Message:
    platform = call.platform
    message = platform.form(call.wire()).new(
        interaction.channel,
        data,
        call.uploads,
        author_id=call.bot_id,
        may=app_permissions(platform, interaction),
        is_answer=True,
    )
    message.type, message.reference = _type_and_reference(interaction)
    return publish(call, interaction, message)


def _defer(call: Call, interaction: Interaction, data: dict[str, Any]) -> Message:
    ephemeral = MessageFlag(int(data.get("flags") or 0)) & MessageFlag.EPHEMERAL
    kind, reference = _type_and_reference(interaction)
    message = Message(
        id=call.platform.world.snowflakes.next(),
        channel_id=interaction.channel.id,
        author_id=call.bot_id,
        type=kind,
        flags=MessageFlag.LOADING | ephemeral,
        reference=reference,
    )
    return publish(call, interaction, message)


def publish(call: Call, interaction: Interaction, message: Message) -> Message:
    """Post an answer of the app; the first one becomes `@original`."""
    app_id = call.platform.world.application.id
    message.application_id = message.webhook_id = app_id
    message.interaction_metadata = metadata(call.platform, interaction)
    if message.flags & MessageFlag.EPHEMERAL:
        message.only_for = interaction.user_id
    interaction.message_ids.add(message.id)
    interaction.original_id = interaction.original_id or message.id
    return call.platform.activity.post_message(interaction.channel, message)


def _type_and_reference(interaction: Interaction) -> tuple[MessageType, dict[str, Any] | None]:
    """What kind of message an answer is, and to which message it is a reply."""
    if interaction.type is InteractionType.COMMAND:
        is_menu = "target_id" in interaction.data
        return (MessageType.CONTEXT_MENU_COMMAND if is_menu else MessageType.CHAT_INPUT_COMMAND), None
    return reply_to(interaction, interaction.source)


def reply_to(interaction: Interaction, message: Message | None) -> tuple[MessageType, dict[str, Any] | None]:
    """Type and reference of a message that answers *message*, if others can see that."""
    if message is None or message.only_for is not None:
        return MessageType.DEFAULT, None
    reference: dict[str, Any] = {"type": 0, "channel_id": message.channel_id, "message_id": message.id}
    if interaction.guild is not None:
        reference["guild_id"] = interaction.guild.id
    return MessageType.REPLY, reference


def _update(call: Call, interaction: Interaction, data: dict[str, Any]) -> Message:
    source = interaction.source
    if source is None:
        raise unknown("Message")
    platform = call.platform
    may = app_permissions(platform, interaction)
    changes = platform.form(call.wire()).changes(interaction.channel, source, data, call.uploads, may=may)
    platform.activity.edit_message(interaction.channel, source, **changes)
    interaction.original_id = source.id
    interaction.message_ids.add(source.id)
    return source


def _check_choices(data: dict[str, Any]) -> None:
    problems = Problems()
    choices = list_in(data, "choices", ("data",), problems, most=limits.COMMAND_CHOICES)
    for index, choice in enumerate(choices):
        where = ("data", "choices", index)
        text_in(choice, "name", where, problems, most=limits.CHOICE_CHARS, least=1, is_required=True)
        if isinstance(choice.get("value"), str):
            text_in(choice, "value", where, problems, most=limits.CHOICE_CHARS, least=1, is_required=True)
        elif not isinstance(choice.get("value"), int | float):
            problems.add((*where, "value"), "BASE_TYPE_REQUIRED", "This field is required")
    problems.refuse_any()


def _open_modal(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    problems = Problems()
    components = ComponentCheck(problems).modal(data)
    problems.refuse_any()
    modal = Modal(
        id=interaction.id,
        user_id=interaction.user_id,
        channel=interaction.channel,
        custom_id=data["custom_id"],
        title=data["title"],
        components=components,
        source=interaction.source,
        trigger=metadata(call.platform, interaction),
    )
    call.platform.interactions.modals.open(modal)


def _resource(call: Call, interaction: Interaction, kind: CallbackType, message: Message | None) -> dict[str, Any]:
    """What `with_response` asks for."""
    told: dict[str, Any] = {"id": interaction.id, "type": int(interaction.type)}
    told |= {"channel_id": interaction.channel.id}
    if interaction.guild is not None:
        told["guild_id"] = interaction.guild.id
    if message is None:
        return {"interaction": told}
    told |= {
        "response_message_id": message.id,
        "response_message_loading": bool(message.flags & MessageFlag.LOADING),
        "response_message_ephemeral": message.only_for is not None,
    }
    if kind is CallbackType.DEFERRED_MESSAGE:
        return {"interaction": told}
    return {"interaction": told, "resource": {"type": int(kind), "message": call.wire().message(message)}}


ENDPOINTS = (
    Endpoint(
        method="POST",
        template="/interactions/{interaction.id}/{interaction.token}/callback",
        run=answer,
        needs_token=False,
    ),
)
