"""What a workspace looks like right now, for the browser page and for tests: the control API's `state`.

Reads everything, changes nothing. `truth_id` in it says from where the feed goes on without a gap.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from simulator.slack.platform import SlackPlatform
from simulator.slack.wire import Wire
from simulator.slack.workspace import Channel, Workspace


def snapshot(platform: SlackPlatform, workspace: Workspace) -> dict[str, Any]:
    """The whole state of *workspace* as JSON."""
    base_url = platform.base_url()
    wire = Wire(workspace, platform.files, base_url)
    return {
        "truth_id": platform.truth.last_id,
        "teams": [{"id": w.id, "name": w.name, "domain": w.domain} for w in platform.workspaces.values()],
        "team": {
            "id": workspace.id,
            "name": workspace.name,
            "domain": workspace.domain,
            "token_error": workspace.token_error,
        },
        "app": {
            "id": workspace.app_id,
            "name": workspace.app_name,
            "bot_user": workspace.bot.id,
            "bot_id": workspace.bot_id,
            "commands": list(platform.options.commands),
            "connections": [
                {"id": c.id, "retiring": c.retiring, "black_holed": c.black_holed} for c in platform.hub.connections
            ],
        },
        "options": asdict(platform.options),
        "faults": [asdict(fault) for fault in platform.faults.listed()],
        "users": [wire.user(user) for user in workspace.users.values()],
        "usergroups": [wire.group(group) for group in workspace.groups.values()],
        "channels": [channel_state(wire, channel) for channel in workspace.channels.values()],
        "ephemerals": [shown.wire() for shown in workspace.ephemerals],
        "files": [platform.files.wire(workspace, f.id, base_url) for f in platform.files.all_of(workspace.id)],
        "modals": {
            user: [view.wire(workspace) for view in stack]
            for user, stack in platform.views.stacks_of(workspace.id).items()
        },
        "homes": {
            user: home.wire(workspace)
            for user in workspace.users
            if (home := platform.views.home(workspace.id, user)) is not None
        },
    }


def channel_state(wire: Wire, channel: Channel) -> dict[str, Any]:
    """A channel with its members and all its messages, replies included, in the order of posting."""
    return {
        **wire.channel(channel),
        "name": channel.name,
        "kind": channel.kind,
        "members": sorted(channel.members),
        "messages": [wire.message(channel, message) for message in channel.messages.values()],
    }
