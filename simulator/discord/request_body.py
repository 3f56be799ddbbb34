"""Reads the body of a REST call: JSON, or multipart with `payload_json` and `files[n]`.

Called by `rest` alone. It knows forms and no fields.
Source: https://docs.discord.com/developers/reference#uploading-files
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from simulator.discord.call import Upload
from simulator.discord.errors import ApiError

_FILE = re.compile(r"files\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What came with a call."""

    fields: Any = field(default_factory=dict)
    uploads: dict[int, Upload] = field(default_factory=dict)

    def recorded(self) -> dict[str, Any]:
        """The body as the truth log keeps it: of files only their names and sizes."""
        kept: dict[str, Any] = {"body": self.fields}
        if self.uploads:
            named = self.uploads.values()
            kept["files"] = [{"filename": upload.filename, "size": len(upload.content)} for upload in named]
        return kept


async def read_body(request: web.Request) -> Body:
    """The body of *request*; an empty one is an empty object.

    Raises:
        ApiError: it is neither JSON nor such a form.
    """
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    content = await request.read()
    if not content:
        return Body()
    if request.content_type != "application/json":
        raise ApiError(400, 50035, 'Expected "Content-Type" header to be one of {"application/json"}.')
    return Body(fields=_parse(content.decode("utf-8", "replace")))


async def _read_form(request: web.Request) -> Body:
    form = await request.post()
    uploads: dict[int, Upload] = {}
    fields: Any = {}
    for name, value in form.items():
        numbered = _FILE.fullmatch(name)
        if numbered is not None and isinstance(value, web.FileField):
            content_type = None if value.content_type == "application/octet-stream" else value.content_type
            uploads[int(numbered[1])] = Upload(
                filename=value.filename, content=value.file.read(), content_type=content_type
            )
        elif name == "payload_json" and not isinstance(value, web.FileField):
            # With a content type of its own, as in Discord's examples, it comes as bytes.
            fields = _parse(value if isinstance(value, str) else value.decode("utf-8", "replace"))
        elif isinstance(value, str):
            fields[name] = value
    return Body(fields=fields, uploads=uploads)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None
