"""Checks recorded traffic against what the platforms publish about their wire; see `docs/conformance.md`."""
