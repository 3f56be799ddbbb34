"""Puts a bots process together: a bot for each platform that is configured.

Entry points call `open_bots` with the settings and the core that they opened.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from bots.delivery import Patience
from config.settings import Settings
from core.bootstrap import Core
from core.domain.refs import Platform, ProcessId, new_id
from core.ports import Conversations, Renderer, Tell
from core.service.decisions import Defaults
from core.service.front_desk import FrontDesk

# Each platform's library costs a process time and memory, so only those that are served are imported.
if TYPE_CHECKING:
    from bots.discord.app import DiscordBot
    from bots.slack.app import SlackBot


@asynccontextmanager
async def open_bots(settings: Settings, core: Core) -> AsyncIterator[list["SlackBot | DiscordBot"]]:
    """A bot for each platform that the settings name, ready to `run`; all let go at the end of the block.

    Raises:
        PermanentError: a platform does not take its token.
    """
    bots: list[SlackBot | DiscordBot] = []
    if settings.has_slack:
        bots.append(_slack_bot(settings, core))
    if settings.has_discord:
        bots.append(_discord_bot(settings, core))
    async with AsyncExitStack() as stack:
        for bot in bots:
            stack.push_async_callback(bot.stop)
            await bot.start()
        yield bots


def _slack_bot(settings: Settings, core: Core) -> "SlackBot":
    from bots.slack.app import SlackAccess, SlackBot

    access = SlackAccess(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
    )
    patience = Patience(reconcile_after_s=settings.reconcile_after_s)
    return SlackBot(access=access, patience=patience, **_shared(Platform.SLACK, settings, core))


def _discord_bot(settings: Settings, core: Core) -> "DiscordBot":
    from bots.discord.app import DiscordAccess, DiscordBot

    access = DiscordAccess(
        token=settings.discord_bot_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )
    return DiscordBot(access=access, **_shared(Platform.DISCORD, settings, core))


def _shared(platform: Platform, settings: Settings, core: Core) -> dict[str, Any]:
    """What every platform's bot is given."""
    return {
        "uow": core.uow,
        "bell": core.bell,
        "clock": core.clock,
        "process": ProcessId(f"bots-{new_id()}"),
        "lease_s": settings.sender_lease_s,
        "make_desk": _desk_maker(platform, settings, core),
    }


def _desk_maker(
    platform: Platform, settings: Settings, core: Core
) -> Callable[[Conversations, Renderer, Tell], FrontDesk]:
    provider, model = settings.default_model
    defaults = Defaults(provider=provider, model=model, max_rounds=settings.max_rounds, models={provider: (model,)})

    def make(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
        return FrontDesk(
            platform=platform,
            uow=core.uow,
            clock=core.clock,
            conversations=conversations,
            renderer=renderer,
            policy=core.policy,
            defaults=defaults,
            tell=tell,
        )

    return make
