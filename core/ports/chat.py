"""What the core needs of a chat platform, and what it tells people in private.

Implemented by each platform in `bots`; used by the front desk and by history.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from core.domain.refs import Person, Place, UserId
from core.domain.session import Session
from core.ports.threads import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one person is told in private."""

    text: str  # markdown
    sessions: tuple["Listed", ...] = ()  # a list to show under the text
    file_name: str = ""  # a document that goes with it
    file_text: str = ""
    older: "Query | None" = None  # what shows the next page


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One session in a list."""

    session: Session
    place: Place | None  # where it can be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """`/history`, `/agents status`: a question about what is kept; changes nothing, so it needs no inbox."""

    place: Place
    by: Person
    words: str = ""
    number: int | None = None
    offset: int = 0
    restricted: bool = False
    admin: bool = False  # of the workspace
    groups: tuple[str, ...] = ()  # that the person is in


class Conversations(Protocol):
    """What the front desk must know of a chat platform before it decides; bots implement it."""

    async def admit(self, place: Place) -> str:
        """Make sure that Muster can post and read in the channel.

        Returns:
            "" when it can; otherwise a sentence for the person that says what to do.
        """

    async def may_view(self, place: Place, user: UserId) -> bool:
        """Whether the person can see what is said there now; unknown or an error means no."""


class Renderer(Protocol):
    """Fixes the bytes of the root post; bots implement it."""

    def root(self, session: Session) -> Draft:
        """The status card of a session that has just been opened."""


Notify = Callable[[Answer], Awaitable[None]]
"""Tells the person who asked, in private, while the platform's way to answer them is at hand."""

Tell = Callable[[Place, UserId, Answer], Awaitable[None]]
"""Tells somebody in private later on: by an ephemeral message, else a direct one."""
