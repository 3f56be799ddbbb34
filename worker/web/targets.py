"""Where an agent's address leads, read strictly: anything with two readings is refused.

Asked by `pinned` for every request and by `pages` for every redirect. Pure: it looks nothing up, so a name that passes
may still lead inside; `addresses` decides about that.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

import httpx2

from worker.web.errors import WebError

MOST_URL_CHARS = 2_000
PORTS = frozenset({80, 443, 8080, 8443})
_DEFAULT_PORTS = {"http": 80, "https": 443}

# The last label begins with a letter: 127.1, 0x7f.1 and 2130706433 are numbers to some who look names up.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
_INSIDE = frozenset(
    ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion")
)

PrivateHosts = frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One address that may be asked, if what its host resolves to is open too."""

    url: httpx2.URL
    host: str  # a name in ASCII, or an IP address without brackets
    port: int
    is_private: bool  # named by the operator: may be anywhere


def private_hosts(setting: str) -> PrivateHosts:
    """The hosts of the setting `web_private_hosts`.

    Raises:
        ValueError: it is no list of `host:port`; says which part is wrong.
    """
    hosts: set[tuple[str, int]] = set()
    for entry in filter(None, map(str.strip, setting.split(","))):
        host, _, port = entry.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
            raise ValueError(f"WEB_PRIVATE_HOSTS: {entry!r} is not of the form host:port")
        hosts.add((host.strip("[]").lower(), int(port)))
    return frozenset(hosts)


def target_of(address: str | httpx2.URL, private: PrivateHosts) -> Target:
    """The target of *address*.

    Raises:
        WebError: it is not an address on the web that has one reading only.
    """
    if len(str(address)) > MOST_URL_CHARS:
        raise WebError("That is not the address of a web page: it is too long.")
    try:
        url = httpx2.URL(address)
        host = url.raw_host.decode("ascii").lower()
    except (httpx2.InvalidURL, ValueError) as error:
        raise WebError("That is not the address of a web page.") from error
    if url.scheme not in _DEFAULT_PORTS:
        raise WebError("Only addresses that begin with http:// or https:// can be read.")
    if "@" in url.netloc.decode("ascii", "replace") or url.userinfo:
        raise WebError("Addresses with a user name in them are not read.")
    port = _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    is_private = (host, port) in private
    if not is_private:
        _check(host, port)
    return Target(url=url, host=host, port=port, is_private=is_private)


def _check(host: str, port: int) -> None:
    if port not in PORTS:
        raise WebError(f"Port {port} is not read; web pages are on {', '.join(map(str, sorted(PORTS)))}.")
    if _is_address(host):
        return
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise WebError("That address has no host on the web.")
    if host.rpartition(".")[2] in _INSIDE:
        raise WebError("That host is of an inner network, which agents may not reach.")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return "%" not in host
