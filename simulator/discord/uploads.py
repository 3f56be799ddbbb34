"""Turns the files of a request into attachments of a message.

Called by `message_form`, and by interactions for files given as command options.
Source: https://docs.discord.com/developers/reference#uploading-files
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.discord import limits
from simulator.discord.call import Upload
from simulator.discord.checks import list_in, text_in
from simulator.discord.errors import ApiError, Problems, invalid, too_large
from simulator.discord.guild import Attachment
from simulator.discord.options import DiscordOptions
from simulator.discord.world import World

_UNSAFE = re.compile(r"[^\w.\-]+")


def take_uploads(
    world: World,
    options: DiscordOptions,
    body: dict[str, Any],
    uploads: Mapping[int, Upload],
    *,
    kept: Sequence[Attachment] = (),
) -> list[Attachment]:
    """The attachments that a message has after the request.

    Args:
        kept: those it had; without `attachments` in the body all stay, with it those that are named there.

    Raises:
        ApiError: too many, too large, or not there.
    """
    problems = Problems()
    described = list_in(body, "attachments", (), problems, most=limits.FILES)
    for index, entry in enumerate(described):
        where = ("attachments", index)
        text_in(entry, "description", where, problems, most=limits.FILE_DESCRIPTION_CHARS)
    problems.refuse_any()
    if any(len(upload.content) > options.file_bytes for upload in uploads.values()):
        raise too_large()
    staying = {file.id: file for file in kept}
    taken: list[Attachment] = []
    by_number = dict(uploads)
    for index, entry in enumerate(described):
        given_id = str(entry.get("id"))
        if given_id in staying:
            taken.append(staying[given_id])
        elif given_id.isdecimal() and int(given_id) in by_number:
            taken.append(_attachment(world, by_number.pop(int(given_id)), entry))
        else:
            told = f"Unable to find attachment with id {given_id}"
            raise invalid(("attachments", index), "ATTACHMENT_NOT_FOUND", told)
    if "attachments" not in body or body["attachments"] is None:
        taken = list(kept)
    taken += [_attachment(world, upload, {}) for _, upload in sorted(by_number.items())]
    if len(taken) > limits.FILES:
        raise ApiError(400, 30015, f"Maximum number of attachments in a message reached ({limits.FILES})")
    return taken


def _attachment(world: World, upload: Upload, entry: dict[str, Any]) -> Attachment:
    filename = _UNSAFE.sub("_", str(entry.get("filename") or upload.filename or "unknown"))
    return Attachment(
        id=world.snowflakes.next(),
        filename=filename,
        content=upload.content,
        content_type=upload.content_type or Attachment.guess_type(filename),
        description=entry.get("description"),
        title=entry.get("title"),
    )
