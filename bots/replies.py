"""Sentences for people that no platform changes, and errors in words.

Used by each platform's handlers and by the sender. What the front desk decides it words itself; this is for what
happens around it.
"""

from core.errors import MusterError, UserError

NOT_STARTED = "Muster could not note your request, so nothing was started or changed. Please try again in a minute."
NOT_ANSWERED = "Muster could not look that up just now. Please try again in a minute."
LOST_FORM = "(This message could not be shown in its own form.)"


def in_words(error: MusterError) -> str:
    """What the person is told of *error*: only `UserError`s carry words for people."""
    return str(error) if isinstance(error, UserError) else NOT_ANSWERED


def cannot_post(number: int, reason: str) -> str:
    """For the starter of a session whose thread takes no more posts."""
    return (
        f"I can no longer post in the thread of session #{number} ({reason}). "
        f"What the team still does is kept: `/history {number}` shows it to those who can see the conversation."
    )
