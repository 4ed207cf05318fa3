"""Variants sound as they are called, and are the same each time."""

from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from benchmark.recordings import find_recordings
from benchmark.variants.__main__ import app
from benchmark.variants.effects import speech_level
from benchmark.variants.kinds import KINDS, UnknownKind, described, read_treatment

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture(scope="module")
def speech() -> Samples:
    return read_samples(ASSETS / "speech_en.flac")[0]


def _made(text: str, speech: Samples, folder: Path) -> Path:
    return read_treatment(text).make(speech, "a", folder, 0)


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_a_recording_of_about_the_same_length(
    name: str, speech: Samples, tmp_path: Path
) -> None:
    path = _made(name, speech, tmp_path)
    heard, _ = read_samples(path)

    assert path.stem.startswith("a-" + name)
    length = len(speech) / (1.25 if name == "speed" else 1)
    assert len(heard) == pytest.approx(length, rel=0.03)
    assert 0 < np.abs(heard).max() <= 1


def test_levels(speech: Samples, tmp_path: Path) -> None:
    loud, quiet = (read_samples(_made(name, speech, tmp_path))[0] for name in ("loud", "quiet"))

    assert np.abs(quiet).max() == pytest.approx(0.01, rel=0.02)
    assert np.mean(np.abs(loud) > 0.99) > 0.01  # clipped


@pytest.mark.parametrize("decibels", [10, 20])
def test_noise_is_as_much_softer_than_speech_as_told(decibels: int, speech: Samples, tmp_path: Path) -> None:
    silent = np.concatenate([speech, np.zeros(5 * SAMPLE_RATE, np.float32)])
    heard, _ = read_samples(_made(f"noise={decibels}", silent, tmp_path))

    noise = speech_level(heard[-4 * SAMPLE_RATE :])
    assert 20 * np.log10(speech_level(speech) / noise) == pytest.approx(decibels, abs=1.5)


@pytest.mark.parametrize("name", ["phone", "8k"])
def test_a_telephone_has_a_rate_of_8_khz(name: str, speech: Samples, tmp_path: Path) -> None:
    with av.open(str(_made(name, speech, tmp_path))) as container:
        assert container.streams.audio[0].rate == 8000


def test_the_same_seed_gives_the_same_noise(speech: Samples, tmp_path: Path) -> None:
    treatment = read_treatment("noise=-5")
    first, second, other = (treatment.make(speech, "a", tmp_path, seed).read_bytes() for seed in (0, 0, 1))
    assert first == second != other
    assert treatment.label == "noiseminus5"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("louder", "There is no variant 'louder'; choose from: loud"),
        ("loud=3", "loud takes no number"),
        ("noise=much", "noise takes a number from -20 to 60, not 'much'"),
        ("speed=9", "speed takes a number from 0.5 to 2"),
    ],
)
def test_wrong_kinds_get_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UnknownKind, match=sentence):
        read_treatment(text)


def test_the_command_makes_variants_of_clean_recordings_only(tmp_path: Path, speech: Samples) -> None:
    for name in ("audios", "text-references"):
        (tmp_path / name).mkdir()
    for name in ("one.flac", "one-far.flac", "no-text.flac", "broken.flac"):
        content = b"no sound" if name == "broken.flac" else (ASSETS / "speech_en.flac").read_bytes()
        (tmp_path / "audios" / name).write_bytes(content)
    for name in ("one", "broken"):
        (tmp_path / "text-references" / f"{name}.txt").write_text("so")
    arguments = ["quiet", "noise=5", "--directory", str(tmp_path)]

    result = CliRunner().invoke(app, arguments)
    again = CliRunner().invoke(app, arguments)

    assert (result.exit_code, again.exit_code) == (0, 0)
    assert "broken.flac:" in result.output
    assert "Made 2 variants of 2 recordings" in result.output
    found = find_recordings(tmp_path / "audios", tmp_path / "text-references", {"flac", "wav"})
    variants = {recording.name: recording.variant for recording in found if recording.variant}
    assert variants == {"one-far.flac": "far", "one-noise5.wav": "noise5", "one-quiet.wav": "quiet"}


def test_without_clean_recordings_the_command_says_what_belongs_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--directory", str(tmp_path)])
    assert result.exit_code == 1
    assert "There is no clean recording in" in " ".join(result.output.split())


@pytest.mark.parametrize("text", [*KINDS, "noise=-5", "speed=1.5"])
def test_a_report_tells_what_a_label_means(text: str) -> None:
    treatment = read_treatment(text)
    said = described(treatment.label)

    assert said is not None
    assert said.startswith(f"{treatment.label}: ")
    assert treatment.number is None or f"{treatment.number:g}" in said.partition(": ")[2]


@pytest.mark.parametrize("label", ["as recorded", "noisy", "loud2", "noise", "noise5dB"])
def test_what_others_have_named_is_not_explained(label: str) -> None:
    assert described(label) is None
