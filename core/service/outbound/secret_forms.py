"""What looks like a secret, and characters that nobody sees: neither is kept or shown.

Called through the package: by the front desk and the runner before anything is kept, and by all that leaves. Knows no
values; those are `core.service.redaction`'s.
"""

import re

REDACTED = "[redacted]"

# What is repeated before something required has a bound: the text is an agent's, and must not cost quadratic time.
_SECRETS = re.compile(
    "|".join(
        (
            r"xox[abeprs]-[A-Za-z0-9-]{8,}",  # Slack tokens
            r"xapp-[A-Za-z0-9-]{8,}",
            r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{16,}",  # who knows it may post
            r"discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{8,}/[A-Za-z0-9_-]{16,}",
            r"\bsk-[A-Za-z0-9_-]{16,}",  # OpenAI, OpenRouter, Anthropic, DeepSeek
            r"\bgsk_[A-Za-z0-9]{16,}",  # Groq
            r"\btvly-[A-Za-z0-9-]{12,}",  # Tavily
            r"\bgh[pousr]_[A-Za-z0-9]{20,}",  # GitHub
            r"\bgithub_pat_[A-Za-z0-9_]{20,}",
            r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b",  # AWS
            r"\bmuster-private-[A-Za-z0-9_-]{20,}",  # what opens people's keys
            r"\bAIza[A-Za-z0-9_-]{30,}",  # Google
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
            r"\beyJ[A-Za-z0-9_-]{8,600}+\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",  # JWT
            r"\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",  # Discord bot tokens
            r"wss?://[^\s?]{1,120}+\?(?:\S{0,400}&)?ticket=\S+",
        )
    )
)
# Bidirectional overrides can make shown text differ from what it says; control characters and zero-width ones show as
# nothing and can split a secret or an address (joiners stay: words and emoji need them); and halves of a surrogate pair
# are no text: no database takes them.
_INVISIBLE = re.compile(
    "[\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff"
    "\u00ad\u180e\u200b\u2060-\u2064\ufeff]"
)


def redact(text: str) -> str:
    """*text* without anything that looks like a secret, and without invisible characters."""
    text, found = _INVISIBLE.sub("", text), 1
    while found:  # one that is gone may have hidden where the next one begins
        text, found = _SECRETS.subn(REDACTED, text)
    return text
