"""Discord's side of `chat`: a `DiscordSurface` on a simulated guild."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bots.discord import limits
from bots.discord.calls import BanGuard, Rest
from bots.discord.gateway import GatewayClient
from bots.discord.messages import DiscordRenderer
from bots.discord.people import DiscordConversations
from bots.discord.places import direct_place, guild_workspace
from bots.discord.surface import DiscordSurface
from bots.facts import Facts
from core.domain.refs import ChannelId, MessageId, Person, Place, Platform, UserId
from core.ports import Draft
from simulator.discord.person import DiscordControl, Shown
from simulator.discord.platform import BOT_TOKEN
from simulator.server import Simulator
from tests.support.chat import Chat, Control, Deed, Time
from tests.support.discord_bot import QUICK, pointed_at
from tests.support.waiting import until


class DiscordChat(Chat):
    """A guild."""

    async def direct(self, name: str) -> Place:
        return direct_place(await self.user(name), await self.control.person(name).open_im())

    async def let_in(self, place: Place, name: str) -> None:
        await self.control.set_permissions(place.channel, name, allow=["VIEW_CHANNEL"])

    async def let_out(self, place: Place, name: str) -> None:
        await self.control.set_permissions(place.channel, name)

    async def forget_posts(self) -> None:
        await self.control.set(nonce_life_s=0)

    async def deny_reading(self) -> None:
        await _may_not(self, "READ_MESSAGE_HISTORY")

    async def revoke_token(self) -> None:
        await self.control.revoke_token()

    async def deny_direct(self) -> None:
        await self.control.add_fault("deny", target=TARGETS[Deed.TELL], error="50007", times=None)

    def too_large(self) -> Draft:
        return Draft(payload={"embeds": [{"description": "x" * (limits.EMBED_CHARS + 1)}]})

    async def read(self, place: Place) -> list[Shown]:
        found: list[Shown] = await self.control.messages(place.root or place.channel)
        return [shown for shown in found if shown.is_by_app]

    async def told(self, name: str) -> list[Shown]:
        return await self.read(await self.direct(name))

    def icon(self, shown: Shown) -> str:
        names = [embed["author"]["name"] for embed in shown.body["embeds"] if "author" in embed]
        return str(names[0]).removesuffix(shown.speaker).strip() if names else ""

    def sizes(self, shown: Shown) -> dict[str, tuple[int, int]]:
        embeds = shown.body["embeds"]
        texts = [embed.get("description", "") for embed in embeds]
        names = [embed.get("author", {}).get("name", "") for embed in embeds]
        whole = sum(map(_units, [*texts, *names]))
        return {
            "content": (_units(shown.body["content"]), limits.CONTENT_CHARS),
            "description": (max(map(_units, texts), default=0), limits.EMBED_CHARS),
            "name": (max(map(_units, names), default=0), limits.AUTHOR_CHARS),
            "embeds": (whole, limits.ALL_EMBEDS_CHARS),
        }

    def sequences(self, shown: Shown) -> list[str]:
        return _SEQUENCE.findall(self.words(shown))

    def words(self, shown: Shown) -> str:
        return "\n".join([shown.body["content"], *(embed.get("description", "") for embed in shown.body["embeds"])])


_SEQUENCE = re.compile(r"<@[!&]?\d+>|<#\d+>|</\w+:\d+>|@everyone|@here")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


async def _may_not(chat: Chat, *permissions: str) -> None:
    app = (await chat.control.state())["app"]["name"]
    await chat.control.set_permissions("general", f"@{app}", deny=permissions)


async def _archive_and_lock(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").change_thread(root, archived=True, locked=True)


async def _throw_out(chat: Chat, root: MessageId) -> None:
    await chat.control.remove_bot()


async def _delete(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").delete_channel(root)


async def _delete_channel(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").delete_channel("general")


async def _lock(chat: Chat, root: MessageId) -> None:
    await chat.control.person("ada").change_thread(root, locked=True)


async def _forbid(chat: Chat, root: MessageId) -> None:
    await _may_not(chat, "SEND_MESSAGES_IN_THREADS")


async def _forbid_threads(chat: Chat, root: MessageId) -> None:
    await _may_not(chat, "CREATE_PUBLIC_THREADS")


async def _hide(chat: Chat, root: MessageId) -> None:
    await _may_not(chat, "VIEW_CHANNEL")


_MESSAGES = "/channels/{channel.id}/messages"
TARGETS = {
    Deed.POST: f"POST {_MESSAGES}",
    Deed.FIND: f"GET {_MESSAGES}",
    Deed.EDIT: f"PATCH {_MESSAGES}/{{message.id}}",
    Deed.COPIES: f"GET {_MESSAGES}",
    Deed.DELETE: f"DELETE {_MESSAGES}/{{message.id}}",
    Deed.TELL: "POST /users/@me/channels",
}
WAYS_TO_CLOSE = {
    "archived": _archive_and_lock,
    "thrown out": _throw_out,
    "deleted": _delete,
    "locked": _lock,
    "channel deleted": _delete_channel,
    "forbidden": _forbid,
    "hidden": _hide,
}
WAYS_TO_CLOSE_CHANNEL = {
    "thrown out": _throw_out,
    "deleted": _delete_channel,
    "hidden": _hide,
    "no threads": _forbid_threads,
}
QUESTIONS = ("GET /guilds/{guild.id}/members/{user.id}",)
"""What is asked about a private channel; the rest is known from the gateway."""


@asynccontextmanager
async def discord_chat(*, connected: bool = False) -> AsyncIterator[DiscordChat]:
    """A guild with Muster in it.

    Args:
        connected: follow the gateway, from which Muster knows channels and roles; to speak it need not.
    """
    simulator = Simulator(discord=QUICK)
    await simulator.start()
    guard = BanGuard()
    client = GatewayClient(reads_content=True, guard=guard, on_identify=_at_once)
    try:
        async with DiscordControl(simulator.url) as control:
            with pointed_at(simulator):
                await client.login(BOT_TOKEN)
                connecting = asyncio.create_task(client.connect()) if connected else None
                try:
                    if connected:
                        guild = int(simulator.discord.first.id)
                        await until(lambda: client.get_guild(guild) is not None)
                    yield await _chat(simulator, control, client, Rest(client.http, guard))
                finally:
                    await client.shut()
                    if connecting is not None:
                        connecting.cancel()
                        await asyncio.gather(connecting, return_exceptions=True)
    finally:
        await simulator.stop()


async def _at_once() -> float:
    return 0.0


async def _chat(simulator: Simulator, control: Control, client: GatewayClient, rest: Rest) -> DiscordChat:
    time = Time()
    facts, lasting = (Facts(time, keep_s=keep_s) for keep_s in (limits.FACTS_S, limits.PLACES_S))
    people = DiscordConversations(client, rest, facts=facts, lasting=lasting)
    surface = DiscordSurface(rest, people, bot_user=lambda: str(client.user.id) if client.user else "")
    state = await control.state()
    return DiscordChat(
        platform=Platform.DISCORD,
        simulator=simulator,
        control=control,
        surface=surface,
        renderer=DiscordRenderer(lambda: True),
        people=people,
        time=time,
        workspace=guild_workspace(simulator.discord.first.id),
        channel=ChannelId(next(c["id"] for c in state["channels"] if c["name"] == "general")),
        starter=Person(id=UserId(next(u["id"] for u in state["users"] if u["username"] == "ada")), name="Ada"),
        unsafe_to_resend=False,
        targets=TARGETS,
    )
