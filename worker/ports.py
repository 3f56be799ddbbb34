"""What the worker needs from outside itself, named by role.

Called by the tools and the runner; implemented by `worker/sandbox`. Must not know a technique.
"""

from typing import Protocol

from worker.sandbox.job import PythonJob, PythonResult


class Sandbox(Protocol):
    """Runs agents' Python where it can reach no network, no secret and no other session."""

    @property
    def name(self) -> str:
        """How the code is confined, for people: "bubblewrap (system)"."""
        ...

    async def run(self, job: PythonJob) -> PythonResult:
        """Run *job* and return what it did; only one run at a time may use a workspace.

        Cancelling the call kills every process of the run before `CancelledError` leaves it.

        Raises:
            SandboxFailed: the confinement could not be set up; the code was not run.
        """
        ...
