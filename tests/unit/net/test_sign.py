"""Signatures as Standard Webhooks has them."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from app.core.webhook_secret import key_of
from app.net.sign import headers_of, signature, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
EXPECTED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The test vector of the reference implementations."""


def test_the_vector_of_the_reference_implementations() -> None:
    assert signature(SECRET, MESSAGE_ID, TIMESTAMP, BODY) == EXPECTED


def test_the_prefix_of_a_secret_may_be_left_out() -> None:
    assert signature(SECRET.removeprefix("whsec_"), MESSAGE_ID, TIMESTAMP, BODY) == EXPECTED


def test_the_headers() -> None:
    assert headers_of(SECRET, MESSAGE_ID, TIMESTAMP, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": EXPECTED,
    }


def verified(
    now: float = TIMESTAMP,
    body: bytes = BODY,
    secret: str = SECRET,
    changed: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    headers = headers_of(SECRET, MESSAGE_ID, TIMESTAMP, BODY)
    return verify(secret, headers | dict(changed), body, now=now)


@pytest.mark.parametrize("now", [TIMESTAMP, TIMESTAMP - 300, TIMESTAMP + 300])
def test_a_true_message_is_verified(now: int) -> None:
    assert verified(now)


def test_names_of_headers_may_be_written_in_any_way() -> None:
    headers = {name.title(): value for name, value in headers_of(SECRET, MESSAGE_ID, TIMESTAMP, BODY).items()}
    assert verify(SECRET, headers, BODY, now=TIMESTAMP)


def test_one_of_several_signatures_is_enough() -> None:
    assert verified(changed={"webhook-signature": f"v1a,Zm9v v1,Zm9v {EXPECTED}"})


@pytest.mark.parametrize("now", [TIMESTAMP - 301, TIMESTAMP + 301])
def test_an_old_message_is_not_verified(now: int) -> None:
    assert not verified(now)


def test_without_a_given_time_the_clock_counts() -> None:
    assert not verify(SECRET, headers_of(SECRET, MESSAGE_ID, TIMESTAMP, BODY), BODY)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": str(TIMESTAMP + 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "²"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,я"},
        {"webhook-signature": EXPECTED.removeprefix("v1,")},
        {"webhook-signature": EXPECTED.replace("v1", "v2")},
    ],
)
def test_a_changed_header_is_noticed(changed: dict[str, str]) -> None:
    assert not verified(changed=changed)


def test_a_changed_body_or_another_secret_is_noticed() -> None:
    assert not verified(body=BODY + b" ")
    assert not verified(secret=base64.b64encode(bytes(32)).decode())


def test_missing_headers_are_noticed() -> None:
    assert not verify(SECRET, {}, BODY, now=TIMESTAMP)


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_short", "my pass phrase", "whsec_" + "A" * 20, "whsec_" + "A" * 88, "ключ"],
)
def test_a_weak_or_garbled_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        key_of(secret)
