"""What an IP address reaches: the internet, the operator's own network, or something no request may reach."""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IPAddress = IPv4Address | IPv6Address


class Reach(StrEnum):
    """Kinds of addresses by who is behind them."""

    PUBLIC = "public"
    PRIVATE = "private"
    NEVER = "never"


_METADATA = frozenset(
    {
        IPv4Address("100.100.100.200"),  # Alibaba, inside 100.64.0.0/10
        IPv4Address("168.63.129.16"),  # Azure; looks public
        IPv6Address("fd00:ec2::254"),  # AWS, inside fc00::/7
        IPv6Address("fd20:ce::254"),  # Google, inside fc00::/7
    }
)
"""Services that hand a machine's credentials to whoever asks, and lie outside 169.254.0.0/16."""

_PRIVATE_V4 = tuple(
    map(
        IPv4Network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"),
            "100.64.0.0/10",  # carrier-grade NAT, and overlay networks such as Tailscale
            "198.18.0.0/15",  # benchmarks, and proxies that answer DNS themselves
        ),
    )
)
_NEVER_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this host": Linux connects to itself
            "169.254.0.0/16",  # link-local: cloud metadata
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata
            "192.88.99.0/24",  # 6to4 relays
            "224.0.0.0/4",  # multicast, parts of which `is_global` calls global
            "240.0.0.0/4",  # reserved, and the broadcast address
        ),
    )
)

_PRIVATE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_UNICAST_V6 = IPv6Network("2000::/3")
"""All that is assigned as global unicast; fe80::, fec0::, ff00::, :: and 64:ff9b:1:: lie outside."""

_NEVER_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo (2001::/32), which wraps an IPv4 address
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which wraps an IPv4 address
            "3fff::/20",  # documentation; Python learned it after 3.11
        ),
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")


def classify_address(address: IPAddress) -> Reach:
    """Who is behind `address`; what wraps an IPv4 address is judged by that."""
    if address in _METADATA:
        return Reach.NEVER
    if isinstance(address, IPv4Address):
        return _classify_v4(address)
    if address.ipv4_mapped is not None:
        return classify_address(address.ipv4_mapped)
    if address in _NAT64:
        # On a network without IPv4, public names lead here: DNS64 makes such addresses of theirs.
        return classify_address(IPv4Address(int(address) & 0xFFFF_FFFF))
    return _classify_v6(address)


def _classify_v4(address: IPv4Address) -> Reach:
    if any(address in network for network in _NEVER_V4):
        return Reach.NEVER
    if any(address in network for network in _PRIVATE_V4):
        return Reach.PRIVATE
    return Reach.PUBLIC if address.is_global else Reach.NEVER


def _classify_v6(address: IPv6Address) -> Reach:
    if any(address in network for network in _PRIVATE_V6):
        return Reach.PRIVATE
    if address not in _UNICAST_V6 or any(address in network for network in _NEVER_V6):
        return Reach.NEVER
    return Reach.PUBLIC if address.is_global else Reach.NEVER
