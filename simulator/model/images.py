"""Owns the images endpoint: what it refuses, and the picture that it draws.

Called by `completions`. The same prompt and size always give the same bytes.
Source: https://developers.openai.com/api/docs/guides/image-generation (models called gpt-image-... always answer with
`b64_json`, and take no `response_format`)
"""

import base64
import hashlib
import struct
import time
import zlib
from typing import Any

from simulator.model.request_reading import Kind, Request, Said
from simulator.model.wire_errors import Refused, invalid_value, missing, wrong_type

JsonObject = dict[str, Any]
SIZES = ("1024x1024", "1536x1024", "1024x1536", "auto")
QUALITIES = ("low", "medium", "high", "auto")
FORMATS = ("png",)
PROMPT_CHARS = 32_000
KNOWN_PARAMETERS = frozenset(
    {"background", "model", "moderation", "n", "output_format", "prompt", "quality", "size", "user"}
)
CELLS = 8
"""Squares in a row and in a column of the picture."""


def check_image_request(body: JsonObject) -> Request:
    """The request as orders of faults see it; its text is the prompt.

    Raises:
        Refused: 400 for the first rule that the body breaks.
    """
    prompt = body.get("prompt")
    if prompt is None:
        raise missing("prompt")
    if not isinstance(prompt, str):
        raise wrong_type("prompt", "a string", prompt)
    if not prompt or len(prompt) > PROMPT_CHARS:
        raise Refused(f"Invalid 'prompt': it must have 1 to {PROMPT_CHARS} characters.", param="prompt")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise missing("model")
    for name in body:
        if name not in KNOWN_PARAMETERS:
            raise Refused(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    for name, allowed in (("size", SIZES), ("quality", QUALITIES), ("output_format", FORMATS)):
        if body.get(name) is not None and body[name] not in allowed:
            raise invalid_value(name, body[name], allowed)
    if body.get("n") not in (None, 1):
        raise Refused("Invalid 'n': this model only supports n = 1.", param="n", code="unsupported_value")
    said = (Said(who="", own=False, text=prompt),)
    return Request(kind=Kind.IMAGE, system="", agent="", schema={}, timeline=said, tools={}, must_call="")


def image_json(body: JsonObject) -> JsonObject:
    """The answer to a checked request *body*."""
    size = body.get("size") or "auto"
    width, height = map(int, (SIZES[0] if size == "auto" else size).split("x"))
    picture = draw(body["prompt"], width, height)
    tokens = {"input_tokens": -(-len(body["prompt"]) // 4), "output_tokens": 272}
    return {
        "created": int(time.time()),
        "data": [{"b64_json": base64.b64encode(picture).decode()}],
        "output_format": "png",
        "size": f"{width}x{height}",
        "usage": tokens | {"total_tokens": sum(tokens.values())},
    }


def draw(prompt: str, width: int, height: int) -> bytes:
    """A PNG: a pattern of squares in two colours, which both come from *prompt*."""
    seed = hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).digest()
    palette = seed[:3] + bytes(255 - value for value in seed[:3])
    rows = []
    for row in range(CELLS):
        squares = [seed[3 + row] >> min(column, CELLS - 1 - column) & 1 for column in range(CELLS)]
        line = bytes(squares[x * CELLS // width] for x in range(width))
        rows.append((b"\x00" + line) * ((row + 1) * height // CELLS - row * height // CELLS))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits a pixel, of a palette
    chunks = (b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(b"".join(rows), 1)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
