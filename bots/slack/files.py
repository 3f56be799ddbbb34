"""Bytes of people's files, from where Slack keeps them and from nowhere else.

Called through `bots.attachments`. An address in a payload gets the bot's token only where Slack or the server that is
configured as Slack's API answers; a redirect to anywhere else ends the fetching.
Source: https://docs.slack.dev/reference/objects/file-object (url_private_download)
"""

import aiohttp
import yarl
from slack_sdk.web.async_client import AsyncWebClient

from bots.attachments import Attached, TooLarge
from bots.slack import parse
from bots.slack.calls import call
from core.errors import PermanentError, TransientError

_SLACKS = yarl.URL("https://files.slack.com")
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
        # Packed bytes would be unpacked before they are counted.
        self._headers = {"Authorization": f"Bearer {client.token}", "Accept-Encoding": "identity"}
        self._own = yarl.URL(client.base_url).origin()

    async def fetch(self, attached: Attached, most_bytes: int) -> bytes:
        """The bytes of the file at the address `attached.source`; whoever calls bounds the time.

        Raises:
            TooLarge: there are more than *most_bytes*.
            TransientError: not now.
            PermanentError: never: Slack does not keep it, does not let us have it, or leads elsewhere.
        """
        url = self._checked(attached.source)
        for _ in range(_HOPS):
            try:
                async with self._http.get(
                    url, headers=self._headers, proxy=self._client.proxy, allow_redirects=False
                ) as response:
                    if response.status not in (301, 302, 303, 307, 308):
                        return await _content(response, attached, most_bytes)
                    location = response.headers.get("Location", "")
            except (aiohttp.ClientError, OSError) as error:
                raise TransientError(f"the file did not come: {type(error).__name__}", retry_after_s=_AGAIN_S) from None
            url = self._checked(location, url)
        raise PermanentError("the file's address leads in circles")

    async def look_up(self, attached: Attached) -> Attached:
        """The file with its name and address, where the message has its id alone: in channels shared with others.

        Raises:
            TransientError: not now.
            PermanentError: Slack does not tell us of it.

        Source: https://docs.slack.dev/apis/slack-connect/#files (file_access: check_file_info)
        """
        if "/" in attached.source:
            return attached
        info = await call(self._client.files_info(file=attached.source), reading=True)
        [found] = parse.attached([info["file"]]) or [attached]
        return found

    def _checked(self, text: str, base: yarl.URL | None = None) -> yarl.URL:
        """The address, read by what will call it; *base* is where it was given."""
        try:
            url = base.join(yarl.URL(text)) if base is not None else yarl.URL(text)
            allowed = url.origin() in (_SLACKS, self._own) and url.user is None and url.password is None
        except ValueError:
            allowed = False
        if not allowed:
            raise PermanentError("the file is not where Slack keeps files")
        return url


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
