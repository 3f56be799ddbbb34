"""Techniques behind the ports: SQL, Redis, ARQ, an embedded Valkey."""
