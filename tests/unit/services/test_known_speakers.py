import base64

import pytest

from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.services.known_speakers import MOST_KNOWN_SPEAKERS, NAMES, REFERENCES, parse_known_speakers
from app.services.options import parse_options

CLIP = base64.b64encode(b"RIFF a clip").decode()


@pytest.mark.parametrize(
    "prefix", ["data:audio/wav;base64,", "data:audio/ogg;codecs=opus;base64,", "data:;base64,", ""]
)
def test_a_clip_is_a_data_url_or_base64(prefix: str) -> None:
    [speaker] = parse_known_speakers({NAMES: [" Ann   Lee "], REFERENCES: [prefix + CLIP]})

    assert (speaker.name, base64.b64decode(speaker.clip)) == ("Ann Lee", b"RIFF a clip")


def test_nobody_is_known() -> None:
    assert parse_known_speakers({}) == ()


@pytest.mark.parametrize(
    ("names", "clips", "message"),
    [
        (["Ann"], [], "There are 1 of `known_speaker_names` and 0"),
        ([], [CLIP], "There are 0 of `known_speaker_names` and 1"),
        (["Ann"] * (MOST_KNOWN_SPEAKERS + 1), [CLIP] * (MOST_KNOWN_SPEAKERS + 1), "at most 10"),
        (["  "], [CLIP], "1 to 100 characters"),
        (["x" * 101], [CLIP], "1 to 100 characters"),
        (["Ann"], ["https://example.org/a.wav"], "no data URL"),
        (["Ann"], ["data:audio/wav;base64,"], "no data URL"),
        (["Ann"], ["data:audio/wav;base64,AAA"], "no data URL"),
    ],
)
def test_what_is_no_known_speaker(names: list[str], clips: list[str], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        parse_known_speakers({NAMES: names, REFERENCES: clips})


def test_known_speakers_want_speakers_told_apart(settings: Settings) -> None:
    given = {NAMES: ["Ann"], REFERENCES: [CLIP]}

    asked = parse_options(given, settings)

    assert asked.diarize
    assert asked.fingerprint("x") != parse_options({"diarize": ["true"]}, settings).fingerprint("x")
    assert parse_options({**given, "diarize": ["false"]}, settings).known_speakers == ()
