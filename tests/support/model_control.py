"""Orders for the demo model of a stage: what it says next, what goes wrong with it, what it was asked.

Used by `stage` and the tests on it; speaks HTTP to `simulator.model.control`.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

Turn = str | Mapping[str, Any]
"""An agent's words, or its tool calls as `uses` makes them."""

DONE = "\n\nTERMINATE"
"""What an agent adds to the words that end the session."""


def uses(tool: str, **arguments: Any) -> dict[str, Any]:
    """One call of *tool* instead of words."""
    return {"tool_calls": [{"name": tool, "arguments": arguments}]}


def asks(question: str, **more: Any) -> dict[str, Any]:
    """A question to the person."""
    return uses("ask_human", question=question, **more)


def runs(code: str) -> dict[str, Any]:
    """A program to run."""
    return uses("run_python", code=code)


class ModelControl:
    """What the demo model is ordered to do (`simulator.model.orders`)."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = f"{url}/control/model"

    async def fault(self, fault: str, **order: Any) -> None:
        """Let the next matching request fail; *order*: times, kind, agent, text, status, delay_s ..."""
        await self._post("faults", {"fault": fault, **order})

    async def reply(self, **order: Any) -> None:
        """Answer the next matching request with these words or tool calls."""
        await self._post("replies", order)

    async def team(self, names: Sequence[str], *, text: str) -> None:
        """Answer the next request for a team whose task has *text* in it with agents of these names."""
        agents = [
            {
                "name": name,
                "role": f"Does what {name} does",
                "instructions": "Do your part.",
                "tools": ["run_python", "generate_image", "ask_human"],
                "icon": "",
            }
            for name in names
        ]
        await self.reply(kind="team", text=text, content=json.dumps({"agents": agents}))

    async def turn(self, turn: Turn, *, text: str) -> None:
        """Answer the next turn of a session that has *text* in it."""
        said = {"content": turn} if isinstance(turn, str) else dict(turn)
        await self.reply(kind="turn", text=text, **said)

    async def requests(self, text: str = "", **query: str) -> list[dict[str, Any]]:
        """What it was asked, oldest first: those with *text* in their messages.

        Args:
            query: `kind`, `agent`, `outcome`, and `wait_s` for how long to wait for a first one.
        """
        async with self._http.get(f"{self._url}/requests", params={"bodies": "1", **query}) as response:
            body = await response.json()
        return [request for request in body["requests"] if text in said_to(request)]

    async def clear(self) -> None:
        """Lift all orders."""
        for kind in ("faults", "replies"):
            async with self._http.delete(f"{self._url}/{kind}") as response:
                response.raise_for_status()

    async def _post(self, kind: str, body: Mapping[str, Any]) -> None:
        async with self._http.post(f"{self._url}/{kind}", json=body) as response:
            assert response.status < 300, await response.text()


def said_to(request: Mapping[str, Any]) -> str:
    """All that a request told the model."""
    messages = request.get("body", {}).get("messages", [])
    return "\n".join(str(message.get("content") or "") for message in messages)
