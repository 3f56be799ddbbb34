"""Puts a bots process together: front desk, handlers, relay and sender of one workspace.

Entry points call `open_slack` with the core that they opened and values from the settings; tests call it with others.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.delivery import Patience
from bots.slack.app import SlackAccess, SlackBot
from core.domain.refs import Platform, ProcessId, new_id
from core.ports import Bell, Clock, Conversations, Renderer, Tell, UnitOfWork
from core.service.decisions import Defaults
from core.service.front_desk import FrontDesk
from core.service.policy import Policy


@asynccontextmanager
async def open_slack(
    *,
    access: SlackAccess,
    uow: UnitOfWork,
    bell: Bell,
    clock: Clock,
    policy: Policy,
    defaults: Defaults,
    patience: Patience | None = None,
    lease_s: float = 20.0,
) -> AsyncIterator[SlackBot]:
    """A bot that is connected and ready to `run`; it lets go of everything at the end of the block.

    Args:
        patience: times of the sender; by default Slack's.
        lease_s: a sender silent for so long is replaced.

    Raises:
        PermanentError: Slack does not take the bot token.
    """

    def make_desk(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
        return FrontDesk(
            platform=Platform.SLACK,
            uow=uow,
            clock=clock,
            conversations=conversations,
            renderer=renderer,
            policy=policy,
            defaults=defaults,
            tell=tell,
        )

    bot = SlackBot(
        access=access,
        uow=uow,
        bell=bell,
        clock=clock,
        process=ProcessId(f"bots-{new_id()}"),
        make_desk=make_desk,
        patience=patience,
        lease_s=lease_s,
    )
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()
