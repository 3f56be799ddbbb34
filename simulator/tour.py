"""A tour of what a team can do: a file that a person brings, a search, a price, Python with a plot, a picture that a
person approves, and a question with choices. Played and shown like the one session of `demo`.

Called by `muster demo --tour`. What the agents say and call is ordered from the demo model beforehand; the tools, the
sandbox and the approval are the real ones, on the simulated web.
"""

import json
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console

from simulator.control_client import Shown
from simulator.demo import CHANNEL, Ask, Demo, chats_of, require

TASK = "Which coffee machine suits our office? Our week is in cups.csv; we pay in bitcoin."
CUPS = b"day,cups\nMon,310\nTue,342\nWed,365\nThu,338\nFri,274\n"
CHOICES = ("Brio", "Alba", "Cora")

_PLOT = """\
import csv
import matplotlib.pyplot as plt

week = [(row["day"], int(row["cups"])) for row in csv.DictReader(open("cups.csv"))]
plt.bar(*zip(*week))
plt.title("Cups a day")
plt.savefig("cups.png")
print("busiest:", max(week, key=lambda day: day[1]), "sum:", sum(cups for _, cups in week))
"""

Turn = dict[str, Any]


def _calls(tool: str, **arguments: Any) -> Turn:
    return {"tool_calls": [{"name": tool, "arguments": arguments}]}


TEAM = (
    ("Scout", "Finds machines and prices on the web", ["search_web", "get_crypto_price"], "mag"),
    ("Analyst", "Reads the file and draws a plot", ["run_python", "read_file", "list_files"], "bar_chart"),
    ("Host", "Asks people, and writes the result", ["generate_image", "ask_human"], "speech_balloon"),
)
TURNS: tuple[Turn, ...] = (
    _calls("search_web", query="coffee machines for offices compared"),
    _calls("get_crypto_price", symbol="btc"),
    {
        "content": "Three machines come into question: Alba (40 cups an hour, 900 dollars), Brio (60, 1,400) and Cora"
        " (25, 450). A bitcoin stands at 64,250 dollars, so Brio costs about 0.0218 bitcoin.\n\n"
        "_(a scripted demo, not an AI)_"
    },
    _calls("run_python", code=_PLOT),
    {"content": "The busiest day is Wednesday with 365 cups; the plot shows the week."},
    _calls("generate_image", prompt="A friendly poster: the new coffee machine is here"),
    _calls("ask_human", question="Which machine shall it be?", choices=list(CHOICES)),
    {"content": "Then it is Brio: 60 cups an hour carry the busiest day, for 1,400 dollars.\n\nTERMINATE"},
)


async def tour_on(platform: str, url: str, console: Console, *, files: Path, ask: Ask | None) -> None:
    """Play the tour on `slack`, on `discord`, or on `both`, one after the other.

    Raises:
        DemoFailed: something was missing, or went wrong.
    """
    async for name, chat in chats_of(platform, url):
        console.rule(f"[bold]{name.capitalize()}: a tour")
        await _order(url)
        await Tour(chat, console, files=files / name, ask=ask).play(TASK)


async def _order(url: str) -> None:
    """Tell the demo model what its agents say and call in the tour."""
    agents = [
        {"name": name, "role": role, "instructions": "Do your part.", "tools": tools, "icon": icon}
        for name, role, tools, icon in TEAM
    ]
    orders: list[Turn] = [{"kind": "team", "text": TASK, "content": json.dumps({"agents": agents})}]
    orders += [{"kind": "turn", "text": TASK, **turn} for turn in TURNS]
    async with aiohttp.ClientSession() as http, http.post(f"{url}/control/model/replies", json=orders) as answer:
        require(answer.status == 200, "the demo model took no orders")


class Tour(Demo):
    """Plays the tour and checks, as it goes, that every part of it was there."""

    _pressed = 0

    async def _begin(self, task: str) -> None:
        self._answer = CHOICES[0]  # is pressed, not typed
        mention = f"@muster {task}"
        self._typed(CHANNEL, f"{mention}  (with the file cups.csv)")
        await self._me.post(CHANNEL, mention, files={"cups.csv": CUPS})

    async def _take(self, message: Shown) -> None:
        await super()._take(message)
        choices = [each for each in message.actions if "choice" in each]
        if choices and message.is_by_app:
            self._pressed += 1
            what = "Approve" if "Approve" in message.text or "May I" in message.text else CHOICES[0]
            self._typed(f"{CHANNEL}, in the thread", f"presses “{what}”")
            outcome = await self._me.press(message, choices[0])
            require(outcome.acked, f"the press was not taken: {outcome.error}")

    async def _check_thread(self, root: Shown, completed: bool) -> None:
        require(completed, "the tour was not completed")
        said = "\n".join(message.text for message in self._said)
        for part, words in {
            "the search": "coffee-machines",
            "the price": "64,250",
            "the file": "365",
            "the approval": "chose: Approve",
            "the question": f"chose: {CHOICES[0]}",
        }.items():
            require(words in said, f"{part} did not show in the thread")
        pictures = {path.name for path in self._saved if path.suffix == ".png"}
        require("cups.png" in pictures and len(pictures) > 1, f"pictures were missing: {', '.join(pictures) or 'all'}")
        require(self._pressed == 2, f"{self._pressed} of 2 buttons were pressed")
