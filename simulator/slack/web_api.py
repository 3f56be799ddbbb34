"""The HTTP face of the simulated Slack: `/slack/api/<method>`, uploads, downloads and response addresses.

Mounted by the server. It authenticates, applies faults and rates, runs the method, and records each call in the truth
log; what a method does is in `methods_*`.
Source: https://docs.slack.dev/apis/web-api/
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from aiohttp import web

from simulator.faults import Fault, FaultKind
from simulator.slack import (
    methods_chat,
    methods_conversations,
    methods_files,
    methods_people,
    methods_views,
)
from simulator.slack.arguments import Arguments, read_call
from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.platform import APP_TOKEN, SlackPlatform
from simulator.slack.responses import respond
from simulator.slack.socket_mode import SOCKET_PATH
from simulator.slack.triggers import RESPONSE_PATH
from simulator.slack.workspace import Workspace

API_PATH = "/slack/api"
METHODS: dict[str, Method] = {
    **methods_chat.METHODS,
    **methods_conversations.METHODS,
    **methods_files.METHODS,
    **methods_people.METHODS,
    **methods_views.METHODS,
}
DOWNLOAD = "files.download"
_REFUSING = (FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.DENY, FaultKind.LOSE_REQUEST)
_SCOPES = (
    "app_mentions:read,channels:history,channels:join,channels:read,chat:write,chat:write.customize,commands,"
    "files:read,files:write,groups:history,groups:read,im:history,im:read,im:write,metadata.message:read,"
    "reactions:read,reactions:write,team:read,usergroups:read,users:read"
)


class _LoseConnection(Exception):
    """The connection is to be closed without an answer."""


class SlackWebApi:
    """Serves the app's HTTP calls."""

    def __init__(self, platform: SlackPlatform) -> None:
        self._platform = platform

    def routes(self) -> list[web.RouteDef]:
        """What to mount, at the server's root."""
        return [
            web.get(f"{API_PATH}/{{method}}", self.call),
            web.post(f"{API_PATH}/{{method}}", self.call),
            web.post(f"{methods_files.UPLOAD_PATH}/{{key}}", self.upload),
            web.get("/slack/files-pri/{address}/{tail:.*}", self.download),
            web.post(f"{RESPONSE_PATH}/{{team}}/{{key}}", self.respond),
            web.get(SOCKET_PATH, self._platform.hub.serve),
        ]

    # -- methods ----------------------------------------------------------------------------------------------

    async def call(self, request: web.Request) -> web.Response:
        """Answer one call of a method."""
        name = request.match_info["method"]
        started = time.monotonic()
        sent_as = {"verb": request.method, "content_type": request.content_type}
        record: dict[str, Any] = {"method": name, **sent_as, "args": {}}
        try:
            status, body = await self._answer(request, name, record)
        except ApiError as refusal:
            status, body = 200, refusal.body()
        except _LoseConnection:
            status, body = 0, {}
        record |= {"status": status, "answer": body, "took_ms": round((time.monotonic() - started) * 1000, 2)}
        team = record.pop("team", "")
        lost = self._platform.faults.strike((FaultKind.LOSE_REPLY,), name, record["args"]) if status else None
        if lost is not None:
            record["fault"] = lost.kind
        self._platform.truth.append("api.call", record, team=team)
        if status == 0 or lost is not None:
            return _hang_up(request)
        return _json(body, status=status)

    async def _answer(self, request: web.Request, name: str, record: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        method = METHODS.get(name)
        token, args = await read_call(request, accepts_json=method is None or method.accepts_json)
        record["args"] = args.values
        await self._delay(name, args, record)
        fault = self._platform.faults.strike(_REFUSING, name, args.values)
        if fault is not None:
            record["fault"] = fault.kind
            return _refuse(fault)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        workspace = self._authenticate(method, token)
        if not method.wants_app_token:
            record["team"] = workspace.id
        retry_after_s = self._rate(workspace, name, args)
        if retry_after_s:
            return 429, {"ok": False, "error": "ratelimited", "retry_after": retry_after_s}
        base_url = f"http://{request.host}"
        call = Call(platform=self._platform, workspace=workspace, args=args, base_url=base_url)
        return 200, {"ok": True, **method.run(call)}

    async def _delay(self, name: str, args: Arguments, record: dict[str, Any]) -> None:
        fault = self._platform.faults.strike((FaultKind.DELAY,), name, args.values)
        if fault is not None:
            record["delayed_s"] = fault.delay_s
            await asyncio.sleep(fault.delay_s)

    def _authenticate(self, method: Method, token: str | None) -> Workspace:
        if not token:
            raise ApiError("not_authed")
        if token == APP_TOKEN:
            if not method.wants_app_token:
                raise ApiError("not_allowed_token_type")
            return self._platform.first
        workspace = self._platform.workspace_of(token)
        if workspace is None:
            raise ApiError("invalid_auth")
        if method.wants_app_token:
            raise ApiError("not_allowed_token_type")
        if workspace.token_error is not None:
            raise ApiError(workspace.token_error)
        return workspace

    def _rate(self, workspace: Workspace, name: str, args: Arguments) -> int:
        if not self._platform.options.enforce_limits:
            return 0
        channel = args.text("channel") if name == "chat.postMessage" else None
        return self._platform.limiter.retry_after_s(workspace.id, name, channel)

    # -- files ------------------------------------------------------------------------------------------------

    async def upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file, raw or as a form."""
        file = self._platform.files.find_upload(request.match_info["key"])
        if file is None or file.is_complete:
            return web.Response(status=404, text="unknown upload")
        content = await _uploaded_bytes(request)
        if len(content) != file.length:
            return web.Response(status=400, text="length differs from what was announced")
        file.content, file.is_uploaded = content, True
        uploaded = {"file": file.id, "name": file.name, "bytes": len(content)}
        self._platform.truth.append("file.uploaded", uploaded, team=file.team)
        return web.Response(text=f"OK - {len(content)}")

    async def download(self, request: web.Request) -> web.Response:
        """Give the bytes of a file to who shows the workspace's token; others get the sign-in page, as on Slack.

        Faults call it `files.download`; `deny` is a token without the scope `files:read`.
        """
        team, _, file_id = request.match_info["address"].partition("-")
        workspace = self._platform.workspaces.get(team)
        file = self._platform.files.find(team, file_id)
        if workspace is None or file is None or not file.is_complete:
            return web.Response(status=404, text="no such file")
        asked = {"file": file_id}
        if (late := self._platform.faults.strike((FaultKind.DELAY,), DOWNLOAD, asked)) is not None:
            await asyncio.sleep(late.delay_s)
        fault = self._platform.faults.strike(_REFUSING, DOWNLOAD, asked)
        self._platform.truth.append("file.fetched", asked | {"fault": fault.kind if fault else None}, team=team)
        if fault is not None and fault.kind is FaultKind.LOSE_REQUEST:
            return _hang_up(request)
        if fault is not None and fault.kind is not FaultKind.DENY:
            return web.Response(status=429 if fault.kind is FaultKind.RATE_LIMIT else fault.status)
        if fault is not None or request.headers.get("Authorization") != f"Bearer {workspace.token}":
            return web.Response(content_type="text/html", text="<!doctype html><title>Sign in | Slack</title>")
        return web.Response(body=file.content, content_type=file.mimetype)

    # -- response addresses -----------------------------------------------------------------------------------

    async def respond(self, request: web.Request) -> web.Response:
        """Take an answer to an interaction."""
        team, key = request.match_info["team"], request.match_info["key"]
        try:
            body = json.loads(await request.text())
        except json.JSONDecodeError:
            return _json(ApiError("invalid_payload").body(), status=400)
        try:
            right = self._platform.triggers.take_response(team, key)
            self._platform.truth.append("response_url.used", {"user": right.user, "body": body}, team=team)
            respond(self._platform.activity, self._platform.workspaces[team], right, body)
        except ApiError as refusal:
            status = 404 if refusal.error in ("used_url", "expired_url") else 400
            return _json(refusal.body(), status=status)
        return _json({"ok": True})


def _refuse(fault: Fault) -> tuple[int, dict[str, Any]]:
    """The answer that a fault asks for."""
    match fault.kind:
        case FaultKind.RATE_LIMIT:
            return 429, {"ok": False, "error": "ratelimited", "retry_after": fault.retry_after_s}
        case FaultKind.SERVER_ERROR:
            return fault.status, {"ok": False, "error": "internal_error"}
        case FaultKind.LOSE_REQUEST:
            raise _LoseConnection
        case _:
            raise ApiError(fault.error)


def _json(body: dict[str, Any], *, status: int = 200) -> web.Response:
    headers = {"x-oauth-scopes": _SCOPES}
    if status == 429:
        headers["Retry-After"] = str(body["retry_after"])
        body = {"ok": False, "error": body["error"]}
    return web.json_response(body, status=status, headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection; the response returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _uploaded_bytes(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
