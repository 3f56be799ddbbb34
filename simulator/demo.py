"""One session played through a simulated platform as a person would, and shown in the terminal as it grows.

Called by `muster demo`. It sees only what a person in the workspace sees; it answers the team's question with what the
person at the terminal types, or by itself when there is nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.emoji import Emoji
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

from simulator.control_client import Shown
from simulator.discord.person import DiscordControl
from simulator.outcome import Outcome
from simulator.slack.person import SlackControl
from simulator.truth import TruthEntry

PERSON = "ada"
CHANNEL = "general"
TASK = "Compare solar and wind power for a small town, and recommend one"
ANSWER = "A short summary; and keep the budget below 2 million."
_QUESTION = "reply in this thread to answer"
_ENDED = {"✅": True, "❌": False, "⏹": False, "⌛": False}
_SESSION_S = 120.0

Ask = Callable[[str], str]
"""Asks the person at the terminal; blocks until they have answered."""


class DemoFailed(Exception):
    """The session did not go as it should; the message says where."""


async def play_on(platform: str, url: str, task: str, console: Console, *, files: Path, ask: Ask | None) -> None:
    """Play *task* on `slack`, on `discord`, or on `both`, one after the other.

    Raises:
        DemoFailed: something was missing, or went wrong.
    """
    async for name, chat in chats_of(platform, url):
        console.rule(f"[bold]{name.capitalize()}")
        await Demo(chat, console, files=files / name, ask=ask).play(task)


async def chats_of(platform: str, url: str) -> AsyncIterator[tuple[str, SlackControl | DiscordControl]]:
    """The platforms that *platform* means (`slack`, `discord`, `both`), each by name and ready for a person."""
    for name, control in (("slack", SlackControl), ("discord", DiscordControl)):
        if platform in (name, "both"):
            async with control(url) as chat:
                if isinstance(chat, DiscordControl):
                    await chat.until_served()
                yield name, chat


class Demo:
    """Plays one session and checks, as it goes, that everything a person should see was there."""

    def __init__(self, chat: SlackControl | DiscordControl, console: Console, *, files: Path, ask: Ask | None) -> None:
        """
        Args:
            files: folder that the session's files are saved to.
            ask: None when there is nobody at the terminal.
        """
        self._chat: Any = chat
        self._console = console
        self._files = files
        self._ask = ask
        self._me: Any = self._chat.person(PERSON)
        self._shown: set[str] = set()
        self._saved: list[Path] = []
        self._answer = ""
        self._said: list[Shown] = []

    async def play(self, task: str) -> None:
        """Start *task*, follow its thread to the end, look it up in the history.

        Raises:
            DemoFailed: something was missing, or went wrong.
        """
        after = self._chat.position
        await self._begin(task)
        entry = await self._chat.wait_for(
            lambda entry: self._is_root(entry, task), after=after, timeout_s=30, what="post that opens a thread"
        )
        root = self._chat.shown(entry)
        self._show(root)
        completed = await self._follow(root, after)
        await self._check_thread(root, completed)
        await self._show_history(task)

    async def _begin(self, task: str) -> None:
        if isinstance(self._chat, DiscordControl):
            self._typed(CHANNEL, f"/agents run task:{task}")
            outcome = await self._me.command("/agents run", channel=CHANNEL, options={"task": task})
        else:
            self._typed(CHANNEL, f"/agents {task}")
            outcome = await self._me.command("/agents", task, channel=CHANNEL)
        require(outcome.acked, f"the command was not taken: {outcome.error}")

    async def _follow(self, root: Shown, after: int) -> bool:
        """Show the thread until the session ends; returns whether it was completed."""
        try:
            async with asyncio.timeout(_SESSION_S):
                while True:
                    entry = await self._chat.wait_for(
                        lambda entry: self._is_reply(entry, root),
                        after=after,
                        timeout_s=_SESSION_S,
                        what="further message",
                    )
                    after = entry.id
                    message = self._chat.shown(entry)
                    await self._take(message)
                    ended = next((ok for mark, ok in _ENDED.items() if message.text.startswith(mark)), None)
                    if ended is not None:
                        return ended
        except TimeoutError:
            raise DemoFailed("the session did not end in time") from None

    async def _take(self, message: Shown) -> None:
        if not message.is_by_app:
            return  # typed here
        self._said.append(message)
        self._show(message)
        for file in (*message.pictures, *message.files):
            await self._save(file)
        if _QUESTION in message.text.casefold() and not self._answer:
            self._answer = await self._answered()
            self._typed(f"{CHANNEL}, in the thread", self._answer)
            await self._me.reply(message, self._answer)

    async def _answered(self) -> str:
        if self._ask is None:
            return ANSWER
        return (await asyncio.to_thread(self._ask, "Your answer")).strip() or ANSWER

    async def _save(self, file: dict[str, str]) -> None:
        content = await self._chat.download(file["id"])
        self._files.mkdir(parents=True, exist_ok=True)
        path = self._files / Path(file["name"]).name
        path.write_bytes(content)
        self._saved.append(path)
        self._console.print(f"  [dim]file[/] {file['name']} ({len(content):,} bytes) -> {path}")

    async def _check_thread(self, root: Shown, completed: bool) -> None:
        require(completed, "the session was not completed")
        speakers = {message.speaker for message in self._said if message.speaker}
        require(len(speakers) >= 3, f"only {len(speakers)} agents spoke")
        require(any("Result:" in message.text for message in self._said), "no output of Python was shown")
        require(any(path.suffix == ".png" for path in self._saved), "no plot was posted")
        require(bool(self._answer), "nobody was asked anything")
        result = next(message for message in reversed(self._said) if message.speaker)
        require(_plain(self._answer) in _plain(result.text), "the answer is not in the result")
        await self._chat.wait_for_message(channel=CHANNEL, containing="Completed", timeout_s=15, author=root.author)

    async def _show_history(self, task: str) -> None:
        after = self._chat.position
        self._typed(CHANNEL, "/history")
        outcome: Outcome = await self._me.command("/history", channel=CHANNEL)
        require(outcome.acked, f"/history was not taken: {outcome.error}")
        listed = await self._me.wait_for_ephemeral(after=after, timeout_s=10)
        self._show(listed)
        require(task[:40] in listed.text, "the session is not in the history")

    def _is_root(self, entry: TruthEntry, task: str) -> bool:
        if entry.kind != "message.posted":
            return False
        message: Shown = self._chat.shown(entry)
        return message.is_by_app and not message.is_reply and task[:40] in message.text

    def _is_reply(self, entry: TruthEntry, root: Shown) -> bool:
        if entry.kind != "message.posted":
            return False
        message: Shown = self._chat.shown(entry)
        return message.is_reply and message.root_ts == root.ts

    def _typed(self, where: str, text: str) -> None:
        self._console.print()
        self._console.print(Text.assemble(("Ada", "bold green"), (f" in #{where}: ", "dim"), text))

    def _show(self, message: Shown) -> None:
        name = message.speaker or "Muster"
        if not message.text.strip() or message.ts in self._shown:
            return
        self._shown.add(message.ts)
        style = "cyan" if message.speaker else "magenta"
        text = Markdown(Emoji.replace(message.markdown))
        self._console.print(Panel(text, title=f"[bold]{name}", title_align="left", border_style=style))


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def require(holds: bool, otherwise: str) -> None:
    """Go on only if it *holds*.

    Raises:
        DemoFailed: it does not; says *otherwise*.
    """
    if not holds:
        raise DemoFailed(otherwise)
