"""Seals the keys that people bring, so that workers alone can open them.

Bots and the web use it with the public key, all that they have: what is sealed here cannot be opened here. Keeps no
value, logs none and shows none; who may bring a key is decided elsewhere, and `worker.keyring` opens it.
"""

import base64
import hashlib
import json
from dataclasses import dataclass

from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from core.domain.refs import UserId, WorkspaceId
from core.errors import PermanentError, UserError

PUBLIC_PREFIX = "muster-public-"
PRIVATE_PREFIX = "muster-private-"
"""Both keys are 32 random bytes: without a mark, one put in the other's place would look right."""

MOST_CHARS = 2_000
_LAST_SHOWN_FROM_CHARS = 12  # four characters of a shorter value would give too much of it away


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A value as it is kept: the fields of a `SealedSecret` that come from the sealing."""

    sealed: bytes
    key_id: str  # of the public key that it is sealed to
    last4: str  # "" for a short value


class Sealer:
    """Seals to one public key."""

    def __init__(self, public_key: str) -> None:
        """Take the key as `muster keys show` prints it.

        Raises:
            PermanentError: it is none; a sentence for whoever set it.
        """
        self.public_key = public_key.strip()
        key = _read(self.public_key)
        self.key_id = key_id(key)
        self._box = SealedBox(key)

    def seal(self, value: str, *, workspace: WorkspaceId, owner: UserId, name: str) -> Sealed:
        """Seal *value* together with whose it is and what for: in another's row it will not open.

        Args:
            value: spaces around it are taken off.
            owner: a person's id, or `WORKSPACE`.
            name: a model provider's, or a tool's.

        Raises:
            UserError: no service makes such keys; a sentence that does not repeat the value.
        """
        key = value.strip()
        if not key:
            raise UserError("This key is empty: copy it again.")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UserError("This key holds spaces or characters that no key has: copy it again.")
        if len(key) > MOST_CHARS:
            raise UserError(f"This key is longer than {MOST_CHARS} characters: copy it again, and nothing else.")
        inside = json.dumps({"workspace": workspace, "owner": owner, "name": name, "value": key})
        last4 = key[-4:] if len(key) >= _LAST_SHOWN_FROM_CHARS else ""
        return Sealed(sealed=self._box.encrypt(inside.encode()), key_id=self.key_id, last4=last4)


def key_id(key: PublicKey) -> str:
    """What a public key is called beside what is sealed to it: 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(bytes(key)).hexdigest()[:16]


def public_text(key: PublicKey) -> str:
    """The key as people pass it on."""
    return written(PUBLIC_PREFIX, bytes(key))


def written(prefix: str, raw: bytes) -> str:
    """A key's bytes as *prefix* and base64; `raw_key` reads it back."""
    return prefix + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def raw_key(text: str, prefix: str) -> bytes | None:
    """The bytes of a key that is written as *prefix* and base64; None when it is not written so."""
    try:
        encoded = text.removeprefix(prefix)
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    return raw if text.startswith(prefix) and len(raw) == PublicKey.SIZE else None


def _read(text: str) -> PublicKey:
    if text.startswith(PRIVATE_PREFIX):
        raise PermanentError(
            "PUBLIC_KEY holds a private key, which must be nowhere but with the workers: set what `muster keys show`"
            " prints, and make a new private key (`muster keys new`) if anybody else could read this one.",
            reason="public_key",
        )
    raw = raw_key(text, PUBLIC_PREFIX)
    if raw is None:
        raise PermanentError(
            f"PUBLIC_KEY is no public key: it begins with `{PUBLIC_PREFIX}`, and `muster keys show` prints it.",
            reason="public_key",
        )
    try:
        key = PublicKey(raw)
        SealedBox(key).encrypt(b"")
    except CryptoError:
        raise PermanentError("PUBLIC_KEY can seal nothing: copy it again.", reason="public_key") from None
    return key
