"""Signatures of webhooks, as Standard Webhooks 1.0 has them (https://www.standardwebhooks.com).

The receiver can tell by them that a message is ours, is whole and is not an old one sent again.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

from app.core.webhook_secret import key_of

ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300

_VERSION = "v1"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. Raises ValueError for a bad secret."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digest = hmac.digest(key_of(secret), signed, hashlib.sha256)
    return f"{_VERSION},{base64.b64encode(digest).decode('ascii')}"


def headers_of(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a message. Its id is the same in every try to deliver it, the timestamp is new."""
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(timestamp),
        SIGNATURE_HEADER: signature(secret, message_id, timestamp, body),
    }


def verify(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float | None = None,
    tolerance_seconds: float = TOLERANCE_SECONDS,
) -> bool:
    """Whether a message is from who knows `secret`, and not older (or newer) than the tolerance.

    `body` is to be the bytes as they came. There may be several signatures, while a secret is
    replaced. Raises ValueError for a bad secret.
    """
    given = {name.lower(): value for name, value in headers.items()}
    stamp = given.get(TIMESTAMP_HEADER, "")
    if ID_HEADER not in given or not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 20):
        return False
    if abs((time.time() if now is None else now) - int(stamp)) > tolerance_seconds:
        return False
    expected = signature(secret, given[ID_HEADER], int(stamp), body).encode()
    offered = given.get(SIGNATURE_HEADER, "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in offered)
