"""Puts a bots process together: front desk, handlers, relays and senders of one platform.

Entry points call `open_bots` with the settings and the core that they opened; tests call `open_slack` and
`open_discord` with other values.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from bots.delivery import Patience
from config.settings import Settings
from core.bootstrap import Core
from core.domain.refs import Platform, ProcessId, new_id
from core.ports import Bell, Clock, Conversations, Renderer, Tell, UnitOfWork
from core.service.decisions import Defaults
from core.service.front_desk import FrontDesk
from core.service.policy import Policy

# Each platform's library costs a process time and memory, so only those that are served are imported.
if TYPE_CHECKING:
    from bots.discord.app import DiscordAccess, DiscordBot
    from bots.slack.app import SlackAccess, SlackBot


@asynccontextmanager
async def open_bots(settings: Settings, core: Core) -> AsyncIterator[list["SlackBot | DiscordBot"]]:
    """A bot for each platform that the settings name, ready to `run`.

    Raises:
        PermanentError: a platform does not take its token.
    """
    provider, model = settings.default_model
    shared: dict[str, Any] = {
        "uow": core.uow,
        "bell": core.bell,
        "clock": core.clock,
        "policy": core.policy,
        "defaults": Defaults(
            provider=provider, model=model, max_rounds=settings.max_rounds, models={provider: (model,)}
        ),
        "lease_s": settings.sender_lease_s,
    }
    async with AsyncExitStack() as stack:
        bots: list[SlackBot | DiscordBot] = []
        if settings.has_slack:
            patience = Patience(reconcile_after_s=settings.reconcile_after_s)
            access = _slack_access(settings)
            bots.append(await stack.enter_async_context(open_slack(access=access, patience=patience, **shared)))
        if settings.has_discord:
            bots.append(await stack.enter_async_context(open_discord(access=_discord_access(settings), **shared)))
        yield bots


def _slack_access(settings: Settings) -> "SlackAccess":
    from bots.slack.app import SlackAccess

    return SlackAccess(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
    )


def _discord_access(settings: Settings) -> "DiscordAccess":
    from bots.discord.app import DiscordAccess

    return DiscordAccess(
        token=settings.discord_bot_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )


@asynccontextmanager
async def open_slack(
    *,
    access: "SlackAccess",
    uow: UnitOfWork,
    bell: Bell,
    clock: Clock,
    policy: Policy,
    defaults: Defaults,
    patience: Patience | None = None,
    lease_s: float = 20.0,
) -> AsyncIterator["SlackBot"]:
    """A bot that is connected and ready to `run`; it lets go of everything at the end of the block.

    Args:
        patience: times of the sender; by default Slack's.
        lease_s: a sender silent for so long is replaced.

    Raises:
        PermanentError: Slack does not take the bot token.
    """
    from bots.slack.app import SlackBot

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
    access: "DiscordAccess",
    uow: UnitOfWork,
    bell: Bell,
    clock: Clock,
    policy: Policy,
    defaults: Defaults,
    patience: Patience | None = None,
    lease_s: float = 20.0,
) -> AsyncIterator["DiscordBot"]:
    """A bot that is logged in and connects when it is `run`; it lets go of everything at the end of the block.

    Args:
        patience: times of the senders; by default Discord's.
        lease_s: a process silent for so long is replaced.

    Raises:
        PermanentError: Discord does not take the bot token.
    """
    from bots.discord.app import DiscordBot

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
