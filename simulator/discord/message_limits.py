"""What Discord remembers about messages to refuse or to repeat: enforced nonces, edits of old messages.

Asked by `routes_messages`. It keeps no message from anybody: deleted ones are found again by nonce as deleted.
Source: https://docs.discord.com/developers/resources/message#create-message (`enforce_nonce`)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.discord import limits
from simulator.discord.call import Rate
from simulator.discord.errors import RateLimited
from simulator.discord.guild import Channel, Message, made_at
from simulator.discord.options import DiscordOptions
from simulator.discord.rates import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    message: Message
    at: float


class MessageLimits:
    """Nonces and old edits of one world."""

    def __init__(self, *, options: Callable[[], DiscordOptions], clock: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._sent: dict[tuple[str, str], _Sent] = {}
        self._old_edits: dict[str, Window] = {}

    def first_with(self, author_id: str, nonce: str | int) -> Message | None:
        """The message that *author_id* sent with that nonce lately, deleted or not."""
        sent = self._sent.get((author_id, str(nonce)))
        if sent is None or self._clock() - sent.at > self._options().nonce_life_s:
            return None
        return sent.message

    def remember(self, message: Message) -> None:
        """Keep the nonce of *message*, which was sent with one just now."""
        now = self._clock()
        life_s = self._options().nonce_life_s
        self._sent = {key: sent for key, sent in self._sent.items() if now - sent.at <= life_s}
        self._sent[message.author_id, str(message.nonce)] = _Sent(message=message, at=now)

    def take_edit(self, channel: Channel, message: Message) -> None:
        """Count an edit of *message*, if it is old.

        Raises:
            RateLimited: 30046, there were too many such edits in *channel*.
        """
        options = self._options()
        if not options.enforce_limits or self._clock() - made_at(message.id).timestamp() <= options.old_edit_s:
            return
        rate = Rate(calls=limits.OLD_EDITS, per_s=limits.OLD_EDITS_S)
        window = self._old_edits.setdefault(channel.id, Window(rate=rate))
        if not window.take(self._clock()):
            told = "Maximum number of edits to messages older than 1 hour reached. Try again later."
            raise RateLimited(window.ends_at - self._clock(), code=30046, message=told)
