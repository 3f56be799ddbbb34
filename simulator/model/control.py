"""Owns the demo model's control API: orders of faults and replies, and the log of requests.

Mounted by `DemoModel.routes`; for tests and the simulator's panel. It is no part of a provider's wire.
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from simulator.model.orders import BadOrderError, Fault, OrderList, OrderT, QueuedReply, parse_fault, parse_reply
from simulator.model.request_log import RequestLog, entry_json

WAIT_MAX_S = 60.0


class ModelControl:
    """Handlers of `/control/model/...`."""

    def __init__(self, faults: OrderList[Fault], replies: OrderList[QueuedReply], log: RequestLog) -> None:
        self._faults = faults
        self._replies = replies
        self._log = log

    def routes(self) -> list[web.RouteDef]:
        """The control API's routes."""
        return [
            *_order_routes("/control/model/faults", self._faults, parse_fault),
            *_order_routes("/control/model/replies", self._replies, parse_reply),
            web.get("/control/model/requests", self._requests),
            web.delete("/control/model/requests", self._forget),
        ]

    async def _requests(self, http: web.Request) -> web.Response:
        """The log by `kind`, `agent`, `outcome`; `bodies=1` shows bodies; `wait_s` waits for a first match."""
        wanted = {name: http.query.get(name, "") for name in ("kind", "agent", "outcome")}
        try:
            wait_s = min(float(http.query.get("wait_s", "0")), WAIT_MAX_S)
        except ValueError:
            return web.json_response({"error": "wait_s must be a number of seconds"}, status=400)
        found = await self._log.wait_for(lambda: self._log.entries(**wanted), wait_s)
        with_body = http.query.get("bodies") == "1"
        return web.json_response({"requests": [entry_json(entry, with_body=with_body) for entry in found]})

    async def _forget(self, http: web.Request) -> web.Response:
        self._log.clear()
        return web.json_response({"ok": True})


def _order_routes(path: str, orders: OrderList[OrderT], parse: Callable[[Any], OrderT]) -> list[web.RouteDef]:
    """POST one order or an array of them, GET those in force, DELETE all."""

    async def add(http: web.Request) -> web.Response:
        try:
            raw = await http.json()
            parsed = [parse(one) for one in (raw if isinstance(raw, list) else [raw])]
        except (json.JSONDecodeError, BadOrderError) as error:
            return web.json_response({"error": str(error)}, status=400)
        for order in parsed:
            orders.add(order)
        return web.json_response({"ok": True, "added": len(parsed)})

    async def show(http: web.Request) -> web.Response:
        return web.json_response({"orders": [asdict(order) | {"left": left} for order, left in orders.left()]})

    async def clear(http: web.Request) -> web.Response:
        orders.clear()
        return web.json_response({"ok": True})

    return [web.post(path, add), web.get(path, show), web.delete(path, clear)]
