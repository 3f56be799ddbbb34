"""One workspace's threads, read again. Implements `bots.catch_up.Threads`.

Called by the catch-up. It reads and hands on; what a message means is the handlers' business.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bots.catch_up import Turn
from bots.slack import limits
from bots.slack.calls import call
from core.domain.refs import Place


class SlackThreads:
    """Reads `conversations.replies`."""

    def __init__(self, client: AsyncWebClient, hear: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """
        Args:
            hear: takes a message in the form of Slack's `message` event.
        """
        self._client = client
        self._hear = hear

    async def hear_again(self, place: Place, since: datetime, turn: Turn) -> None:
        """See `bots.catch_up.Threads`.

        Source: https://docs.slack.dev/reference/methods/conversations.replies
        """
        oldest = f"{since.astimezone(UTC).timestamp():.6f}"
        cursor = ""
        while True:
            await turn()
            page = await call(
                self._client.conversations_replies(
                    channel=place.channel,
                    ts=str(place.root),
                    oldest=oldest,
                    limit=limits.REPLIES_PAGE,
                    cursor=cursor or None,
                ),
                reading=True,
            )
            for message in page["messages"]:
                if message["ts"] != place.root:  # comes with every page
                    await self._hear({**message, "type": "message", "channel": place.channel})
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
