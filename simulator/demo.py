"""One session played through the simulated Slack as a person would, and shown in the terminal as it grows.

Called by `muster demo`. It sees only what a person in the workspace sees; it answers the team's question with what the
person at the terminal types, or by itself when there is nobody.
"""

import asyncio
import html
import re
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.emoji import Emoji
from rich.markdown import Markdown
from rich.panel import Panel
from rich.text import Text

from simulator.slack.person import Outcome, Person, Shown, SlackControl
from simulator.truth import TruthEntry

PERSON = "ada"
CHANNEL = "general"
TASK = "Compare solar and wind power for a small town, and recommend one"
ANSWER = "A short summary; and keep the budget below 2 million."
_QUESTION = "reply in this thread to answer"
_ENDED = {"✅": True, "❌": False, "⏹": False, "⌛": False}
_SESSION_S = 120.0

_LABELLED = re.compile(r"<[^<>|]+\|(?P<label>[^<>]*)>")  # a link or a date, with the words for it
_EMOJI = re.compile(r":[a-z0-9_+-]+:")

Ask = Callable[[str], str]
"""Asks the person at the terminal; blocks until they have answered."""


class DemoFailed(Exception):
    """The session did not go as it should; the message says where."""


class Demo:
    """Plays one session and checks, as it goes, that everything a person should see was there."""

    def __init__(self, slack: SlackControl, console: Console, *, files: Path, ask: Ask | None) -> None:
        """
        Args:
            files: folder that the session's files are saved to.
            ask: None when there is nobody at the terminal.
        """
        self._slack = slack
        self._console = console
        self._files = files
        self._ask = ask
        self._me: Person = slack.person(PERSON)
        self._shown: set[str] = set()
        self._saved: list[Path] = []
        self._answer = ""
        self._said: list[Shown] = []

    async def play(self, task: str) -> None:
        """Start *task*, follow its thread to the end, look it up in the history.

        Raises:
            DemoFailed: something was missing, or went wrong.
        """
        after = self._slack.position
        self._typed(CHANNEL, f"/agents {task}")
        outcome = await self._me.command("/agents", task, channel=CHANNEL)
        _require(outcome.acked, f"the command was not taken: {outcome.error}")
        root = await self._slack.wait_for_message(channel=CHANNEL, containing=task[:60], after=after, timeout_s=30)
        self._show(root)
        completed = await self._follow(root, after)
        await self._check_thread(root, completed)
        await self._show_history(task)

    async def _follow(self, root: Shown, after: int) -> bool:
        """Show the thread until the session ends; returns whether it was completed."""
        try:
            async with asyncio.timeout(_SESSION_S):
                while True:
                    entry = await self._slack.wait_for(
                        lambda entry: _is_reply(entry, root), after=after, timeout_s=_SESSION_S, what="further message"
                    )
                    after = entry.id
                    message = Shown(channel=entry.data["channel"], body=entry.data["message"])
                    await self._take(message)
                    ended = next((ok for mark, ok in _ENDED.items() if message.text.startswith(mark)), None)
                    if ended is not None:
                        return ended
        except TimeoutError:
            raise DemoFailed("the session did not end in time") from None

    async def _take(self, message: Shown) -> None:
        if message.body.get("user") == await self._me.id():
            return  # typed here
        self._said.append(message)
        self._show(message)
        for file in _files_of(message):
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
        content = await self._slack.download(file["id"])
        self._files.mkdir(parents=True, exist_ok=True)
        path = self._files / Path(file["name"]).name
        path.write_bytes(content)
        self._saved.append(path)
        self._console.print(f"  [dim]file[/] {file['name']} ({len(content):,} bytes) -> {path}")

    async def _check_thread(self, root: Shown, completed: bool) -> None:
        _require(completed, "the session was not completed")
        speakers = {message.author for message in self._said if message.body.get("username")}
        _require(len(speakers) >= 3, f"only {len(speakers)} agents spoke")
        _require(any("Result:" in message.text for message in self._said), "no output of Python was shown")
        _require(any(path.suffix == ".png" for path in self._saved), "no plot was posted")
        _require(bool(self._answer), "nobody was asked anything")
        result = next(m for m in reversed(self._said) if m.body.get("username"))
        _require(_plain(self._answer) in _plain(result.text), "the answer is not in the result")
        await self._slack.wait_for_message(channel=CHANNEL, containing="Completed", timeout_s=15, author=root.author)

    async def _show_history(self, task: str) -> None:
        after = self._slack.position
        self._typed(CHANNEL, "/history")
        outcome: Outcome = await self._me.command("/history", channel=CHANNEL)
        _require(outcome.acked, f"/history was not taken: {outcome.error}")
        listed = await self._me.wait_for_ephemeral(after=after, timeout_s=10)
        self._show(listed)
        _require(task[:40] in listed.text, "the session is not in the history")

    def _typed(self, where: str, text: str) -> None:
        self._console.print()
        self._console.print(Text.assemble(("Ada", "bold green"), (f" in #{where}: ", "dim"), text))

    def _show(self, message: Shown) -> None:
        body = message.body
        name = body.get("username") or "Muster"
        if not message.text.strip() or message.ts in self._shown:
            return
        self._shown.add(message.ts)
        style = "cyan" if body.get("username") else "magenta"
        text = Markdown(_markdown(message))
        self._console.print(Panel(text, title=f"[bold]{name}", title_align="left", border_style=style))


def _is_reply(entry: TruthEntry, root: Shown) -> bool:
    return entry.kind == "message.posted" and entry.data["message"].get("thread_ts") == root.ts


def _files_of(message: Shown) -> list[dict[str, str]]:
    images = [b["slack_file"] for b in message.body.get("blocks", []) if b.get("type") == "image" and "slack_file" in b]
    named = [{"id": str(image["id"]), "name": f"{image['id']}.png"} for image in images]
    return named + [{"id": str(file["id"]), "name": str(file["name"])} for file in message.files]


def _markdown(message: Shown) -> str:
    """Slack's own markup in the terminal's; near enough for reading along."""
    parts = []
    for block in message.body.get("blocks", []):
        text = block.get("text")
        if isinstance(text, dict):
            parts.append(str(text.get("text", "")))
        parts += [str(element.get("text", "")) for element in block.get("elements", []) if block["type"] == "context"]
    raw = "\n\n".join(parts) or str(message.body.get("text", ""))
    labelled = _LABELLED.sub(lambda found: found["label"], raw)
    return html.unescape(_EMOJI.sub(lambda found: Emoji.replace(found[0]), labelled)).replace("•", "-")


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoFailed(otherwise)
