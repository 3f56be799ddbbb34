"""What people do with the app: commands, completions, buttons, selects, modals; and how it went for them.

Called by the control API, which has checked what Discord's client checks. Each is sent over the gateway once, must be
answered in time, and is never redelivered; what the app answers is taken by `callbacks`.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.discord.command_call import Leaf, called, typed_so_far
from simulator.discord.command_check import CommandType
from simulator.discord.components import Kind
from simulator.discord.guild import Channel, Guild, Message, MessageFlag, User
from simulator.discord.interaction import Answer, Interaction, InteractionTokens, InteractionType
from simulator.discord.interaction_wire import payload
from simulator.discord.modals import Modal, Modals, fill_in
from simulator.discord.resolved import Resolved
from simulator.errors import PersonError
from simulator.outcome import Outcome

if TYPE_CHECKING:
    from simulator.discord.platform import DiscordPlatform

DID_NOT_RESPOND = "The application did not respond"
FAILED = "This interaction failed"
TRY_AGAIN = "Something went wrong. Try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Who does something, and where."""

    user: User
    channel: Channel
    guild: Guild | None
    """None in direct messages."""


class Interactions:
    """Sends what people do to the app and notes how it went."""

    def __init__(self, platform: DiscordPlatform) -> None:
        self._platform = platform
        self.tokens = InteractionTokens()
        self.modals = Modals(platform.truth)

    # -- commands ---------------------------------------------------------------------------------------------

    async def command(self, spot: Spot, leaf: Leaf, values: dict[str, Any]) -> Outcome:
        """*spot*'s person calls a command with *values* by the options' names.

        Raises:
            PersonError: Discord's client would not send it.
        """
        resolved = self._resolved(spot)
        data = resolved.in_data(leaf.data(called(leaf, values, resolved.option)))
        said = {"command": leaf.name, "options": _without_bytes(values)}
        return await self._interact(spot, InteractionType.COMMAND, data, "command", said, told=DID_NOT_RESPOND)

    async def autocomplete(self, spot: Spot, leaf: Leaf, values: dict[str, Any], focused: str) -> Outcome:
        """*spot*'s person types into the option *focused*; the choices are in the outcome's payload."""
        resolved = self._resolved(spot)
        data = resolved.in_data(leaf.data(typed_so_far(leaf, values, focused, resolved.option)))
        said = {"command": leaf.name, "options": _without_bytes(values), "focused": focused}
        return await self._interact(spot, InteractionType.AUTOCOMPLETE, data, "autocomplete", said, told="")

    async def message_command(self, spot: Spot, command: dict[str, Any], message: Message) -> Outcome:
        """*spot*'s person uses a command of the context menu on *message*."""
        resolved = self._resolved(spot)
        known = {"id": command["id"], "name": command["name"], "type": int(CommandType.MESSAGE)}
        if command.get("guild_id"):
            known["guild_id"] = command["guild_id"]
        data = resolved.in_data(known | {"target_id": resolved.message(message)})
        said = {"callback_id": command["name"], "ts": message.id}
        return await self._interact(spot, InteractionType.COMMAND, data, "shortcut", said, told=DID_NOT_RESPOND)

    # -- components and modals --------------------------------------------------------------------------------

    async def use(self, spot: Spot, message: Message, component: dict[str, Any], values: list[str] | None) -> Outcome:
        """*spot*'s person presses a button of *message*, or chooses *values* in a select."""
        resolved = self._resolved(spot)
        data: dict[str, Any] = {"custom_id": component["custom_id"], "component_type": component["type"]}
        data["id"] = component.get("id", 0)
        if values is not None:
            data["values"] = resolved.selected(Kind(component["type"]), values)
        said = {"ts": message.id, "action_id": component["custom_id"]}
        return await self._interact(
            spot, InteractionType.COMPONENT, resolved.in_data(data), "action", said, told=FAILED, source=message
        )

    async def submit(self, spot: Spot, modal: Modal, values: dict[str, Any]) -> Outcome:
        """*spot*'s person fills in *modal* and submits it; it stays open when the app does not answer.

        Raises:
            PersonError: Discord's client would not let it be submitted.
        """
        resolved = self._resolved(spot)
        filled = fill_in(modal, values, resolved)
        data = resolved.in_data({"custom_id": modal.custom_id, "components": filled})
        said = {"view_id": modal.id, "values": _without_bytes(values)}
        outcome = await self._interact(
            spot,
            InteractionType.MODAL_SUBMIT,
            data,
            "submit",
            said,
            told=TRY_AGAIN,
            source=modal.source,
            trigger=modal.trigger,
        )
        if outcome.acked:
            self.modals.close(modal)
        return outcome

    # -- sending ----------------------------------------------------------------------------------------------

    async def _interact(
        self,
        spot: Spot,
        kind: InteractionType,
        data: dict[str, Any],
        name: str,
        said: dict[str, Any],
        *,
        told: str,
        source: Message | None = None,
        trigger: dict[str, Any] | None = None,
    ) -> Outcome:
        """Send it and wait for the first answer.

        Args:
            name: of what the person did, in the truth log.
            told: what Discord's client shows when there is no answer.
        """
        interaction = Interaction(
            id=self._platform.world.snowflakes.next(),
            type=kind,
            user_id=spot.user.id,
            channel=spot.channel,
            guild=spot.guild,
            owners=self.owners(spot),
            data=data,
            source=source,
            trigger=trigger,
        )
        said = {"user": spot.user.id, "channel": spot.channel.id, "interaction": interaction.id, **said}
        self._record(spot, f"user.{name}", said)
        self.tokens.add(interaction)
        guild_id = spot.guild.id if spot.guild is not None else None
        self._platform.gateway.interact(payload(self._platform, interaction), guild_id=guild_id)
        outcome = await self._answer_to(interaction)
        if not outcome.acked and told:
            self._tell(spot, told)
        self._record(spot, f"{name}.finished", {**said, **outcome.wire()})
        return outcome

    async def _answer_to(self, interaction: Interaction) -> Outcome:
        try:
            answer: Answer = await asyncio.wait_for(interaction.answered, self._platform.options.interaction_timeout_s)
        except TimeoutError:
            return Outcome.failed("did_not_respond")
        return Outcome.after(self.tokens.age_s(interaction), {"type": int(answer.type), "data": answer.data})

    def owners(self, spot: Spot) -> dict[str, str]:
        """By which of its installations the app is there: `authorizing_integration_owners`.

        Raises:
            PersonError: it is not.
        """
        owners: dict[str, str] = {}
        if spot.guild is None:
            owners["0"] = "0"
        elif self._platform.world.bot_is_in(spot.guild):
            owners["0"] = spot.guild.id
        if spot.user.id in self._platform.world.application.user_installs:
            owners["1"] = spot.user.id
        if not owners:
            raise PersonError("the app is not here, and you have not installed it for yourself", status=404)
        return owners

    def _resolved(self, spot: Spot) -> Resolved:
        return Resolved(
            self._platform.world,
            self._platform.wire(),
            guild=spot.guild,
            channel=spot.channel,
            user_id=spot.user.id,
            file_bytes=self._platform.options.file_bytes,
        )

    def _tell(self, spot: Spot, text: str) -> None:
        """Show the person alone what Discord's client says."""
        world = self._platform.world
        note = Message(
            id=world.snowflakes.next(),
            channel_id=spot.channel.id,
            author_id=world.bot.id,
            content=text,
            flags=MessageFlag.EPHEMERAL,
            only_for=spot.user.id,
        )
        self._platform.activity.post_message(spot.channel, note)

    def _record(self, spot: Spot, kind: str, said: dict[str, Any]) -> None:
        team = spot.guild.id if spot.guild is not None else ""
        self._platform.truth.append(kind, said, team=team)


def _without_bytes(values: dict[str, Any]) -> dict[str, Any]:
    """*values* for the log: of a file its name alone."""
    return {name: value["name"] if isinstance(value, dict) else value for name, value in values.items()}
