"""An interaction: what a person did with the app, and what the app has answered so far.

Made by `interactions`; `callbacks` and `followups` find it by its token and note the answers in it.
Source: https://docs.discord.com/developers/interactions/receiving-and-responding
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from simulator.discord.guild import Channel, Guild, Message

KEPT = 10_000
"""Interactions that are remembered; the token of an older one is unknown."""


class InteractionType(IntEnum):
    """What the person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class CallbackType(IntEnum):
    """How the app answered."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(slots=True, kw_only=True)
class Answer:
    """The app's first answer."""

    type: CallbackType
    data: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One interaction."""

    id: str
    type: InteractionType
    user_id: str
    channel: Channel
    guild: Guild | None
    owners: dict[str, str]
    """`authorizing_integration_owners`."""
    data: dict[str, Any]
    source: Message | None = None
    """The message whose component was used, or from whose component the modal was opened."""
    trigger: dict[str, Any] | None = None
    """Of a submitted modal: what messages say of the interaction that opened it."""
    made_at: float = field(default_factory=time.monotonic)
    token: str = field(default_factory=lambda: f"sim{secrets.token_urlsafe(60)}")
    answered: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), repr=False
    )
    response: CallbackType | None = None
    original_id: str | None = None
    """Id of the message that is `@original`."""
    message_ids: set[str] = field(default_factory=set)
    """All messages that the token may edit and delete."""

    @property
    def is_void(self) -> bool:
        """Whether the person was told that the app did not respond."""
        return self.answered.cancelled()


class InteractionTokens:
    """All interactions whose token is or was good."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._interactions: dict[str, Interaction] = {}

    def add(self, interaction: Interaction) -> None:
        """Make its token good."""
        self._interactions[interaction.token] = interaction
        if len(self._interactions) > KEPT:
            del self._interactions[next(iter(self._interactions))]

    def find(self, token: str) -> Interaction | None:
        """The interaction with that token, however old."""
        return self._interactions.get(token)

    def age_s(self, interaction: Interaction) -> float:
        """Seconds since the person did it."""
        return self._clock() - interaction.made_at
