"""`muster keys`: makes private keys, shows the public one, and moves people's keys to a new pair.

`muster.py` puts the group into the command. It prints a private key in one place only: where one is made.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import click

from config.settings import Settings

# What the other commands have no use for is imported when it is used.
if TYPE_CHECKING:
    from core.ports import UnitOfWork
    from worker.keyring import Keyring
    from worker.rotation import Rotated

Run = Callable[[Coroutine[Any, Any, None]], None]

_ON_NEW = """\
# A new key pair. Keep the private key as you keep a database's password, and apart from the database's backups.
#   first key:   set PRIVATE_KEYS for workers and PUBLIC_KEY for bots, then start them.
#   another one: put it before the ones in PRIVATE_KEYS (a comma between), restart workers, set PUBLIC_KEY, restart
#                bots, run `muster keys rotate`, and take the old ones out when it says so."""


def keys_group(settings: Callable[[], Settings], run: Run = asyncio.run) -> click.Group:
    """The command group.

    Args:
        settings: reads them when a command needs them.
        run: carries a coroutine out and tells people of errors.
    """

    @click.group("keys")
    def keys() -> None:
        """The key pair that people's own keys are sealed with."""

    @keys.command()
    def new() -> None:
        """Make a private key and print it with its public key."""
        from worker.keyring import Keyring, new_key, private_text

        key = new_key()
        click.echo(_ON_NEW)
        click.echo(f"PRIVATE_KEYS={private_text(key)}\nPUBLIC_KEY={Keyring([key]).public_key}")

    @keys.command()
    def show() -> None:
        """Print the public key of the private key that is current."""
        run(_show(settings()))

    @keys.command()
    @click.option("--forget-lost", is_flag=True, help="Remove what no private key opens; people enter it again.")
    def rotate(forget_lost: bool) -> None:
        """Seal what is sealed to older keys to the current one. Can be broken off and run again; workers go on."""
        run(_rotate(settings(), forget_lost))

    return keys


async def _show(settings: Settings) -> None:
    keyring = _keyring(settings)
    click.echo(f"PUBLIC_KEY={keyring.public_key}")
    click.echo(f"# {keyring.sealer.key_id}, of {len(keyring.key_ids)} in all", err=True)


async def _rotate(settings: Settings, forget_lost: bool) -> None:
    from worker.rotation import rotate

    keyring = _keyring(settings)
    async with _database(settings) as uow:
        done = await rotate(
            uow,
            keyring,
            forget_lost=forget_lost,
            on_progress=lambda moved: click.echo(f"{moved} resealed ...", err=True),
        )
    _say(keyring, done)
    if not done.done:
        raise click.exceptions.Exit(1)


def _say(keyring: "Keyring", done: "Rotated") -> None:
    from worker.rotation import told

    current = keyring.sealer.key_id
    click.echo(f"Resealed: {done.moved}. Sealed to the current key {current} now: {done.current}.")
    if done.forgotten:
        click.echo(f"Removed, because nobody could open them: {done.forgotten}. Who brought them enters them again.")
    if done.lost:
        click.echo(
            f"Cannot be opened, because the private key is not here: {told(done.lost)}. Put the old private key back"
            " behind the current one and run this again. If it is gone for good, --forget-lost removes them."
        )
    if done.damaged:
        click.echo(
            f"Cannot be opened with its private key, so damaged or copied from somebody else's: {told(done.damaged)}."
            " --forget-lost removes them."
        )
    for key in sorted(keyring.key_ids - {current} - done.damaged.keys()):
        click.echo(f"Sealed to {key}: 0. Its private key can be taken out, once no bots have its PUBLIC_KEY any more.")


def _keyring(settings: Settings) -> "Keyring":
    """The configured keys, else those of `muster up`."""
    from worker.keyring import FILE_NAME, configured, embedded

    private = settings.private_keys.get_secret_value()
    if not private and settings.private_keys_file is None and (settings.data_dir / FILE_NAME).exists():
        return embedded(settings.data_dir)
    return configured(private, settings.private_keys_file)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator["UnitOfWork"]:
    """The database alone: nothing that is done here has to wake anybody."""
    from core.adapters.clock import DatabaseClock
    from core.adapters.migrations import require_current
    from core.adapters.sql_engine import Database
    from core.adapters.unit_of_work import SqlUnitOfWork

    database, nobody = Database(settings.database), _Nobody()
    try:
        await require_current(database)
        yield SqlUnitOfWork(database, DatabaseClock(), nobody, nobody)
    finally:
        await database.close()


class _Nobody:
    """A bell and a queue without listeners."""

    async def ring(self, topic: str, payload: str = "") -> None:
        pass

    def subscribe(self, topic: str, on_ring: Callable[[str], None]) -> None:
        pass

    async def wake(self, session: str) -> None:
        pass
