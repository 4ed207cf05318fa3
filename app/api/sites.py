"""Which names this service answers to, and which pages may change something in it.

A service without API keys trusts whoever reaches it, and the browser of somebody who reaches it runs the
pages of others. Such a page may send forms anywhere (cross-site request forgery), and where its own name is
made to lead here (DNS rebinding) it may even read what comes back. With API keys neither gets it anywhere: no
browser adds a key by itself.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers

from app.core.config import Settings
from app.core.errors import CrossSite, UnknownHost
from app.core.validation import host_matches, quoted

ANY = "*"

LOCAL_NAMES = frozenset(
    {
        ".localhost",  # RFC 6761
        ".local",  # RFC 6762: multicast DNS; also Kubernetes' cluster.local
        ".home.arpa",  # RFC 8375
        ".internal",  # reserved by ICANN in 2024; also host.docker.internal
        *(".lan", ".home", ".corp"),  # routers give them out; no such top-level domain exists
    }
)
"""Names below these, like names without a dot, lead to machines of the local network, whoever asks."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing; what they answer is read by no page elsewhere, unless CORS_ORIGINS says so."""

OWN_PAGE = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site: asked by a page of this service, or by its user (address bar, bookmark)."""

PREFLIGHT = "access-control-request-method"
"""The header by which a browser asks whether a page of another site may send a request."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\s:\[\]@/]+)(:(?P<port>\d{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """What the operator allows: names that are answered to, and origins of pages; None: any."""

    names: frozenset[str] | None
    origins: frozenset[str] | None

    @classmethod
    def from_settings(cls, settings: Settings) -> "SitePolicy":
        """The policy that API_KEYS, ALLOWED_HOSTS, HOST and CORS_ORIGINS ask for."""
        is_open = not settings.api_keys
        names = settings.allowed_hosts
        checks_names = (is_open or names) and ANY not in names
        checks_origins = is_open and ANY not in settings.cors_origins
        own = {socket.gethostname().lower(), _host_of(settings.host)}
        origins = {origin.lower().removesuffix("/") for origin in settings.cors_origins}
        return cls(
            names=LOCAL_NAMES | names | own if checks_names else None,
            origins=frozenset(origins) if checks_origins else None,
        )

    def check(self, method: str, headers: Headers) -> None:
        """Raise UnknownHost, CrossSite."""
        if self.names is not None and "host" in headers and not self._knows(headers["host"]):
            raise UnknownHost(
                f"This service does not answer to the name {quoted(headers['host'])}; if it is yours, add it "
                "to ALLOWED_HOSTS."
            )
        if method == "OPTIONS" and PREFLIGHT in headers:
            raise unknown_origin(headers.get("origin", ""))
        if self.origins is not None and method not in SAFE_METHODS and not self._may_change(headers):
            raise unknown_origin(headers.get("origin", ""))

    def _knows(self, authority: str) -> bool:
        host = _host_of(authority)
        return bool(host) and (
            "." not in host or _is_address(host) or any(host_matches(host, name) for name in self.names or ())
        )

    def _may_change(self, headers: Headers) -> bool:
        """Whether a request is no browser's, or comes from a page of this service or one that is allowed.

        As OWASP advises, and as Go's net/http does (CrossOriginProtection). Behind a proxy that changes Host,
        X-Forwarded-Host tells the name: a page elsewhere cannot set it, since browsers ask before (CORS).
        """
        origin = headers.get("origin", "").lower()
        if origin in (self.origins or ()):
            return True
        if "sec-fetch-site" in headers:
            return headers["sec-fetch-site"].lower() in OWN_PAGE
        hosts = [headers.get("host", ""), headers.get("x-forwarded-host", "")]
        return not origin or any(_is_of(origin, host) for host in hosts)


def unknown_origin(origin: str) -> CrossSite:
    """The refusal of a page elsewhere."""
    named = f" ({quoted(origin)})" if origin else ""
    return CrossSite(
        f"A page of another site{named} may not do this; the operator can name its origin in CORS_ORIGINS."
    )


def _is_of(origin: str, authority: str) -> bool:
    """Whether a page of that origin came from that authority; the scheme may be a proxy's."""
    scheme, _, site = origin.partition("://")
    default = DEFAULT_PORTS.get(scheme)
    theirs, ours = _parsed(site, default), _parsed(authority, default)
    return theirs is not None and theirs == ours


def _host_of(authority: str) -> str:
    """Host of `host:port`, in small letters; empty where it is none."""
    parsed = _parsed(authority, None)
    return parsed[0] if parsed else ""


def _parsed(authority: str, default_port: int | None) -> tuple[str, int | None] | None:
    match = _AUTHORITY.fullmatch(authority.strip())
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else default_port
    return match["host"].strip("[]").lower().removesuffix("."), port


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
