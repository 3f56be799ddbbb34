"""A chat platform to speak on, with people on it: what the one suite over `bots.ports` needs, whatever the platform.

Made by `slack_chat` and `discord_chat`, against a simulator over real sockets. Posts are brought as the sender brings
them, but once: there is no outbox, and nobody tries again. Trouble is ordered by what it means, not by its wire.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bots.ports import ChatSurface, MessageRenderer, Rendered
from core.domain.lifecycle import State
from core.domain.refs import ChannelId, MessageId, Person, Place, Platform, SessionId, ThreadId, UserId, WorkspaceId
from core.domain.session import Session
from core.ports import Conversations, Draft, Post, Thread
from core.service.narration import Speaker, Tone, Words
from simulator.server import Simulator

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000"
    "000049454e44ae426082"
)
CODER = Speaker(name="coder", icon="computer")
WRITER = Speaker(name="writer", icon="memo")
PAUSE_S = 40
"""Longer than any client library waits by itself."""
_THREAD = ThreadId("t1")

Shown = Any
"""A message as a platform's people see it: `simulator.slack.shown.Shown` or `simulator.discord.shown.Shown`."""
Control = Any
"""A platform's control client, with its people: `SlackControl` or `DiscordControl`."""


class Deed(StrEnum):
    """What a surface does."""

    POST = "post"
    UPLOAD = "upload"
    FIND = "find"
    EDIT = "edit"
    COPIES = "copies"
    DELETE = "delete"
    TELL = "tell"


class Trouble(StrEnum):
    """What happens to the next call."""

    LOSE_REPLY = "lose the reply"  # carried out, and nobody hears of it
    LOSE_REQUEST = "lose the request"  # never arrives
    PAUSE = "answer 429"
    SERVER_ERROR = "server error"


_FAULTS: Mapping[Trouble, Mapping[str, Any]] = {
    Trouble.LOSE_REPLY: {"kind": "lose_reply"},
    Trouble.LOSE_REQUEST: {"kind": "lose_request"},
    Trouble.PAUSE: {"kind": "rate_limit", "retry_after_s": PAUSE_S},
    Trouble.SERVER_ERROR: {"kind": "server_error", "status": 503},
}


class Time:
    """The clock by which a platform's answers grow old."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(kw_only=True)
class Chat:
    """One platform, its channel `general`, and a session of ada's in it."""

    platform: Platform
    simulator: Simulator
    control: Control
    surface: ChatSurface
    renderer: MessageRenderer
    people: Conversations
    time: Time
    workspace: WorkspaceId
    channel: ChannelId
    starter: Person
    count: int = 0
    session: Session = field(init=False)

    unsafe_to_resend: bool
    """Whether a post that is sent again at once comes twice."""
    targets: Mapping[Deed, str]
    """The platform's own name of the call that a deed begins with."""

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        self.session = Session(
            id=SessionId("s1"),
            workspace=self.workspace,
            number=12,
            thread=_THREAD,
            state=State.RUNNING,
            task="count the primes",
            starter=self.starter,
            provider="demo",
            model="demo",
            max_rounds=12,
            created_at=now,
            changed_at=now,
        )

    # --- places

    @property
    def place(self) -> Place:
        """The channel."""
        return Place(workspace=self.workspace, channel=self.channel)

    def under(self, root: MessageId) -> Place:
        """The thread under a root post."""
        return replace(self.place, root=root)

    def thread(self, root: MessageId | None = None, *, owned: bool = True) -> Thread:
        """The thread as the renderer is told of it."""
        return Thread(id=_THREAD, workspace=self.workspace, channel=self.channel, root=root, owned=owned)

    async def direct(self, name: str) -> Place:
        """Somebody's direct messages with Muster."""
        raise NotImplementedError

    async def channel_named(self, name: str) -> ChannelId:
        """The channel's id."""
        state = await self.control.state()
        return ChannelId(next(c["id"] for c in state["channels"] if c.get("name") == name))

    async def user(self, name: str) -> UserId:
        """The person's id."""
        return UserId(await self.control.person(name).id())

    async def private_channel(self, *members: str) -> Place:
        """A private channel that ada has made, and that Muster is in."""
        self.count += 1
        name = f"private-{self.count}"
        await self.control.person("ada").create_channel(name, private=True, members=("muster", *members))
        return replace(self.place, channel=await self.channel_named(name))

    async def let_in(self, place: Place, name: str) -> None:
        """Let somebody into a private channel."""
        raise NotImplementedError

    async def let_out(self, place: Place, name: str) -> None:
        """Somebody is in a private channel no more."""
        raise NotImplementedError

    def let_time_pass(self) -> None:
        """What was heard of people and channels is too old to be relied on."""
        self.time.now += 61

    # --- what Muster does

    def post_of(self, draft: Draft) -> Post:
        """The next post of the outbox."""
        self.count += 1
        key = hashlib.sha256(f"{id(self)}:{self.count}".encode()).hexdigest()[:25]
        return Post(thread=_THREAD, n=self.count, key=key, draft=draft, created_at=datetime.now(UTC))

    def says(self, text: str, *, by: Speaker | None = CODER) -> Post:
        """A post with an agent's words, of a length that fits one message."""
        [rendered] = self.rendered(spoken(text, by=by))
        return self.post_of(rendered.draft)

    def rendered(self, *words: Words, owned: bool = True) -> list[Rendered]:
        """*words* in the platform's form."""
        return self.renderer.render(self.session, self.thread(owned=owned), words)

    async def send(self, place: Place, post: Post, *, content: bytes | None = None, plain: bool = False) -> MessageId:
        """Bring one post to the platform, with its file where it has one."""
        if content is None:
            return await self.surface.post(place, post, plain=plain)
        if not self.surface.uploads_first:
            return await self.surface.post(place, post, content=content, plain=plain)
        return await self.surface.post(place, await self.with_file(post, content), plain=plain)

    async def with_file(self, post: Post, content: bytes) -> Post:
        """*post* with its bytes brought, where that is a call of its own."""
        return replace(post, file=await self.surface.upload(post, content))

    async def send_all(self, place: Place, rendered: Sequence[Rendered]) -> list[MessageId]:
        """Bring several messages, with the documents that they make."""
        return [await self.send(place, self.post_of(each.draft), content=each.document) for each in rendered]

    async def begin(self) -> MessageId:
        """Post a root, under which a thread is from then on."""
        return await self.send(self.place, self.post_of(self.renderer.root(self.session)))

    # --- what goes wrong

    async def order(self, trouble: Trouble, deed: Deed, *, times: int | None = 1) -> None:
        """Let the next call that *deed* begins with meet *trouble*."""
        await self.control.add_fault(target=self.targets[deed], times=times, **_FAULTS[trouble])

    async def deny(self, error: str, deed: Deed, *, times: int | None = 1) -> None:
        """Let the platform refuse what *deed* begins with, by its own name or number of the refusal."""
        await self.control.add_fault("deny", target=self.targets[deed], error=error, times=times)

    async def forget_posts(self) -> None:
        """From now on a post that is sent again comes twice, whatever the platform promises for a while."""

    async def deny_reading(self) -> None:
        """Muster may no longer read what is said in the channel and its threads."""
        raise NotImplementedError

    async def revoke_token(self) -> None:
        """The token is worth nothing any more."""
        raise NotImplementedError

    async def deny_direct(self) -> None:
        """Nobody takes direct messages of Muster's."""
        raise NotImplementedError

    def too_large(self) -> Draft:
        """A message that the platform never takes."""
        raise NotImplementedError

    # --- what people see

    async def read(self, place: Place) -> list[Shown]:
        """What Muster has posted in a channel (its threads left out) or in a thread (its root left out)."""
        raise NotImplementedError

    async def read_one(self, place: Place, message: MessageId) -> Shown:
        """One of these."""
        [found] = [shown for shown in await self.read(place) if shown.ts == message]
        return found

    async def told(self, name: str) -> list[Shown]:
        """What Muster has told somebody in private: where they are, then directly."""
        raise NotImplementedError

    def icon(self, shown: Shown) -> str:
        """The icon that a message was posted under, as the platform has it; "" when it has none."""
        raise NotImplementedError

    def sizes(self, shown: Shown) -> dict[str, tuple[int, int]]:
        """How long each part of a message is that has a limit, and how long it may be."""
        raise NotImplementedError

    def sequences(self, shown: Shown) -> list[str]:
        """What stands in a message that the platform makes something of: mentions above all."""
        raise NotImplementedError

    def words(self, shown: Shown) -> str:
        """What stands in a message, as the platform keeps it."""
        raise NotImplementedError

    def notified(self) -> list[str]:
        """Whom messages of any kind have notified so far."""
        log = self.simulator.truth.of(str(self.platform))
        return [who for entry in log.since(kinds=("message.",)) for who in entry.data.get("notifies", ())]


def ago(seconds: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC) - timedelta(seconds=seconds)


def spoken(text: str, *, seq: int = 1, by: Speaker | None = CODER) -> Words:
    """What an agent says, or Muster itself."""
    return Words(seq=seq, tone=Tone.SAID if by else Tone.NOTICE, text=text, speaker=by)
