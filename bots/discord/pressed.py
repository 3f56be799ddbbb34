"""Interactions: commands, buttons, forms, completions. Each is recorded, then acknowledged, within three seconds.

Called by `app` for each interaction of the gateway. An interaction is told once and never again: what cannot be
recorded is answered with "not started". Opening a form and completing a word only read what is at hand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
import structlog

from bots import replies as neutral
from bots import requests
from bots.attendant import Attendant
from bots.discord import called, cards, limits, parse, replies
from bots.discord.calls import translated
from bots.discord.files import Files
from bots.discord.markup import from_discord, mentioned
from bots.discord.parse import Payload
from bots.discord.people import DiscordConversations
from bots.discord.places import Kind, direct_place, guild_of, guild_place, is_direct
from bots.discord.replying import Form, Reply
from bots.discord.settings import SETTINGS, SettingsForms, scope_of
from bots.discord.surface import DiscordSurface
from bots.facts import Known
from bots.requests import Asked
from core.domain.commands import Command, PostReply, StartSession
from core.domain.refs import MessageId, Person, Place, UserId
from core.errors import MusterError, UserError
from core.ports import Answer
from core.service.front_desk import FrontDesk

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[Any]
Read = Callable[[Place, Known, Reply], Awaitable[Command | Asked]]

_NAMES_LOOKED_UP = 5


class DiscordPresses:
    """What people do with Muster's commands, buttons and forms."""

    def __init__(
        self,
        *,
        attendant: Attendant,
        desk: FrontDesk,
        people: DiscordConversations,
        surface: DiscordSurface,
        files: Files,
        settings: SettingsForms,
    ) -> None:
        self._attendant = attendant
        self._desk = desk
        self._people = people
        self._surface = surface
        self._files = files
        self._settings = settings

    def hear(self, interaction: Interaction) -> None:
        """Take an interaction; returns at once."""
        self._attendant.soon(self._dispatched(interaction))

    async def _dispatched(self, interaction: Interaction) -> None:
        data: Any = interaction.data or {}
        match interaction.type:
            case discord.InteractionType.autocomplete:
                await self.on_typing(interaction, data)
            case discord.InteractionType.application_command:
                await self.on_command(interaction, data)
            case discord.InteractionType.component:
                await self.on_press(interaction, data)
            case discord.InteractionType.modal_submit:
                await self.on_form(interaction, data)
            case _:
                log.info("discord.interaction_passed_over", kind=interaction.type.value)

    async def on_typing(self, interaction: Interaction, data: Payload) -> None:
        """Somebody types a provider's or a model's name."""
        offered = called.choices(called.called(data), self._desk.defaults)
        named = [discord.app_commands.Choice(name=choice, value=choice) for choice in offered]
        await translated(interaction.response.autocomplete(named), reading=True)

    async def on_command(self, interaction: Interaction, data: Payload) -> None:
        """`/agents ...`, `/history ...`, or "Run agents on this"."""
        command = called.called(data)
        if command.name == "agents" and command.sub == "settings":
            await self._open_settings(interaction, command.options.get("scope"))
            return

        async def read(place: Place, by: Known, reply: Reply) -> Command | Asked:
            if command.name == called.RUN_ON_MESSAGE:
                return await self._run_on(called.target_message(data), place, by, reply)
            words = " ".join(str(value) for value in command.options.values())
            names = await self._names(interaction, words)
            wanted = called.asked_by(command, place, by, names=names)
            if not isinstance(wanted, StartSession):
                return wanted
            return await self._with_files(wanted, called.attachments(command), reply)

        await self._record(interaction, read)

    async def on_press(self, interaction: Interaction, data: Payload) -> None:
        """A button; which one is in its id, so that it works after a restart."""
        pressed = str(data.get("custom_id", ""))
        if pressed.startswith(cards.ANSWER) and pressed.removeprefix(cards.ANSWER).isdecimal():
            form = Form(cards.answer_form(int(pressed.removeprefix(cards.ANSWER))))
            await translated(interaction.response.send_modal(form), reading=True)
            return
        if pressed.startswith(SETTINGS):
            await self._open_settings(interaction, pressed.removeprefix(SETTINGS), again=True)
            return

        async def read(place: Place, by: Known, reply: Reply) -> Command | Asked:
            wanted = _pressed(pressed, place, by)
            if wanted is None:
                raise UserError(replies.NO_LONGER)
            return wanted

        await self._record(interaction, read, replacing=pressed.startswith(cards.OLDER))

    async def on_form(self, interaction: Interaction, data: Payload) -> None:
        """The form to answer in was sent, or the one of the settings."""
        sent = str(data.get("custom_id", ""))
        if sent.startswith(SETTINGS):
            reply = await self._reply(interaction)
            if reply is not None:
                await self._settings.save(reply, scope_of(sent.removeprefix(SETTINGS)), _known(interaction), data)
            return

        async def read(place: Place, by: Known, reply: Reply) -> Command | Asked:
            if place.root is None:
                raise UserError(replies.NO_LONGER)
            written = called.written_answer(data)
            text = from_discord(written, await self._names(interaction, written)).strip()
            message = MessageId(str(interaction.id))
            return PostReply(
                place=place,
                by=by.person,
                text=text,
                message=message,
                said_at=parse.moment_of(message),
                addressed=True,
                restricted=by.restricted,
                admin=by.admin,
                groups=tuple(sorted(by.groups)),
            )

        await self._record(interaction, read)

    async def _record(self, interaction: Interaction, read: Read, *, replacing: bool = False) -> None:
        """Record, then acknowledge; what cannot be is said in the acknowledgement itself."""
        reply = await self._reply(interaction)
        if reply is None:
            return

        async def record() -> None:
            wanted = await read(reply.place, _known(interaction), reply)
            if isinstance(wanted, StartSession):
                self._desk.check(wanted)
            otherwise = Answer(text=replies.STARTED if isinstance(wanted, StartSession) else replies.PASSED_ON)
            key, order = f"interaction:{interaction.id}", str(interaction.id)
            await self._attendant.take(wanted, key=key, order=order, notify=reply.notify, otherwise=otherwise)

        try:
            await self._attendant.in_time(record())
        except UserError as error:
            await reply.say(str(error))
            return
        except Exception as error:
            log.error("discord.not_recorded", error=type(error).__name__, exc_info=not isinstance(error, MusterError))
            await reply.say(neutral.NOT_STARTED)
            return
        self._attendant.soon(reply.reassure())
        await reply.acknowledge(replacing=replacing)

    async def _open_settings(self, interaction: Interaction, scope: Any, *, again: bool = False) -> None:
        reply = await self._reply(interaction)
        if reply is not None:
            await self._settings.open(interaction, reply, scope_of(scope), _known(interaction), again=again)

    async def _reply(self, interaction: Interaction) -> Reply | None:
        """What answers the interaction; None where Muster is no member, which the person is told."""
        place = _place(interaction)
        if place is None or (interaction.guild_id and self._people.is_stranger_to(str(interaction.guild_id))):
            await self._refuse(interaction, replies.not_in_server(self._people.invite))
            return None
        return Reply(interaction, self._surface, place)

    async def _refuse(self, interaction: Interaction, text: str) -> None:
        sending = interaction.response.send_message(
            text, ephemeral=True, suppress_embeds=True, allowed_mentions=discord.AllowedMentions.none()
        )
        await translated(sending, reading=True)

    async def _run_on(self, message: Payload, place: Place, by: Known, reply: Reply) -> Command:
        names = self._people.names_in("" if is_direct(place.workspace) else guild_of(place.workspace)) | {
            str(user["id"]): parse.shown_name(user) for user in message.get("mentions", ())
        }
        task = from_discord(str(message.get("content") or ""), names).strip()
        if not task:
            raise UserError(replies.NOTHING_IN_MESSAGE)
        start = StartSession(
            place=place,
            by=by.person,
            task=task,
            restricted=by.restricted,
            admin=by.admin,
            groups=tuple(sorted(by.groups)),
        )
        return await self._with_files(start, message.get("attachments", ()), reply)

    async def _with_files(self, start: StartSession, attachments: Sequence[Payload], reply: Reply) -> StartSession:
        start, left_out = await self._files.with_files(start, attachments, within_s=limits.DOWNLOAD_S)
        reply.add(left_out)
        return start

    async def _names(self, interaction: Interaction, text: str) -> dict[str, str]:
        if not interaction.guild_id:
            return {}
        guild = str(interaction.guild_id)
        users = [UserId(user) for user in mentioned(text)][:_NAMES_LOOKED_UP]
        found = await asyncio.gather(*(self._people.who(guild, user) for user in users))
        return self._people.names_in(guild) | {known.person.id: known.person.name for known in found}


def _pressed(button: str, place: Place, by: Known) -> Command | Asked | None:
    """What the button with that id asks for; None when it is none that Muster makes now."""
    kind = next((each for each in (cards.STOP, cards.OLDER, cards.CHOICE) if button.startswith(each)), "")
    value = button.removeprefix(kind)
    match kind:
        case cards.STOP:
            return requests.stop_pressed(value, place, by)
        case cards.OLDER:
            return requests.older_pressed(value, place, by)
        case cards.CHOICE:
            return requests.choice_pressed(value, place, by)
        case _:
            return None


def _place(interaction: Interaction) -> Place | None:
    """Where it was; None in other people's direct messages, and where Discord does not say."""
    channel: Any = interaction.channel
    if channel is None:
        return None
    if interaction.guild_id:
        parent = getattr(channel, "parent_id", None)
        return guild_place(
            str(interaction.guild_id), str(channel.id), kind=channel.type.value, parent=str(parent) if parent else None
        )
    if interaction.context.dm_channel or (
        channel.type.value == Kind.DIRECT and not interaction.context.private_channel
    ):
        return direct_place(str(interaction.user.id), str(channel.id))
    return None


def _known(interaction: Interaction) -> Known:
    """Who it was, as Discord says with every interaction."""
    user = interaction.user
    granted = interaction.permissions
    restricted = user.bot or bool(getattr(user, "pending", False))
    return Known(
        person=Person(id=UserId(str(user.id)), name=user.display_name),
        restricted=restricted,
        admin=not restricted and bool(interaction.guild_id) and (granted.manage_guild or granted.administrator),
        groups=frozenset(str(role.id) for role in getattr(user, "roles", ())),
    )
