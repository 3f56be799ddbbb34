"""Images made by a model behind OpenAI's images endpoint, or one that speaks like it.

Called by `generate_image`. It must never send a person's key for OpenAI to an endpoint that is not OpenAI's.

Source: https://platform.openai.com/docs/api-reference/images/create
"""

import asyncio
import base64
import binascii
import json

import httpx2

from worker.web.body import read_body
from worker.web.errors import WebError
from worker.web.http import unreachable

OPENAI_URL = "https://api.openai.com/v1"
TIMEOUT_S = 180.0
MOST_BYTES = 24_000_000  # of an answer; a base64 letter is six bits
MESSAGE_CHARS = 300
_SUFFIXES = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"RIFF", "webp"))


class ImageMaker:
    """One model at one endpoint."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        url: str = "",
        key: str = "",
        model: str,
        openai_url: str = OPENAI_URL,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """
        Args:
            client: whoever made it closes it.
            url: the operator's endpoint, which may need no key; empty: OpenAI's, which does.
            key: the operator's key for it.
        """
        self._client = client
        self._url = (url or openai_url).rstrip("/")
        self._is_openai = not url
        self._key = key
        self.model = model
        self._timeout_s = timeout_s

    def can(self, openai_key: str) -> bool:
        """Whether it can make images for a session with that key for OpenAI, which may be empty."""
        return not self._is_openai or bool(self._key or openai_key)

    async def make(self, prompt: str, size: str, *, openai_key: str = "") -> tuple[bytes, str]:
        """One image, and the suffix of a file of its kind.

        Args:
            size: `1024x1024`, in pixels.
            openai_key: the session's own; counts before the operator's, at OpenAI's endpoint only.

        Raises:
            WebError: the endpoint refuses it, does not answer, or answers with no image.
        """
        key = (openai_key if self._is_openai else "") or self._key
        asked: dict[str, object] = {"model": self.model, "prompt": prompt, "n": 1, "size": size}
        if not self.model.startswith("gpt-image"):  # which always answers so, and refuses to be told
            asked["response_format"] = "b64_json"
        headers = {"Accept-Encoding": "gzip"} | ({"Authorization": f"Bearer {key}"} if key else {})
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    "POST", f"{self._url}/images/generations", json=asked, headers=headers, timeout=self._timeout_s
                ) as response,
            ):
                body = await read_body(response, most_bytes=MOST_BYTES)
        except (TimeoutError, httpx2.HTTPError) as error:
            raise unreachable("The images endpoint", error) from error
        return _image_in(_answer_in(response.status_code, body))


def _answer_in(status: int, body: bytes) -> object:
    """What the endpoint said.

    Raises:
        WebError: it refused.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if status == httpx2.codes.OK:
        return said
    if status in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):  # its words may hold parts of the key
        raise WebError("The images endpoint refuses the key.")
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        raise WebError("The images endpoint allows no more images now, or its credit is used up.")
    error = said.get("error") if isinstance(said, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    why = f": {' '.join(message.split())[:MESSAGE_CHARS]}" if isinstance(message, str) and status < 500 else ""
    raise WebError(f"The images endpoint answers {status}{why or '.'}")


def _image_in(said: object) -> tuple[bytes, str]:
    data = said.get("data") if isinstance(said, dict) else None
    first = data[0] if isinstance(data, list) and data else None
    encoded = first.get("b64_json") if isinstance(first, dict) else None
    if isinstance(encoded, str):
        try:
            image = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            image = b""
        for mark, suffix in _SUFFIXES:
            if image.startswith(mark):
                return image, suffix
    raise WebError("The images endpoint answers with something that is no image.")
