"""The line in which each attack test of the catalogue says what it found; `make security` shows them."""

import os
import sys

SIZE = int(os.environ.get("MUSTER_SECURITY_SIZE", "1"))
"""How many times the size of CI an attack test runs at."""


def figure(catalogue_id: str, words: str) -> None:
    """Say what the test with that id in the catalogue, such as T30, has measured."""
    sys.stdout.write(f"\n{catalogue_id}: {words}\n")
    sys.stdout.flush()
