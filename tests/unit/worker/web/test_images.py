"""Images: what the endpoint is told, with whose key, and what becomes of its answers."""

import base64
import json

import httpx2
import pytest

from worker.web.errors import WebError
from worker.web.images import OPENAI_URL, ImageMaker

PNG = b"\x89PNG\r\n\x1a\n and so on"
OWN = "https://images.example/v1"


class Endpoint:
    """An images endpoint as a function, with the requests that it got."""

    def __init__(self, image: bytes = PNG, *, status: int = 200, body: str | None = None) -> None:
        self.asked: list[httpx2.Request] = []
        self._status = status
        self._body = body or json.dumps({"data": [{"b64_json": base64.b64encode(image).decode()}]})

    def maker(self, *, url: str = "", key: str = "", model: str = "gpt-image-1") -> ImageMaker:
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        return ImageMaker(client, url=url, key=key, model=model)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.asked.append(request)
        return httpx2.Response(self._status, stream=httpx2.ByteStream(self._body.encode()))

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("authorization") for request in self.asked]


@pytest.mark.parametrize(
    ("image", "suffix"), [(PNG, "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"RIFF\x00\x00\x00\x00WEBP", "webp")]
)
async def test_an_image_comes_back_with_its_kind(image: bytes, suffix: str) -> None:
    assert await Endpoint(image).maker(key="k").make("a cat", "1024x1024") == (image, suffix)


async def test_the_endpoint_is_told_what_its_model_takes() -> None:
    endpoint = Endpoint()
    await endpoint.maker(key="k").make("a cat", "1024x1024")
    await endpoint.maker(key="k", model="dall-e-3").make("a cat", "1024x1024")
    asked = [json.loads(request.content) for request in endpoint.asked]
    assert asked[0] == {"model": "gpt-image-1", "prompt": "a cat", "n": 1, "size": "1024x1024"}
    assert asked[1]["response_format"] == "b64_json"
    assert str(endpoint.asked[0].url) == f"{OPENAI_URL}/images/generations"


@pytest.mark.parametrize(
    ("url", "operators", "persons", "sent"),
    [
        ("", "operators", "", "Bearer operators"),
        ("", "", "persons", "Bearer persons"),
        ("", "operators", "persons", "Bearer persons"),
        (OWN, "operators", "persons", "Bearer operators"),
        (OWN, "", "persons", None),
        (OWN, "", "", None),
    ],
)
async def test_a_persons_key_for_openai_goes_to_openai_alone(
    url: str, operators: str, persons: str, sent: str | None
) -> None:
    endpoint = Endpoint()
    maker = endpoint.maker(url=url, key=operators)
    assert maker.can(persons)
    await maker.make("a cat", "1024x1024", openai_key=persons)
    assert endpoint.keys == [sent]


def test_without_an_endpoint_and_without_a_key_no_image_can_be_made() -> None:
    assert not Endpoint().maker().can("")


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        (Endpoint(status=401, body='{"error": {"message": "Incorrect key: sk-abc"}}'), r"^[^:]*refuses the key\.$"),
        (Endpoint(status=429), "allows no more images"),
        (
            Endpoint(status=400, body='{"error": {"message": "Blocked by\\n our policy."}}'),
            "400: Blocked by our policy",
        ),
        (Endpoint(status=400, body="<html>"), r"answers 400\."),
        (Endpoint(status=500, body='{"error": {"message": "trace"}}'), r"answers 500\."),
        (Endpoint(status=302), r"answers 302\."),
        (Endpoint(b"#!/bin/sh"), "no image"),
        (Endpoint(body='{"data": []}'), "no image"),
        (Endpoint(body='{"data": [{"url": "https://images.example/1.png"}]}'), "no image"),
        (Endpoint(body='{"data": [{"b64_json": "not base64!"}]}'), "no image"),
        (Endpoint(body="[" * 100_000), "no image"),
        (Endpoint(body='{"data": "' + "x" * 25_000_000 + '"}'), "larger than the 24 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_whatever_the_endpoints_trouble_is_it_is_a_sentence(endpoint: Endpoint, words: str) -> None:
    with pytest.raises(WebError, match=words):
        await endpoint.maker(key="k").make("a cat", "1024x1024")
