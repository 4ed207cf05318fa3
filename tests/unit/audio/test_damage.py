"""What is wrong inside a recording is repaired, or told; the rest of it is heard."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.probe import probe
from tests.support.recordings import RATE, Part, joined, likeness, loudness, planes, sentence, wav, write

BROKEN = [np.nan, np.inf, -np.inf, 1e30, -1e30]


@pytest.mark.parametrize("value", BROKEN)
def test_a_sample_that_is_no_sound_becomes_silence(tmp_path: Path, value: float) -> None:
    sound = sentence().copy()
    sound[RATE] = value

    samples, report = read_samples(wav(tmp_path / "broken.wav", sound[np.newaxis], dtype=np.float32))

    assert samples[RATE] == 0
    assert np.array_equal(np.delete(samples, RATE), np.delete(sentence(), RATE))
    assert "replaced by silence" in report.warnings[0]


def test_broken_samples_at_another_rate_stay_alone(tmp_path: Path) -> None:
    sound = sentence().copy()
    sound[::2000] = np.nan

    samples, report = read_samples(
        wav(tmp_path / "broken.wav", planes(sound, sound), rate=44_100, dtype=np.float32)
    )

    assert np.isfinite(samples).all()
    assert loudness(samples) > 0.1 * loudness(sentence())
    assert f"({2 * len(range(0, len(sound), 2000))})" in report.warnings[0]


@pytest.mark.parametrize("scale", [2.0**15, 2.0**23, 2.0**31])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_point_with_the_scale_of_whole_numbers(
    tmp_path: Path, scale: float, dtype: type[np.floating]
) -> None:
    path = wav(tmp_path / "scaled.wav", sentence()[np.newaxis] * scale, dtype=dtype)

    samples, report = read_samples(path)

    assert np.abs(samples).max() <= 1
    assert likeness(samples, sentence()) > 0.99
    assert "scaled down" in report.warnings[-1]


def test_sound_that_is_only_too_loud_is_left_alone(tmp_path: Path) -> None:
    samples, report = read_samples(wav(tmp_path / "loud.wav", 4 * sentence()[np.newaxis], dtype=np.float32))

    assert np.array_equal(samples, 4 * sentence())
    assert report.warnings == ()


@pytest.mark.parametrize("kind", [8, 15])
def test_silence_that_amr_leaves_out_is_no_damage(tmp_path: Path, kind: int) -> None:
    speech, silent = bytes([7 << 3 | 4]) + bytes(31), bytes([kind << 3 | 4]) + bytes(5 if kind == 8 else 0)
    path = tmp_path / "pauses.amr"
    path.write_bytes(b"#!AMR\n" + (speech * 50 + silent * 50) * 4)

    _, report = read_samples(path)

    assert report.warnings == ()
    assert report.seconds == pytest.approx(8.0, abs=0.05)


def test_zeroed_flac_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "zeroed.flac", Part(sentence()[np.newaxis], codec="flac"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) * 7 // 10] = bytes(len(content) * 7 // 10 - len(content) // 2)
    path.write_bytes(content)

    samples, report = read_samples(path)

    assert "damaged" in report.warnings[0]
    assert report.seconds == pytest.approx(6.2, abs=0.05)
    assert likeness(samples[-RATE:], sentence()[-RATE:]) > 0.99


def test_what_follows_a_hole_in_ogg_is_heard(tmp_path: Path) -> None:
    sound = np.repeat(np.tile(sentence(), 4)[np.newaxis], 3, axis=1)
    path = write(tmp_path / "hole.ogg", Part(sound, codec="libopus", rate=48_000))
    content = bytearray(path.read_bytes())
    first, last = len(content) * 2 // 5, len(content) * 3 // 5
    content[first:last] = bytes(last - first)
    path.write_bytes(content)

    samples, report = read_samples(path)

    assert report.seconds == pytest.approx(4 * 6.2, abs=0.1)
    assert likeness(samples[-6 * RATE :], sentence()) > 0.9
    assert "damaged" in report.warnings[0]
    assert "missing from the file" in report.warnings[1]


def test_flipped_bits_in_flac_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "flipped.flac", Part(sentence()[np.newaxis], codec="flac"))
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content), len(content) // 5):
        content[place] ^= 0x10
    path.write_bytes(content)

    samples, report = read_samples(path)

    assert "damaged" in report.warnings[0]
    assert np.abs(samples).max() <= 1.05 * np.abs(sentence()).max()  # no noise instead


def test_a_stream_that_appears_on_the_way(tmp_path: Path) -> None:
    one = Part(sentence()[np.newaxis], codec="mp2")
    first = write(tmp_path / "first.ts", one)
    second = write(tmp_path / "second.ts", one, one)

    samples, report = read_samples(joined(tmp_path / "joined.ts", first, second))

    assert report.seconds >= 12
    assert likeness(samples[: 6 * RATE], sentence()) > 0.9


def test_a_track_that_cannot_be_decoded_is_passed_over(tmp_path: Path) -> None:
    voice = Part(sentence()[np.newaxis], codec="aac")
    path = write(tmp_path / "spatial.mp4", Part(planes(0 * sentence(), 0 * sentence()), codec="alac"), voice)
    path.write_bytes(path.read_bytes().replace(b"alac", b"apac"))

    info = probe(path)
    samples, report = read_samples(path)

    assert [track.problem is None for track in info.tracks] == [False, True]
    assert (report.source.tracks, report.source.read) == (2, (2,))
    assert likeness(samples, sentence()) > 0.9
    assert "Track 1 of the file was passed over" in report.warnings[0]
