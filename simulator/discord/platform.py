"""The simulated Discord as a whole: one app, its guilds, and the parts that serve them.

Made by the server; handed to the REST routes, the gateway, the interactions and the control API. It only holds the
parts together.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from aiohttp import web

from simulator.discord.activity import Activity
from simulator.discord.commands import CommandBook
from simulator.discord.gateway import Gateway
from simulator.discord.gateway_server import GatewayServer
from simulator.discord.greeting import Greeting
from simulator.discord.guild import Guild, User
from simulator.discord.interactions import Interactions
from simulator.discord.membership import Membership
from simulator.discord.message_form import MessageForm
from simulator.discord.message_limits import MessageLimits
from simulator.discord.options import DiscordOptions
from simulator.discord.wire import Wire
from simulator.discord.world import World
from simulator.faults import FaultBoard
from simulator.truth import TruthLog

API_PATH = "/discord/api/v10"
BOT_TOKEN = "simulator-discord-bot-token"
"""The bot's token. discord.py does not look into it."""


class DiscordPlatform:
    """All of the simulated Discord."""

    def __init__(
        self,
        *,
        options: DiscordOptions,
        truth: TruthLog,
        own_url: Callable[[], str],
        clock: Callable[[], float] = time.time,
        fault_seed: int = 0,
    ) -> None:
        self.options = options
        self.truth = truth
        self.clock = clock
        self.faults = FaultBoard(seed=fault_seed)
        self.world = World(app_name=options.app_name, clock=clock)
        self.commands = CommandBook(application_id=self.world.application.id, snowflakes=self.world.snowflakes)
        self._own_url = own_url
        self.token = BOT_TOKEN
        self.gateway = Gateway(world=self.world, truth=truth, faults=self.faults, options=lambda: self.options)
        greeting = Greeting(world=self.world, wire=self.wire, options=lambda: self.options)
        self.gateway_server = GatewayServer(
            gateway=self.gateway,
            greeting=greeting,
            truth=truth,
            options=lambda: self.options,
            token=lambda: self.token,
            reset_token=self.reset_token,
        )
        dispatch = self.gateway.dispatch
        self.message_limits = MessageLimits(options=lambda: self.options, clock=clock)
        self.activity = Activity(world=self.world, truth=truth, dispatch=dispatch, base_url=self.base_url)
        self.membership = Membership(
            world=self.world, truth=truth, dispatch=dispatch, activity=self.activity, base_url=self.base_url
        )
        self.interactions = Interactions(self)
        self.world.found_guild("Acme")
        self.world.found_guild("Elsewhere", with_bot=False)

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return self.gateway_server.routes()

    def reset_token(self) -> None:
        """Make the bot's token another one: whoever uses the old one is refused."""
        self.token = f"{BOT_TOKEN}-{secrets.token_hex(4)}"
        self.truth.append("token.reset", {})

    async def close(self) -> None:
        """End all connections."""
        await self.gateway.close()

    def add_guild(self, name: str) -> Guild:
        """A further guild with the bot and the usual people, roles and channels in it."""
        guild = self.world.found_guild(name)
        self.membership.announce(guild)
        return guild

    def add_user(self, *, username: str, global_name: str) -> User:
        """A further person, member of nothing yet."""
        return self.world.found_user(username=username, global_name=global_name)

    def wire(self) -> Wire:
        """Renders things with addresses at which the app reaches us."""
        return Wire(self.world, self.base_url())

    def form(self, wire: Wire | None = None) -> MessageForm:
        """Makes messages out of request bodies; *wire* is the caller's, if it reached us in a way of its own."""
        return MessageForm(self.world, self.options, wire or self.wire())

    def base_url(self) -> str:
        """Begin of the addresses that the app is sent: where it reaches us itself, be it through a proxy."""
        return f"http://{self.gateway.reached_at}" if self.gateway.reached_at else self._own_url()

    @property
    def first(self) -> Guild:
        """The guild that is there from the start."""
        return next(iter(self.world.guilds.values()))

    @property
    def elsewhere(self) -> Guild:
        """The guild without the bot, where ada has the app installed for herself."""
        return next(guild for guild in self.world.guilds.values() if not self.world.bot_is_in(guild))
