"""The HTTP client for services that the operator configured: search, prices, images.

Made by `worker.equipment`. Pages that an agent names go through `pinned` and never through here: this one goes where
the settings say, through the environment's proxy where there is one, as the model's client does.
"""

import ssl

import httpx2

from worker.web.errors import WebError

_THIS_MACHINE = ("all://127.0.0.1", "all://localhost", "all://[::1]")


def open_client(trusted: ssl.SSLContext, *, timeout_s: float) -> httpx2.AsyncClient:
    """A client without cookies or keys of its own; `aclose` must be called at the end.

    Args:
        trusted: whom to trust; making it takes long, so that all clients share one.
        timeout_s: longest silence of the other side.
    """
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, 10.0)),
        verify=trusted,
        # A proxy in the environment never leads to this machine itself.
        mounts=dict.fromkeys(_THIS_MACHINE),
    )


def unreachable(service: str, error: Exception) -> WebError:
    """Words for a call that got no answer at all."""
    slow = isinstance(error, TimeoutError | httpx2.TimeoutException)
    return WebError(f"{service} does not answer in time." if slow else f"{service} cannot be reached.")
