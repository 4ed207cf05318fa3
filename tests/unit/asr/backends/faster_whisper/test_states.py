"""States in numpy's memory and in torch's: the same numbers, whoever cuts and joins them."""

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from ctranslate2 import DataType, StorageView
from faster_whisper import WhisperModel

from app.asr import fallback
from app.asr.backends.faster_whisper import load, loading
from app.asr.backends.faster_whisper.states import HostStates, StateStore, TorchStates, state_store
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.hardware import Device
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.core.errors import DeviceLost
from tests.unit.asr.engines import whole_window

STORES = [HostStates(), TorchStates("cpu"), TorchStates("cpu", is_single=False)]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
def test_states_are_cut_and_joined(store: StateStore, kind: str) -> None:
    numbers = np.arange(3 * 6 * 2, dtype=np.float32).reshape(3, 6, 2)
    states = store.from_view(StorageView.from_array(numbers).to(getattr(DataType, kind)))
    assert (len(states), states.shape[1]) == (3, 6)

    parts = [states[2:3, :4], states[[0, 1]][:, :4]]
    silence = store.from_host(np.full((1, 4, 2), -1, np.float32))
    shown = store.repeated(silence, 2)
    shown[1, :3] = states[0, 1:4]
    joined = store.joined([*parts, shown])

    expected = np.full((5, 4, 2), -1, np.float32)
    expected[:3] = numbers[[2, 0, 1], :4]
    expected[4, :3] = numbers[0, 1:4]
    assert np.array_equal(store.to_host(joined), expected)
    assert np.array_equal(np.asarray(store.to_view(joined[:, ::3])), expected[:, ::3])
    assert len(states[[]]) == 0


@pytest.mark.weights
@pytest.mark.usefixtures("one_torch_thread")
def test_a_transcript_does_not_depend_on_where_states_lie(
    base_weights: Path, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows of several lengths, in two languages; one is decoded again, by search and by sampling."""
    speech = [read_samples(assets / name)[0] for name in ("speech_en.flac", "speech_ru.ogg")]
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE).astype(np.float32)
    sounds = [speech[0][: 2 * SAMPLE_RATE], speech[1][: 4 * SAMPLE_RATE], noise]
    options = DecodeOptions(word_timestamps=True)
    requests = [WindowRequest(whole_window(sound), options) for sound in sounds]
    monkeypatch.setattr(fallback, "TEMPERATURES", (0.0, 0.4))
    settings = Settings(device="cpu")

    in_numpy = load(base_weights / "whisper" / "base", "base", settings).transcribe(requests)
    monkeypatch.setattr(loading, "state_store", lambda *_: TorchStates("cpu"))
    in_torch = load(base_weights / "whisper" / "base", "base", settings).transcribe(requests)

    assert in_torch == in_numpy
    assert any(transcript.retries for transcript in in_numpy)


@pytest.mark.weights
def test_a_gpu_that_torch_cannot_use_costs_a_warning(
    base_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = WhisperModel(str(base_weights / "whisper" / "base"), device="cpu").model
    silence = StorageView.from_array(np.zeros((1, model.n_mels, 100), np.float32))

    with caplog.at_level(logging.WARNING):
        assert isinstance(state_store(Device("cpu"), model, silence), HostStates)
        assert not caplog.records
        assert isinstance(state_store(Device("cuda"), model, silence), HostStates)
    assert len(caplog.records) == 1


@pytest.mark.weights
@pytest.mark.parametrize("works", [True, False])
def test_what_torch_says_of_the_gpu_is_no_proof_that_it_is_lost(
    base_weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, works: bool
) -> None:
    """torch may be of another version of CUDA; the GPU is lost where CTranslate2 cannot use it any more."""
    model = WhisperModel(str(base_weights / "whisper" / "base"), device="cpu").model
    silence = StorageView.from_array(np.zeros((1, model.n_mels, 100), np.float32))
    error = "CUDA unknown error - this may be due to an incorrectly set up environment"
    calls = []

    class Model:
        """The model, whose states torch is shown at the first call."""

        @staticmethod
        def encode(features: StorageView, *, to_cpu: bool) -> StorageView:
            calls.append(to_cpu)
            if not to_cpu or not works:
                raise RuntimeError(error)
            return model.encode(features, to_cpu=True)

    with nullcontext() if works else pytest.raises(DeviceLost, match="can be used no more"):
        assert isinstance(state_store(Device("cuda"), cast(Any, Model), silence), HostStates)
    assert calls == [False, True]
    assert (error in caplog.text) is works
