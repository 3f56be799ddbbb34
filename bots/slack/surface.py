"""One Slack workspace to speak in: implements `bots.ports.ChatSurface`.

Called by the sender, the relay and the handlers. It makes each call once: whoever calls decides what an error means.
"""

import asyncio
import dataclasses
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bots.ports import Refusal, UnknownOutcome
from bots.slack import answers, limits, replies
from bots.slack.calls import call
from bots.slack.people import SlackConversations
from core.domain.refs import ChannelId, MessageId, Place, UserId
from core.errors import MusterError, PermanentError, TransientError
from core.ports import Answer, Post

log = structlog.get_logger(__name__)

_EVENT_TYPE = "muster_post"
_UNKNOWN_FILE = "file_not_found"
_QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}
_LOOK_BACK = timedelta(seconds=60)  # for clocks that differ
_ARRIVES_WITHIN = timedelta(minutes=15)  # far longer than any call may take


class SlackSurface:
    """Posts, edits, files and private answers of one workspace."""

    uploads_first = True

    def __init__(
        self,
        client: AsyncWebClient,
        http: aiohttp.ClientSession,
        people: SlackConversations,
        *,
        bot_user: str,
        workspace_url: str,
    ) -> None:
        """Use *client*, which must not try again by itself: a post whose answer was lost would come twice.

        Args:
            http: for uploads and response URLs.
        """
        self._client = client
        self._http = http
        self._people = people
        self._bot_user = bot_user
        self._workspace_url = workspace_url

    async def post(self, place: Place, post: Post, *, content: bytes | None = None, plain: bool = False) -> MessageId:
        """Send *post*; see `bots.ports.ChatSurface.post`.

        Source: https://docs.slack.dev/reference/methods/chat.postMessage
        """
        payload = post.draft.payload
        if "file" in payload and post.file and not plain:
            return await self._share(place, post.file, payload)
        body: dict[str, Any] = {"text": payload["text"]}
        if not plain:
            body |= {name: payload[name] for name in ("username", "icon_emoji", "blocks") if name in payload}
            if "image" in payload and post.file:
                body["blocks"] = _image_blocks(payload, post.file)
        posted = await call(
            self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.root,
                metadata={"event_type": _EVENT_TYPE, "event_payload": {"k": post.key}},
                **body,
                **_QUIET,
            )
        )
        return MessageId(posted["ts"])

    async def upload(self, post: Post, content: bytes) -> str:
        """Bring bytes to Slack. An image is completed unshared, so that a block can show it; others wait for `post`.

        Source: https://docs.slack.dev/messaging/working-with-files
        """
        payload = post.draft.payload
        name = (payload.get("image") or payload["file"])["name"]
        file = await self._bring(name, content)
        if "image" in payload:
            await call(self._client.files_completeUploadExternal(files=[{"id": file, "title": name}]), reading=True)
        return file

    async def find(self, place: Place, post: Post, since: datetime) -> MessageId | None:
        """Look for the file's share, or for the message with the post's key, which a file that was refused has become.

        Sources: https://docs.slack.dev/reference/methods/conversations.replies (include_all_metadata), files.info
        """
        if "file" in post.draft.payload and post.file and (shared := await self._shared(place, post.file)):
            return shared
        for message in await self._own_messages(place, since, until=since + _ARRIVES_WITHIN):
            if _key(message) == post.key:
                return MessageId(message["ts"])
        return None

    async def copies(self, place: Place, since: datetime) -> list[list[MessageId]]:
        """Groups of own messages with one key, earliest first."""
        by_key: dict[str, list[MessageId]] = defaultdict(list)
        for message in await self._own_messages(place, since):
            if key := _key(message):
                by_key[key].append(MessageId(message["ts"]))
        return [sorted(group) for group in by_key.values() if len(group) > 1]

    async def edit(self, place: Place, message: MessageId, payload: dict[str, Any]) -> None:
        """Replace text and blocks. Source: https://docs.slack.dev/reference/methods/chat.update"""
        request = self._client.chat_update(
            channel=place.channel,
            ts=message,
            text=payload["text"],
            blocks=payload.get("blocks", []),
            parse="none",
            link_names=False,
        )
        await call(request, reading=True)  # the same content twice is no harm

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove an own message."""
        try:
            await call(self._client.chat_delete(channel=place.channel, ts=message), reading=True)
        except PermanentError as error:
            if error.reason != Refusal.MESSAGE_GONE:
                raise

    async def tell(self, place: Place, user: UserId, answer: Answer) -> None:
        """An ephemeral message where the person is, else a direct one; documents always go directly.

        Source: https://docs.slack.dev/reference/methods/chat.postEphemeral
        """
        content = await self._content(user, answer)
        try:
            request = self._client.chat_postEphemeral(
                channel=place.channel, user=user, thread_ts=place.root, link_names=False, parse="none", **content
            )
            await call(request, reading=True)
        except PermanentError:
            direct = await self._people.direct_channel(user)
            await call(self._client.chat_postMessage(channel=direct, **content, **_QUIET), reading=True)

    async def respond(self, response_url: str, answer: Answer, place: Place, user: UserId, *, replace: bool) -> None:
        """Answer where the person asked, by the address that came with the request, else as `tell` does.

        Args:
            replace: put the answer in the place of the message whose button was pressed.

        Source: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        """
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            **await self._content(user, answer),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            async with self._http.post(response_url, json=body, timeout=timeout) as response:
                if response.status == 200:
                    return
                log.warning("slack.response_refused", status=response.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack.response_failed", error=type(error).__name__)
        await self.tell(place, user, answer)

    async def _content(self, user: UserId, answer: Answer) -> dict[str, Any]:
        """The answer as a message, once its document is sent."""
        answer = await self.with_document_sent(user, answer)
        named = dataclasses.replace(answer, text=await self._people.in_names(answer.text))
        return answers.rendered(named, self._workspace_url)

    async def with_document_sent(self, user: UserId, answer: Answer) -> Answer:
        """Send the answer's document to the person directly; returns the answer with a word about it."""
        if not answer.file_text:
            return answer
        try:
            await self._send_document(user, answer)
            word = replies.SENT_TO_YOU
        except (MusterError, UnknownOutcome) as error:
            log.warning("slack.document_not_sent", user=user, error=str(error))
            word = replies.NOT_SENT_TO_YOU
        return Answer(text=f"{answer.text}\n\n{word}", sessions=answer.sessions, older=answer.older)

    async def _send_document(self, user: UserId, answer: Answer) -> None:
        direct = await self._people.direct_channel(user)
        file = await self._bring(answer.file_name, answer.file_text.encode())
        entry: dict[str, str | None] = {"id": file, "title": answer.file_name}
        await call(self._client.files_completeUploadExternal(files=[entry], channel_id=direct))

    async def _bring(self, name: str, content: bytes) -> str:
        """Upload bytes that nobody sees until the upload is completed; returns Slack's id of the file."""
        slot = await call(self._client.files_getUploadURLExternal(filename=name, length=len(content)), reading=True)
        try:
            timeout = aiohttp.ClientTimeout(total=limits.UPLOAD_S)
            async with self._http.post(slot["upload_url"], data=content, timeout=timeout) as response:
                if response.status != 200:
                    raise TransientError(f"Slack took no upload: {response.status}", retry_after_s=5.0)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TransientError(f"The upload broke off: {type(error).__name__}", retry_after_s=5.0) from None
        return str(slot["file_id"])

    async def _share(self, place: Place, file: str, payload: dict[str, Any]) -> MessageId:
        """Complete an upload in the thread. The share comes after the answer, so look for it."""
        request = self._client.files_completeUploadExternal(
            files=[{"id": file, "title": payload["file"]["name"]}],
            channel_id=place.channel,
            thread_ts=place.root,
            initial_comment=payload["text"],
        )
        await call(request)
        for wait_s in limits.SHARED_POLL_S:
            await asyncio.sleep(wait_s)
            try:
                message = await self._shared(place, file)
            except TransientError:
                continue
            if message is not None:
                return message
        raise UnknownOutcome("the file is not shared yet")

    async def _shared(self, place: Place, file: str) -> MessageId | None:
        try:
            info = await call(self._client.files_info(file=file), reading=True)
        except PermanentError as error:
            if str(error) != _UNKNOWN_FILE:
                raise
            return None  # its upload was never completed
        shares = info["file"].get("shares") or {}
        for channels in shares.values():
            for share in channels.get(place.channel, ()):
                return MessageId(share["ts"])
        return None

    async def _own_messages(
        self, place: Place, since: datetime, *, until: datetime | None = None
    ) -> list[dict[str, Any]]:
        window = {"oldest": _ts(since - _LOOK_BACK), "latest": _ts(until) if until else None}
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self._page(place.channel, place.root, window, cursor)
            found += [message for message in page["messages"] if self._is_own(message)]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found

    async def _page(
        self, channel: ChannelId, root: MessageId | None, window: dict[str, str | None], cursor: str
    ) -> dict[str, Any]:
        shared: dict[str, Any] = {
            "channel": channel,
            **window,
            "include_all_metadata": True,
            "limit": limits.REPLIES_PAGE,
            "cursor": cursor or None,
        }
        if root is None:
            return await call(self._client.conversations_history(**shared), reading=True)
        return await call(self._client.conversations_replies(ts=root, **shared), reading=True)

    def _is_own(self, message: dict[str, Any]) -> bool:
        return message.get("user") == self._bot_user or bool(message.get("bot_id"))


def _key(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != _EVENT_TYPE:
        return ""
    return str((metadata.get("event_payload") or {}).get("k", ""))


def _ts(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).timestamp():.6f}"


def _image_blocks(payload: dict[str, Any], file: str) -> list[dict[str, Any]]:
    alt = payload["image"]["name"][: limits.ALT_TEXT_CHARS] or "picture"  # Slack takes no block without one
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": payload["text"], "verbatim": True}},
        {"type": "image", "slack_file": {"id": file}, "alt_text": alt},
    ]
