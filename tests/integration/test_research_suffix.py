"""`python3 -m research.suffix`: a fit brings the short context nearer to the full one."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
from typer.testing import CliRunner

from app.asr.backends.faster_whisper.suffix import FITTED, FOLDER, suffix_of
from app.audio.samples import SAMPLE_RATE
from app.weights.store import WeightStore
from research.suffix.__main__ import app
from research.suffix.examples import Examples, windows_of
from research.suffix.losses import with_features
from research.suffix.whisper_model import FrozenWhisper

pytestmark = [
    pytest.mark.weights,
    pytest.mark.usefixtures("one_torch_thread"),
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),  # openai-whisper's vocabulary
]

RECORDING = "speech_en.flac"


@pytest.mark.parametrize("start", [[], ["--start", str(FOLDER / "base.npz")]], ids=["silence", "a suffix"])
def test_fitting(assets: Path, tmp_path: Path, base_weights: Path, start: list[str]) -> None:
    out = tmp_path / "suffix.npz"
    few = ["--count", "2", "--steps", "2", *start]
    arguments = [str(assets / RECORDING), "--out", str(out), *few]
    result = CliRunner().invoke(app, arguments, env={"CACHE_DIR": str(base_weights)})

    assert result.exit_code == 0, result.output
    [(before, after)] = re.findall(r"distance ([\d.]+) before, ([\d.]+) after", result.output)
    if not start:
        assert float(after) < float(before)
    assert all(digest in result.output for digest in FITTED)
    with np.load(out) as made, np.load(FOLDER / "base.npz") as ours:
        for name in ("features", "states"):
            assert made[name].shape == ours[name].shape
            assert (made[name] != ours[name]).any()


def test_the_full_context_is_whispers_own(assets: Path, base_weights: Path) -> None:
    """What a fit aims at is what openai-whisper makes of 30 s."""
    weights = WeightStore(base_weights, downloads=True).ensure_openai("base")
    sound = windows_of([assets / RECORDING])[0][: 3 * SAMPLE_RATE]
    example = Examples(FrozenWhisper(weights)).of(sound)
    model = whisper.load_model(str(weights), device="cpu")
    features = whisper.log_mel_spectrogram(whisper.pad_or_trim(sound))
    with torch.no_grad():
        theirs = model.encoder(features[None])[0, : len(example.target)]

    assert float((example.target - theirs).abs().mean()) < 0.02


def test_the_fit_puts_a_suffix_where_the_engine_does(assets: Path, base_weights: Path) -> None:
    weights = WeightStore(base_weights, downloads=True).ensure_openai("base")
    example = Examples(FrozenWhisper(weights)).of(windows_of([assets / RECORDING])[0])
    [suffix] = [found for digest in FITTED if (found := suffix_of(digest))]

    fitted = with_features(torch.from_numpy(suffix.features), example)

    assert np.array_equal(fitted.numpy(), suffix.put(example.features.numpy(), example.samples))
