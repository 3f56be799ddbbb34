"""Bytes of attachments, from where Discord keeps them and from nowhere else.

Called by `files`. Sends no token and follows no redirect: an address in a payload may lead to Discord's CDN, or to the
server that is configured as Discord's API, and never into the network that this process is in.
Source: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
"""

import aiohttp
import yarl

from bots.attachments import Attached, TooLarge
from core.errors import PermanentError, TransientError

HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_CHUNK_BYTES = 64 * 1024
_AGAIN_S = 0.3


class Cdn:
    """Fetches attachments."""

    def __init__(self, api_url: str) -> None:
        """
        Args:
            api_url: of another server than Discord, where one is configured.
        """
        self._own = yarl.URL(api_url).origin() if api_url else None

    async def fetch(self, attached: Attached, most_bytes: int) -> bytes:
        """The bytes of the file at `attached.source`; whoever calls bounds the time.

        Raises:
            TooLarge: there are more than *most_bytes*.
            TransientError: not now.
            PermanentError: never: the address is none of Discord's, has run out, or leads elsewhere.
        """
        url = self._checked(attached.source)
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.get(url, allow_redirects=False) as response,
            ):
                if response.status >= 500 or response.status == 429:
                    raise TransientError(f"the CDN answered {response.status}", retry_after_s=_AGAIN_S)
                if response.status != 200:
                    raise PermanentError(f"the CDN answered {response.status}")
                return await _read(response.content, most_bytes)
        except (aiohttp.ClientError, OSError) as error:
            raise TransientError(f"the CDN did not answer: {type(error).__name__}", retry_after_s=_AGAIN_S) from None

    def _checked(self, source: str) -> yarl.URL:
        try:
            url = yarl.URL(source)
            origin = url.origin()
        except ValueError:
            raise PermanentError("the address of the file is none") from None
        is_discords = url.scheme == "https" and url.host in HOSTS and url.port == 443
        if url.user is not None or not (is_discords or origin == self._own):
            raise PermanentError("the file is not where Discord keeps files")
        return url


async def _read(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    """As much as there is, counted while it is read: what a header says of the size binds nobody."""
    read = bytearray()
    async for chunk in content.iter_chunked(_CHUNK_BYTES):
        read += chunk
        if len(read) > most_bytes:
            raise TooLarge
    return bytes(read)
