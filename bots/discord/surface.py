"""Discord to speak on, with one bot token in all its guilds: implements `bots.ports.ChatSurface`.

Called by the senders, the relays and the handlers. A post carries its key twice: as the nonce, by which Discord itself
sees to it that a resend makes no second message, and as the address of its embed, which nobody is shown and which is
read back when a nonce is too old.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bots import chunks
from bots.discord import answers, limits, replies
from bots.discord.calls import MISSING_PERMISSIONS, THREAD_EXISTS, UNKNOWN_MESSAGE, Rest, code_of
from bots.discord.markup import shown_chars
from bots.discord.parse import snowflake_at
from bots.discord.people import DiscordConversations
from bots.discord.places import is_direct, target
from bots.ports import Refusal, UnknownOutcome
from core.domain.refs import ChannelId, MessageId, Place, UserId
from core.errors import MusterError, PermanentError, TransientError
from core.ports import Answer, Post

log = structlog.get_logger(__name__)

_KEY_URL = "https://muster.invalid/"
_KEYS_KEPT = 2_000
_LOOK_BACK = timedelta(seconds=60)  # for clocks that differ
_ARRIVES_WITHIN = timedelta(minutes=15)  # far longer than any call may take
_MENTIONS_NOBODY: dict[str, Any] = {"parse": [], "replied_user": False}
_SUPPRESS_EMBEDS = 1 << 2


class DiscordSurface:
    """Posts, edits, files and private answers."""

    uploads_first = False

    def __init__(self, rest: Rest, people: DiscordConversations, *, bot_user: Callable[[], str]) -> None:
        self._rest = rest
        self._people = people
        self._bot_user = bot_user
        self._keys: OrderedDict[MessageId, str] = OrderedDict()

    async def post(self, place: Place, post: Post, *, content: bytes | None = None, plain: bool = False) -> MessageId:
        """Send *post*, and start the thread under it where it is a thread's first; see `bots.ports.ChatSurface.post`.

        Source: https://docs.discord.com/developers/resources/message#create-message
        """
        payload = post.draft.payload
        body = _plain(payload) if plain else _embedded(payload, post.key)
        file = (payload["file"]["name"], content) if content is not None and not plain else None
        if file is not None:
            body["attachments"] = [{"id": 0, "filename": file[0]}]
        try:
            message = await self._create(target(place), {**body, "nonce": post.key, "enforce_nonce": True}, file)
        except PermanentError as error:
            if code_of(error) != UNKNOWN_MESSAGE or place.root is None:
                raise
            # Discord knows the nonce, and the message is gone: it was sent, and somebody has removed it.
            return MessageId(snowflake_at(datetime.now(UTC)))
        if post.draft.card and not plain:
            self._remember(message, post.key)
        if place.root is None:
            await self._start_thread(place.channel, message, payload.get("thread", ""))
        return message

    async def upload(self, post: Post, content: bytes) -> str:
        """Never called: here files go with their message."""
        raise PermanentError("files go with their message", reason=Refusal.CONTENT)

    async def find(self, place: Place, post: Post, since: datetime) -> MessageId | None:
        """Look for the message with the post's key; sees to its thread as well."""
        words = _plain(post.draft.payload)["content"]
        for message in await self._own_messages(place, since, until=since + _ARRIVES_WITHIN):
            if _key(message) == post.key or (not message.get("embeds") and message.get("content") == words.strip()):
                found = MessageId(str(message["id"]))
                if place.root is None:
                    await self._start_thread(place.channel, found, post.draft.payload.get("thread", ""))
                return found
        await self._check_reading(target(place))
        return None

    async def copies(self, place: Place, since: datetime) -> list[list[MessageId]]:
        """Groups of own messages with one key, earliest first."""
        by_key: dict[str, list[MessageId]] = defaultdict(list)
        for message in await self._own_messages(place, since):
            if key := _key(message):
                by_key[key].append(MessageId(str(message["id"])))
        return [sorted(group) for group in by_key.values() if len(group) > 1]

    async def edit(self, place: Place, message: MessageId, payload: dict[str, Any]) -> None:
        """Replace embeds and buttons. Source: https://docs.discord.com/developers/resources/message#edit-message"""
        home = _home(place, message)
        body = {
            **_embedded(payload, await self._key_of(home, message)),
            "content": "",  # it may have been posted in plain words,
            "flags": 0,  # which hide embeds
            "allowed_mentions": _MENTIONS_NOBODY,
        }
        path = "/channels/{channel_id}/messages/{message_id}"
        await self._rest.call("PATCH", path, body=body, reading=True, editing=True, channel_id=home, message_id=message)

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove an own message."""
        home = _home(place, message)
        path = "/channels/{channel_id}/messages/{message_id}"
        try:
            await self._rest.call("DELETE", path, reading=True, channel_id=home, message_id=message)
        except PermanentError as error:
            if error.reason != Refusal.MESSAGE_GONE:
                raise

    async def tell(self, place: Place, user: UserId, answer: Answer) -> None:
        """A direct message. Where the person takes none, they are told in the thread or channel that one waits.

        Only an interaction can be answered where the person is and in private.
        """
        try:
            channel = place.channel if is_direct(place.workspace) else await self._people.direct_channel(user)
            await self._send_answer(channel, answer)
        except PermanentError as error:
            if is_direct(place.workspace) or error.reason == Refusal.DISCONNECTED:
                raise
            log.info("discord.takes_no_direct_message", user=user)
            # What has a list or a file is for one person's eyes; what Muster says to a request is not secret.
            secret = bool(answer.sessions or answer.file_text)
            told = Answer(text=replies.NO_DIRECT_MESSAGE if secret else answer.text)
            await self._send_answer(ChannelId(target(place)), told)

    async def _send_answer(self, channel: ChannelId, answer: Answer) -> None:
        body = answers.rendered(answer)
        file = (answer.file_name, answer.file_text.encode()) if answer.file_text else None
        if file is not None:
            body["attachments"] = [{"id": 0, "filename": file[0]}]
        try:
            await self._create(channel, body, file)
        except UnknownOutcome as error:  # perhaps they have it: no reason to tell it where others read
            raise TransientError(f"not answered: {error}") from None

    async def _create(self, channel: str, body: dict[str, Any], file: tuple[str, bytes] | None = None) -> MessageId:
        path = "/channels/{channel_id}/messages"
        body = {**body, "allowed_mentions": _MENTIONS_NOBODY}
        message = await self._rest.call("POST", path, body=body, file=file, channel_id=channel)
        return MessageId(str(message["id"]))

    async def _start_thread(self, channel: str, message: MessageId, name: str) -> None:
        """Start the thread under a root post; it has the message's id, and is there once however often this is asked.

        Source: https://docs.discord.com/developers/resources/channel#start-thread-from-message

        Raises:
            UnknownOutcome: it may not be there yet, so the post is not done.
        """
        path = "/channels/{channel_id}/messages/{message_id}/threads"
        body = {"name": name or "Muster", "auto_archive_duration": limits.AUTO_ARCHIVE_MIN}
        try:
            await self._rest.call("POST", path, body=body, reading=True, channel_id=channel, message_id=message)
        except PermanentError as error:
            if code_of(error) == THREAD_EXISTS:
                return
            if error.reason == Refusal.DISCONNECTED:
                raise
            log.warning("discord.no_thread", channel=channel, error=str(error))
            raise PermanentError(str(error), reason=Refusal.THREAD_GONE) from None
        except MusterError as error:
            raise UnknownOutcome(f"the thread is not there yet: {error}") from None

    async def _check_reading(self, channel: str) -> None:
        """Where we may not read, Discord lists nothing instead of refusing; to ask for one message shows it.

        Source: https://docs.discord.com/developers/resources/message#get-channel-messages and #get-channel-message

        Raises:
            PermanentError: `Refusal.READ_DENIED`.
        """
        path = "/channels/{channel_id}/messages/{message_id}"
        try:
            await self._rest.call("GET", path, reading=True, channel_id=channel, message_id=channel)
        except PermanentError as error:
            if code_of(error) == MISSING_PERMISSIONS:
                raise PermanentError(str(error), reason=Refusal.READ_DENIED) from None

    async def _key_of(self, channel: str, message: MessageId) -> str:
        """The key in a message of ours, for an edit to leave it there: a copy may come to light later."""
        if message not in self._keys:
            path = "/channels/{channel_id}/messages/{message_id}"
            try:
                found = await self._rest.call("GET", path, reading=True, channel_id=channel, message_id=message)
            except PermanentError as error:
                if error.reason == Refusal.DISCONNECTED:
                    raise
                return ""  # the edit itself shows whether it is gone
            self._remember(message, _key(found))
        return self._keys[message]

    def _remember(self, message: MessageId, key: str) -> None:
        self._keys[message] = key
        if len(self._keys) > _KEYS_KEPT:
            self._keys.popitem(last=False)

    async def _own_messages(
        self, place: Place, since: datetime, *, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        """Source: https://docs.discord.com/developers/resources/message#get-channel-messages"""
        after, last = snowflake_at(since - _LOOK_BACK), snowflake_at(until) if until else None
        own, found = self._bot_user(), list[dict[str, Any]]()
        while True:
            query: dict[str, str | int] = {"after": after, "limit": limits.MESSAGES_PAGE}
            path = "/channels/{channel_id}/messages"
            page = await self._rest.call("GET", path, query=query, reading=True, channel_id=target(place))
            page.sort(key=lambda message: int(message["id"]))
            found += [message for message in page if str(message["author"]["id"]) == own]
            if len(page) < limits.MESSAGES_PAGE or (last is not None and int(page[-1]["id"]) > int(last)):
                return found
            after = str(page[-1]["id"])


def _embedded(payload: dict[str, Any], key: str) -> dict[str, Any]:
    first, *others = payload["embeds"]
    return {
        "embeds": [{**first, "url": f"{_KEY_URL}{key}"} if key else first, *others],
        "components": payload.get("components", []),
    }


def _plain(payload: dict[str, Any]) -> dict[str, Any]:
    """The message's words alone. Previews are off: what is no embed of ours could make one."""
    embed = payload["embeds"][0]
    author = embed.get("author", {}).get("name", "")
    text = f"**{author}**\n{embed.get('description', '')}" if author else embed.get("description", "")
    first, *more = chunks.split(text, limits.CONTENT_CHARS - 2, shown_chars)
    return {"content": f"{first}\n…" if more else first, "flags": _SUPPRESS_EMBEDS}


def _key(message: dict[str, Any]) -> str:
    embeds = message.get("embeds") or [{}]
    url = str(embeds[0].get("url") or "")
    return url.removeprefix(_KEY_URL) if url.startswith(_KEY_URL) else ""


def _home(place: Place, message: MessageId) -> str:
    """Where a message is: a thread's root is in the channel, and all else in the thread."""
    return place.channel if message == place.root else target(place)
