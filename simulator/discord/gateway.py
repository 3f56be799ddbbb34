"""The gateway as a whole: the bot's sessions and connections, and who of them is told what.

Called by `activity` when something has happened (`dispatch`), by `interactions`, and by the control API for trouble;
`gateway_server` reads the connections. It changes nothing of what it tells about.
Source: https://docs.discord.com/developers/events/gateway
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from simulator.discord.gateway_connection import Connection
from simulator.discord.gateway_protocol import ENDS_SESSION, CloseCode, Intent, Op, intents_for
from simulator.discord.gateway_session import Session
from simulator.discord.greeting import without_members
from simulator.discord.guild import Channel
from simulator.discord.identify_budget import IdentifyBudget
from simulator.discord.message_content import without_content
from simulator.discord.options import DiscordOptions
from simulator.discord.permissions import Permission, in_channel
from simulator.discord.world import World
from simulator.faults import Fault, FaultBoard, FaultKind
from simulator.truth import TruthLog

_WITH_CONTENT = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
_TOLD_ANYHOW = frozenset({"GUILD_CREATE", "GUILD_DELETE", "INTERACTION_CREATE"})
"""The bot hears of these even where it is no member, or no longer."""
_TOLD_UNSEEN = frozenset({"CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"})
"""Of these it hears in channels too that it cannot see, or no longer: so it learns of its own permissions.
https://docs.discord.com/developers/topics/permissions#channel-visibility"""
_log = structlog.get_logger(__name__)


class Gateway:
    """Every session of the bot, connected or lost."""

    def __init__(
        self,
        *,
        world: World,
        truth: TruthLog,
        faults: FaultBoard,
        options: Callable[[], DiscordOptions],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._world = world
        self._truth = truth
        self._faults = faults
        self._options = options
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._connections: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.budget = IdentifyBudget()

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open, identified or not."""
        return list(self._connections)

    @property
    def sessions(self) -> list[Session]:
        """The sessions that are connected or can still be resumed."""
        return list(self._sessions.values())

    @property
    def reached_at(self) -> str | None:
        """Host and port under which the bot's newest connection reached us; None while there is none."""
        return self._connections[-1].request.host if self._connections else None

    def session_start_limit(self) -> dict[str, Any]:
        """What REST's `gateway/bot` says of the IDENTIFY budget."""
        options = self._options()
        return self.budget.wire(total=options.identify_total, max_concurrency=options.identify_max_concurrency)

    # -- telling ----------------------------------------------------------------------------------------------

    def dispatch(self, event: str, data: dict[str, Any], *, guild_id: str | None, channel: Channel | None) -> None:
        """Tell the bot of *event*, if it asked for such events and may see the place; faults befall it here.

        Args:
            event: its name on the wire, such as `MESSAGE_CREATE`; also the target of event faults.
            data: the event's `d`; must not be changed afterwards.
            guild_id: None for direct messages and for what concerns no guild.
            channel: where it happened, if in a channel, as it was when the bot could see it.
        """
        if not self._may_hear(event, guild_id, channel):
            return
        if self._faults.strike((FaultKind.DROP_EVENT,), event, data):
            self._record("event.dropped", team=guild_id, event=event, id=data.get("id"))
            return
        delay = self._faults.strike((FaultKind.DELAY_EVENT,), event, data)
        copies = self._faults.strike((FaultKind.DUPLICATE_EVENT,), event, data)
        if delay is None:
            self._tell(event, data, guild_id)
        if delay is not None or copies is not None:
            self._start(self._tell_later(event, data, guild_id, delay, copies))

    async def _tell_later(
        self, event: str, data: dict[str, Any], guild_id: str | None, delay: Fault | None, copies: Fault | None
    ) -> None:
        """Tell what a fault has delayed, and the copies that a fault asks for."""
        if delay is not None:
            await asyncio.sleep(delay.delay_s)
            self._tell(event, data, guild_id)
        if copies is None:
            return
        for _ in range(copies.copies):
            await asyncio.sleep(copies.spacing_s)
            self._tell(event, data, guild_id)

    def _may_hear(self, event: str, guild_id: str | None, channel: Channel | None) -> bool:
        """Whether the bot may know of what happens there."""
        if event in _TOLD_ANYHOW:
            return True
        guild = self._world.guilds[guild_id] if guild_id is not None else None
        if guild is not None and (guild.is_unavailable or not self._world.bot_is_in(guild)):
            return False
        if channel is None or event in _TOLD_UNSEEN:
            return True
        return Permission.VIEW_CHANNEL in in_channel(guild, channel, self._world.bot.id)

    def _tell(self, event: str, data: dict[str, Any], guild_id: str | None) -> None:
        """Put *event* into every session that asked for it."""
        wanted = intents_for(event, in_guild=guild_id is not None)
        told: dict[str, int] = {}
        shown = data
        for session in self._sessions.values():
            if not session.serves(guild_id) or (wanted is not None and not session.intents & wanted):
                continue
            shown = self._as_allowed(session, event, data, guild_id)
            session.push(event, shown)
            told[session.id] = session.seq
        kind = "event.sent" if told else "event.unsent"
        self._record(kind, team=guild_id, event=event, sessions=told, data=shown)

    def _as_allowed(self, session: Session, event: str, data: dict[str, Any], guild_id: str | None) -> dict[str, Any]:
        if event == "GUILD_CREATE":
            return without_members(data, session, self._world.bot.id)
        if event not in _WITH_CONTENT or Intent.MESSAGE_CONTENT in session.intents:
            return data
        return without_content(data, self._world.bot.id, is_direct=guild_id is None)

    def interact(self, data: dict[str, Any], *, guild_id: str | None) -> None:
        """Send an interaction; whoever is not connected never hears of it."""
        self.dispatch("INTERACTION_CREATE", data, guild_id=guild_id, channel=None)

    # -- sessions and connections -----------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A client has connected."""
        self._connections.append(connection)
        self._record("socket.opened", connection=connection.id)

    def closed(self, connection: Connection, code: int | None) -> None:
        """A connection has ended; *code* is the one it was closed with, by either side."""
        self._connections.remove(connection)
        self._record("socket.closed", connection=connection.id, code=code)
        session = self.session_of(connection)
        if session is None:
            return
        session.connection, session.lost_at = None, self._clock()
        if code in ENDS_SESSION:
            self.forget(session)

    def session_of(self, connection: Connection) -> Session | None:
        """The session that is reached over *connection*; None before it is identified."""
        return next((s for s in self._sessions.values() if s.connection is connection), None)

    def begin(self, session: Session) -> None:
        """A new session; sessions that can no longer be resumed are forgotten."""
        for old in self.sessions:
            if not self._can_resume(old):
                self.forget(old)
        self._sessions[session.id] = session
        self._record("gateway.begun", session=session.id, intents=int(session.intents), shard=list(session.shard))

    def find(self, session_id: str) -> Session | None:
        """The session with that id, if it can be resumed."""
        session = self._sessions.get(session_id)
        return session if session is not None and self._can_resume(session) else None

    def attach(self, session: Session, connection: Connection) -> None:
        """Reach *session* over *connection* from now on; the one before is dropped."""
        if session.connection is not None:
            session.connection.cut()
        session.connection, session.lost_at = connection, None

    def forget(self, session: Session) -> None:
        """Make sure that *session* is never resumed."""
        self._sessions.pop(session.id, None)
        self._record("gateway.ended", session=session.id)

    def _can_resume(self, session: Session) -> bool:
        return session.lost_at is None or self._clock() - session.lost_at <= self._options().resume_life_s

    # -- trouble on order -------------------------------------------------------------------------------------

    def drop(self, *, code: int | None = None, resumable: bool = True, count: int | None = None) -> int:
        """End *count* connections (all when None); returns how many.

        Args:
            code: close code; without one the TCP connection is cut.
            resumable: whether their sessions can be resumed.
        """
        chosen = self._connections[:count]
        for connection in chosen:
            self._end_session(connection, keep=resumable)
            if code is None:
                connection.cut()
            else:
                connection.close(code)
        return len(chosen)

    def ask_to_reconnect(self, count: int | None = None) -> int:
        """Send *count* connections (all when None) the frame that asks to reconnect and resume; returns how many."""
        chosen = self._connections[:count]
        for connection in chosen:
            connection.send(Op.RECONNECT, None)
        return len(chosen)

    def ask_for_heartbeat(self, count: int | None = None) -> int:
        """Ask *count* clients (all when None) for a heartbeat before its time; returns how many."""
        chosen = self._connections[:count]
        for connection in chosen:
            connection.send(Op.HEARTBEAT, None)
        return len(chosen)

    def invalidate(self, *, resumable: bool, count: int | None = None) -> int:
        """Tell *count* connections (all when None) that their session is invalid; returns how many."""
        chosen = self._connections[:count]
        for connection in chosen:
            self._end_session(connection, keep=resumable)
            connection.send(Op.INVALID_SESSION, resumable)
        return len(chosen)

    def _end_session(self, connection: Connection, *, keep: bool) -> None:
        session = self.session_of(connection)
        if session is not None and not keep:
            self.forget(session)

    def black_hole(self, count: int | None = None) -> int:
        """Make *count* connections (all when None) half-open; returns how many."""
        chosen = [c for c in self._connections if not c.black_holed][:count]
        for connection in chosen:
            connection.black_holed = True
            self._record("socket.black_holed", connection=connection.id)
        return len(chosen)

    def send_raw(self, text: str) -> int:
        """Send all connections *text* as a frame, whatever it is; returns how many there are."""
        for connection in self._connections:
            connection.send_text(text)
        return len(self._connections)

    def inject(self, event: str, data: Any) -> int:
        """Send all sessions an event, whatever it is; returns how many there are."""
        for session in self._sessions.values():
            session.push(event, data)
        return len(self._sessions)

    def refuse_all(self) -> None:
        """The token is no longer good: close everything with 4004."""
        self.drop(code=CloseCode.AUTHENTICATION_FAILED, resumable=False)
        for session in self.sessions:
            self.forget(session)

    async def close(self) -> None:
        """End all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in self.connections:
            connection.cut()

    def _record(self, kind: str, *, team: str | None = None, **data: Any) -> None:
        self._truth.append(kind, data, team=team or "")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("discord.dispatch_failed", exc_info=task.exception())
