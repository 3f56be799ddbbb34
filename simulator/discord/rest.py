"""The HTTP face of the simulated Discord's REST API, v10, and of its CDN.

Mounted by the server. It authenticates, applies faults and rates, runs the endpoint, and records each call in the truth
log; what an endpoint does is in `routes_*` and in `interactions`.
Source: https://docs.discord.com/developers/reference
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aiohttp import web

from simulator.discord import callbacks, followups, routes_channels, routes_commands, routes_guilds, routes_messages
from simulator.discord.call import Call, Endpoint, Reply
from simulator.discord.errors import ApiError, RateLimited, unauthorized
from simulator.discord.platform import API_PATH, DiscordPlatform
from simulator.discord.rates import Rates
from simulator.discord.request_body import read_body
from simulator.discord.wire import CDN_PATH
from simulator.faults import Fault, FaultKind

ENDPOINTS: tuple[Endpoint, ...] = (
    *callbacks.ENDPOINTS,
    *followups.ENDPOINTS,
    *routes_channels.ENDPOINTS,
    *routes_commands.ENDPOINTS,
    *routes_guilds.ENDPOINTS,
    *routes_messages.ENDPOINTS,
)
DOWNLOAD = "GET /attachments/{channel.id}/{attachment.id}/{filename}"
"""What faults call the CDN."""
_DOWNLOAD_FAULTS = {FaultKind.RATE_LIMIT: 429, FaultKind.DENY: 403}
_REFUSING = (FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.DENY, FaultKind.LOSE_REQUEST)
_VIA = {"Via": "1.1 google"}
"""By its absence discord.py knows that the network in front of the API answered."""
_BAN_PAGE = "<!doctype html><title>Access denied</title>error code: 1015"
_DENIALS = {50001: 403, 50013: 403, 50083: 403, 10003: 404, 10004: 404, 10008: 404, 10062: 404, 40060: 400, 0: 401}
"""Statuses of codes that a fault may name."""


class _LoseConnection(Exception):
    """The connection is to be closed without an answer."""


class _Ban(Exception):
    """The call is to be answered as if our address were banned."""


class DiscordRestApi:
    """Serves the app's HTTP calls."""

    def __init__(self, platform: DiscordPlatform) -> None:
        self._platform = platform
        self.rates = Rates(clock=platform.clock)

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root. Of two that fit a path the one without a variable there is first."""
        ordered = sorted(ENDPOINTS, key=lambda endpoint: endpoint.template.replace("{", "~"))
        served = [
            web.route(endpoint.method, API_PATH + endpoint.template.replace(".", "_"), self._serving(endpoint))
            for endpoint in ordered
        ]
        return [
            *served,
            web.route("*", f"{API_PATH}/{{rest:.*}}", self.nowhere),
            web.get(f"{CDN_PATH}/attachments/{{channel_id}}/{{attachment_id}}/{{filename}}", self.download),
        ]

    def _serving(self, endpoint: Endpoint) -> Any:
        async def serve(request: web.Request) -> web.Response:
            return await self.call(request, endpoint)

        return serve

    # -- calls ------------------------------------------------------------------------------------------------

    async def call(self, request: web.Request, endpoint: Endpoint) -> web.Response:
        """Answer one call of an endpoint."""
        if self.rates.is_banned and self._platform.options.enforce_limits:
            return _banned()
        started = time.monotonic()
        path = dict(request.match_info)
        record: dict[str, Any] = {
            "method": request.method,
            "route": endpoint.template,
            "path": {name: value for name, value in path.items() if "token" not in name},
            "query": dict(request.query),
            "body": {},
        }
        headers: dict[str, str] = {}
        try:
            reply = await self._answer(request, endpoint, path, record, headers)
        except ApiError as refusal:
            reply = Reply(status=refusal.status, body=refusal.body())
            headers |= refusal.headers()
        except _LoseConnection:
            reply = Reply(status=0)
        except _Ban:
            reply = Reply(status=429)
        status = 204 if reply.body is None and reply.status == 200 else reply.status
        self.rates.count(status, is_shared=headers.get("X-RateLimit-Scope") == "shared")
        record |= {"status": status, "answer": reply.body, "took_ms": round((time.monotonic() - started) * 1000, 2)}
        lost = self._strike((FaultKind.LOSE_REPLY,), endpoint, record) if status else None
        if lost is not None:
            record["fault"] = lost.kind
        self._platform.truth.append("api.call", record, team=self._team(path))
        if status == 0 or lost is not None:
            return _hang_up(request)
        if status == 429 and reply.body is None:
            return _banned()
        return _response(status, reply.body, headers)

    async def _answer(
        self,
        request: web.Request,
        endpoint: Endpoint,
        path: dict[str, str],
        record: dict[str, Any],
        headers: dict[str, str],
    ) -> Reply:
        body = await read_body(request)
        record |= body.recorded()
        if (delay := self._strike((FaultKind.DELAY,), endpoint, record)) is not None:
            record["delayed_s"] = delay.delay_s
            await asyncio.sleep(delay.delay_s)
        if (fault := self._strike(_REFUSING, endpoint, record)) is not None:
            record["fault"] = fault.kind
            _refuse(fault)
        self._authenticate(request, endpoint)
        if self._platform.options.enforce_limits:
            try:
                headers |= self.rates.take(endpoint, path)
            except RateLimited:
                headers |= self.rates.headers(endpoint, path)
                raise
        call = Call(
            platform=self._platform,
            path=path,
            query=request.query,
            body=body.fields,
            uploads=body.uploads,
            host=request.host,
        )
        return endpoint.run(call)

    def _authenticate(self, request: web.Request, endpoint: Endpoint) -> None:
        if not request.headers.get("User-Agent"):
            raise ApiError(403, 40333, "internal network error")
        if not endpoint.needs_token:
            return
        if request.headers.get("Authorization") != f"Bot {self._platform.token}":
            raise unauthorized()

    def _strike(self, kinds: tuple[FaultKind, ...], endpoint: Endpoint, record: dict[str, Any]) -> Fault | None:
        body = record["body"] if isinstance(record["body"], dict) else {}
        return self._platform.faults.strike(kinds, endpoint.name, {**body, **record["query"], **record["path"]})

    def _team(self, path: dict[str, str]) -> str:
        """The guild that a call is about, as far as its path tells."""
        token = path.get("interaction_token") or path.get("webhook_token", "")
        interaction = self._platform.interactions.tokens.find(token)
        channel_id = interaction.channel.id if interaction is not None else path.get("channel_id", "")
        channel = self._platform.world.channel(channel_id)
        return path.get("guild_id") or (channel.guild_id if channel is not None else "") or ""

    # -- the rest ---------------------------------------------------------------------------------------------

    async def nowhere(self, request: web.Request) -> web.Response:
        """Answer what no route is for."""
        return _response(404, {"message": "404: Not Found", "code": 0}, {})

    async def download(self, request: web.Request) -> web.Response:
        """Give the bytes of an attachment to anybody who has its address, as the CDN does. Faults call it `DOWNLOAD`.

        The log says whether a token was shown, which the CDN has no use for.
        """
        asked = {"file": request.match_info["attachment_id"]}
        file = self._platform.world.attachments.get(asked["file"])
        if file is None or file.filename != request.match_info["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        faults = self._platform.faults
        if (late := faults.strike((FaultKind.DELAY,), DOWNLOAD, asked)) is not None:
            await asyncio.sleep(late.delay_s)
        fault = faults.strike(_REFUSING, DOWNLOAD, asked)
        known = {"with_token": "Authorization" in request.headers, "fault": fault.kind if fault else None}
        self._platform.truth.append("file.fetched", asked | known)
        if fault is not None and fault.kind is FaultKind.LOSE_REQUEST:
            return _hang_up(request)
        if fault is not None:
            return web.Response(status=_DOWNLOAD_FAULTS.get(fault.kind, fault.status))
        return web.Response(body=file.content, content_type=file.content_type or "application/octet-stream")


def _refuse(fault: Fault) -> None:
    """Raise what a fault asks for."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            raise RateLimited(fault.retry_after_s, scope="global" if fault.error == "global" else "user")
        case FaultKind.SERVER_ERROR if fault.status == 429:
            raise _Ban
        case FaultKind.SERVER_ERROR:
            raise ApiError(fault.status, 0, f"{fault.status}: Internal Server Error")
        case FaultKind.LOSE_REQUEST:
            raise _LoseConnection
        case _:
            code = int(fault.error) if fault.error.isdecimal() else 50013
            raise ApiError(_DENIALS.get(code, 400), code, f"Denied on order ({code})")


def _response(status: int, body: Any, headers: dict[str, str]) -> web.Response:
    """An answer whose content type is exactly what discord.py looks for."""
    if body is None:
        return web.Response(status=status, headers=headers | _VIA)
    text = json.dumps(body).encode()
    return web.Response(status=status, body=text, content_type="application/json", headers=headers | _VIA)


def _banned() -> web.Response:
    """The answer of the network in front of the API."""
    return web.Response(status=429, content_type="text/html", text=_BAN_PAGE)


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
