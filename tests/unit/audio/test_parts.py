"""Files that were joined as they are are heard to their end, whatever their kind."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.parts import Part, parts_of
from app.audio.probe import probe
from tests.support.recordings import ASSETS, RATE, joined, likeness, sentence, wav
from tests.support.transcoding import Target, transcode

SOURCE = ASSETS / "speech_en.flac"
SECONDS = 6.2

FLAC = Target("flac", "flac")
OPUS = Target("ogg", "libopus", 48_000)
MP3 = Target("mp3", "libmp3lame", sample_format="s16p")
WAV = Target("wav", "pcm_s16le")

JOINED = {
    "FLAC": (FLAC, FLAC),
    "FLAC of another rate": (FLAC, Target("flac", "flac", 48_000)),
    "FLAC of more channels and bits": (FLAC, Target("flac", "flac", 44_100, "stereo", "s32")),
    "Ogg": (OPUS, OPUS),
    "Ogg of another codec": (OPUS, Target("ogg", "flac", 44_100, "stereo")),
    "Ogg of another rate": (Target("ogg", "flac"), Target("ogg", "flac", 48_000)),
    "MP3 of another rate": (MP3, Target("mp3", "libmp3lame", 44_100, "stereo", "s16p")),
    "WAV": (WAV, Target("wav", "pcm_f32le", 44_100, "stereo", "flt")),
    "RF64": (Target("wav", "pcm_s16le", options={"rf64": "always"}),) * 2,
    "WAV and MP3": (WAV, MP3),
    "WAV and Ogg": (WAV, OPUS),
    "AIFF": (Target("aiff", "pcm_s16be"), Target("aiff", "pcm_mulaw", 8000)),
    "CAF": (Target("caf", "pcm_s16be"),) * 2,
    "W64": (Target("w64", "pcm_s16le"),) * 2,
    "TTA": (Target("tta", "tta"),) * 2,
    "VOC": (Target("voc", "pcm_s16le"),) * 2,
    "FLV": (Target("flv", "aac", 44_100, sample_format="fltp"),) * 2,
    "WMA": (Target("asf", "wmav2", 22_050, sample_format="fltp", bit_rate=64_000),) * 2,
    "Matroska and WebM": (Target("matroska", "flac"), Target("webm", "libopus", 48_000)),
}


@pytest.mark.parametrize("kind", JOINED)
def test_both_parts_are_heard(tmp_path: Path, kind: str) -> None:
    parts = [transcode(SOURCE, tmp_path / str(number), each) for number, each in enumerate(JOINED[kind])]

    samples, report = read_samples(joined(tmp_path / "joined", *parts))

    assert report.duration == pytest.approx(2 * SECONDS, abs=0.2)
    assert report.warnings == ()
    for half in (samples[: len(samples) // 2], samples[len(samples) // 2 :]):
        assert likeness(half, sentence()) > 0.7


@pytest.mark.parametrize("kind", ["FLAC", "Ogg", "AIFF", "WMA"])
def test_the_length_of_joined_files_is_that_of_all(tmp_path: Path, kind: str) -> None:
    part = transcode(SOURCE, tmp_path / "part", JOINED[kind][0])

    assert probe(joined(tmp_path / "joined", part, part, part)).duration == pytest.approx(
        3 * (probe(part).duration or 0), abs=0.1
    )


def test_the_streams_of_a_film_are_one_recording(tmp_path: Path) -> None:
    """First pages of an Ogg file with several streams follow each other; in a chain, other pages precede."""
    page = b"OggS\0%b" + bytes(20) + b"\x01\x03abc"
    first, later = page % b"\x02", page % b"\x00"
    path = tmp_path / "film.ogv"
    path.write_bytes((first + first + later) * 2)

    assert parts_of(path) == (Part(0, 3 * len(first)), Part(3 * len(first), None))


@pytest.mark.parametrize("place", [1, 2**20 - 3, 2**20 + 1])
def test_a_beginning_is_found_wherever_it_lies(tmp_path: Path, place: int) -> None:
    beginning = b"fLaC\0\0\0\x22"
    path = tmp_path / "long.flac"
    path.write_bytes(beginning + bytes(place) + beginning + b"fLaC" + beginning[:-1])

    assert [part.first for part in parts_of(path)] == [0, len(beginning) + place]


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _noise(content: bytes) -> bytes:
    return np.random.default_rng(1).bytes(len(content))


@pytest.mark.parametrize("damage", [_truncated, _noise])
def test_what_follows_may_be_damaged(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    whole = wav(tmp_path / "whole.wav", sentence()[np.newaxis])
    flac = transcode(whole, tmp_path / "part.flac", FLAC).read_bytes()
    path = tmp_path / "joined.flac"
    path.write_bytes(flac + flac[:64] + damage(flac[64:]))

    samples, report = read_samples(path)

    assert likeness(samples[: round(SECONDS * RATE)], sentence()) > 0.9
    assert any("damaged" in warning or "breaks off" in warning for warning in report.warnings)
