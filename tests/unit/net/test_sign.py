"""Signatures as Standard Webhooks has them."""

import base64

import pytest

from app.core.webhook_secret import key_of
from app.net.sign import signature, signature_headers
from tests.support.webhook_receiver import is_genuine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
EXPECTED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The test vector of the reference implementations."""


def test_the_vector_of_the_reference_implementations() -> None:
    assert signature(SECRET, MESSAGE_ID, TIMESTAMP, BODY) == EXPECTED


def test_the_prefix_of_a_secret_may_be_left_out() -> None:
    assert signature(SECRET.removeprefix("whsec_"), MESSAGE_ID, TIMESTAMP, BODY) == EXPECTED


def test_the_headers() -> None:
    assert signature_headers(SECRET, MESSAGE_ID, TIMESTAMP, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": EXPECTED,
    }


def test_a_receiver_tells_a_true_message_from_a_changed_one() -> None:
    headers = signature_headers(SECRET, MESSAGE_ID, TIMESTAMP, BODY)
    assert is_genuine(SECRET, headers, BODY)
    assert not is_genuine(SECRET, headers, BODY + b" ")
    assert not is_genuine(SECRET, headers | {"webhook-id": "msg_other"}, BODY)
    assert not is_genuine(base64.b64encode(bytes(32)).decode(), headers, BODY)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_short", "my pass phrase", "whsec_" + "A" * 20, "whsec_" + "A" * 88, "ключ"],
)
def test_a_weak_or_garbled_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        key_of(secret)
