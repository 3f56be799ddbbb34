"""The simulated Slack as a whole: one app, its workspaces, and the parts that serve them.

Made by the server; handed to the Web API, the sockets and the control API. It only holds the parts together.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from simulator.faults import FaultBoard
from simulator.slack.activity import Activity
from simulator.slack.deliveries import Deliveries
from simulator.slack.events import Events
from simulator.slack.files import FileStore
from simulator.slack.interactions import Interactions
from simulator.slack.limits import RateLimiter
from simulator.slack.options import SlackOptions
from simulator.slack.socket_mode import SocketModeHub
from simulator.slack.triggers import Triggers
from simulator.slack.views import Views
from simulator.slack.workspace import ChannelKind, Workspace
from simulator.truth import TruthLog

APP_ID = "A0000000001"
APP_TOKEN = "xapp-simulator"
BOT_TOKEN = "xoxb-simulator"
"""Bot token of the first workspace; the second's is `xoxb-simulator-2`, and so on."""


class SlackPlatform:
    """All of the simulated Slack."""

    def __init__(
        self,
        *,
        options: SlackOptions,
        truth: TruthLog,
        own_url: Callable[[], str],
        clock: Callable[[], float] = time.time,
        fault_seed: int = 0,
    ) -> None:
        self.options = options
        self.truth = truth
        self._own_url = own_url
        self.faults = FaultBoard(seed=fault_seed)
        self.files = FileStore()
        self.views = Views(truth)
        self.triggers = Triggers()
        self.limiter = RateLimiter()
        self.hub = SocketModeHub(app_id=APP_ID, truth=truth, options=lambda: self.options)
        self.deliveries = Deliveries(hub=self.hub, truth=truth, faults=self.faults, options=lambda: self.options)
        events = Events(self.deliveries.send_event, self.files, self.base_url)
        self.events = events
        self.activity = Activity(truth, events, self.files, self.base_url)
        self.interactions = Interactions(
            deliveries=self.deliveries,
            activity=self.activity,
            triggers=self.triggers,
            views=self.views,
            files=self.files,
            truth=truth,
            options=lambda: self.options,
            base_url=self.base_url,
        )
        self.workspaces: dict[str, Workspace] = {}
        self._clock = clock
        self.add_workspace("Acme")

    async def close(self) -> None:
        """End all connections and deliveries."""
        await self.deliveries.close()
        await self.hub.close()

    def add_workspace(self, name: str) -> Workspace:
        """A further workspace with the app installed and the usual people and channels in it."""
        number = len(self.workspaces) + 1
        workspace = Workspace(
            number=number,
            name=name,
            app_id=APP_ID,
            app_name=self.options.app_name,
            token=BOT_TOKEN if number == 1 else f"{BOT_TOKEN}-{number}",
            clock=self._clock,
        )
        _populate(workspace)
        self.workspaces[workspace.id] = workspace
        return workspace

    def base_url(self) -> str:
        """Begin of the addresses that the app is sent: where it reaches us itself, be it through a proxy."""
        return f"http://{self.hub.reached_at}" if self.hub.reached_at else self._own_url()

    @property
    def first(self) -> Workspace:
        """The workspace that is there from the start."""
        return next(iter(self.workspaces.values()))

    def workspace_of(self, token: str) -> Workspace | None:
        """The workspace that a bot token belongs to."""
        return next((w for w in self.workspaces.values() if w.token == token), None)


def _populate(workspace: Workspace) -> None:
    """The people, user groups and channels that every new workspace has."""
    ada = workspace.add_user(name="ada", real_name="Ada Lovelace", is_admin=True)
    ben = workspace.add_user(name="ben", real_name="Ben Ortiz")
    chloe = workspace.add_user(name="chloe", real_name="Chloe Tan")
    gus = workspace.add_user(name="gus", real_name="Gus Guest", is_restricted=True)
    workspace.add_group(handle="analysts", name="Analysts", users=[ben.id, chloe.id])
    members = [ada.id, ben.id, chloe.id]
    public, private = ChannelKind.PUBLIC, ChannelKind.PRIVATE
    workspace.add_channel(
        name="general", kind=public, members=[*members, gus.id, workspace.bot.id], creator=ada.id, is_general=True
    )
    workspace.add_channel(name="random", kind=public, members=members, creator=ada.id)
    workspace.add_channel(name="leads", kind=private, members=[ada.id, ben.id], creator=ada.id)
