"""Whole networks: no address of them may pass for a public one."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.net.addresses import Reach, classify_address

PRIVATE = [
    *("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15"),
    *("::1/128", "fc00::/7"),
]
NEVER = [
    *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "::/128", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32"),
    *("2002::/16", "3fff::/20", "5f00::/16", "fe80::/10", "fec0::/10", "ff00::/8"),
]


@pytest.mark.parametrize("network", PRIVATE)
def test_private_networks_from_end_to_end(network: str) -> None:
    ends = ip_network(network)
    assert {classify_address(ends[0]), classify_address(ends[-1])} == {Reach.PRIVATE}


@pytest.mark.parametrize("network", NEVER)
def test_networks_that_are_never_reached(network: str) -> None:
    ends = ip_network(network)
    assert {classify_address(ends[0]), classify_address(ends[-1])} == {Reach.NEVER}


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.32.0.0"]
)
def test_the_neighbours_of_private_networks_are_public(address: str) -> None:
    assert classify_address(IPv4Address(address)) is Reach.PUBLIC


@given(st.ip_addresses(v=4))
def test_a_wrapped_address_reaches_what_it_wraps(address: IPv4Address) -> None:
    for prefix in ("::ffff:0:0/96", "64:ff9b::/96"):
        wrapped = IPv6Network(prefix)[int(address)]
        assert classify_address(wrapped) is classify_address(address)


@given(st.ip_addresses(v=4) | st.ip_addresses(network="2000::/3"))
def test_python_calls_global_what_is_public(address: IPv4Address | IPv6Address) -> None:
    if classify_address(address) is Reach.PUBLIC:
        assert address.is_global
        assert not address.is_multicast
