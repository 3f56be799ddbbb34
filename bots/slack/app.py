"""One Slack workspace served by this process: the connection, the handlers, the relay and the sender.

Made by `muster up`, `muster bots` and `python -m bots.slack`. Holds the platform's tokens; nothing else does.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bots.attachments import Attachments
from bots.attendant import Attendant
from bots.catch_up import CatchUp
from bots.delivery import Patience
from bots.facts import Facts
from bots.lease import LEASE_S, SenderLease
from bots.notices import Notices
from bots.outlet import Outlet
from bots.pace import Pace
from bots.slack import limits, replies
from bots.slack.calls import call
from bots.slack.files import SlackFiles
from bots.slack.handlers import SlackHandlers
from bots.slack.messages import SlackRenderer
from bots.slack.people import SlackConversations
from bots.slack.pressed import SlackPresses
from bots.slack.socket import SlackSocket
from bots.slack.surface import SlackSurface
from bots.slack.threads import SlackThreads
from core.domain.refs import Platform, ProcessId, WorkspaceId, workspace_id
from core.errors import TransientError
from core.ports import TOPIC_GAP, TOPIC_RELAY, Bell, Clock, Conversations, Renderer, Tell, UnitOfWork
from core.service.front_desk import FrontDesk
from core.service.history import History
from core.service.outbound import NO_LINKS, Links

log = structlog.get_logger(__name__)

MakeDesk = Callable[[Conversations, Renderer, Tell], FrontDesk]

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LAST_WORDS_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackAccess:
    """How to reach the workspace."""

    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    api_url: str = AsyncWebClient.BASE_URL


class SlackBot:
    """Start, run, stop; in this order, once."""

    def __init__(
        self,
        *,
        access: SlackAccess,
        uow: UnitOfWork,
        bell: Bell,
        clock: Clock,
        process: ProcessId,
        make_desk: MakeDesk,
        patience: Patience | None = None,
        lease_s: float = LEASE_S,
        links: Links = NO_LINKS,
    ) -> None:
        """Connect nothing yet.

        Args:
            process: this process' own id; a standby must have another.
            patience: times of the sender; by default Slack's.
            links: what agents may link to in any session.
        """
        self._access = access
        self._uow = uow
        self._bell = bell
        self._clock = clock
        self._process = process
        self._make_desk = make_desk
        self._patience = patience or Patience(reconcile_after_s=limits.RECONCILE_AFTER_S)
        self._lease_s = lease_s
        self._links = links
        self._open = contextlib.AsyncExitStack()
        self._socket: SlackSocket | None = None

    async def start(self) -> None:
        """Find out who we are and connect; returns when events can come in.

        Raises:
            PermanentError: Slack does not take the bot token.
        """
        http = await self._open.enter_async_context(aiohttp.ClientSession())
        client = self._web_client(http, token=self._access.bot_token)
        identity = await _identity(client)
        self.workspace: WorkspaceId = workspace_id(Platform.SLACK, identity["team_id"])
        bot_user = identity["user_id"]
        people = SlackConversations(
            client, team=identity["team_id"], facts=Facts(time.monotonic, keep_s=limits.FACTS_S)
        )
        surface = SlackSurface(client, http, people, bot_user=bot_user, workspace_url=identity["url"])
        renderer = SlackRenderer()
        self._desk = self._make_desk(people, renderer, surface.tell)
        self._attendant = Attendant(
            desk=self._desk,
            history=History(uow=self._uow, conversations=people, links=self._links),
            help_text=replies.HELP,
            record_s=limits.RECORD_S,
        )
        self._handlers = SlackHandlers(
            workspace=self.workspace,
            bot_user=bot_user,
            attendant=self._attendant,
            people=people,
            surface=surface,
            desk=self._desk,
            attachments=self._attachments(client, http),
        )
        presses = SlackPresses(
            workspace=self.workspace,
            attendant=self._attendant,
            people=people,
            surface=surface,
            client=client,
            desk=self._desk,
            clock=self._clock,
            attachments=self._attachments(client, http),  # its own: nobody's large files hold up a form
        )
        self._compose(surface, renderer, SlackThreads(client, self._handlers.hear_again))
        app = _bolt_app(self._web_client(http, token=None), identity, self._access.bot_token)
        self._handlers.register(app)
        presses.register(app)

        def make_handler() -> AsyncSocketModeHandler:
            handler = AsyncSocketModeHandler(app, self._access.app_token, proxy=client.proxy)
            if self._is_local:
                handler.client.proxy = None
            return handler

        self._socket = SlackSocket(make=make_handler, on_gap=self._on_gap, monotonic=time.monotonic)
        await self._socket.open()
        log.info("slack.connected", workspace=self.workspace, bot_user=bot_user)

    @property
    def name(self) -> str:
        """What it serves, for the lease and for logs: a bot token, which is for one workspace."""
        return self.workspace

    def _compose(self, surface: SlackSurface, renderer: SlackRenderer, threads: SlackThreads) -> None:
        self._lease = SenderLease(
            uow=self._uow,
            name=self.name,
            process=self._process,
            monotonic=time.monotonic,
            lease_s=self._lease_s,
        )
        self.outlet = Outlet(
            workspace=self.workspace,
            uow=self._uow,
            clock=self._clock,
            surface=surface,
            renderer=renderer,
            lease=self._lease,
            pace=Pace(limits.RATES, time.monotonic),
            patience=self._patience,
            links=self._links,
        )
        self._catch_up = CatchUp(
            workspaces=lambda: (self.workspace,),
            uow=self._uow,
            clock=self._clock,
            monotonic=time.monotonic,
            lease=self._lease,
            threads=threads,
        )
        self._notices = Notices(
            platform=Platform.SLACK, uow=self._uow, lease=self._lease, tell=surface.tell, only=self.workspace
        )
        self._bell.subscribe(TOPIC_RELAY, self._on_ring)
        self._bell.subscribe(TOPIC_GAP, self._on_others_gap)

    def _attachments(self, client: AsyncWebClient, http: aiohttp.ClientSession) -> Attachments:
        files = SlackFiles(client, http)
        return Attachments(
            fetch=files.fetch,
            look_up=files.look_up,
            keep=self._desk.keep,
            most_bytes=self._desk.defaults.max_file_bytes,
            most_files=self._desk.defaults.max_files,
        )

    async def run(self) -> None:
        """Carry out, show and send until cancelled."""
        # The lease outlives the last call, so that nobody takes over while it is under way.
        assert self._socket is not None
        async with self._lease.kept(), asyncio.TaskGroup() as group:
            group.create_task(self._socket.run())
            group.create_task(self._catch_up.run())
            group.create_task(self._notices.run())
            group.create_task(self.outlet.run())
            group.create_task(self._desk.run(only=self.workspace))

    async def stop(self) -> None:
        """Hear nothing more, finish what was heard, let go of everything."""
        if self._socket is not None:
            await self._socket.close()
            await self._handlers.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self._desk.drain()
                    await self._attendant.drain()
        await self._open.aclose()

    async def connected(self) -> bool:
        """Whether events can come in now; for `/health`."""
        return self._socket is not None and await self._socket.connected()

    def _on_ring(self, workspace: str) -> None:
        if workspace in ("", self.workspace):
            self.outlet.wake()
            self._notices.wake()

    def _on_gap(self) -> None:
        """Our connection may have missed events: whoever speaks for the workspace reads its threads again."""
        if self._lease.held:
            self._catch_up.gap()
        else:
            self._attendant.soon(self._bell.ring(TOPIC_GAP, self.workspace))

    def _on_others_gap(self, workspace: str) -> None:
        if workspace == self.workspace:
            self._catch_up.gap()

    @property
    def _is_local(self) -> bool:
        return urlsplit(self._access.api_url).hostname in _LOOPBACK

    def _web_client(self, http: aiohttp.ClientSession, *, token: str | None) -> AsyncWebClient:
        # The SDK would try again after a lost answer, and so post twice.
        client = AsyncWebClient(token=token, base_url=self._access.api_url, session=http, retry_handlers=[])
        if self._is_local:
            client.proxy = None  # taken from the environment, which knows nothing of loopback
        return client


async def _identity(client: AsyncWebClient) -> dict[str, str]:
    back_off_s = 1.0
    while True:
        try:
            return await call(client.auth_test(), reading=True)
        except TransientError as error:
            log.warning("slack.not_reached", error=str(error))
            await asyncio.sleep(max(back_off_s, error.retry_after_s))
            back_off_s = min(back_off_s * 2, 30.0)


def _bolt_app(client: AsyncWebClient, identity: dict[str, str], bot_token: str) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity["team_id"],
            bot_user_id=identity["user_id"],
            bot_id=identity["bot_id"],
            bot_token=bot_token,
        )

    # Without process_before_response Bolt acknowledges an event before its listener runs, and even if it fails.
    app = AsyncApp(
        client=client,
        authorize=authorize,
        process_before_response=True,
        logger=logging.getLogger("slack_bolt"),
    )
    app.error(_on_error)
    return app


async def _on_error(error: Exception) -> None:
    """A listener failed: nothing is acknowledged, so Slack sends the event again."""
    expected = isinstance(error, TransientError | TimeoutError)
    log.error("slack.event_not_recorded", error=str(error) or type(error).__name__, exc_info=not expected)
