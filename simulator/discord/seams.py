"""What the parts of the simulated Discord ask of the gateway.

`activity` and `membership` hold this instead of the gateway itself, which holds the platform.
"""

from __future__ import annotations

from typing import Any, Protocol

from simulator.discord.guild import Channel


class Dispatch(Protocol):
    """Sends an event to the sessions that may see it."""

    def __call__(self, event: str, data: dict[str, Any], *, guild_id: str | None, channel: Channel | None) -> None:
        """Dispatch *event* (`MESSAGE_CREATE`).

        Args:
            guild_id: where it happened; None in direct messages.
            channel: who cannot see it is not told; None when it concerns the guild as a whole.
        """
