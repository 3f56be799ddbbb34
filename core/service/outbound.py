"""The one policy for text that leaves Muster or is kept: no secrets, no hidden links, no control characters.

The front desk and the runner apply `redact` before anything is kept, the relay's renderers `clean` before anything is
sent. What a platform itself would turn into a mention or a link is that platform's `markup` to escape.
"""

import html
import re

REDACTED = "[redacted]"
_FILE_NAME_CHARS = 100

# What is repeated before something required has a bound: the text is an agent's, and must not cost quadratic time.
_SECRETS = re.compile(
    "|".join(
        (
            r"xox[abeprs]-[A-Za-z0-9-]{8,}",  # Slack tokens
            r"xapp-[A-Za-z0-9-]{8,}",
            r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, OpenRouter, Anthropic, DeepSeek
            r"\bgsk_[A-Za-z0-9]{16,}",  # Groq
            r"\btvly-[A-Za-z0-9-]{12,}",  # Tavily
            r"\bgh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
            r"\bgithub_pat_[A-Za-z0-9_]{20,}",
            r"\bAKIA[0-9A-Z]{16}\b",  # AWS
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            r"\beyJ[A-Za-z0-9_-]{8,600}+\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JWT
            r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",  # Discord bot tokens
            r"wss?://[^\s?]{1,120}+\?(?:\S{0,400}&)?ticket=\S+",
        )
    )
)
# Bidirectional overrides can make shown text differ from what it says; other control characters show as nothing, and
# halves of a surrogate pair are no text: no database takes them.
_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff]")

_TITLE = r"""(?:\s+(?:"[^"\n]{0,200}"|'[^'\n]{0,200}'))?"""
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(\s*<?([^)\s>]{1,500}+)>?" + _TITLE + r"\s*\)")
# A link that `_LINK` cannot read whole, and the definition of one: `](address` or `]: address`.
_REST_OF_LINK = re.compile(r"\](?=[(:][ \t]*\n?[ \t]*<?([^\s)>]{0,200}))")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|www\.|(?:https?|ftp|mailto|tel|sms|data|javascript):", re.IGNORECASE)


def redact(text: str) -> str:
    """*text* without anything that looks like a secret, and without invisible characters."""
    text, found = _INVISIBLE.sub("", text), 1
    while found:  # one that is gone may have hidden where the next one begins
        text, found = _SECRETS.subn(REDACTED, text)
    return text


def clean(text: str) -> str:
    """What may be shown to people: redacted, and every link shows where it goes. Code, `a[0](b)`, is left alone."""
    while (cleaner := _without_hidden_links(redact(text))) != text:
        text = cleaner  # a secret may come together, or a link, when another is taken apart
    return text


def safe_file_name(name: str) -> str:
    """The name for a file that a person sent: one part of a path, which nothing takes for anything else."""
    last = re.split(r"[/\\]", redact(name))[-1]
    plain = re.sub(r"[^\w.()+ -]", "_", last).strip(" .-")
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    return f"{stem[: _FILE_NAME_CHARS - len(dot) - len(suffix[:16])] or 'file'}{dot}{suffix[:16]}"


def _without_hidden_links(text: str) -> str:
    return _REST_OF_LINK.sub(_apart, _LINK.sub(_bare_link, text))


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
