"""Hostile URLs, and names that lead where no request may go."""

import socket
from collections.abc import Sequence

import pytest

from app.core.errors import FetchFailed, UnsafeAddress
from app.net.address_policy import AddressPolicy, check_url, parse_url, resolve_allowed, system_resolver

PUBLIC_ONLY = AddressPolicy(frozenset(), private_allowed=False)
PRIVATE_TOO = AddressPolicy(frozenset(), private_allowed=True)

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "rebound.example": ["10.0.0.7"],
    "one-of-three.example": ["8.8.8.8", "192.168.1.1", "2606:4700::1111"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "public.example": ["8.8.8.8", "2606:4700::1111"],
    "dns64.example": ["64:ff9b::808:808"],
    "xn--bcher-kva.example": ["8.8.4.4"],
    "empty.example": [],
}


def known_names(host: str, port: int) -> Sequence[str]:
    """A resolver that needs no network."""
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return NAMES[host]


HOSTILE = [
    # this machine, in all spellings
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.8.9.10:8080/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0177.1/",
    "http://127.0.0.1./",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]:6379/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://localhost/",
    "http://LOCALHOST:80/",
    "http://localhost./",
    "http://0.0.0.0/",
    "http://0/",
    "http://[::]/",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://ｌocalhost/",
    "http://127%2e0%2e0%2e1/",
    "http://127.0.0.1%00.public.example/",
    # metadata of clouds
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fd00:ec2::254]/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://metadata.google.internal/computeMetadata/v1/",
    # networks of one's own
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://[fd00::1]/",
    "http://[fc00::1]/",
    "http://rebound.example/",
    "http://one-of-three.example/",
    "http://mapped.example/",
    # not unicast, or not of the internet
    "http://[fe80::1]/",
    "http://[fe80::1%eth0]/",
    "http://[fe80::1%25eth0]/",
    "http://[2606:4700::1111%eth0]/",
    "http://[fec0::1]/",
    "http://224.0.0.1/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://192.0.0.192/",
    "http://192.88.99.1/",
    "http://203.0.113.5/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    # IPv4 wrapped in IPv6
    "http://[2002:7f00:1::]/",
    "http://[2002:808:808::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::a00:1]/",
    # user information, and what looks like it
    "http://public.example@127.0.0.1/",
    "http://user:password@public.example/",
    "http://127.0.0.1:80@public.example/",
    "http://public.example\\@127.0.0.1/",
    "http:\\\\127.0.0.1/",
    # other schemes, and no address at all
    "file:///etc/passwd",
    "ftp://public.example/a.mp3",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ws://public.example/",
    "data:audio/wav;base64,AAAA",
    "//public.example/",
    "public.example/a.mp3",
    "http:///a.mp3",
    "http://[::1/",
    "http://public..example/",
    "http://public.example:0/",
    "http://public.example:65536/",
    "http://public.example/\r\nHost: 127.0.0.1",
    "http://" + "a." * 130 + "example/",
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused(url: str) -> None:
    with pytest.raises(UnsafeAddress) as caught:
        check_url(url, PUBLIC_ONLY, known_names)
    assert caught.value.status == 422
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://8.8.8.8/a.mp3", "http://8.8.8.8/a.mp3"),
        ("https://[2606:4700::1111]:8443/a.mp3?x=1", "https://[2606:4700::1111]:8443/a.mp3?x=1"),
        ("HTTP://Public.Example.:80/a b.mp3", "http://public.example/a%20b.mp3"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://dns64.example/", "http://dns64.example/"),
        ("http://[::ffff:8.8.8.8]/", "http://[::ffff:8.8.8.8]/"),
    ],
)
def test_a_public_url_passes(url: str, plain: str) -> None:
    assert str(check_url(url, PUBLIC_ONLY, known_names)) == plain


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://[fd00::1]/",
        "http://rebound.example/",
    ],
)
def test_private_addresses_pass_if_the_operator_says_so(url: str) -> None:
    check_url(url, PRIVATE_TOO, known_names)


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/"),
        *("http://metadata.google.internal/", "http://[fd00:ec2::254]/", "http://100.100.100.200/"),
        *("http://[2002:7f00:1::]/", "http://[64:ff9b::a9fe:a9fe]/", "file:///etc/passwd"),
    ],
)
def test_what_no_setting_opens(url: str) -> None:
    with pytest.raises(UnsafeAddress):
        check_url(url, PRIVATE_TOO, known_names)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("media.example", True),
        ("MEDIA.example.", True),
        ("a.cdn.example", True),
        ("cdn.example", False),
        ("evilcdn.example", False),
        ("media.example.evil.example", False),
        ("8.8.8.8", True),
        ("8.8.4.4", False),
        ("[2606:4700::1111]", True),
    ],
)
def test_only_allowed_hosts_pass(host: str, allowed: bool) -> None:
    hosts = frozenset({"Media.example", ".cdn.example", "8.8.8.8", "[2606:4700::1111]"})
    policy = AddressPolicy(hosts, private_allowed=False)
    if allowed:
        parse_url(f"http://{host}/", policy)
    else:
        with pytest.raises(UnsafeAddress, match="FETCH_ALLOWED_HOSTS"):
            parse_url(f"http://{host}/", policy)


def test_an_allowed_host_is_no_way_into_the_private_network() -> None:
    policy = AddressPolicy(frozenset({"rebound.example"}), private_allowed=False)
    with pytest.raises(UnsafeAddress, match="FETCH_PRIVATE_ADDRESSES"):
        check_url("http://rebound.example/", policy, known_names)


def test_the_connection_is_checked_against_the_allowed_hosts_too() -> None:
    policy = AddressPolicy(frozenset({"media.example"}), private_allowed=False)
    with pytest.raises(UnsafeAddress, match="FETCH_ALLOWED_HOSTS"):
        resolve_allowed("public.example", 80, policy, known_names)


def test_a_refusal_does_not_tell_the_address_behind_a_name() -> None:
    with pytest.raises(UnsafeAddress) as caught:
        check_url("http://rebound.example/", PUBLIC_ONLY, known_names)
    assert "10.0.0.7" not in caught.value.detail


@pytest.mark.parametrize("host", ["unknown.example", "empty.example"])
def test_a_name_without_addresses_may_have_some_later(host: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        check_url(f"http://{host}/", PUBLIC_ONLY, known_names)
    assert caught.value.retryable


def test_the_system_resolver_gives_addresses_once_each() -> None:
    assert system_resolver("127.0.0.1", 80) == ["127.0.0.1"]
