"""The rungs that the sandbox tests climb on this machine."""

import shutil

from worker.sandbox.probe import RUNGS


def rungs_to_try() -> list[str]:
    """All of them, less the system's `bwrap` where it is not installed: those tests could only skip."""
    return [name for name in RUNGS if name != "bubblewrap (system)" or shutil.which("bwrap")]
