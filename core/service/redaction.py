"""Strikes known secrets out of texts, in whatever common form somebody wrote them.

Workers make a `Redactor` for each session from the keys that it opened and the deployment's own, and entry points one
for the log; what merely looks like a secret is `core.service.outbound.redact`'s to find. Keeps the values in memory
only, and never shows them.
"""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from core.service.outbound import REDACTED

FEWEST_CHARS = 8
"""Shorter values are words that texts may hold for other reasons."""


class Redactor:
    """Finds a set of secrets: as they are, backwards, and as base64, hexadecimal digits, in a URL, JSON or a repr."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Values of fewer than `FEWEST_CHARS` characters are left out."""
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= FEWEST_CHARS)
        exact = {form for secret in self._secrets for form in _exact_forms(secret)}
        folded = {form.lower() for secret in self._secrets for form in _forms_of_any_case(secret)} - exact
        # The longest first: what is part of another is struck out with it.
        self._exact = sorted(exact, key=len, reverse=True)
        self._folded = sorted(folded, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """*text* without the secrets."""
        for form in self._exact:
            if form in text:
                text = text.replace(form, REDACTED)
        lowered = text.lower() if self._folded else ""
        for form in self._folded:
            if form in lowered:
                text = re.sub(re.escape(form), REDACTED, text, flags=re.IGNORECASE)
        return text

    def knowing(self, more: Iterable[str]) -> "Redactor":
        """One that finds *more* secrets too."""
        return Redactor({*self._secrets, *more})


def _exact_forms(secret: str) -> set[str]:
    raw = secret.encode()
    written = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]}
    encoded = {form for before in range(3) for form in _base64_forms(raw, before)}
    return written | encoded | {secret[::-1]}


def _base64_forms(raw: bytes, before: int) -> tuple[str, str]:
    """The characters that stand in any base64 text for *raw* after 3n + *before* other bytes, whatever follows."""
    text = base64.b64encode(b"\0" * before + raw).decode()
    whole = text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
    return whole, whole.replace("+", "-").replace("/", "_")


def _forms_of_any_case(secret: str) -> set[str]:
    raw = secret.encode()
    in_url = {quote(secret, safe=""), quote(secret), quote_plus(secret)} - {secret}
    return {raw.hex(), "".join(f"%{byte:02x}" for byte in raw), *in_url}
