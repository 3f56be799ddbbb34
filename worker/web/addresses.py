"""Which addresses are the open internet: everything else may be this machine, its neighbours or its cloud's keys.

Asked by `pinned` about every address before it connects. Pure. It must never judge by a name.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Written out although `is_global` knows most of it: what that says has changed between patches of Python 3.11 and 3.12.
# Source: https://www.iana.org/assignments/iana-ipv4-special-registry
_CLOSED_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' own; Alibaba Cloud's metadata is 100.100.100.200
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's agent; looks public
            "169.254.0.0/16",  # most clouds' metadata is 169.254.169.254
            "172.16.0.0/12",
            "192.0.0.0/24",  # Oracle Cloud's metadata is 192.0.0.192
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
# Source: https://www.iana.org/assignments/iana-ipv6-special-registry
_OPEN_6 = ip_network("2000::/3")
_CLOSED_6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # Teredo and other tunnels
            "2001:db8::/32",
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")


def opened(text: str) -> Address | None:
    """The address to connect to for *text*, or None when it is not of the open internet.

    An IPv4 address inside an IPv6 one is judged as what it is; a mapped one is given back as IPv4.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address if _is_open_4(address) else None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped if _is_open_4(address.ipv4_mapped) else None
    if address.scope_id is not None:
        return None
    if address in _NAT64:
        return address if _is_open_4(IPv4Address(int(address) & 0xFFFF_FFFF)) else None
    closed = address not in _OPEN_6 or any(address in network for network in _CLOSED_6)
    return None if closed or not address.is_global else address


def _is_open_4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _CLOSED_4)
