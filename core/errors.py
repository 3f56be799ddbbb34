"""Every error that crosses a layer, named by what the caller should do.

    MusterError
    ├── UserError        say it to the person; nothing else happened
    ├── TransientError   the same call may work after `retry_after_s`
    ├── PermanentError   give up and say it
    └── Conflict         somebody else moved the row first: read again, then decide
        └── StaleEpoch   this process no longer owns the session: drop the work, write nothing

Raised by every layer; an SDK's own errors are translated where the SDK is called and nowhere else.
"""


class MusterError(Exception):
    """Base of all errors that Muster raises on purpose."""


class UserError(MusterError):
    """The person asked for something that cannot be done; the message is a full sentence for them.

    `about` names the field of the request that it is about, where it is one: a form shows it there.
    """

    def __init__(self, message: str, *, about: str = "") -> None:
        super().__init__(message)
        self.about = about


class TransientError(MusterError):
    """The same call may succeed later."""

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(MusterError):
    """The call will never succeed as it is; `reason` is a short machine-readable word."""

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Conflict(MusterError):
    """The row was not in the state that the caller expected."""


class StaleEpoch(Conflict):
    """Another process has claimed the session since; this one must stop writing."""
