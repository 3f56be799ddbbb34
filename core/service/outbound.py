"""The one policy for text that leaves Muster or is kept: no secrets, no hidden links, no control characters.

The runner applies it before anything is recorded, the relay's renderers before anything is sent. What a platform itself
would turn into a mention or a link is that platform's `markup` to escape.
"""

import re

REDACTED = "[redacted]"

_SECRETS = re.compile(
    "|".join(
        (
            r"xox[abeprs]-[A-Za-z0-9-]{8,}",  # Slack tokens
            r"xapp-[A-Za-z0-9-]{8,}",
            r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, OpenRouter, Anthropic, DeepSeek
            r"\bgsk_[A-Za-z0-9]{16,}",  # Groq
            r"\btvly-[A-Za-z0-9-]{12,}",  # Tavily
            r"\bgh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
            r"\bAKIA[0-9A-Z]{16}\b",  # AWS
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JWT
            r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",  # Discord bot tokens
            r"wss?://\S*[?&]ticket=\S+",
        )
    )
)
# Bidirectional overrides can make shown text differ from what it says; other control characters show as nothing.
_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]")
_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"\n]*\")?\s*\)")


def redact(text: str) -> str:
    """*text* without anything that looks like a secret, and without invisible characters."""
    return _SECRETS.sub(REDACTED, _INVISIBLE.sub("", text))


def clean(text: str) -> str:
    """What may be shown to people: redacted, and every link shows where it goes."""
    return _MARKDOWN_LINK.sub(_bare_link, redact(text))


def _bare_link(match: re.Match[str]) -> str:
    label, url = match[1].strip(), match[2]
    return url if not label or label == url else f"{label} ({url})"
