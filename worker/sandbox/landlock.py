"""The second rung, where namespaces are forbidden: Landlock and a system-call filter.

Called by the probe. Files and processes of the host stay nameable here, so the filter is stricter than under
bubblewrap; it must never run the code when the kernel refuses one of the walls.
"""

import asyncio
import marshal
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from worker.sandbox import landlock_launcher
from worker.sandbox.entry import environment, held_file, python_command, write_entry
from worker.sandbox.execution import execute, to_its_end
from worker.sandbox.interpreter import Interpreter
from worker.sandbox.job import PythonJob, PythonResult, SandboxFailed
from worker.sandbox.landlock_launcher import CANNOT_CONFINE, landlock_version
from worker.sandbox.process_tree import Launch
from worker.sandbox.seccomp import EVERYWHERE, WITHOUT_NAMESPACES, WITHOUT_SIGNAL_SCOPE, build_filter
from worker.sandbox.workspace import remove

_DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
_FIRST_VERSION_WITH_SIGNAL_SCOPE = 6


_HIDING = Path(landlock_launcher.__file__).with_name("hiding")


def hiding(interpreter: Interpreter) -> Interpreter:
    """*interpreter*, with what makes packages that are not for agents be missing rather than forbidden."""
    return replace(
        interpreter,
        readable=(*interpreter.readable, _HIDING),
        import_paths=(_HIDING, *interpreter.import_paths),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LandlockSandbox:
    """A sandbox of file access rules and refused system calls; a folder of its own stands for /tmp."""

    name: str
    interpreter: Interpreter
    cache: Path | None = None

    def with_cache(self, cache: Path | None) -> "LandlockSandbox":
        """Return the same sandbox, showing the warmed *cache* to the code."""
        return replace(self, cache=cache)

    async def run(self, job: PythonJob) -> PythonResult:
        """See `worker.ports.Sandbox.run`."""
        try:
            scratch = Path(tempfile.mkdtemp(prefix="muster-run-"))
        except OSError as error:
            raise SandboxFailed(f"no folder for temporary files can be made: {error.strerror}") from error
        try:
            return await execute(job, partial(self._launch, scratch))
        finally:
            await to_its_end(asyncio.to_thread(remove, scratch))

    @contextmanager
    def _launch(self, scratch: Path, job: PythonJob, uid: int | None, info: int) -> Iterator[Launch]:
        if uid is not None:
            os.chown(scratch, uid, uid)
        workspace = str(job.workspace.resolve())
        # The arguments of `landlock_launcher.Walls`.
        walls = (
            [str(path) for path in (*self.interpreter.readable, self.cache) if path],
            [str(path) for path in self.interpreter.import_paths],
            [workspace, str(scratch)],
            list(_DEVICES),
            _filter(uid),
            os.getpid(),
            info,
        )
        entry = write_entry(job, uid, workspace, self.interpreter, self.cache, user_namespace=False)
        with ExitStack() as held:
            stdin = held_file("entry", marshal.dumps(walls) + entry)
            held.callback(os.close, stdin)
            yield Launch(
                argv=python_command(self.interpreter, landlock_launcher.__file__),
                environment=environment(str(scratch), self.interpreter),
                stdin=stdin,
                inherited=(info,),
                namespaced=False,
                filled_on_disk=(scratch,),
                trouble=CANNOT_CONFINE,
            )


def _filter(uid: int | None) -> bytes:
    rules = [*EVERYWHERE, *WITHOUT_NAMESPACES]
    # A user that nobody else has may signal nobody else either.
    if uid is None and landlock_version() < _FIRST_VERSION_WITH_SIGNAL_SCOPE:
        rules += WITHOUT_SIGNAL_SCOPE
    return build_filter(platform.machine(), rules)
