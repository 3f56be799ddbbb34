"""A cache of what Python would otherwise work out anew in every run: bytecode, and matplotlib's list of fonts.

Called by the probe, once a process; made inside the sandbox, read-only for every run after. Packages are often
installed without bytecode, and then importing pandas and matplotlib takes seconds instead of tenths. It must
never be needed: where it cannot be made, runs are slower and no more.
"""

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Protocol

import structlog

from worker.ports import Sandbox
from worker.sandbox.interpreter import Interpreter
from worker.sandbox.job import Ended, PythonJob, PythonResult, SandboxFailed, SandboxLimits


class CachingSandbox(Sandbox, Protocol):
    """A sandbox that can show a cache to the code."""

    def with_cache(self, cache: Path | None) -> Sandbox:
        """Return the same sandbox, showing *cache*."""
        ...


log = structlog.get_logger(__name__)

_LIMITS = SandboxLimits(cpu_s=120, wall_s=180.0, workspace_entries=50_000, changed_files=0)

# Bytecode is most of the work, so pandas and matplotlib are imported by two processes at once. The standard
# modules are those that agents' code likes to use and that the packages do not import by themselves.
_CODE = """
import importlib, os, py_compile, sys
sys.dont_write_bytecode = False
sys.pycache_prefix = os.path.join(os.getcwd(), "bytecode")
os.environ["MPLCONFIGDIR"] = os.path.join(os.getcwd(), "fonts")
os.mkdir("bytecode")
os.mkdir("fonts")

def load(*names):
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            pass

load("numpy")
helper = os.fork()
if not helper:
    load("pandas", "asyncio", "concurrent.futures", "csv", "fractions", "multiprocessing.pool", "pprint", "secrets",
         "sqlite3", "statistics", "textwrap", "uuid", "xml.etree.ElementTree", "zoneinfo")
    if "pandas" in sys.modules:
        frame = sys.modules["pandas"].DataFrame({"a": [1, 2], "b": [3, 4]})
        frame.groupby("a").sum().describe().to_string()
else:
    load("matplotlib.pyplot")
    if "matplotlib" in sys.modules:
        from matplotlib import pyplot
        pyplot.plot([1, 2])
        pyplot.title("warm")
        pyplot.savefig(os.path.join(os.environ["TMPDIR"], "warm.png"))
    failed = os.waitpid(helper, 0)[1]
    if failed:
        sys.exit("the helper failed")
# What was imported before the cache had its place.
for module in list(sys.modules.values()):
    source = getattr(module, "__cached__", None) and getattr(module, "__file__", None)
    if source and source.endswith(".py"):
        target = importlib.util.cache_from_source(source)
        if not os.path.exists(target):
            py_compile.compile(source, cfile=target)
"""


def find_cache(interpreter: Interpreter, folder: Path) -> Path | None:
    """Return the cache for *interpreter* under *folder*, if it has been made before."""
    ready = folder / _name(interpreter)
    return ready if ready.is_dir() else None


async def make_cache(sandbox: Sandbox, interpreter: Interpreter, folder: Path) -> Path | None:
    """Make the cache for *interpreter* under *folder* and return it; None, with a warning, if it cannot be.

    Several processes may do so at once; one of their caches is kept.
    """
    making = None
    try:
        making = _new_folder(folder)
        result = await sandbox.run(PythonJob(code=_CODE, workspace=making, limits=_LIMITS))
        if result.ended is Ended.OK:
            _publish(making, folder / _name(interpreter))
        else:
            log.warning("sandbox.not_warmed", ended=result.ended, output=result.output[-500:])
    except (SandboxFailed, OSError) as error:
        log.warning("sandbox.not_warmed", error=str(error))
    finally:
        if making is not None:
            shutil.rmtree(making, ignore_errors=True)
    return find_cache(interpreter, folder)


class WarmingSandbox:
    """A sandbox whose cache is being made. Runs wait for it: they would take longer to do without."""

    def __init__(self, cold: CachingSandbox, making: Coroutine[None, None, Path | None]) -> None:
        """Begin with *making* in the background of the running event loop, whose end also ends it."""
        self._cold = cold
        self._making = asyncio.create_task(making)

    @property
    def name(self) -> str:
        """That of the sandbox itself."""
        return self._cold.name

    async def run(self, job: PythonJob) -> PythonResult:
        """See `worker.ports.Sandbox.run`."""
        # `wait` leaves the task alone when this call is cancelled.
        await asyncio.wait([self._making])
        cache = None if self._making.cancelled() else self._making.result()
        return await self._cold.with_cache(cache).run(job)


def _name(interpreter: Interpreter) -> str:
    parts = (sys.version, str(interpreter.executable), *map(str, interpreter.import_paths), *interpreter.versions)
    return f"python-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="making-", dir=parent))


def _publish(folder: Path, ready: Path) -> None:
    """Own all of it ourselves, so that no later run can alter it, let every run read it, and name it."""
    for place, _, files in os.walk(folder):
        os.chown(place, os.getuid(), os.getgid())
        os.chmod(place, 0o755)
        for name in files:
            os.chown(os.path.join(place, name), os.getuid(), os.getgid(), follow_symlinks=False)
    if not ready.is_dir():
        folder.rename(ready)
