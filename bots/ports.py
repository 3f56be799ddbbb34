"""What the relay and the sender need of a chat platform, and the words for why it refused.

`bots.<platform>.surface` and `bots.<platform>.cards` implement these; nothing here knows a platform.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from core.domain.refs import MessageId, Place, UserId
from core.domain.session import Session
from core.ports import Answer, Draft, Post, Thread
from core.service.narration import Words


class Refusal(StrEnum):
    """`PermanentError.reason` of a surface: what the caller must do about it."""

    THREAD_GONE = "thread_gone"  # nothing can be sent to this thread any more
    CONTENT = "content"  # this message will never be taken as it is
    MESSAGE_GONE = "message_gone"  # the message to edit is not there or can no longer be changed
    DISCONNECTED = "disconnected"  # the token is worth nothing: no further call to the workspace
    READ_DENIED = "read_denied"  # the platform does not let us look whether a message arrived


class UnknownOutcome(Exception):
    """The call may have been carried out or not: look before doing it again."""


class ChatSurface(Protocol):
    """A chat platform to speak on. Every method makes calls with no retry of its own.

    All raise `TransientError` when the call was certainly not carried out and may work later, and `PermanentError`
    with a `Refusal`.
    """

    uploads_first: bool
    """Files are brought before the messages that show them; otherwise `post` is given the bytes."""

    async def post(self, place: Place, post: Post, *, content: bytes | None = None, plain: bool = False) -> MessageId:
        """Send one message of the outbox and return its id.

        Args:
            content: the draft's bytes, where they go with the message.
            plain: only its words, without any form that the platform could object to.

        Raises:
            UnknownOutcome: no answer, or one that leaves open what was done.
        """

    async def upload(self, post: Post, content: bytes) -> str:
        """Bring the bytes to the platform, seen by nobody yet; returns the platform's id of the file."""

    async def find(self, place: Place, post: Post, since: datetime) -> MessageId | None:
        """The id of the message that *post* became at or after *since*; None when it never arrived."""

    async def edit(self, place: Place, message: MessageId, payload: dict[str, Any]) -> None:
        """Replace the content of an own message."""

    async def copies(self, place: Place, since: datetime) -> list[list[MessageId]]:
        """Own messages since then that carry the same key, earliest first; only keys seen more than once."""

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove an own message; one that is gone already is fine."""

    async def tell(self, place: Place, user: UserId, answer: Answer) -> None:
        """Tell one person something in private, where they are, or else in a direct message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A message to put into the outbox."""

    draft: Draft
    document: bytes | None = None  # bytes of its own, to be kept as the draft's blob


class MessageRenderer(Protocol):
    """Turns sessions and neutral words into a platform's messages."""

    def root(self, session: Session) -> Draft:
        """The status card as a message of its own."""

    def card(self, session: Session) -> dict[str, Any]:
        """The status card as the new content of the message that shows it."""

    def render(self, session: Session, thread: Thread, words: Sequence[Words]) -> list[Rendered]:
        """Messages that show *words*, in order; each draft's `shown` is the last event in it."""
