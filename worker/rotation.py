"""Moves people's keys to the current key pair: opens each with an older private key and seals it anew.

`muster keys rotate` calls it, while workers and bots go on. A key is replaced only if it is still the one that was
opened, so it can be broken off and begun again at any moment, by several at once.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from core.domain.preferences import SealedSecret
from core.domain.refs import WorkspaceId
from core.errors import PermanentError
from core.ports import UnitOfWork, Work
from worker.keyring import Keyring

log = structlog.get_logger(__name__)

Found = tuple[WorkspaceId, SealedSecret]
_BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did, and what is left."""

    moved: int
    forgotten: int
    current: int  # sealed to the current key now
    lost: Mapping[str, int]  # sealed to a public key whose private key is not in the ring, by its id
    damaged: Mapping[str, int]  # sealed to an older key of the ring, and not to be opened with it

    @property
    def done(self) -> bool:
        """Whether nothing is sealed to another key than the current one."""
        return not self.lost and not self.damaged


async def rotate(
    uow: UnitOfWork,
    keyring: Keyring,
    *,
    forget_lost: bool = False,
    on_progress: Callable[[int], None] = lambda _moved: None,
) -> Rotated:
    """Seal everything to the ring's first key.

    Args:
        forget_lost: what does not open is removed; whoever brought it has to enter it again.
        on_progress: told how many were moved so far, after each batch.

    Raises:
        TransientError: the database did not answer; what was moved stays moved.
    """
    moved = forgotten = 0
    passed: set[bytes] = set()  # what does not open, or changed meanwhile
    current = keyring.sealer.key_id
    while True:
        async with uow.across() as across:
            found = await across.sealed_otherwise(current, limit=_BATCH + len(passed))
            left = await across.key_ids()
        batch = [each for each in found if each[1].sealed not in passed]
        if not batch:
            break
        passed.update(secret.sealed for _, secret in batch)
        for workspace, secrets in _by_workspace(batch).items():
            anew = [(secret, _anew(keyring, workspace, secret)) for secret in secrets]
            async with uow.begin(workspace) as work:
                for secret, sealed in anew:
                    if sealed is not None:
                        moved += await work.secrets.reseal(secret, sealed, current)
                    elif forget_lost:
                        forgotten += await _forget(work, secret)
        on_progress(moved)
    return Rotated(
        moved=moved,
        forgotten=forgotten,
        current=left.pop(current, 0),
        lost={key: many for key, many in left.items() if key not in keyring.key_ids},
        damaged={key: many for key, many in left.items() if key in keyring.key_ids},
    )


async def lost_keys(uow: UnitOfWork, keyring: Keyring) -> dict[str, int]:
    """How many of people's keys are sealed to public keys of which the ring has no private key, by their ids.

    A worker calls it when it starts; it logs them too.

    Raises:
        PermanentError: that is true of all that are kept, so the private keys are not this deployment's.
    """
    async with uow.across() as across:
        kept = await across.key_ids()
    lost = {key: many for key, many in kept.items() if key not in keyring.key_ids}
    if lost and lost.keys() == kept.keys():
        raise PermanentError(
            "The private keys of this worker open nothing that people brought. There is: "
            f"{told(lost)}. Put that private key back; if it is gone for good, `muster keys rotate --forget-lost`"
            " removes what nobody can open any more.",
            reason="private_keys",
        )
    if lost:
        log.warning("keys.lost", of=told(lost))
    return lost


def told(keys: Mapping[str, int]) -> str:
    """For people: "2 keys sealed to 1a2b, 1 key sealed to 3c4d"."""
    most_first = sorted(keys.items(), key=lambda item: -item[1])
    return ", ".join(f"{many} key{'s' * (many != 1)} sealed to {key}" for key, many in most_first)


def _by_workspace(found: list[Found]) -> dict[WorkspaceId, list[SealedSecret]]:
    grouped: dict[WorkspaceId, list[SealedSecret]] = defaultdict(list)
    for workspace, secret in found:
        grouped[workspace].append(secret)
    return grouped


def _anew(keyring: Keyring, workspace: WorkspaceId, secret: SealedSecret) -> bytes | None:
    """The key, sealed to the current public key; None when it does not open."""
    try:
        value = keyring.open(secret, workspace)
    except PermanentError:
        return None
    return keyring.sealer.seal(value, workspace=workspace, owner=secret.owner, name=secret.name).sealed


async def _forget(work: Work, secret: SealedSecret) -> bool:
    if await work.secrets.refuse(secret):  # a candidate
        return True
    counts = (await work.secrets.of(secret.owner)).get(secret.name)
    if counts is None or counts.sealed != secret.sealed:
        return False
    return await work.secrets.remove(secret.owner, secret.name)
