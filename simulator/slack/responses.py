"""What the app posts to a response address: an answer, a replacement, or the removal of what was pressed.

Called by `web_api`, which has counted the use. It works where the bot is no member, as on Slack.
Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

from typing import Any

from simulator.slack import limits
from simulator.slack.activity import Activity
from simulator.slack.blocks import check_blocks
from simulator.slack.errors import ApiError
from simulator.slack.methods_chat import post_as_app
from simulator.slack.triggers import ResponseUrl
from simulator.slack.workspace import Workspace


def respond(activity: Activity, workspace: Workspace, right: ResponseUrl, body: dict[str, Any]) -> None:
    """Carry out what the app posted to a response address.

    Raises:
        ApiError: `no_text` when there is nothing to show, `invalid_blocks`.
    """
    channel = workspace.channels[right.channel]
    original = channel.messages.get(right.message_ts or "")
    if body.get("delete_original"):
        if right.ephemeral in workspace.ephemerals and right.ephemeral is not None:
            activity.remove_ephemeral(workspace, right.ephemeral)
        elif original is not None:
            activity.delete(workspace, channel, original)
        return
    text, blocks = body.get("text") or "", body.get("blocks") or []
    if not text and not blocks:
        raise ApiError("no_text")
    problems = check_blocks(blocks, most=limits.MESSAGE_BLOCKS)
    if problems:
        raise ApiError("invalid_blocks", *problems)
    thread_ts = body.get("thread_ts")
    if body.get("replace_original") and right.ephemeral is not None:
        activity.change_ephemeral(workspace, right.ephemeral, text=text, blocks=blocks)
    elif body.get("replace_original") and original is not None:
        activity.edit(workspace, channel, original, text=text, blocks=blocks)
    elif body.get("response_type") == "in_channel":
        post_as_app(activity, workspace, channel, text=text, blocks=blocks, thread_ts=thread_ts)
    else:
        activity.show_ephemeral(
            workspace, channel, right.user, text=text, blocks=blocks, thread_ts=thread_ts, sender=workspace.bot.id
        )
