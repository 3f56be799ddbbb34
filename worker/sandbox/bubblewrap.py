"""The first rung: namespaces, through `bwrap`.

Called by the probe, which finds the binary and gives the class its name. Must never hand the host's
environment, paths or descriptors to the code.
"""

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from worker.sandbox import inside
from worker.sandbox.entry import environment, held_file, python_command, write_entry
from worker.sandbox.execution import execute
from worker.sandbox.interpreter import Interpreter
from worker.sandbox.job import PythonJob, PythonResult
from worker.sandbox.process_tree import Launch
from worker.sandbox.seccomp import EVERYWHERE, build_filter

_HOME = "/tmp"
_SHARED_MEMORY = "/dev/shm"
_SHARED_MEMORY_BYTES = 16 * 1024 * 1024
_SCRIPT = "/run/muster/inside.py"
_CACHE = Path("/run/muster/cache")
# Not /dev/zero, whose shared mappings would be memory that nobody counts, and no terminals.
_DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, slots=True, kw_only=True)
class BubblewrapSandbox:
    """A sandbox of new process, network, IPC and mount namespaces, and of a user namespace unless root."""

    name: str
    binary: Path
    interpreter: Interpreter
    cache: Path | None = None

    def with_cache(self, cache: Path | None) -> "BubblewrapSandbox":
        """Return the same sandbox, showing the warmed *cache* to the code."""
        return replace(self, cache=cache)

    async def run(self, job: PythonJob) -> PythonResult:
        """See `worker.ports.Sandbox.run`."""
        return await execute(job, self._launch)

    @contextmanager
    def _launch(self, job: PythonJob, uid: int | None, info: int) -> Iterator[Launch]:
        with ExitStack() as held:

            def hold(name: str, content: bytes) -> int:
                descriptor = held_file(name, content)
                held.callback(os.close, descriptor)
                return descriptor

            workspace = _free_name("/workspace", self._shown())
            cache = _CACHE if self.cache else None
            entry = write_entry(job, uid, workspace, self.interpreter, cache, user_namespace=uid is None)
            program = hold("seccomp", build_filter(platform.machine(), EVERYWHERE))
            walls = [
                *_namespaces(uid),
                "--seccomp",
                str(program),
                "--info-fd",
                str(info),
                *self._mounts(job, workspace),
            ]
            for name, value in environment(_HOME, self.interpreter).items():
                walls += ["--setenv", name, value]
            # Through a descriptor, because the command line of process 1 can be read from inside.
            arguments = hold("walls", b"".join(wall.encode() + b"\0" for wall in walls))
            yield Launch(
                argv=(
                    str(self.binary),
                    "--args",
                    str(arguments),
                    "--",
                    *python_command(self.interpreter, _SCRIPT),
                ),
                environment={},
                stdin=hold("entry", entry),
                inherited=(program, arguments, info),
                namespaced=True,
                filled_in_memory=(_HOME, _SHARED_MEMORY),
                trouble="bwrap: ",
            )

    def _shown(self) -> list[tuple[str, str]]:
        """What can be read, (on the host, inside)."""
        shown = [(str(path), str(path)) for path in self.interpreter.readable]
        shown.append((inside.__file__, _SCRIPT))
        if self.cache:
            shown.append((str(self.cache), str(_CACHE)))
        return shown

    def _mounts(self, job: PythonJob, workspace: str) -> list[str]:
        shown = self._shown()
        # No /proc: through it, code of the same user could write into process 1 and from there into the file
        # of bwrap itself, which is the host's. Python does without.
        home_bytes = str(job.limits.workspace_bytes)
        mounts = [
            *("--perms", "1777", "--size", home_bytes, "--tmpfs", _HOME),
            *("--perms", "0755", "--dir", "/dev"),
            *("--perms", "1777", "--size", str(_SHARED_MEMORY_BYTES), "--tmpfs", _SHARED_MEMORY),
        ]
        for device in _DEVICES:
            mounts += ["--dev-bind", device, device]
        # bwrap makes missing parents for its own eyes only, and imports would fail without a word.
        for parent in _parents(target for _, target in shown):
            mounts += ["--perms", "0755", "--dir", parent]
        for source, target in shown:
            mounts += ["--ro-bind", source, target]
        for link, goal in self.interpreter.aliases:
            mounts += ["--symlink", goal, str(link)]
        # The code goes there by itself, once it is the user to whom the folder belongs.
        mounts += ["--bind", str(job.workspace.resolve()), workspace, "--chdir", "/"]
        return [*mounts, "--remount-ro", "/"]


def _namespaces(uid: int | None) -> list[str]:
    common = [
        *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
        *("--hostname", "sandbox", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
    ]
    if uid is None:
        return [*common, "--unshare-user", "--disable-userns"]
    # What `inside.become` needs to give up root; both go with it.
    return [*common, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]


def _parents(targets: Iterable[str]) -> list[str]:
    found = {str(parent) for target in targets for parent in Path(target).parents}
    return sorted(found - {"/", _HOME, "/dev", _SHARED_MEMORY}, key=lambda path: (path.count("/"), path))


def _free_name(wanted: str, shown: Iterable[tuple[str, str]]) -> str:
    """*wanted*, or another name when the interpreter itself lies there."""
    taken = any(Path(target).is_relative_to(wanted) for _, target in shown)
    return f"{wanted}-of-this-run" if taken else wanted
