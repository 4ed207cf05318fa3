"""Names that nobody knows."""

import pytest

from app.core.errors import UnknownParameter
from app.core.names import nearest_name, refuse_unknown

KNOWN = ("model", "trim", "language", "word_timestamps", "prompt")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        *(
            ("modle", "model"),
            ("MODEL", "model"),
            ("lang", "language"),
            ("word-timestamps", "word_timestamps"),
        ),
        *(("wordTimestamps", "word_timestamps"), ("initial_prompt", "prompt"), ("diarize", None), ("", None)),
        ("x" * 100_000, None),
    ],
)
def test_the_nearest(name: str, nearest: str | None) -> None:
    assert nearest_name(name, KNOWN) == nearest


def test_what_is_known_passes() -> None:
    refuse_unknown([], KNOWN)
    refuse_unknown(KNOWN, KNOWN)


def test_what_is_near_is_named() -> None:
    with pytest.raises(UnknownParameter, match="no parameter 'modle' here; the nearest is `model`") as raised:
        refuse_unknown(["trim", "modle"], KNOWN)
    assert raised.value.extra == {"parameter": "modle", "choices": list(KNOWN)}


def test_what_is_not_near_gets_the_list() -> None:
    with pytest.raises(UnknownParameter, match="'diarize' here; choose of: model, trim, language"):
        refuse_unknown(["diarize"], KNOWN)
