"""Which addresses a request may go to: of a URL its form, of its host the IP addresses that it leads to."""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx2

from app.core.config import Settings
from app.core.errors import FetchFailed, UnsafeAddress
from app.core.validation import host_matches, quoted
from app.net.addresses import IPAddress, Reach, classify_address

Resolver = Callable[[str, int], Sequence[str]]
"""Host and port → IP addresses as text; raises OSError where there are none. May block."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_NAME = re.compile(r"(?!.{254})[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What the operator allows.

    `allowed_hosts` (FETCH_ALLOWED_HOSTS): only these; an entry that begins with a dot stands for all names
    below it; empty = any host. `private_allowed` (FETCH_PRIVATE_ADDRESSES): also the operator's own network
    and this machine. Neither opens link-local addresses, where clouds hand out credentials.
    """

    allowed_hosts: frozenset[str]
    private_allowed: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> "AddressPolicy":
        """The policy that the settings ask for."""
        return cls(settings.fetch_allowed_hosts, settings.fetch_private_addresses)

    def names(self, host: str) -> bool:
        """Whether FETCH_ALLOWED_HOSTS lets `host` pass."""
        return not self.allowed_hosts or any(host_matches(host, entry) for entry in self.allowed_hosts)

    def reaches(self, address: IPAddress) -> bool:
        """Whether a connection to `address` is allowed."""
        reach = classify_address(address)
        return reach is Reach.PUBLIC or (reach is Reach.PRIVATE and self.private_allowed)


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the operating system. As bytes the name is taken as it is: it was encoded when the URL was read."""
    found = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def parse_url(url: str, policy: AddressPolicy) -> httpx2.URL:
    """All of the check that needs no look-up of names, so never blocks. Raises UnsafeAddress."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise UnsafeAddress(
            f"The address cannot be read ({quoted(str(error))}); give one like https://host/path."
        ) from error
    if parsed.scheme not in DEFAULT_PORTS:
        raise UnsafeAddress("The address must begin with http:// or https://; nothing else is allowed.")
    if parsed.userinfo:
        raise UnsafeAddress(
            "The address may hold no user name and no password; write only https://host/path."
        )
    if not 1 <= port_of(parsed) <= 65535:
        raise UnsafeAddress("The port in the address must lie between 1 and 65535.")
    host = parsed.raw_host.decode("ascii").removesuffix(".")
    literal = _literal(host)
    if literal is None and not _NAME.fullmatch(host):
        raise UnsafeAddress(
            "The address must hold a host: a name of letters, digits, - and ., or an IP address."
        )
    _check_allowed(host, policy)
    if literal is not None:
        _check_reach(host, [literal], policy)
    return parsed.copy_with(host=host)  # without the dot, which certificates do not know


def check_url(url: str, policy: AddressPolicy, resolver: Resolver = system_resolver) -> httpx2.URL:
    """`url` in its plain form, if a request may go there now. May block.

    Raises UnsafeAddress, and FetchFailed where the name cannot be looked up. What the name leads to may
    change; the network backends look it up once more and connect to what they have checked.
    """
    parsed = parse_url(url, policy)
    resolve_allowed(ascii_host(parsed), port_of(parsed), policy, resolver)
    return parsed


def resolve_allowed(host: str, port: int, policy: AddressPolicy, resolver: Resolver) -> list[IPAddress]:
    """Where to connect to for `host`, best first. Raises FetchFailed; UnsafeAddress if only one is unsafe."""
    literal = _literal(host)
    if literal is not None:
        found = [literal]
    else:
        try:
            found = [ip_address(text) for text in resolver(host, port)]
        except OSError as error:
            raise FetchFailed(
                f"The host {quoted(host)} cannot be found: {error.strerror or error}."
            ) from error
    if not found:
        raise FetchFailed(f"The host {quoted(host)} has no address.")
    _check_allowed(host, policy)
    _check_reach(host, found, policy)
    return found


def ascii_host(url: httpx2.URL) -> str:
    """Host of a URL as it is looked up; `URL.host` would decode international names."""
    return url.raw_host.decode("ascii")


def port_of(url: httpx2.URL) -> int:
    """Port of a URL, written or not."""
    return DEFAULT_PORTS[url.scheme] if url.port is None else url.port


def _literal(host: str) -> IPAddress | None:
    """The address that `host` spells out, if any; resolvers take `127.1`, `0x7f.1` and `2130706433` too."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _check_allowed(host: str, policy: AddressPolicy) -> None:
    if not policy.names(host):
        allowed = ", ".join(sorted(policy.allowed_hosts))
        raise UnsafeAddress(f"The host {quoted(host)} is not allowed; FETCH_ALLOWED_HOSTS allows: {allowed}.")


def _check_reach(host: str, found: Sequence[IPAddress], policy: AddressPolicy) -> None:
    """Of a name the addresses are not told: a client could map the operator's network with them."""
    scoped = any(isinstance(address, IPv6Address) and address.scope_id for address in found)
    if scoped or not all(policy.reaches(address) for address in found):
        own = "is" if policy.private_allowed else "is not"
        raise UnsafeAddress(
            f"The host {quoted(host)} does not lead to addresses that are allowed: public ones always, "
            f"private ones if FETCH_PRIVATE_ADDRESSES is true (it {own}), link-local and reserved ones never."
        )
