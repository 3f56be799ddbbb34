"""What can be set about the simulated Discord, at its start or while it runs (control API, `settings`).

Held by `platform`; every part reads the current value when it needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.discord import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordOptions:
    """How the simulated Discord behaves. The defaults are Discord's own."""

    app_name: str = "Muster"
    message_content_intent: bool = True
    """The app may read the content of messages that do not concern it (a switch in the developer portal)."""
    members_intent: bool = False
    presence_intent: bool = False
    enforce_limits: bool = True
    """Answer 429 to what is above Discord's rates."""
    identify_total: int = limits.IDENTIFY_TOTAL
    """IDENTIFYs allowed in a day."""
    identify_max_concurrency: int = 1
    """IDENTIFYs allowed in 5 s."""
    heartbeat_interval_ms: int = limits.HEARTBEAT_MS
    resume_life_s: float = 120.0
    """How long a lost session can be resumed, with all it missed."""
    interaction_timeout_s: float = limits.INTERACTION_ACK_S
    interaction_token_life_s: float = limits.INTERACTION_TOKEN_S
    nonce_life_s: float = limits.NONCE_S
    """How long an enforced nonce gives back the first message."""
    old_edit_s: float = limits.OLD_EDIT_S
    """Age above which edits of a message are limited."""
    file_bytes: int = limits.FILE_BYTES
    """Size above which a file is refused; also an interaction's `attachment_size_limit`."""
