"""A short context is the default only where it was measured."""

import pytest

from app.asr.backends.faster_whisper.context import MEASURED, tuning_for

BASE, OTHER = next(iter(MEASURED)), "sha256:0"


@pytest.mark.parametrize(
    ("wanted", "device", "digest", "trims"),
    [
        ("auto", "cpu", BASE, True),
        ("auto", "cpu", OTHER, False),
        ("auto", "cuda", BASE, False),
        ("short", "cpu", OTHER, True),
        ("short", "cuda", OTHER, True),
        ("full", "cpu", BASE, False),
    ],
)
def test_the_context_is_that_which_was_asked_for(wanted: str, device: str, digest: str, trims: bool) -> None:
    assert tuning_for(wanted, device, digest).trims is trims
