"""What an escape would reach: a secret file, another session's workspace, listeners that count who comes.

Used by the sandbox tests. Everything here is the test's own, on loopback and in temporary folders.
"""

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

CANARY = "MUSTER_TEST_CANARY"


class Facts(TypedDict):
    """What the hostile code knows about its host: more than a real one would."""

    secret: str
    other_workspace: str
    own_workspace: str
    worker: int
    canary: str
    tcp: int
    tcp6: int
    udp: int
    unix: str
    abstract: str
    interpreter: str
    project: str


@dataclass(slots=True)
class Bait:
    """The facts, and how often something reached a listener."""

    facts: Facts
    hits: list[str] = field(default_factory=list)


@contextmanager
def lay_bait(folder: Path) -> Iterator[Bait]:
    """Set everything up under *folder*; `facts["own_workspace"]` is the one to run in."""
    canary = secrets.token_hex(16)
    secret = folder / "private" / "secret.txt"
    other = folder / "workspaces" / "other"
    own = folder / "workspaces" / "own"
    for place in (secret.parent, other, own):
        place.mkdir(parents=True)
    secret.write_text(canary)
    (other / "theirs.txt").write_text(canary)
    hits: list[str] = []
    with ExitStack() as held:
        os.environ[CANARY] = canary
        held.callback(os.environ.pop, CANARY)
        door = str(folder / "door")
        abstract = f"\0muster-{secrets.token_hex(8)}"
        tcp = _listen(held, hits, socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        tcp6 = _listen(held, hits, socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)) if socket.has_ipv6 else tcp
        udp = _listen(held, hits, socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
        _listen(held, hits, socket.AF_UNIX, socket.SOCK_DGRAM, door)
        _listen(held, hits, socket.AF_UNIX, socket.SOCK_DGRAM, abstract)
        yield Bait(
            facts={
                "secret": str(secret),
                "other_workspace": str(other),
                "own_workspace": str(own),
                "worker": os.getpid(),
                "canary": canary,
                "tcp": tcp,
                "tcp6": tcp6,
                "udp": udp,
                "unix": door,
                "abstract": abstract,
                "interpreter": os.__file__,
                "project": str(Path(__file__).parents[2] / "pyproject.toml"),
            },
            hits=hits,
        )


def _listen(
    held: ExitStack,
    hits: list[str],
    family: socket.AddressFamily,
    kind: socket.SocketKind,
    address: tuple[str, int] | str,
) -> int:
    listener = held.enter_context(socket.socket(family, kind))
    listener.bind(address)
    if kind is socket.SOCK_STREAM:
        listener.listen()
    # Woken by its own socket pair, so that the thread ends with the test.
    stop, stopper = socket.socketpair()
    name = f"{family.name} {kind.name}"
    thread = threading.Thread(target=_count, args=(listener, stop, name, hits), daemon=True)
    thread.start()
    held.callback(stop.close)
    held.callback(thread.join)
    held.callback(stopper.close)
    bound = listener.getsockname()
    return int(bound[1]) if isinstance(bound, tuple) else 0


def _count(listener: socket.socket, stop: socket.socket, name: str, hits: list[str]) -> None:
    import select

    while True:
        ready, _, _ = select.select([listener, stop], [], [])
        if stop in ready:
            return
        if listener.type is socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(1024)
        hits.append(name)
