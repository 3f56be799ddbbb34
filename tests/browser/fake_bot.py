"""A bot in the simulated guild that does what a test tells it, through the real discord.py and over the gateway."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from tests.support.discord_bot import Bot, intents

Interaction = discord.Interaction[Any]
Answer = Callable[[Interaction], Awaitable[Any]]
MENU = "Run agents on this"
MODELS = ("demo/small", "demo/large", "other/small")


class FakeBot(Bot):
    """Answers a command with what `answers` has for its name (`run`); without that it says that it is thinking."""

    def __init__(self) -> None:
        super().__init__(intents())
        self.answers: dict[str, Answer] = {}
        self._called: asyncio.Queue[tuple[Interaction, dict[str, Any]]] = asyncio.Queue()
        self._add_commands()

    async def called(self) -> tuple[Interaction, dict[str, Any]]:
        """The next command that somebody calls, and its options by name."""
        return await asyncio.wait_for(self._called.get(), 10)

    async def used(self, custom_id: str) -> Interaction:
        """The next use of that component, or the next submission of that form."""
        found = await self.hear("interaction", where=lambda i: (i.data or {}).get("custom_id") == custom_id)
        assert isinstance(found, discord.Interaction)
        self.heard = [entry for entry in self.heard if found not in entry[1]]
        return found

    @staticmethod
    def picked(interaction: Interaction) -> list[str]:
        """What was chosen in a menu."""
        data: Any = interaction.data
        return sorted(data["values"])

    def place(self, name: str = "general") -> discord.TextChannel:
        """A text channel of the guild."""
        return next(c for guild in self.guilds for c in guild.text_channels if c.name == name)

    async def say(self, content: str = "", *, channel: str = "general", **more: Any) -> discord.Message:
        """Post a message."""
        return await self.place(channel).send(content, **more)

    async def post(self, body: dict[str, Any], *, channel: str = "general") -> dict[str, Any]:
        """Post a message as it is on the wire, for what discord.py would not send."""
        route = discord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=self.place(channel).id)
        answer: dict[str, Any] = await self.http.request(route, json=body)
        return answer

    async def _take(self, interaction: Interaction, name: str, **options: Any) -> None:
        given = {key: value for key, value in options.items() if value is not None}
        answer = self.answers.get(name)
        if answer is not None:
            await answer(interaction)
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        await self._called.put((interaction, given))

    def _add_commands(self) -> None:
        agents = app_commands.Group(name="agents", description="Teams of agents")

        @agents.command(description="Give a team a task")
        @app_commands.describe(task="What to do", provider="Who serves the model", model="Which model", file="A file")
        @app_commands.choices(provider=[app_commands.Choice(name=n.title(), value=n) for n in ("groq", "openai")])
        async def run(
            interaction: Interaction,
            task: str,
            provider: app_commands.Choice[str] | None = None,
            model: str | None = None,
            file: discord.Attachment | None = None,
        ) -> None:
            chosen = provider.value if provider is not None else None
            named = file.filename if file is not None else None
            await self._take(interaction, "run", task=task, provider=chosen, model=model, file=named)

        @run.autocomplete("model")
        async def complete(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"Model {name}", value=name) for name in MODELS if typed in name]

        @agents.command(description="What is going on")
        async def status(interaction: Interaction) -> None:
            await self._take(interaction, "status")

        @app_commands.context_menu(name=MENU)
        async def menu(interaction: Interaction, message: discord.Message) -> None:
            await self._take(interaction, "menu", message=message.content)

        self.tree.add_command(agents)
        self.tree.add_command(menu)
