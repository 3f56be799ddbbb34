"""Which of the settings' values are secret, so that they can be struck out of logs and of what agents write.

Called by entry points, which hand the values to whoever redacts; never logs or shows them.
"""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from config.settings import Settings


def secret_values(settings: Settings) -> frozenset[str]:
    """All tokens and keys that are set, and the passwords in URLs."""
    return frozenset(value for name in Settings.model_fields for value in _secrets_in(getattr(settings, name)))


def _secrets_in(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield from (part.strip() for part in value.get_secret_value().split(",") if part.strip())
        case str() if "://" in value:
            yield from _password(value)
        case dict():
            for each in value.values():
                yield from _secrets_in(each)
        case _:
            pass


def _password(url: str) -> Iterator[str]:
    """The password in a URL, as it is written and as it is meant; one that is the user's name is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.password and parts.password != parts.username:
        yield parts.password
        yield unquote(parts.password)
