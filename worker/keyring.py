"""The private keys of the workers, and what they open: the keys that people and workspaces brought.

Entry points make one `Keyring` a worker process; `keys_for` gives a session its keys. Opened values stay in memory:
nothing here logs one, keeps one, or puts one into an error.
"""

import json
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

import structlog
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from core.domain.preferences import WORKSPACE, SealedSecret
from core.domain.refs import UserId, WorkspaceId
from core.errors import PermanentError
from core.ports import UnitOfWork
from core.service.sealing import PRIVATE_PREFIX, PUBLIC_PREFIX, Sealer, key_id, public_text, raw_key, written

log = structlog.get_logger(__name__)

FILE_NAME = "keys"
UNKNOWN_KEY = "unknown_key"
NOT_THEIRS = "not_theirs"
DAMAGED = "damaged"
"""`PermanentError.reason` of a key that does not open."""


class Keyring:
    """Private keys: what is sealed now is sealed to the first; the others open what was sealed before."""

    def __init__(self, keys: Iterable[PrivateKey]) -> None:
        """*keys*: the current one first; at least one."""
        self._keys = tuple(keys)
        self._boxes = {key_id(key.public_key): SealedBox(key) for key in self._keys}
        self.sealer = Sealer(public_text(self._keys[0].public_key))

    @property
    def public_key(self) -> str:
        """What bots seal to: `PUBLIC_KEY`."""
        return self.sealer.public_key

    @property
    def key_ids(self) -> frozenset[str]:
        """The public keys, by id, of which this ring has the private one."""
        return frozenset(self._boxes)

    @property
    def private_texts(self) -> tuple[str, ...]:
        """The private keys as they are written, for whoever strikes them out of texts; for nothing else."""
        return tuple(map(private_text, self._keys))

    def open(self, secret: SealedSecret, workspace: WorkspaceId) -> str:
        """The value of *secret*, which lies in a row of *workspace*.

        Raises:
            PermanentError: its private key is not here (`UNKNOWN_KEY`), it was sealed for somebody or something else
                (`NOT_THEIRS`), or it is not what was sealed (`DAMAGED`); a sentence for people.
        """
        box = self._boxes.get(secret.key_id)
        if box is None:
            raise PermanentError(
                f"the key for `{secret.name}` was locked with `{secret.key_id}`, which workers do not have. Enter the"
                " key again, or ask an admin of Muster to put that private key back.",
                reason=UNKNOWN_KEY,
            )
        again = f"the key for `{secret.name}` cannot be used as it is kept: enter it again."
        try:
            inside = json.loads(box.decrypt(secret.sealed))
            whose = (inside["workspace"], inside["owner"], inside["name"])
            value = str(inside["value"])
        except (CryptoError, ValueError, KeyError, TypeError):
            raise PermanentError(again, reason=DAMAGED) from None
        if whose != (workspace, secret.owner, secret.name):
            log.error("keys.not_theirs", workspace=workspace, owner=secret.owner, name=secret.name)
            raise PermanentError(again, reason=NOT_THEIRS)
        return value


async def keys_for(uow: UnitOfWork, keyring: Keyring, workspace: WorkspaceId, starter: UserId) -> dict[str, str]:
    """The keys that a session of *starter* works with, by provider or tool: the person's own, else the workspace's.

    Keys that no worker has tried yet do not count. What is in neither is the deployment's to give.

    Raises:
        PermanentError: one of them does not open, see `Keyring.open`; never is another's taken in its place, for it is
            not the one that they meant to be charged.
    """
    async with uow.read(workspace) as work:
        chosen = await work.secrets.of(WORKSPACE) | await work.secrets.of(starter)
    return {name: keyring.open(secret, workspace) for name, secret in chosen.items()}


def new_key() -> PrivateKey:
    """A fresh private key."""
    return PrivateKey.generate()


def private_text(key: PrivateKey) -> str:
    """The private key as `PRIVATE_KEYS` has it."""
    return written(PRIVATE_PREFIX, bytes(key))


def configured(keys: str, file: Path | None = None, *, public_key: str = "") -> Keyring:
    """The keyring that a deployment's settings ask for.

    Args:
        keys: `PRIVATE_KEYS`, commas between.
        file: `PRIVATE_KEYS_FILE`.
        public_key: `PUBLIC_KEY`, where this process has it too.

    Raises:
        PermanentError: there is none, or one cannot be read; says what to set, and never repeats a key.
    """
    if keys.strip() and file is not None:
        raise PermanentError("Set PRIVATE_KEYS or PRIVATE_KEYS_FILE, not both.", reason="private_keys")
    if not keys.strip() and file is None:
        raise PermanentError(
            "This worker has no private key and could open nobody's keys: set PRIVATE_KEYS or PRIVATE_KEYS_FILE."
            " `muster keys new` makes one.",
            reason="private_keys",
        )
    if file is not None:
        keyring = Keyring(_read_all(_text_of(file), f"PRIVATE_KEYS_FILE ({file})"))
    else:
        keyring = Keyring(_read_all(keys, "PRIVATE_KEYS"))
    if public_key and Sealer(public_key).key_id not in keyring.key_ids:
        raise PermanentError(
            "PUBLIC_KEY belongs to none of the private keys: what bots seal to it, no worker could open. `muster keys"
            " show` prints the right one.",
            reason="public_key",
        )
    return keyring


def embedded(data_dir: Path) -> Keyring:
    """The keyring of `muster up`: the file `keys` in the data folder, made when it is not there.

    Raises:
        PermanentError: others can read the file, it cannot be read here, or it holds no key.
    """
    path = data_dir / FILE_NAME
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise PermanentError(f"{path} cannot be read: {error.strerror}.", reason="private_keys") from None
    with open(descriptor, encoding="utf-8") as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise PermanentError(
                f"Others can read {path}, which opens everybody's keys: `chmod 600 {path}`. If somebody may have read"
                " it, make a new key (docs/keys.md).",
                reason="private_keys",
            )
        return Keyring(_read_all(file.read(), str(path)))


def _create(path: Path) -> None:
    """Make the file whole and at once: nobody ever finds half of it, and the first of two who make it has made it."""
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(private_text(new_key()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(made, path)
    except FileExistsError:
        pass  # another start was first
    finally:
        os.unlink(made)


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PermanentError(
            f"PRIVATE_KEYS_FILE ({file}) cannot be read: {type(error).__name__}.", reason="private_keys"
        ) from None


def _read_all(text: str, where: str) -> list[PrivateKey]:
    """The keys in *text*, one a line or with commas between; # begins a line that is none."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    written = [part.strip() for line in lines for part in line.split(",") if part.strip()]
    if not written:
        raise PermanentError(f"{where} holds no private key: `muster keys new` makes one.", reason="private_keys")
    return [_read(key, f"Key {n} of {where}") for n, key in enumerate(written, start=1)]


def _read(text: str, which: str) -> PrivateKey:
    if text.startswith(PUBLIC_PREFIX):
        raise PermanentError(
            f"{which} is a public key, which opens nothing: put its private key there.", reason="private_keys"
        )
    raw = raw_key(text, PRIVATE_PREFIX)
    if raw is None:
        raise PermanentError(
            f"{which} is no private key: one begins with `{PRIVATE_PREFIX}`. Copy it again; `muster keys new` makes"
            " another.",
            reason="private_keys",
        )
    return PrivateKey(raw)
