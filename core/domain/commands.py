"""What people ask: parsed from a platform's payload, kept in the inbox until carried out.

Made by each platform's `parse`, carried out by the front desk. They hold words and ids only: never a payload, a
token, or an address that works like one.
"""

from dataclasses import dataclass
from datetime import datetime

from core.domain.refs import FileRef, MessageId, Person, Place, QuestionId


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSession:
    """`/agents <task>`, a mention or a direct message."""

    place: Place  # root set: work in this existing thread
    by: Person
    task: str
    restricted: bool = False  # a guest or a stranger to the workspace
    admin: bool = False  # of the workspace
    groups: tuple[str, ...] = ()  # the platform's ids of user groups or roles that the person is in
    provider: str = ""  # "" for the deployment's own
    model: str = ""
    team: str = ""  # the specialists wished for, in the person's words
    files: tuple[FileRef, ...] = ()  # their bytes are kept already


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReply:
    """A message in a thread: an answer, a note, a follow-up, or the word `stop`."""

    place: Place  # root is always set
    by: Person
    text: str
    message: MessageId
    said_at: datetime  # the platform's time of the message
    files: tuple[FileRef, ...] = ()  # their bytes are kept already
    addressed: bool = False  # the message mentions Muster
    restricted: bool = False
    admin: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReply:
    """A person changed or deleted what they had written in a thread."""

    place: Place  # root is always set
    by: Person
    message: MessageId  # the one that was changed
    text: str  # what it says now; "" when it is gone
    said_at: datetime | None = None  # the platform's time of the message
    restricted: bool = False
    admin: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSession:
    """The Stop button, `/agents stop [number]`, or a reaction to a post of Muster's."""

    place: Place
    by: Person
    number: int | None = None  # None: the newest unfinished session of the place
    post: MessageId | None = None  # a message of the channel: the session of its thread, if it is a post of Muster's
    restricted: bool = False
    admin: bool = False  # of the workspace
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PressChoice:
    """A button under a question of the team, or under its request for an approval."""

    place: Place
    by: Person
    question: QuestionId
    choice: int  # its place among the choices, from 0
    restricted: bool = False
    admin: bool = False
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAccess:
    """`/agents access <right> ...`: an admin says who may do what."""

    place: Place
    by: Person
    right: str  # a `core.service.access.Right`
    users: tuple[str, ...] = ()
    grantees: tuple[str, ...] = ()  # user groups or roles
    channels: tuple[str, ...] = ()
    reset: bool = False  # back to the default, whatever else is named
    restricted: bool = False
    admin: bool = False
    groups: tuple[str, ...] = ()


Command = StartSession | PostReply | ChangeReply | StopSession | PressChoice | ChangeAccess
