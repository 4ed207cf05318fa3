"""The secret that signs webhooks, in the form of Standard Webhooks 1.0 (https://www.standardwebhooks.com)."""

import base64
import binascii

SECRET_PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """Key of a secret: 24 to 64 bytes in base64, after `whsec_` or without it. Raises ValueError."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ValueError(
            "A webhook secret is whsec_ and 24 to 64 random bytes in base64, as this makes one: "
            "echo whsec_$(openssl rand -base64 32)"
        )
    return key
