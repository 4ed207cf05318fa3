"""What a receiver of webhooks does with Standard Webhooks' headers, without the service's own code."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a message was signed by who knows `secret`."""
    given = {name.lower(): value for name, value in headers.items()}
    signed = b".".join([given["webhook-id"].encode(), given["webhook-timestamp"].encode(), body])
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return f"v1,{signature}" in given["webhook-signature"].split(" ")
