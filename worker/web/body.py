"""A response's body within bounds, and its text.

Called by `pages` and `images`. It must never hold more than it was allowed, whatever a few compressed bytes unfold to.
"""

import codecs
import re
import zlib

import httpx2

from worker.web.errors import WebError

_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
# What web pages are written in. Python knows more "encodings", some of which take quadratic time.
_CHARSETS = re.compile(
    r"utf-?8|utf-16(-[lb]e)?|ascii|iso8859-\d+|latin-?1|cp(125\d|874|866|932|949|950)|koi8-[ru]|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc_jp|euc_kr|iso2022_jp|mac-roman"
)
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_IN_PAGE = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


async def read_body(response: httpx2.Response, *, most_bytes: int) -> bytes:
    """The body, unpacked; neither what comes over the wire nor what it unfolds to exceeds *most_bytes*.

    Raises:
        WebError: it is larger, damaged, or packed in a way that was not asked for.
        httpx2.TransportError: it broke off.
    """
    announced = response.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and (len(announced) > 15 or int(announced) > most_bytes):
        raise _too_large(most_bytes)
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", *_WINDOWS):
        raise WebError("The answer is packed in a way that was not asked for.")
    unpack = zlib.decompressobj(_WINDOWS[packed]) if packed in _WINDOWS else None
    body, wire_bytes = bytearray(), 0
    async for piece in response.aiter_raw():
        wire_bytes += len(piece)
        if wire_bytes > most_bytes:
            raise _too_large(most_bytes)
        try:
            body += unpack.decompress(piece, most_bytes + 1 - len(body)) if unpack is not None else piece
        except zlib.error as error:
            raise WebError("The answer is damaged: it cannot be unpacked.") from error
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def decoded(body: bytes, content_type: str) -> str:
    """*body* as text: as its marks, its header or its page say, else UTF-8; what does not fit is replaced."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    in_page = _IN_PAGE.search(body[:2_048])
    found = _IN_HEADER.search(content_type)
    wanted = found[1] if found else in_page[1].decode("ascii", "replace") if in_page else "utf-8"
    return body.decode(_known(wanted), "replace")


def _known(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, UnicodeError):
        return "utf-8"
    if name == "iso8859-1":
        name = "cp1252"  # as browsers read it
    return name if _CHARSETS.fullmatch(name) else "utf-8"


def _too_large(most_bytes: int) -> WebError:
    return WebError(f"The answer is larger than the {most_bytes // 1_000_000} MB that are read.")
