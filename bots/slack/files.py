"""Bytes of people's files, from where Slack keeps them and from nowhere else.

Called through `bots.attachments`. An address in a payload gets the bot's token only where Slack or the server that is
configured as Slack's API answers; a redirect to anywhere else ends the fetching.
Source: https://docs.slack.dev/reference/objects/file-object (url_private_download)
"""

from urllib.parse import urljoin, urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.attachments import Attached, TooLarge
from bots.slack.calls import call
from core.errors import PermanentError, TransientError

_HOST = "files.slack.com"
_CHUNK_BYTES = 64 * 1024
_HOPS = 3
_AGAIN_S = 0.3
_HTML = "text/html"


class SlackFiles:
    """Fetches what people attached to messages of one workspace."""

    def __init__(self, client: AsyncWebClient, http: aiohttp.ClientSession) -> None:
        """
        Args:
            client: with the bot's token, and the base URL of the API.
        """
        self._client = client
        self._http = http
        self._headers = {"Authorization": f"Bearer {client.token}"}
        self._own = _origin(client.base_url)

    async def fetch(self, attached: Attached, most_bytes: int) -> bytes:
        """The bytes of a file; `attached.source` is its address or, without one, its id. Whoever calls bounds the time.

        Raises:
            TooLarge: there are more than *most_bytes*.
            TransientError: not now.
            PermanentError: never: Slack does not keep it, does not let us have it, or leads elsewhere.
        """
        url = attached.source if "/" in attached.source else await self._address(attached.source)
        for _ in range(_HOPS):
            self._check(url)
            try:
                async with self._http.get(
                    url, headers=self._headers, proxy=self._client.proxy, allow_redirects=False
                ) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        return await _content(response, attached, most_bytes)
                    url = urljoin(url, response.headers.get("Location", ""))
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise TransientError(f"the file did not come: {type(error).__name__}", retry_after_s=_AGAIN_S) from None
        raise PermanentError("the file's address leads in circles")

    async def _address(self, file: str) -> str:
        """Where the file is, when the message does not say: in channels that are shared with others.

        Source: https://docs.slack.dev/apis/slack-connect/#files (file_access: check_file_info)
        """
        info = (await call(self._client.files_info(file=file), reading=True))["file"]
        return str(info.get("url_private_download") or info.get("url_private") or "")

    def _check(self, url: str) -> None:
        origin = _origin(url)
        if origin is None or origin not in (("https", _HOST, 443), self._own):
            raise PermanentError("the file is not where Slack keeps files")


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what has none, and for what names a user."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and "@" not in parts.netloc else None


async def _content(response: aiohttp.ClientResponse, attached: Attached, most_bytes: int) -> bytes:
    if response.status >= 500 or response.status == 429:
        raise TransientError(f"the file's server answered {response.status}", retry_after_s=_AGAIN_S)
    if response.status != 200:
        raise PermanentError(f"the file's server answered {response.status}")
    if response.content_type == _HTML and attached.mime != _HTML:
        # What a token without the scope `files:read` gets is the page to sign in, and the status of success.
        raise PermanentError("the page to sign in came instead of the file: does the app have the scope files:read?")
    read = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        read += chunk
        if len(read) > most_bytes:
            raise TooLarge
    if attached.mime == _HTML and attached.size_bytes not in (None, len(read)):
        raise PermanentError("another page came instead of the file")
    return bytes(read)
