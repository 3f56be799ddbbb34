"""The answer to one interaction: acknowledged inside three seconds, filled in while its token lives.

Made by `pressed` for each interaction. Tokens live here, in memory, and nowhere else. Source:
https://docs.discord.com/developers/interactions/receiving-and-responding
"""

import asyncio
import io
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import discord
import structlog

from bots.discord import answers, limits, replies
from bots.discord.calls import translated
from bots.discord.surface import DiscordSurface
from bots.ports import UnknownOutcome
from core.domain.refs import Place, UserId
from core.errors import MusterError
from core.ports import Answer

log = structlog.get_logger(__name__)

_QUIET = discord.AllowedMentions.none()
_ACKED_WITHIN_S = 10.0


class Reply:
    """What one person is told about what they pressed or typed."""

    def __init__(self, interaction: discord.Interaction[Any], surface: DiscordSurface, place: Place) -> None:
        self._interaction = interaction
        self._surface = surface
        self.place = place
        """Where it was pressed or typed."""
        self._added = ""
        self._acked = asyncio.Event()
        self._answered = asyncio.Event()
        self._until = time.monotonic() + limits.TOKEN_S

    async def acknowledge(self, *, replacing: bool = False) -> None:
        """Say that it was heard; nobody else sees it.

        Args:
            replacing: the answer takes the place of the message whose button was pressed.
        """
        await translated(self._interaction.response.defer(ephemeral=True, thinking=not replacing), reading=True)
        self._acked.set()

    async def say(self, text: str, *, components: Sequence[dict[str, Any]] = ()) -> None:
        """Answer at once: this is the acknowledgement, and all there will be."""
        embed = discord.Embed.from_dict(answers.rendered(Answer(text=text))["embeds"][0])
        view = _Drawn(list(components)) if components else discord.utils.MISSING
        sending = self._interaction.response.send_message(
            embed=embed, view=view, ephemeral=True, allowed_mentions=_QUIET
        )
        await translated(sending, reading=True)
        self._answered.set()

    def add(self, text: str) -> None:
        """Say *text* as well, whatever the answer will be."""
        self._added = text

    async def notify(self, answer: Answer) -> None:
        """Fill in the answer; when that can no longer be, tell the person directly."""
        self._answered.set()
        answer = replace(answer, text="\n\n".join(filter(None, [answer.text, self._added])))
        try:
            async with asyncio.timeout(_ACKED_WITHIN_S):
                await self._acked.wait()
            if time.monotonic() < self._until:
                await self._fill_in(answer)
                return
        except (MusterError, UnknownOutcome, TimeoutError) as error:
            log.warning("discord.interaction_not_answered", error=str(error) or type(error).__name__)
        await self._surface.tell(self.place, UserId(str(self._interaction.user.id)), answer)

    async def reassure(self) -> None:
        """Say that the request is noted, when its answer is long in coming; that can still replace this."""
        try:
            async with asyncio.timeout(limits.UNANSWERED_S):
                await self._answered.wait()
        except TimeoutError:
            if self._acked.is_set():  # else another process may have, and what it answered would be written over
                await self._fill_in(Answer(text=replies.NOTED))

    async def _fill_in(self, answer: Answer) -> None:
        body = answers.rendered(answer)
        files = [discord.File(io.BytesIO(answer.file_text.encode()), answer.file_name)] if answer.file_text else []
        await translated(
            self._interaction.edit_original_response(
                embeds=[discord.Embed.from_dict(embed) for embed in body["embeds"]],
                view=_Drawn(body["components"]) if body["components"] else None,
                attachments=files,
                allowed_mentions=_QUIET,
            ),
            reading=True,
        )


class _Drawn(discord.ui.View):
    """Components as they are: what they do is decided by their ids, so discord.py keeps nothing of them in memory."""

    def __init__(self, components: list[dict[str, Any]]) -> None:
        super().__init__(timeout=None)
        self._components = components
        self.stop()

    def to_components(self) -> list[dict[str, Any]]:
        return self._components


class Form(discord.ui.Modal):
    """A form as it is, likewise."""

    def __init__(self, form: dict[str, Any]) -> None:
        super().__init__(title=form["title"], custom_id=form["custom_id"], timeout=None)
        self._form = form
        self.stop()

    def to_dict(self) -> dict[str, Any]:
        return self._form
