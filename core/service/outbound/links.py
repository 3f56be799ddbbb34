"""Which addresses people may be given to click on.

Made by the relay for a session and by history; asked by `addresses`. Never looks anything up.

An agent that has read a poisoned page may be told to send what it knows to an address: in the host, the path, the
query. So a host must be one that this session's own searches and pages have named, letter by letter, and since the
poisoned page's host is one of those, its address must not look as if it carried data. What is refused is still shown,
as text that leads nowhere. The deployment's own list is trusted: there the form of the path does not matter.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import unquote

_URL = re.compile(
    r"https?://(?P<host>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*)(?P<port>:\d{1,5})?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE | re.ASCII,
)
_CHARS = re.compile(r"[\w.~:/?#@!$&'()*+,;=%-]+")
_NEEDLESS = re.compile(r"%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])", re.IGNORECASE)
"""Letters, digits and the like as percent codes: nobody writes them so but to hide what they say."""
_ENTITY = re.compile(r"&#?\w{1,32};")
_CODE = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_NUMERIC_HOST = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)

_URL_CHARS = 240
_QUERY_CHARS = 64
_SEGMENT_CHARS = 64
_PATH_CHARS = 160
_WORD_CHARS = 24
_NUMBER_CHARS = 12
_MIXED_CHARS = 12  # letters and digits in one word
_SHUFFLED_CHARS = 8  # the same, if they change places often
_SHUFFLES = 3
_NUMBERED_WORDS = 8  # words with digits in one address
_NUMBERED_CHARS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What may stay a link. Without anything: nothing may."""

    hosts: frozenset[str] = frozenset()  # that the session's searches and pages have named
    listed: frozenset[str] = frozenset()  # of the deployment: `example.com`, `example.com:8443`, `*.example.com`
    own: tuple[str, ...] = ()  # beginnings of addresses that Muster itself writes

    @classmethod
    def trusting(cls, listed: str) -> "Links":
        """Links to the hosts of a list with commas: `example.com, *.example.org`."""
        return cls(listed=frozenset(host.strip().lower() for host in listed.split(",") if host.strip()))

    def of_session(self, hosts: Iterable[str]) -> "Links":
        """The same, and links to what a session has found."""
        return replace(self, hosts=frozenset(host.lower() for host in hosts))

    def allows(self, url: str) -> bool:
        """Whether *url*, with its scheme and nothing around it, may be a link."""
        parts = _URL.fullmatch(url)
        if parts is None or len(url) > _URL_CHARS or not _CHARS.fullmatch(url) or _ENTITY.search(url):
            return False
        if self.own and url.startswith(self.own):
            return True
        rest = url[parts.end("host") :]
        if (
            "//" in rest
            or "//" in unquote(rest)
            or max(_length(parts["query"]), _length(parts["fragment"])) > _QUERY_CHARS
        ):
            return False
        host = parts["host"].lower()
        if _on_list(host, parts["port"] or "", self.listed):
            return True
        if host not in self.hosts or parts["port"] or _NUMERIC_HOST.fullmatch(host):
            return False
        # A host can have been named by reading it, after a model had put its name together.
        return not any(map(is_opaque, _WORD.findall(host))) and not _carries_data(rest)

    def names(self, host: str) -> bool:
        """Whether *host* is one that links may lead to."""
        return host.lower() in self.hosts or _on_list(host.lower(), "", self.listed)


NO_LINKS = Links()


def _on_list(host: str, port: str, listed: frozenset[str]) -> bool:
    if host + port in listed:
        return True
    parents = [host[at + 1 :] for at, char in enumerate(host) if char == "."]
    return any(f"*.{parent}{port}" in listed for parent in parents)


def _length(part: str | None) -> int:
    return len(part or "")


def _carries_data(rest: str) -> bool:
    """Whether what follows the host is longer or less readable than what addresses of pages are made of."""
    if _NEEDLESS.search(rest):
        return True
    try:
        said = unquote(rest, errors="strict")
    except UnicodeDecodeError:
        return True
    if _CODE.search(said) or not said.isprintable() or _spent(said) > _PATH_CHARS:
        return True
    if any(_spent(segment) > _SEGMENT_CHARS for segment in re.split(r"[/?#&]", said)):
        return True
    words = _WORD.findall(said)
    numbered = [word for word in words if any(char.isdigit() for char in word)]
    if len(numbered) > _NUMBERED_WORDS or sum(map(len, numbered)) > _NUMBERED_CHARS:
        return True
    return any(is_opaque(word) for word in words)


def _spent(text: str) -> int:
    """Bytes: a letter beyond ASCII says more than one."""
    return len(text.encode())


def is_opaque(word: str) -> bool:
    """Whether *word*, letters and digits, looks like a code and not like a word, a number or a short name."""
    if len(word) > _WORD_CHARS:
        return True
    if word.isdigit():
        return len(word) > _NUMBER_CHARS
    turns = sum(one.isdigit() != other.isdigit() for one, other in pairwise(word))
    if turns:
        return len(word) >= _MIXED_CHARS or (len(word) >= _SHUFFLED_CHARS and turns >= _SHUFFLES)
    humps = sum(one.islower() and other.isupper() for one, other in pairwise(word))
    return len(word) >= _SHUFFLED_CHARS and humps >= _SHUFFLES
