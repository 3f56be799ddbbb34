"""The Web API's `files.*` methods for uploading in two steps, and `files.info`.

Called by `web_api`; the bytes themselves come and go through `downloads`.
Source: https://docs.slack.dev/messaging/working-with-files
"""

from __future__ import annotations

from typing import Any

from simulator.slack.call import Call, Method
from simulator.slack.errors import ApiError
from simulator.slack.files import File
from simulator.slack.markup import posted
from simulator.slack.workspace import Channel, Message

UPLOAD_PATH = "/slack/upload/v1"


def get_upload_url(call: Call) -> dict[str, Any]:
    """`files.getUploadURLExternal`: where to post the bytes."""
    length = call.args.number("length", 0)
    if length <= 0:
        raise ApiError("invalid_arguments", "must be more than 0: length")
    file = call.platform.files.expect(
        call.workspace, name=call.args.required("filename"), length=length, alt_text=call.args.text("alt_txt")
    )
    return {"upload_url": f"{call.base_url}{UPLOAD_PATH}/{file.upload_key}", "file_id": file.id}


def complete_upload(call: Call) -> dict[str, Any]:
    """`files.completeUploadExternal`: the files exist now, and are shown in a channel if one is named.

    The answer does not tell the shares: on Slack the message may come later than the answer.
    """
    args = call.args
    listed = args.structure("files", error="invalid_arguments")
    if not isinstance(listed, list) or not listed:
        raise ApiError("invalid_arguments", "missing required field: files")
    files = [_uploaded(call, item) for item in listed]
    names = [name for name in (args.text("channels") or args.text("channel_id") or "").split(",") if name]
    channels = [call.posting_channel(name) for name in names]
    thread_ts = args.text("thread_ts")
    for channel in channels:
        if thread_ts and thread_ts not in channel.messages:
            raise ApiError("thread_not_found")
    for item, file in zip(listed, files, strict=True):
        file.title = item.get("title") or file.name
        file.is_complete = True
    for channel in channels:
        _share(call, channel, files, thread_ts)
    shown = [call.platform.files.wire(call.workspace, file.id, call.base_url, with_shares=False) for file in files]
    return {"files": shown}


def _uploaded(call: Call, item: Any) -> File:
    file_id = item.get("id") if isinstance(item, dict) else None
    file = call.platform.files.find(call.workspace.id, file_id or "")
    if file is None or not file.is_uploaded or file.is_complete:
        raise ApiError("file_not_found")
    return file


def _share(call: Call, channel: Channel, files: list[File], thread_ts: str | None) -> None:
    workspace = call.workspace
    message = Message(
        ts=workspace.next_ts(),
        text=posted(call.args.text("initial_comment") or ""),
        user=workspace.bot.id,
        subtype="file_share",
        bot_id=workspace.bot_id,
        thread_ts=thread_ts,
        files=[file.id for file in files],
    )
    call.platform.activity.post(workspace, channel, message)


def info(call: Call) -> dict[str, Any]:
    """`files.info`."""
    file = call.platform.files.find(call.workspace.id, call.args.required("file"))
    if file is None or not file.is_complete:
        raise ApiError("file_not_found")
    shown = call.platform.files.wire(call.workspace, file.id, call.base_url)
    return {"file": shown, "comments": []}


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": Method(get_upload_url, accepts_json=False),
    "files.completeUploadExternal": Method(complete_upload),
    "files.info": Method(info, accepts_json=False),
}
