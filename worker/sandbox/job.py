"""What goes into the sandbox and what comes out: frozen values, nothing else.

Called by the `run_python` tool and by every sandbox adapter. Must never start a process or touch a file.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from core.errors import PermanentError, TransientError

_KIB = 1024
_MIB = 1024 * _KIB


class SandboxUnavailable(PermanentError):
    """No way to isolate agents' Python on this machine; the message says why, rung by rung."""


class SandboxFailed(TransientError):
    """The confinement itself could not be set up for this run; the code was not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """How much one run may use. The defaults suit a plot or a data frame, not a training run."""

    # Importing numpy, pandas and matplotlib takes 250 MiB of it, so 512 MiB would leave little for data.
    address_space_bytes: int = 1024 * _MIB  # of each process
    memory_bytes: int = 1024 * _MIB  # resident, of all the run's processes together
    processes: int = 24  # threads count
    open_files: int = 128
    cpu_s: int = 10  # of each process
    wall_s: float = 60.0
    file_bytes: int = 32 * _MIB  # of each file written
    workspace_bytes: int = 256 * _MIB  # of all files in the workspace, and of /tmp
    workspace_entries: int = 10_000
    output_bytes: int = 64 * _KIB  # kept: the first and the last half
    flood_bytes: int = 1 * _MIB  # written: more than this ends the run
    changed_files: int = 100  # reported

    @classmethod
    def of(cls, *, memory_mb: int, wall_s: float, cpu_s: int, processes: int, disk_mb: int) -> Self:
        """The limits of a deployment that says these five; the others follow from them or stay as they are."""
        return cls(
            address_space_bytes=memory_mb * _MIB,
            memory_bytes=memory_mb * _MIB,
            processes=processes,
            cpu_s=cpu_s,
            wall_s=wall_s,
            file_bytes=max(1, disk_mb // 8) * _MIB,
            workspace_bytes=disk_mb * _MIB,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonJob:
    """One piece of Python to run.

    Attributes:
        code: the source; tracebacks call it `main.py`.
        workspace: an existing folder that the code sees as its working directory and may write to.
    """

    code: str
    workspace: Path
    limits: SandboxLimits = field(default_factory=SandboxLimits)


class Ended(StrEnum):
    """Why a run is over. A cancelled run has no result: `Sandbox.run` raises `CancelledError`."""

    OK = "ok"
    ERROR = "error"  # the code raised, or left with another exit code than 0
    TIMED_OUT = "timed_out"
    OUT_OF_CPU_TIME = "out_of_cpu_time"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MUCH_OUTPUT = "too_much_output"
    TOO_MUCH_DISK = "too_much_disk"
    KILLED = "killed"  # by a signal that was not ours: a crash, or the kernel short of memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """A regular file of the workspace that the run made or altered."""

    name: str  # relative to the workspace, parts joined by "/"
    size_bytes: int
    sha256: str  # hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonResult:
    """What one run did."""

    output: str  # standard output and standard error, in the order written
    output_truncated: bool
    exit_code: int | None  # None when the run was killed
    ended: Ended
    duration_s: float
    changed_files: tuple[ChangedFile, ...]
    changed_files_left_out: int  # altered too, but past the limits or with a name that is not text
