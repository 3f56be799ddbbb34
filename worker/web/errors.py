"""The one error of what reaches out: words for a model about why it got nothing.

Raised in this package, where each client's own errors are translated; caught by the tools, which say it in their
outcome. It must never carry a key or an answer's whole body.
"""


class WebError(Exception):
    """What was asked of the outside world was refused or failed; the message is a full sentence."""
