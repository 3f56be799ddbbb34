"""What every rung gives to `inside.py`: its instructions, its limits and its environment.

Called by the adapters. Must never pass on anything of the worker's own environment.
"""

import marshal
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from worker.sandbox.identity import count_tasks
from worker.sandbox.interpreter import Interpreter
from worker.sandbox.job import PythonJob, SandboxLimits

_MEMLOCK_BYTES = 64 * 1024
# Since then a user namespace counts its own tasks: commit 21d1c5e386bc of Linux.
_TASKS_COUNTED_PER_NAMESPACE = (5, 14)


def write_entry(
    job: PythonJob,
    uid: int | None,
    workspace: str,
    interpreter: Interpreter,
    cache: Path | None,
    *,
    user_namespace: bool,
) -> bytes:
    """Return the arguments of `inside.Entry`, as `marshal` writes them: the same Python reads them.

    Args:
        uid: to become; None to stay the worker's user.
        workspace: where it lies for the code.
        cache: where it lies for the code.
        user_namespace: whether the walls include one.
    """
    rlimits = _rlimits(job.limits, shared_user=uid is None and not _counts_apart(user_namespace))
    import_paths = [str(path) for path in interpreter.import_paths]
    return marshal.dumps((uid, rlimits, workspace, import_paths, str(cache) if cache else None, job.code))


def environment(home: str, interpreter: Interpreter) -> Mapping[str, str]:
    """Return all the variables that the code sees; *home* is a folder it may write to."""
    return {
        "HOME": home,
        "TMPDIR": home,
        "USER": "agent",
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        # One thread and two heaps: each more reserves address space that the limit would count.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        # For Pythons that the code starts; its own is told by its flags.
        "PYTHONPATH": os.pathsep.join(map(str, interpreter.import_paths)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
    }


def python_command(interpreter: Interpreter, script: str) -> tuple[str, ...]:
    """Return the command that starts *script* with nothing of the host's settings or packages."""
    return (str(interpreter.executable), "-I", "-S", "-B", "-X", "utf8", script)


def held_file(name: str, content: bytes) -> int:
    """Return a descriptor from which *content* can be read; it lives in memory and the caller closes it."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _rlimits(limits: SandboxLimits, *, shared_user: bool) -> dict[str, int]:
    others = count_tasks(os.getuid()) if shared_user else 0
    return {
        "AS": limits.address_space_bytes,
        "CORE": 0,
        "CPU": limits.cpu_s,
        "FSIZE": limits.file_bytes,
        "MEMLOCK": _MEMLOCK_BYTES,
        "MSGQUEUE": 0,
        "NOFILE": limits.open_files,
        "NPROC": limits.processes + others,
    }


def _counts_apart(user_namespace: bool) -> bool:
    release = tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
    return user_namespace and release >= _TASKS_COUNTED_PER_NAMESPACE
