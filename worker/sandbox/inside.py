"""The program that runs inside the sandbox: gives up rights for good, then runs the agent's code.

Started by bubblewrap as a script, and loaded by `landlock_launcher.py`. It must need the standard library
alone, because nothing else of Muster exists where it runs.

Standard input carries one line of JSON (`Entry`), then the source.
"""

import builtins
import json
import linecache
import os
import resource
import site
import sys
import traceback
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TypedDict

OUT_OF_MEMORY_EXIT = 86
_FILE_NAME = "main.py"


class Entry(TypedDict):
    """What the launcher tells this program."""

    uid: int | None
    rlimits: dict[str, int]  # without the "RLIMIT_" in front
    workspace: str
    import_paths: list[str]
    cache: str | None  # a warmed cache: `pycache` and `matplotlib` lie in it


def read_entry() -> tuple[Entry, str]:
    """Return the line of JSON and the source, and leave an empty standard input behind."""
    entry: Entry = json.loads(sys.stdin.buffer.readline())
    source = sys.stdin.buffer.read().decode("utf-8", "replace")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return entry, source


def limit_resources(rlimits: dict[str, int]) -> None:
    """Set each limit so that the code cannot raise it again."""
    os.umask(0o022)
    for name, value in rlimits.items():
        # At the hard limit of processor time the kernel kills without saying why.
        hard = value + 1 if name == "CPU" else value
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, hard))


def become(uid: int) -> None:
    """Give up root for *uid*; its capabilities go with it."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def run_source(entry: Entry, source: str) -> None:
    """Run *source* as `__main__`. Raises `SystemExit` for anything but a normal end."""
    _use_warmed_cache(entry["cache"])
    os.chdir(entry["workspace"])
    sys.path[:] = [entry["workspace"], *sys.path, *entry["import_paths"]]
    sys.argv[:] = [_FILE_NAME]
    site.setquit()
    for stream in (sys.stdout, sys.stderr):
        # By the line, so that the two keep their order and a killed run has said what it said.
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    main = ModuleType("__main__")
    main.__dict__.update(__file__=_FILE_NAME, __builtins__=builtins)
    sys.modules["__main__"] = main
    # No modification time: linecache then never looks for a file of that name.
    linecache.cache[_FILE_NAME] = (len(source), None, source.splitlines(keepends=True), _FILE_NAME)
    try:
        exec(compile(source, _FILE_NAME, "exec", dont_inherit=True), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        traceback.print_exception(error.with_traceback(_of_the_code(error.__traceback__)))
        raise SystemExit(OUT_OF_MEMORY_EXIT if isinstance(error, MemoryError) else 1) from None


def _of_the_code(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename != _FILE_NAME:
        frames = frames.tb_next
    return frames


def _use_warmed_cache(cache: str | None) -> None:
    if cache is None:
        return
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = f"{cache}/pycache"
    # matplotlib wants a folder that it may write to, so the shared list of fonts is linked into one.
    own = Path(os.environ["MPLCONFIGDIR"])
    own.mkdir(exist_ok=True)
    for prepared in Path(cache, "matplotlib").iterdir():
        (own / prepared.name).symlink_to(prepared)


def main() -> None:
    """Enter and run, where bubblewrap has built the walls."""
    entry, source = read_entry()
    limit_resources(entry["rlimits"])
    if entry["uid"] is not None:
        become(entry["uid"])
    run_source(entry, source)


if __name__ == "__main__":
    main()
