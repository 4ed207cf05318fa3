"""Known speakers as a client names them: names, and for each a clip as data URL, in the same order."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence

from app.core.errors import InvalidParameter
from app.core.validation import quoted
from app.schemas.known_speaker import KnownSpeaker

NAMES, REFERENCES = "known_speaker_names", "known_speaker_references"

MOST_KNOWN_SPEAKERS = 10
MOST_NAME_LETTERS = 100

_DATA_URL = re.compile(r"(data:[^,;]*(?:;[^,;]*)*?;base64,)?(?P<content>[A-Za-z0-9+/=\s]+)")


def parse_known_speakers(values: Mapping[str, Sequence[str]]) -> tuple[KnownSpeaker, ...]:
    """Those that are named. Raises InvalidParameter."""
    names, references = values.get(NAMES, ()), values.get(REFERENCES, ())
    if len(names) != len(references):
        raise InvalidParameter(
            f"There are {len(names)} of `{NAMES}` and {len(references)} of `{REFERENCES}`: each name needs "
            "its clip.",
            parameter=REFERENCES,
        )
    if len(names) > MOST_KNOWN_SPEAKERS:
        raise InvalidParameter(
            f"There may be at most {MOST_KNOWN_SPEAKERS} of `{NAMES}`; there are {len(names)}.",
            parameter=NAMES,
        )
    return tuple(_speaker(name, clip) for name, clip in zip(names, references, strict=True))


def _speaker(name: str, reference: str) -> KnownSpeaker:
    plain = " ".join(name.split())
    if not 0 < len(plain) <= MOST_NAME_LETTERS:
        raise InvalidParameter(
            f"A name in `{NAMES}` has 1 to {MOST_NAME_LETTERS} characters; one was {quoted(name)}.",
            parameter=NAMES,
        )
    found = _DATA_URL.fullmatch(reference.strip())
    try:
        content = base64.b64decode("".join(found["content"].split()), validate=True) if found else b""
    except binascii.Error:
        content = b""
    if not content:
        raise InvalidParameter(
            f"The clip of {quoted(plain)} in `{REFERENCES}` is no data URL with base64, such as "
            "data:audio/wav;base64,UklGR….",
            parameter=REFERENCES,
        )
    return KnownSpeaker(name=plain, clip=base64.b64encode(content).decode())
