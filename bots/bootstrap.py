"""Puts a bots process together: front desk, handlers, relays and senders of one platform.

Entry points call `open_slack` and `open_discord` with the core that they opened and values from the settings; tests
call them with others.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bots.delivery import Patience
from bots.discord.app import DiscordAccess, DiscordBot
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

    bot = SlackBot(
        access=access,
        uow=uow,
        bell=bell,
        clock=clock,
        process=ProcessId(f"bots-{new_id()}"),
        make_desk=_make_desk(Platform.SLACK, uow, clock, policy, defaults),
        patience=patience,
        lease_s=lease_s,
    )
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()


@asynccontextmanager
async def open_discord(
    *,
    access: DiscordAccess,
    uow: UnitOfWork,
    bell: Bell,
    clock: Clock,
    policy: Policy,
    defaults: Defaults,
    patience: Patience | None = None,
    lease_s: float = 20.0,
) -> AsyncIterator[DiscordBot]:
    """A bot that is logged in and connects when it is `run`; it lets go of everything at the end of the block.

    Args:
        patience: times of the senders; by default Discord's.
        lease_s: a process silent for so long is replaced.

    Raises:
        PermanentError: Discord does not take the bot token.
    """
    bot = DiscordBot(
        access=access,
        uow=uow,
        bell=bell,
        clock=clock,
        process=ProcessId(f"bots-{new_id()}"),
        make_desk=_make_desk(Platform.DISCORD, uow, clock, policy, defaults),
        patience=patience,
        lease_s=lease_s,
    )
    try:
        await bot.start()
        yield bot
    finally:
        await bot.stop()


def _make_desk(
    platform: Platform, uow: UnitOfWork, clock: Clock, policy: Policy, defaults: Defaults
) -> Callable[[Conversations, Renderer, Tell], FrontDesk]:
    def make(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
        return FrontDesk(
            platform=platform,
            uow=uow,
            clock=clock,
            conversations=conversations,
            renderer=renderer,
            policy=policy,
            defaults=defaults,
            tell=tell,
        )

    return make
