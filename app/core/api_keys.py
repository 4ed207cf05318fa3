"""API keys: made at random, kept as hashes only.

A key has 256 random bits, so that a plain SHA-256 keeps it as well as a slow hash would: there is nothing to
guess (OWASP Password Storage Cheat Sheet: slow hashes are for what people choose).
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

PREFIX = "tk_"
"""Keys begin with it, so that scanners find those that got into a repository."""

KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a key may be called."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """`key` is for its owner and nobody else; `entry` goes into API_KEYS."""

    key: str
    entry: str


def new_key(name: str) -> NewKey:
    """A key for whoever `name` is."""
    key = PREFIX + secrets.token_urlsafe(32)
    return NewKey(key, f"{name}:{hash_of(key)}")


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return sha256(key.encode()).hexdigest()


class ApiKeys:
    """The keys that the service knows, as hashes by name."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = dict(hashes)

    @property
    def are_asked_for(self) -> bool:
        """Whether requests need a key."""
        return bool(self._hashes)

    def name_of(self, key: str) -> str | None:
        """Whose key that is; takes as long for one that nobody has."""
        sent = hash_of(key)
        found = None
        for name, known in self._hashes.items():
            if hmac.compare_digest(sent, known):
                found = name
        return found
