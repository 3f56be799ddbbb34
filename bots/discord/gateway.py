"""The one connection to Discord's gateway: opened while this process holds the lease, and never too often.

Run by `app`. discord.py connects, beats, resumes and reconnects; here it is decided when it may, and nothing that
Discord sends can end the process. What comes in goes to `Listener`, as Discord sent it.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import discord
import structlog
from discord.gateway import KeepAliveHandler

from bots.discord import limits
from bots.discord.calls import BanGuard, Rest
from bots.lease import SenderLease
from bots.ports import Refusal
from core.errors import MusterError, PermanentError

log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]

_PORTAL = "https://discord.com/developers/applications"
_BAD_TOKEN, _INVALID_INTENTS = 4004, 4013
_PROBE_AFTER_S = 3_600.0
_BACK_OFF_S = (1.0, 60.0)
_LOOK_S = 0.5
_WAITS_IN_CONNECTION_S = 20.0
_GUILDS_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who hears what; each but `on_term` returns at once."""

    on_event: Callable[[str, Payload], None]  # a dispatch of a kind in `HEARD`
    on_interaction: Callable[[discord.Interaction[Any]], None]
    on_term: Callable[[], Awaitable[None]]  # before this process connects; awaited
    on_ready: Callable[[], None]  # a new session: what was said before may have been missed


HEARD = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD"})


class NotNow(Exception):
    """No IDENTIFY for a while."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"no IDENTIFY for {wait_s:.0f} s")
        self.wait_s = wait_s


class GatewayClient(discord.Client):
    """discord.py's client, which outlives its connections and what it does not understand."""

    def __init__(self, *, reads_content: bool, guard: BanGuard, on_identify: Callable[[], Awaitable[float]]) -> None:
        """
        Args:
            on_identify: takes one IDENTIFY of the budget; returns the seconds to wait when there is none.
        """
        # Nobody here speaks: what voice would need is not missed.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=_intents(reads_content=reads_content),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=_GUILDS_WITHIN_S,
            max_ratelimit_timeout=limits.LONGEST_PAUSE_S,
            http_trace=guard.trace(),
        )
        self._on_identify = on_identify
        self.listener: Listener | None = None
        self._silent: KeepAliveHandler | None = None  # of the connection that was silent at the last look
        state = self._connection
        state.parsers = {event: self._guarded(event, read) for event, read in state.parsers.items()}

    def set_reads_content(self, reads_content: bool) -> None:
        """Ask for the content of messages from the next IDENTIFY on, or no more."""
        self._connection._intents = _intents(reads_content=reads_content)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Called by discord.py before each IDENTIFY.

        Raises:
            NotNow: the budget is spent.
        """
        wait_s = await self._on_identify()
        while 0 < wait_s <= _WAITS_IN_CONNECTION_S:
            await asyncio.sleep(wait_s)
            wait_s = await self._on_identify()
        if wait_s > 0:
            raise NotNow(wait_s)

    async def close(self) -> None:
        """Close the connection alone: discord.py does so before it gives up, and we may not have."""
        if self.ws is not None and self.ws.open:
            await self.ws.close()

    def cut_if_silent(self) -> None:
        """Cut the connection off when a heartbeat went unanswered, at two looks in a row; discord.py then resumes.

        A look may come before what has long arrived is read, hence two.
        """
        beat = self.ws._keep_alive if self.ws is not None and self.ws.open else None
        before, self._silent = self._silent, None
        if beat is None or time.perf_counter() - beat._last_ack < (beat.interval or 0.0) + limits.BEAT_ANSWERED_S:
            return
        self._silent = beat
        connection = self.ws.socket._conn
        if beat is before and connection is not None and connection.transport is not None:
            log.warning("discord.connection_silent")
            connection.transport.abort()

    async def shut(self) -> None:
        """Close everything, once."""
        await super().close()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py."""
        if self.listener is not None:
            self.listener.on_interaction(interaction)

    async def on_ready(self) -> None:
        """Called by discord.py after an IDENTIFY, once the guilds are known."""
        if self.listener is not None:
            self.listener.on_ready()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Called by discord.py when one of the above fails."""
        log.exception("discord.listener_failed", listener=event_method)

    def _guarded(self, event: str, read: Callable[[Any], None]) -> Callable[[Any], None]:
        """discord.py ends the connection, and the loop around it, when it cannot read an event."""

        def run(data: Any) -> None:
            try:
                read(data)
            except Exception as error:
                log.warning("discord.event_not_understood", dispatch=event, error=repr(error))
            if event in HEARD and self.listener is not None:
                try:
                    self.listener.on_event(event, data)
                except Exception as error:
                    log.warning("discord.event_not_heard", dispatch=event, error=repr(error))

        return run


def _intents(*, reads_content: bool) -> discord.Intents:
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        message_content=reads_content,
    )


class Gateway:
    """Keeps the connection open while the lease is ours."""

    def __init__(
        self, *, client: GatewayClient, rest: Rest, lease: SenderLease, listener: Listener, reads_content: bool
    ) -> None:
        self._client = client
        self._rest = rest
        self._lease = lease
        self._on_term, self._on_ready = listener.on_term, listener.on_ready
        self._failures = 0
        self._closing = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.reads_content = reads_content
        """Whether Discord lets us read messages that do not mention us."""
        client.listener = replace(listener, on_ready=self._ready)

    @property
    def connected(self) -> bool:
        """Whether events can come in now."""
        return self._client.ws is not None and self._client.ws.open and self._client.is_ready()

    async def run(self) -> None:
        """Connect whenever the lease is ours, until closed or cancelled.

        Raises:
            PermanentError: Discord takes no connection of this app as it is set up; the words say what to change.
        """
        while not self._closing.is_set():
            if self._lease.held:
                await self._term()
            await asyncio.sleep(_LOOK_S)

    async def close(self) -> None:
        """Hear nothing more."""
        self._closing.set()
        await self._idle.wait()

    async def _term(self) -> None:
        connecting, closing = asyncio.create_task(self._stay_connected()), asyncio.create_task(self._closing.wait())
        either = (connecting, closing)
        self._idle.clear()
        try:
            while not self._lease.taken_away and not any(task.done() for task in either):
                await asyncio.wait(either, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                self._client.cut_if_silent()
            if connecting.done():
                await connecting
            elif self._lease.taken_away:
                log.warning("discord.stands_by")
        finally:
            closing.cancel()
            while not connecting.done():  # once is not enough: a cancellation can get lost in `asyncio.wait_for`
                connecting.cancel()
                await asyncio.wait({connecting}, timeout=_LOOK_S)
            await self._client.close()
            self._idle.set()

    async def _stay_connected(self) -> None:
        await self._on_term()
        while True:
            try:
                await self._check_starts()
                await self._client.connect(reconnect=True)
            except NotNow as error:
                log.error("discord.identifies_spent", wait_s=round(error.wait_s))
                await self._pause(error.wait_s)
            except discord.PrivilegedIntentsRequired:
                self._do_without_content()
            except discord.ConnectionClosed as error:
                await self._closed(error)
            except PermanentError as error:
                await (self._token_refused() if error.reason == Refusal.DISCONNECTED else self._failed(error))
            except Exception as error:
                await self._failed(error)

    async def _check_starts(self) -> None:
        """Ask Discord how many sessions may be started yet. https://docs.discord.com/developers/events/gateway

        Raises:
            NotNow: hardly any.
        """
        limit = (await self._rest.call("GET", "/gateway/bot", reading=True))["session_start_limit"]
        if int(limit["remaining"]) <= min(limits.IDENTIFIES_SPARED, int(limit["total"]) // 2):
            raise NotNow(int(limit["reset_after"]) / 1000 + 1)

    def _ready(self) -> None:
        self._failures = 0
        log.info("discord.connected", guilds=len(self._client.guilds), reads_content=self.reads_content)
        self._on_ready()

    async def _closed(self, error: discord.ConnectionClosed) -> None:
        if error.code == _BAD_TOKEN:
            await self._token_refused()
        elif error.code == _INVALID_INTENTS:
            raise PermanentError(f"Discord does not take this app's intents: look at them in {_PORTAL}") from None
        else:
            await self._failed(error)

    def _do_without_content(self) -> None:
        if not self.reads_content:
            raise PermanentError(f"Discord refuses intents that this app has not been given: see {_PORTAL}, under Bot")
        log.warning("discord.cannot_read_content", hint=f"switch on Message Content Intent in {_PORTAL}, under Bot")
        self.reads_content = False
        self._client.set_reads_content(False)

    async def _token_refused(self) -> None:
        log.error("discord.token_refused", hint=f"make a new one in {_PORTAL}, under Bot, and set it")
        await self._pause(_PROBE_AFTER_S)

    async def _failed(self, error: Exception) -> None:
        expected = isinstance(error, MusterError | OSError | TimeoutError | discord.DiscordException)
        log.warning("discord.not_connected", error=repr(error), exc_info=not expected)
        shortest_s, longest_s = _BACK_OFF_S
        await self._pause(min(longest_s, shortest_s * 2.0**self._failures) * random.uniform(0.8, 1.2))
        self._failures = min(self._failures + 1, 8)

    async def _pause(self, seconds: float) -> None:
        await self._client.close()
        await asyncio.sleep(seconds)
