"""Bodies and what they are written in."""

import gzip
import zlib

import httpx2
import pytest

from worker.web.body import decoded, read_body


@pytest.mark.parametrize(
    ("packing", "content"),
    [("", b"text"), ("gzip", gzip.compress(b"text")), ("deflate", zlib.compress(b"text"))],
    ids=["plain", "gzip", "deflate"],
)
async def test_a_body_is_unpacked_as_its_host_says(packing: str, content: bytes) -> None:
    headers = {"Content-Encoding": packing} if packing else {}
    response = httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(content))
    assert await read_body(response, most_bytes=100) == b"text"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("Grüße".encode(), "text/html", "Grüße"),
        ("Grüße".encode("latin-1"), "text/html; charset=ISO-8859-1", "Grüße"),
        ("€".encode("cp1252"), "text/html; charset=latin1", "€"),
        ("Grüße".encode("utf-16"), "text/plain", "Grüße"),
        (b"\xef\xbb\xbf" + "Grüße".encode(), "text/plain; charset=latin-1", "Grüße"),
        ('<meta charset="windows-1251">Привет'.encode("cp1251"), "text/html", '<meta charset="windows-1251">Привет'),
        ("日本".encode("shift_jis"), "text/html; charset=Shift_JIS", "日本"),
        (b"+AGE-", "text/html; charset=utf-7", "+AGE-"),
        (b"\\x41", "text/html; charset=unicode_escape", "\\x41"),
        (b"x", "text/html; charset=zip", "x"),
        (b"x", "text/html; charset=no-such-thing", "x"),
        (b"\xff", "text/html", "\ufffd"),
    ],
)
def test_text_is_read_in_what_it_is_written_in_and_never_in_what_only_python_knows(
    body: bytes, content_type: str, text: str
) -> None:
    assert decoded(body, content_type) == text
