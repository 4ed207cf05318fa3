"""A short context is the default only where it was measured."""

import pytest

from app.asr.backends.faster_whisper.context import MEASURED, padding_for, tuning_for
from app.asr.backends.faster_whisper.tuning import Tuning

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


@pytest.mark.parametrize(
    ("tuning", "digest", "name"),
    [
        (Tuning(), BASE, "suffix sha256:"),
        (Tuning(), OTHER, "silence"),
        (Tuning(suffix=False), BASE, "silence"),
        (Tuning(trims=False), BASE, "silence"),
    ],
)
def test_a_suffix_is_used_with_the_weights_that_it_was_fitted_to(
    tuning: Tuning, digest: str, name: str
) -> None:
    assert padding_for(digest, tuning).name.startswith(name)
