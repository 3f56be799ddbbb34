"""As whom agents' code runs, and how many tasks that user may have.

Called by the sandbox adapters. Must never pick a user that owns anything outside the run.
"""

import os
import secrets
from pathlib import Path

# Above the range of people, below systemd's dynamic users; also inside a container's usual 65,536 users.
_FIRST_UID, _LAST_UID = 30_000, 59_999


def choose_uid() -> int | None:
    """Return a user id nobody has, for one run; None when we are not root and have to stay who we are."""
    if os.geteuid() != 0:
        return None
    return _FIRST_UID + secrets.randbelow(_LAST_UID - _FIRST_UID + 1)


def count_tasks(uid: int) -> int:
    """Return how many threads *uid* has on this machine, as far as /proc shows them.

    `RLIMIT_NPROC` counts them all, so a run that shares its user with others needs room above them.
    """
    tasks = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if int(fields["Uid"].split()[0]) == uid:
                tasks += int(fields["Threads"])
        except (OSError, KeyError, ValueError):
            continue  # it ended while we looked
    return tasks
