"""What can be set about the simulated Slack, at its start or while it runs (control API, `settings`).

Held by `platform`; every part reads the current value when it needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.slack import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackOptions:
    """How the simulated Slack behaves. The defaults are Slack's own."""

    app_name: str = "Muster"
    commands: tuple[str, ...] = ("/agents", "/history")
    """Slash commands that the app has registered."""
    escape_commands: bool = True
    """The commands' "escape channels, users, and links" setting."""
    enforce_limits: bool = True
    """Answer 429 to what is above Slack's rates."""
    replies_error: str | None = None
    """Set it to deny bots `conversations.replies` in channels, with this error."""
    ack_timeout_s: float = limits.ACK_S
    redelivery_s: tuple[float, ...] = limits.REDELIVERY_S
    """Wait before each redelivery of an event; its length is how many there are."""
    ping_interval_s: float = 10.0
    refresh_grace_s: float = 10.0
    """How long a connection lives on after it was told to reconnect."""
    trigger_life_s: float = limits.TRIGGER_S
    response_url_life_s: float = limits.RESPONSE_URL_S
