"""Puts a bots process together: a bot for each platform that is configured.

Entry points call `open_bots` with the settings and the core that they opened.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from bots.choices import Choices
from bots.delivery import Patience
from config.settings import Settings
from core.bootstrap import Core
from core.domain.refs import Platform, ProcessId, new_id
from core.ports import Conversations, Renderer, Tell
from core.service.decisions import Defaults
from core.service.front_desk import FrontDesk
from core.service.outbound import Links
from core.service.sealing import Sealer

# Each platform's library costs a process time and memory, so only those that are served are imported.
if TYPE_CHECKING:
    from bots.discord.app import DiscordBot
    from bots.slack.app import SlackBot


@asynccontextmanager
async def open_bots(
    settings: Settings, core: Core, *, sealer: Sealer | None = None
) -> AsyncIterator[list["SlackBot | DiscordBot"]]:
    """A bot for each platform that the settings name, ready to `run`; all let go at the end of the block.

    Args:
        sealer: seals the keys that people bring; without one, `PUBLIC_KEY` says to whom.

    Raises:
        PermanentError: a platform does not take its token.
    """
    if sealer is None and settings.public_key:
        sealer = Sealer(settings.public_key)
    choices = Choices(settings.providers())
    make_desk = _DeskMaker(settings, core, choices, sealer)
    bots: list[SlackBot | DiscordBot] = []
    if settings.has_slack:
        bots.append(_slack_bot(settings, core, make_desk))
    if settings.has_discord:
        bots.append(_discord_bot(settings, core, make_desk))
    async with AsyncExitStack() as stack:
        keeping = asyncio.create_task(choices.keep(core.uow))
        stack.callback(keeping.cancel)
        for bot in bots:
            stack.push_async_callback(bot.stop)
            await bot.start()
        yield bots


def _slack_bot(settings: Settings, core: Core, make_desk: "_DeskMaker") -> "SlackBot":
    from bots.slack.app import SlackAccess, SlackBot

    access = SlackAccess(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        api_url=settings.slack_api_url,
    )
    patience = Patience(reconcile_after_s=settings.reconcile_after_s)
    return SlackBot(access=access, patience=patience, **_shared(Platform.SLACK, settings, core, make_desk))


def _discord_bot(settings: Settings, core: Core, make_desk: "_DeskMaker") -> "DiscordBot":
    from bots.discord.app import DiscordAccess, DiscordBot

    access = DiscordAccess(
        token=settings.discord_bot_token.get_secret_value(),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )
    return DiscordBot(access=access, **_shared(Platform.DISCORD, settings, core, make_desk))


def _shared(platform: Platform, settings: Settings, core: Core, make_desk: "_DeskMaker") -> dict[str, Any]:
    """What every platform's bot is given."""
    return {
        "uow": core.uow,
        "bell": core.bell,
        "clock": core.clock,
        "process": ProcessId(f"bots-{new_id()}"),
        "lease_s": settings.sender_lease_s,
        "links": Links.trusting(settings.link_hosts),
        "make_desk": make_desk.of(platform),
    }


class _DeskMaker:
    """Makes the front desks of this process: all alike but for the platform."""

    def __init__(self, settings: Settings, core: Core, choices: Choices, sealer: Sealer | None) -> None:
        provider, model = settings.default_model
        self._core = core
        self._sealer = sealer
        self._defaults = Defaults(
            provider=provider,
            model=model,
            max_rounds=settings.max_rounds,
            models=choices,
            system_prompt=settings.system_prompt,
            max_file_bytes=settings.max_file_mb * 1024 * 1024,
            max_files=settings.max_files,
        )

    def of(self, platform: Platform) -> Callable[[Conversations, Renderer, Tell], FrontDesk]:
        """What makes the platform's front desk."""

        def make(conversations: Conversations, renderer: Renderer, tell: Tell) -> FrontDesk:
            return FrontDesk(
                platform=platform,
                uow=self._core.uow,
                clock=self._core.clock,
                conversations=conversations,
                renderer=renderer,
                policy=self._core.policy,
                defaults=self._defaults,
                tell=tell,
                sealer=self._sealer,
            )

        return make
