"""A cache of what Python would otherwise work out anew in every run: bytecode, and matplotlib's list of fonts.

Called by the probe, once a process; made inside the sandbox, read-only for every run after. Packages are often
installed without bytecode, and then importing pandas and matplotlib takes seconds instead of tenths.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import structlog

from worker.ports import Sandbox
from worker.sandbox.interpreter import Interpreter
from worker.sandbox.job import Ended, PythonJob, SandboxFailed, SandboxLimits

log = structlog.get_logger(__name__)

_LIMITS = SandboxLimits(cpu_s=120, wall_s=180.0, workspace_entries=50_000, changed_files=0)

# Bytecode is most of the work, so pandas and matplotlib are imported by two processes at once. The standard
# modules are those that agents' code likes to use and that the packages do not import by themselves.
_CODE = """
import importlib, os, py_compile, sys
sys.dont_write_bytecode = False
sys.pycache_prefix = os.path.join(os.getcwd(), "pycache")
os.environ["MPLCONFIGDIR"] = os.path.join(os.getcwd(), "matplotlib")
os.mkdir("matplotlib")
os.mkdir("pycache")

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


async def warm(sandbox: Sandbox, interpreter: Interpreter, folder: Path) -> Path | None:
    """Return the cache for *interpreter* under *folder*, made now unless it is there; None if it cannot be.

    Several processes may do so at once; one of their caches is kept.
    """
    ready = folder / f"python-{_key(interpreter)}"
    if ready.is_dir():
        return ready
    making = _new_folder(folder)
    try:
        result = await sandbox.run(PythonJob(code=_CODE, workspace=making, limits=_LIMITS))
        if result.ended is not Ended.OK:
            log.warning("sandbox.not_warmed", ended=result.ended, output=result.output[-500:])
            return None
        _publish(making, ready)
    except (SandboxFailed, OSError) as error:
        log.warning("sandbox.not_warmed", error=str(error))
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return ready if ready.is_dir() else None


def _key(interpreter: Interpreter) -> str:
    parts = (sys.version, str(interpreter.executable), *map(str, interpreter.import_paths), *interpreter.versions)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


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
