"""What may be shown of a text: markdown, plain text and code, names of files.

Called through the package by all that words what leaves Muster.
"""

import html
import re
from collections.abc import Callable

from core.service.outbound.addresses import without_addresses
from core.service.outbound.links import NO_LINKS, Links
from core.service.outbound.secret_forms import redact

_FILE_NAME_CHARS = 100
_ROUNDS = 8

_TITLE = r"""(?:\s+(?:"[^"\n]{0,200}"|'[^'\n]{0,200}'))?"""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(\s*<?([^)\s>]{1,500}+)>?" + _TITLE + r"\s*\)")
# A link that `_LINK` cannot read whole, and the definition of one: `](address` or `]: address`.
_REST_OF_LINK = re.compile(r"\](?=[(:][ \t]*\n?[ \t]*<?([^\s)>]{0,200}))")
_WORDS = r"(?:[^\\*_~|\[\]<>`&/@]|`\w+`)*"
_BLOCKS = re.compile(rf"{_WORDS}(?:\n```\w*\n(?:(?!```)[\s\S])+\n```(?:\n{_WORDS})?)+")
"""Blocks of code between ordinary words without any markup: on no platform can they begin or end anywhere else."""
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|www\.|(?:https?|ftp|mailto|tel|sms|data|javascript):", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=(#\d{1,7};|#x[0-9a-f]{1,6};|[a-z][a-z0-9]{1,31};))", re.IGNORECASE)
_OF_ADDRESSES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.\\@%?#[]()")


def clean(text: str, links: Links = NO_LINKS) -> str:
    """Markdown that may be shown to people: redacted, every link shows where it goes, none leads where it may not.

    Code such as `a[0](b)` is left alone.

    Args:
        links: what may stay a link; nothing by default.
    """
    return _settled(text, lambda text: without_addresses(_without_hidden_links(text), links, markdown=True))


def plain(text: str, links: Links = NO_LINKS) -> str:
    """The same for what is not read as markdown, or within code already: names, labels, code, cards."""
    return _settled(text, lambda text: without_addresses(text, links, markdown=False))


def to_approve(text: str) -> str:
    """What a person is asked to let happen, letter for letter where it stands in blocks that all read as code.

    There nothing becomes a link, and an address that differs from the one that is used would be no honest question.
    Anything else is `clean`.
    """
    text = redact(text)
    return text if _BLOCKS.fullmatch(text) else clean(text)


def safe_file_name(name: str) -> str:
    """The name for a file: one part of a path, which nothing takes for anything else."""
    last = re.split(r"[/\\]", redact(name))[-1]
    simple = re.sub(r"[^\w.()+ -]", "_", last).strip(" .-")
    stem, dot, suffix = simple.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    return f"{stem[: _FILE_NAME_CHARS - len(dot) - len(suffix[:16])] or 'file'}{dot}{suffix[:16]}"


def _settled(text: str, step: Callable[[str], str]) -> str:
    """*text* redacted and changed by *step* until nothing changes: one thing can come together when another goes."""
    for _ in range(_ROUNDS):
        changed = step(redact(text))
        if changed == text:
            break
        text = changed
    return redact(text)


def _literal(match: re.Match[str]) -> str:
    """An entity that would become part of an address only when it is shown, as it is written."""
    return "&amp;" if html.unescape(f"&{match[1]}") in _OF_ADDRESSES else match[0]


def _without_hidden_links(text: str) -> str:
    return _REST_OF_LINK.sub(_apart, _LINK.sub(_bare_link, _ENTITY.sub(_literal, text)))


def _bare_link(match: re.Match[str]) -> str:
    label, url = match[1].strip(), match[2]
    if not _is_address(url):
        return match[0]
    return url if not label or label == url else f"{label} ({url})"


def _apart(match: re.Match[str]) -> str:
    return "] " if _is_address(match[1]) else "]"


def _is_address(destination: str) -> bool:
    """Whether a renderer would make it a link that leads somewhere; it decodes entities and escapes first."""
    return _ADDRESS.match(html.unescape(destination).replace("\\", "")) is not None
