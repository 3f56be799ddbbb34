"""The program that runs inside the sandbox: gives up rights for good, then runs the agent's code.

Started by bubblewrap as a script, and loaded by `landlock_launcher.py`. It must need the standard library
alone, because nothing else of Muster exists where it runs; and little of that, because every run waits for it.
"""

import builtins
import marshal
import os
import resource
import sys
from types import ModuleType, TracebackType

OUT_OF_MEMORY_EXIT = 86
_FILE_NAME = "main.py"
_NICER = 10  # the worker has leases to renew, however many processes the code starts


class Entry:
    """What the launcher tells this program, on standard input. (A dataclass would take longer to import.)"""

    def __init__(
        self,
        uid: int | None,
        rlimits: dict[str, int],
        workspace: str,
        import_paths: list[str],
        cache: str | None,
        source: str,
    ) -> None:
        self.uid = uid  # to become
        self.rlimits = rlimits  # by name, without the "RLIMIT_" in front
        self.workspace = workspace
        self.import_paths = import_paths
        self.cache = cache  # a warmed cache: `bytecode` and `fonts` lie in it
        self.source = source


class _Source:
    """Shows the code to tracebacks and to `inspect`, by the protocol of PEP 302."""

    def __init__(self, source: str) -> None:
        self._source = source

    def get_source(self, _name: str) -> str:
        return self._source


def limit_resources(rlimits: dict[str, int]) -> None:
    """Set each limit so that the code cannot raise it again."""
    os.umask(0o022)
    os.nice(_NICER)
    for name, value in rlimits.items():
        # At the hard limit of processor time the kernel kills without saying why.
        hard = value + 1 if name == "CPU" else value
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, hard))


def become(uid: int) -> None:
    """Give up root for *uid*; its capabilities go with it."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def run_source(entry: Entry) -> None:
    """Run the source as `__main__`. Raises `SystemExit` for anything but a normal end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _use_warmed_cache(entry.cache)
    os.chdir(entry.workspace)
    sys.path += entry.import_paths
    _hide_what_is_closed()
    sys.path.insert(0, entry.workspace)
    sys.argv[:] = [_FILE_NAME]
    builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]  # what `site` would have set
    for stream in (sys.stdout, sys.stderr):
        # By the line, so that the two keep their order and a killed run has said what it said.
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    main = ModuleType("__main__")
    main.__dict__.update(__file__=_FILE_NAME, __builtins__=builtins, __loader__=_Source(entry.source))
    sys.modules["__main__"] = main
    try:
        exec(compile(entry.source, _FILE_NAME, "exec", dont_inherit=True), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _print_traceback(error)
        raise SystemExit(OUT_OF_MEMORY_EXIT if isinstance(error, MemoryError) else 1) from None


def _hide_what_is_closed() -> None:
    """See `hiding/sitecustomize.py`; only where it is shown."""
    try:
        __import__("sitecustomize")
    except ImportError:
        return


def _print_traceback(error: BaseException) -> None:
    import traceback  # most runs end well and need not wait for it

    traceback.print_exception(error.with_traceback(_of_the_code(error.__traceback__)))


def _of_the_code(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename != _FILE_NAME:
        frames = frames.tb_next
    return frames


def _use_warmed_cache(cache: str | None) -> None:
    if cache is None:
        return
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = f"{cache}/bytecode"
    # matplotlib wants a folder that it may write to, so the shared list of fonts is linked into one.
    own = os.environ["MPLCONFIGDIR"]
    os.mkdir(own)
    for name in os.listdir(f"{cache}/fonts"):
        os.symlink(f"{cache}/fonts/{name}", f"{own}/{name}")


def main() -> None:
    """Enter and run, where bubblewrap has built the walls."""
    entry = Entry(*marshal.load(sys.stdin.buffer))
    limit_resources(entry.rlimits)
    if entry.uid is not None:
        become(entry.uid)
    run_source(entry)


if __name__ == "__main__":
    main()
