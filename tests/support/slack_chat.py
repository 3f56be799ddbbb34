"""Slack's side of `chat`: a `SlackSurface` on a simulated workspace."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.facts import Facts
from bots.slack import limits
from bots.slack.messages import SlackRenderer
from bots.slack.people import SlackConversations
from bots.slack.surface import SlackSurface
from core.domain.refs import ChannelId, MessageId, Person, Place, Platform, UserId, workspace_id
from core.ports import Draft
from simulator.server import Simulator
from simulator.slack.options import SlackOptions
from simulator.slack.person import Shown, SlackControl
from simulator.slack.platform import BOT_TOKEN
from tests.support.chat import Chat, Control, Deed, Time

_SEQUENCE = re.compile(r"<(?!!date\^)[^<>\n]*>")


class SlackChat(Chat):
    """A workspace."""

    async def direct(self, name: str) -> Place:
        return Place(workspace=self.workspace, channel=ChannelId(await self.control.person(name).open_im()))

    async def let_in(self, place: Place, name: str) -> None:
        await self.control.person("ada").invite(place.channel, name)

    async def let_out(self, place: Place, name: str) -> None:
        await self.control.person("ada").remove(place.channel, name)

    async def deny_reading(self) -> None:
        await self.control.set(replies_error="not_allowed_token_type")

    async def revoke_token(self) -> None:
        await self.control.post("teams/revoke")

    async def deny_direct(self) -> None:
        await self.control.add_fault("deny", target="conversations.open", error="cannot_dm_bot", times=None)

    def too_large(self) -> Draft:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * (limits.SECTION_CHARS + 1)}}
        return Draft(payload={"text": "x", "blocks": [section]})

    async def read(self, place: Place) -> list[Shown]:
        if place.root is not None:
            found = [shown for shown in await self.control.thread(place.channel, place.root) if shown.is_reply]
        else:
            found = [shown for shown in await self.control.messages(place.channel) if not shown.is_reply]
        return [shown for shown in found if shown.is_by_app]

    async def told(self, name: str) -> list[Shown]:
        ephemerals = await self.control.person(name).ephemerals()
        return [*ephemerals, *await self.read(await self.direct(name))]

    def icon(self, shown: Shown) -> str:
        return str(shown.body.get("icons", {}).get("emoji", "")).strip(":")

    def sizes(self, shown: Shown) -> dict[str, tuple[int, int]]:
        blocks = shown.body.get("blocks", [])
        sections = [len(block["text"]["text"]) for block in blocks if block["type"] == "section"]
        return {
            "text": (len(shown.body["text"]), 4_000),
            "name": (len(shown.speaker), limits.USERNAME_CHARS),
            "section": (max(sections, default=0), limits.SECTION_CHARS),
            "blocks": (len(blocks), limits.MESSAGE_BLOCKS),
        }

    def sequences(self, shown: Shown) -> list[str]:
        return _SEQUENCE.findall(self.words(shown))

    def words(self, shown: Shown) -> str:
        blocks = [block["text"]["text"] for block in shown.body.get("blocks", []) if block["type"] == "section"]
        return "\n".join([shown.body["text"], *blocks])


async def _archive(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").archive("general")


async def _throw_out(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").remove("general", "muster")


async def _delete_root(chat: Chat, root: MessageId) -> None:
    await chat.surface.delete(chat.place, root)


async def _restrict(chat: Chat, root: MessageId) -> None:
    await chat.deny("restricted_action_thread_locked", Deed.POST, times=None)


TARGETS = {
    Deed.POST: "chat.postMessage",
    Deed.UPLOAD: "files.getUploadURLExternal",
    Deed.FIND: "conversations.replies",
    Deed.EDIT: "chat.update",
    Deed.COPIES: "conversations.replies",
    Deed.DELETE: "chat.delete",
    Deed.TELL: "chat.postEphemeral",
}
WAYS_TO_CLOSE = {
    "archived": _archive,
    "thrown out": _throw_out,
    "deleted": _delete_root,
    "locked": _restrict,
}
WAYS_TO_CLOSE_CHANNEL = {"archived": _archive, "thrown out": _throw_out}
QUESTIONS = ("conversations.info", "conversations.members")
"""What is asked about a private channel."""


@asynccontextmanager
async def slack_chat(*, connected: bool = False) -> AsyncIterator[SlackChat]:
    """A workspace with Muster in `general`; a connection for events is never needed to speak."""
    simulator = Simulator(slack=SlackOptions(enforce_limits=False))
    await simulator.start()
    try:
        async with SlackControl(simulator.url) as control, aiohttp.ClientSession() as http:
            client = AsyncWebClient(token=BOT_TOKEN, base_url=simulator.slack_api_url, session=http, retry_handlers=[])
            client.proxy = None
            identity: Any = (await client.auth_test()).data
            time = Time()
            people = SlackConversations(client, team=identity["team_id"], facts=Facts(time, keep_s=limits.FACTS_S))
            surface = SlackSurface(
                client, http, people, bot_user=identity["user_id"], workspace_url=f"{simulator.url}/"
            )
            yield await _chat(simulator, control, surface, people, time, identity["team_id"])
    finally:
        await simulator.stop()


async def _chat(
    simulator: Simulator, control: Control, surface: SlackSurface, people: SlackConversations, time: Time, team: str
) -> SlackChat:
    state = await control.state()
    chat = SlackChat(
        platform=Platform.SLACK,
        simulator=simulator,
        control=control,
        surface=surface,
        renderer=SlackRenderer(),
        people=people,
        time=time,
        workspace=workspace_id(Platform.SLACK, team),
        channel=ChannelId(next(c["id"] for c in state["channels"] if c["name"] == "general")),
        starter=Person(id=UserId(next(u["id"] for u in state["users"] if u["name"] == "ada")), name="Ada"),
        unsafe_to_resend=True,
        targets=TARGETS,
    )
    assert await people.admit(chat.place) == ""
    return chat
