"""One Discord bot with all its guilds, served by this process: the connection, the handlers, relays and senders.

Made by `muster up` and `muster bots`. Holds the platform's token; nothing else does. Of several processes with one
token the one with the lease is connected, records, shows and sends; the others stand by.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bots.attendant import Attendant
from bots.catch_up import CatchUp
from bots.delivery import Patience
from bots.discord import commands, limits, replies
from bots.discord.calls import BanGuard, Rest, translated
from bots.discord.cdn import Cdn
from bots.discord.files import Files
from bots.discord.gateway import Gateway, GatewayClient, Listener
from bots.discord.handlers import DiscordHandlers
from bots.discord.messages import DiscordRenderer
from bots.discord.people import DiscordConversations
from bots.discord.places import guild_workspace
from bots.discord.pressed import DiscordPresses
from bots.discord.settings import SettingsForms
from bots.discord.surface import DiscordSurface
from bots.discord.threads import DiscordThreads
from bots.facts import Facts
from bots.lease import LEASE_S, SenderLease
from bots.notices import Notices
from bots.outlet import Outlet, Outlets
from bots.pace import Pace
from bots.ports import Refusal
from core.domain.refs import Platform, ProcessId, WorkspaceId
from core.errors import MusterError, PermanentError, TransientError
from core.ports import TOPIC_RELAY, Bell, Clock, Conversations, Renderer, Tell, UnitOfWork
from core.service.front_desk import FrontDesk
from core.service.history import History
from core.service.outbound import NO_LINKS, Links

log = structlog.get_logger(__name__)

MakeDesk = Callable[[Conversations, Renderer, Tell], FrontDesk]

_LAST_WORDS_S = 5.0
_SWEEP_S = 5.0
_PORTAL = "https://discord.com/developers/applications"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordAccess:
    """How to reach Discord."""

    token: str = field(repr=False)
    api_url: str = ""  # with the version, without a slash at the end; "" for Discord's own
    gateway_url: str = ""


class DiscordBot:
    """Start, run, stop; in this order, once."""

    def __init__(
        self,
        *,
        access: DiscordAccess,
        uow: UnitOfWork,
        bell: Bell,
        clock: Clock,
        process: ProcessId,
        make_desk: MakeDesk,
        patience: Patience | None = None,
        lease_s: float = LEASE_S,
        links: Links = NO_LINKS,
        identifies: Mapping[float, int] = limits.IDENTIFIES,
    ) -> None:
        """Connect nothing yet.

        Args:
            process: this process' own id; a standby must have another.
            patience: times of the senders; by default Discord's.
            links: what agents may link to in any session.
            identifies: how many sessions may be started in windows of so many seconds.
        """
        self._access = access
        self._uow = uow
        self._bell = bell
        self._clock = clock
        self._process = process
        self._make_desk = make_desk
        self._patience = patience or Patience(
            reconcile_after_s=limits.RECONCILE_AFTER_S, resend_within_s=limits.RESEND_WITHIN_S
        )
        self._lease_s = lease_s
        self._links = links
        self._identifies = identifies
        guard = BanGuard()
        self._client = GatewayClient(reads_content=True, guard=guard, on_identify=self._may_identify)
        self._rest = Rest(self._client.http, guard)
        self._unfinished: set[WorkspaceId] = set()
        self.opened: dict[WorkspaceId, Outlet] = {}
        """What is shown and sent so far, by workspace."""

    async def start(self) -> None:
        """Find out who we are; returns when `run` can connect.

        Raises:
            PermanentError: Discord does not take the bot token.
        """
        if self._access.api_url:
            Route.BASE = self._access.api_url  # discord.py keeps it for the whole process
        await self._log_in()
        await self._find_gateway()
        self.application = str(self._client.application_id)
        facts, lasting = (Facts(time.monotonic, keep_s=keep_s) for keep_s in (limits.FACTS_S, limits.PLACES_S))
        people = DiscordConversations(self._client, self._rest, facts=facts, lasting=lasting)
        surface = DiscordSurface(self._rest, people, bot_user=self._own_id)
        renderer = DiscordRenderer(lambda: self._gateway.reads_content)
        self._desk = self._make_desk(people, renderer, surface.tell)
        self._attendant = Attendant(
            desk=self._desk,
            history=History(uow=self._uow, conversations=people, links=self._links),
            help_text=replies.HELP,
            record_s=limits.RECORD_S,
        )
        cdn = Cdn(self._access.api_url)
        handlers = DiscordHandlers(
            attendant=self._attendant,
            people=people,
            surface=surface,
            files=Files(self._desk, cdn),
            clock=self._clock,
            reads_content=lambda: self._gateway.reads_content,
        )
        presses = DiscordPresses(
            attendant=self._attendant,
            desk=self._desk,
            people=people,
            surface=surface,
            files=Files(self._desk, cdn),  # of their own: commands cannot wait for those of messages
            settings=SettingsForms(attendant=self._attendant, desk=self._desk),
        )
        self._compose(surface, renderer)
        self._connect(handlers, presses)
        self._catch_up = CatchUp(
            workspaces=self._workspaces,
            uow=self._uow,
            clock=self._clock,
            monotonic=time.monotonic,
            lease=self._lease,
            threads=DiscordThreads(
                self._rest,
                Facts(time.monotonic, keep_s=limits.ACTIVE_S),
                handlers.hear_again,
                lambda: self._gateway.connected,
            ),
        )
        log.info("discord.logged_in", application=self.application, invite=people.invite)

    @property
    def name(self) -> str:
        """What it serves, for the lease and for logs: a bot token, with all its guilds."""
        return f"{Platform.DISCORD}:{self.application}"

    def _compose(self, surface: DiscordSurface, renderer: DiscordRenderer) -> None:
        self._lease = SenderLease(
            uow=self._uow, name=self.name, process=self._process, monotonic=time.monotonic, lease_s=self._lease_s
        )

        def make(workspace: WorkspaceId, poll_s: float) -> Outlet:
            self.opened[workspace] = Outlet(
                workspace=workspace,
                uow=self._uow,
                clock=self._clock,
                surface=surface,
                renderer=renderer,
                lease=self._lease,
                pace=Pace(limits.RATES, time.monotonic),
                patience=self._patience,
                poll_s=poll_s,
                links=self._links,
            )
            return self.opened[workspace]

        self._outlets = Outlets(platform=Platform.DISCORD, uow=self._uow, lease=self._lease, make=make)
        self._notices = Notices(platform=Platform.DISCORD, uow=self._uow, lease=self._lease, tell=surface.tell)
        self._bell.subscribe(TOPIC_RELAY, self._outlets.wake)
        self._bell.subscribe(TOPIC_RELAY, lambda _workspace: self._notices.wake())

    def _connect(self, handlers: DiscordHandlers, presses: DiscordPresses) -> None:
        flags = self._client.application_flags
        reads_content = flags.gateway_message_content or flags.gateway_message_content_limited
        if not reads_content:
            hint = f"switch on Message Content Intent in {_PORTAL}, under Bot; until then people answer by a button"
            log.warning("discord.cannot_read_content", hint=hint)
        self._client.set_reads_content(reads_content)
        self._gateway = Gateway(
            client=self._client,
            rest=self._rest,
            lease=self._lease,
            listener=Listener(
                on_event=handlers.hear,
                on_interaction=presses.hear,
                on_term=self._write_commands,
                on_ready=self._on_ready,
            ),
            reads_content=reads_content,
        )

    async def run(self) -> None:
        """Connect, carry out, show and send until cancelled.

        Raises:
            PermanentError: Discord does not let the app connect as it is set up; the words say what to change.
        """
        # The lease outlives the last call, so that nobody takes over while it is under way.
        async with self._lease.kept(), asyncio.TaskGroup() as group:
            group.create_task(self._outlets.run())
            group.create_task(self._gateway.run())
            group.create_task(self._catch_up.run())
            group.create_task(self._notices.run())
            group.create_task(self._sweep())

    async def stop(self) -> None:
        """Hear nothing more, finish what was heard, let go of everything."""
        if hasattr(self, "_gateway"):
            await self._gateway.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self._desk.drain()
                    await self._attendant.drain()
        await self._client.shut()

    async def connected(self) -> bool:
        """Whether events can come in now; for `/health`. A process that stands by is not connected."""
        return self._gateway.connected

    def _own_id(self) -> str:
        return str(self._client.user.id) if self._client.user is not None else ""

    def _on_ready(self) -> None:
        self._attendant.soon(self._look_for_missed())

    async def _write_commands(self) -> None:
        try:
            await commands.sync(self._rest, self.application)
        except MusterError as error:
            log.warning("discord.commands_not_written", error=str(error))

    async def _look_for_missed(self) -> None:
        try:
            async with self._uow.across() as across:
                self._unfinished = set(await across.unfinished_in(Platform.DISCORD))
        except TransientError as error:
            log.warning("discord.unfinished_not_known", error=str(error))
        self._catch_up.gap()

    def _workspaces(self) -> set[WorkspaceId]:
        return self._unfinished | set(self.opened) | {guild_workspace(str(guild.id)) for guild in self._client.guilds}

    async def _sweep(self) -> None:
        """Carry out what dead processes left; who may do what is known once the guilds are."""
        while True:
            if self._lease.held and self._gateway.connected:
                try:
                    await self._desk.sweep()
                except TransientError as error:
                    log.warning("discord.sweep_failed", error=str(error))
            await asyncio.sleep(_SWEEP_S)

    async def _may_identify(self) -> float:
        try:
            async with self._uow.across() as across:
                return await across.identify(self.name, self._identifies)
        except TransientError as error:
            return error.retry_after_s

    async def _log_in(self) -> None:
        back_off_s = 1.0
        while True:
            try:
                await _logged_in(self._client, self._access.token)
                return
            except TransientError as error:
                log.warning("discord.not_reached", error=str(error))
                await self._client.http.close()
                self._client.http.connector = discord.utils.MISSING
                await asyncio.sleep(max(back_off_s, error.retry_after_s))
                back_off_s = min(back_off_s * 2, 30.0)

    async def _find_gateway(self) -> None:
        """Make discord.py connect elsewhere than to Discord, where that is configured; likewise for the process."""
        url = self._access.gateway_url
        if not url and self._access.api_url:
            url = str((await self._rest.call("GET", "/gateway/bot", reading=True))["url"])
        if url:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)


async def _logged_in(client: GatewayClient, token: str) -> None:
    async def log_in() -> None:
        try:
            await client.login(token)
        except discord.LoginFailure:
            words = f"Discord does not take DISCORD_BOT_TOKEN: make a new one in {_PORTAL}, under Bot"
            raise PermanentError(words, reason=Refusal.DISCONNECTED) from None

    await translated(log_in(), reading=True)
