"""The encoder on torch gives the states of CTranslate2's; what goes wrong with it costs a warning at most."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ctranslate2 import StorageView
from ctranslate2.models import Whisper
from ctranslate2.specs.whisper_spec import WhisperSpec
from faster_whisper import WhisperModel

from app.asr.backends.faster_whisper import (
    encoder_choice,
    load,
    loading,
    torch_encoder,
)
from app.asr.backends.faster_whisper.encoder import silent_after, sound_features
from app.asr.backends.faster_whisper.encoder_choice import CHOICES_FILE, EncoderModel, choose_encoder
from app.asr.backends.faster_whisper.state_encoders import CTranslate2Encoder, TorchStateEncoder
from app.asr.backends.faster_whisper.states import HostStates, TorchStates
from app.asr.backends.faster_whisper.torch_encoder import MOST_GRAPHS, GraphCache, TorchEncoder
from app.asr.base import DecodeOptions, Engine, WindowRequest
from app.asr.frames import Features
from app.asr.hardware import Device
from app.asr.stages import StageClock
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.core.errors import DeviceLost, EngineFailed
from app.schemas.window import WindowTranscript
from app.weights import pt_to_ct2
from app.weights.checkpoint import read_checkpoint
from app.weights.encoder_weights import EncoderWeights
from app.weights.files import WeightsError
from app.weights.vocabulary import read_vocabulary
from tests.unit.asr.engines import whole_window
from tests.unit.weights.models import write_random_checkpoint

pytestmark = [pytest.mark.weights, pytest.mark.usefixtures("one_torch_thread")]

MELS = 80
LOST = RuntimeError("CUDA error: unspecified launch failure")


@pytest.fixture
def base(base_weights: Path) -> Path:
    return base_weights / "whisper" / "base"


def noise(windows: int = 1, frames: int = 400) -> Features:
    return np.random.default_rng(0).uniform(-1, 1, (windows, MELS, frames)).astype(np.float32)


def in_ctranslate2(folder: Path, features: Features) -> Features:
    model = Whisper(str(folder), device="cpu", compute_type="float32", intra_threads=1)
    return np.asarray(model.encode(StorageView.from_array(features), to_cpu=True))


@pytest.mark.parametrize("seconds", [30, 7.5])
def test_the_states_of_speech_are_those_of_ctranslate2(base: Path, assets: Path, seconds: float) -> None:
    extractor = WhisperModel(str(base), device="cpu").feature_extractor
    sound, _ = read_samples(assets / "speech_en.flac")
    features = silent_after(sound_features(extractor, sound), seconds)[None]

    theirs = in_ctranslate2(base, features)
    ours = TorchEncoder(EncoderWeights.read(base), "cpu", torch.float32)(features).numpy()

    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < 1e-4 * np.abs(theirs).mean()
    assert np.abs(ours - theirs).max() < 0.005


@pytest.mark.parametrize("quantization", ["int8", "int16", "float32"])
def test_quantised_weights_are_those_that_ctranslate2_computes_with(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantization: str
) -> None:
    write_random_checkpoint(tmp_path / "mine.pt")
    vocabulary, optimize = read_vocabulary(base), WhisperSpec.optimize
    assert vocabulary is not None
    monkeypatch.setattr(WhisperSpec, "optimize", lambda spec, **_: optimize(spec, quantization=quantization))
    pt_to_ct2.convert(read_checkpoint(tmp_path / "mine.pt"), vocabulary, tmp_path / "mine", "mine")

    weights = EncoderWeights.read(tmp_path / "mine")
    stored = weights.variables["layer_0/ffn/linear_0/weight"]
    ours = TorchEncoder(weights, "cpu", torch.float32)(noise(2)).numpy()

    assert stored.dtype == quantization
    assert np.allclose(ours, in_ctranslate2(tmp_path / "mine", noise(2)), atol=1e-4)


def test_a_folder_without_an_encoder_is_refused(base: Path) -> None:
    weights = EncoderWeights({"layer_0/ffn/linear_0/weight": np.zeros((1, 1), np.int8)})
    assert weights.layers == 1
    with pytest.raises(WeightsError, match="num_heads"):
        TorchEncoder(weights, "cpu", torch.float32)
    with pytest.raises(WeightsError, match="weight_scale"):
        weights.array("layer_0/ffn/linear_0/weight")


def test_a_shape_that_comes_again_gets_a_graph_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    captured: list[int] = []

    class Graph:
        """Stands for a captured one: there is no CUDA here."""

        def __init__(self, function: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor) -> None:
            captured.append(len(batch))
            self.replayed = function

    monkeypatch.setattr(torch_encoder, "_Graph", Graph)
    cache = GraphCache(lambda batch: batch + 1)
    for windows in range(1, MOST_GRAPHS + 2):
        for _ in range(3):
            assert (cache(torch.zeros(windows)) == 1).all()
    assert captured == list(range(1, MOST_GRAPHS + 2))

    cache(torch.zeros(MOST_GRAPHS + 1))
    cache(torch.zeros(2))
    assert len(captured) == MOST_GRAPHS + 1
    cache(torch.zeros(1))
    assert captured[-1] == 1, "the graph not used for longest was given up"


def words(transcript: WindowTranscript) -> list[tuple[str, float, float]]:
    found = (word for segment in transcript.segments for word in segment.words or ())
    return [(word.word, word.start, word.end) for word in found]


def test_the_transcript_does_not_depend_on_which_library_encodes(
    base: Path, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor, with torch, on where the states lie."""
    sound, _ = read_samples(assets / "speech_en.flac")
    sound = sound[: 3 * SAMPLE_RATE]
    requests = [WindowRequest(whole_window(sound), DecodeOptions(word_timestamps=True))]

    def engine(encoder: str) -> Engine:
        settings = Settings(device="cpu", compute_type="float32", encoder=encoder)
        return load(base, "base", settings)

    engines = [engine("ctranslate2"), engine("torch")]
    monkeypatch.setattr(loading, "state_store", lambda *_: TorchStates("cpu"))
    engines.append(engine("torch"))
    theirs, *ours = (each.transcribe(requests)[0] for each in engines)

    assert [each.text for each in ours] == 2 * [theirs.text]
    assert [words(each) for each in ours] == 2 * [words(theirs)]
    assert words(theirs)
    assert [each.info.encoder for each in engines] == ["ctranslate2", "torch", "torch"]
    assert "torch" in engines[1].info.versions


class TestFailures:
    """Of an encoder on torch whose calls raise an error."""

    @pytest.fixture
    def theirs(self, base: Path) -> CTranslate2Encoder:
        return CTranslate2Encoder(WhisperModel(str(base), device="cpu").model, HostStates())

    def encoder(self, theirs: CTranslate2Encoder, error: Exception) -> TorchStateEncoder:
        def fails(features: Features) -> torch.Tensor:
            raise error

        return TorchStateEncoder(fails, theirs, StageClock())

    def test_the_other_takes_over_with_one_warning(
        self, theirs: CTranslate2Encoder, caplog: pytest.LogCaptureFixture
    ) -> None:
        encoder = self.encoder(theirs, RuntimeError("CUDA error: an illegal memory access"))
        assert encoder.name == "torch"
        with caplog.at_level(logging.WARNING):
            states = [encoder(noise()) for _ in range(2)]
        assert np.array_equal(states[0], theirs(noise()))
        assert encoder.name == "ctranslate2"
        assert len(caplog.records) == 1

    @pytest.mark.parametrize("is_on_gpu", [True, False])
    def test_a_gpu_that_is_lost_is_not_hidden(
        self, base: Path, monkeypatch: pytest.MonkeyPatch, is_on_gpu: bool
    ) -> None:
        """There is no GPU: both encoders are told to fail as on one that was lost. A processor cannot be."""
        monkeypatch.setattr(loading, "choose_encoder", lambda _, __, theirs, *___: self.encoder(theirs, LOST))
        engine = load(base, "base", Settings(device="cpu"))
        engine._together = is_on_gpu
        window = WindowRequest(whole_window(noise()[0, 0, :SAMPLE_RATE]), DecodeOptions())
        calls = []

        def encode(features: StorageView, *, to_cpu: bool = False) -> StorageView:
            calls.append(to_cpu)
            raise LOST

        monkeypatch.setattr(engine._backend._runtime.model, "encode", encode)  # type: ignore[attr-defined]
        with pytest.raises(EngineFailed, match="unspecified launch failure") as failed:
            engine.transcribe([window])
        assert type(failed.value) is (DeviceLost if is_on_gpu else EngineFailed)
        assert len(calls) == 1 + is_on_gpu, "CTranslate2's encoder after torch's, and on a GPU one probe"

    def test_a_lack_of_memory_is_for_the_caller(self, theirs: CTranslate2Encoder) -> None:
        encoder = self.encoder(theirs, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"))
        with pytest.raises(torch.OutOfMemoryError):
            encoder(noise())
        assert encoder.name == "torch"


class TestChoice:
    """Which encoder a model gets."""

    @pytest.fixture
    def theirs(self, base: Path) -> CTranslate2Encoder:
        model = WhisperModel(str(base), device="cpu", compute_type="float32").model
        return CTranslate2Encoder(model, HostStates())

    @staticmethod
    def model(base: Path, device: str) -> EncoderModel:
        return EncoderModel(base, "sha256:0", Device(device), "float32", MELS, 1)

    @pytest.mark.parametrize(("wanted", "chosen"), [("auto", "ctranslate2"), ("torch", "torch")])
    def test_on_a_processor_it_is_that_which_was_asked_for(
        self, base: Path, theirs: CTranslate2Encoder, tmp_path: Path, wanted: str, chosen: str
    ) -> None:
        found = choose_encoder(wanted, self.model(base, "cpu"), theirs, StageClock(), tmp_path)
        assert found.name == chosen
        assert not list(tmp_path.iterdir())

    def test_without_torch_it_says_what_to_install(
        self,
        base: Path,
        theirs: CTranslate2Encoder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setitem(sys.modules, "torch", None)
        with caplog.at_level(logging.INFO):
            for wanted in ("auto", "torch"):
                model = self.model(base, "cuda")
                assert choose_encoder(wanted, model, theirs, StageClock(), tmp_path) is theirs
        assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]
        assert "requirements/torch.txt" in caplog.text

    def test_one_with_other_states_is_not_used(
        self,
        base: Path,
        theirs: CTranslate2Encoder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        weights = EncoderWeights.read(base)
        weights.variables["num_heads"] = np.asarray(4, np.int16)
        monkeypatch.setattr(EncoderWeights, "read", lambda _: weights)
        found = choose_encoder("torch", self.model(base, "cpu"), theirs, StageClock(), tmp_path)
        assert found is theirs
        assert "its states differ by" in caplog.text

    @pytest.mark.parametrize("works", [True, False])
    def test_what_torch_says_of_the_gpu_is_no_proof_that_it_is_lost(
        self,
        base: Path,
        theirs: CTranslate2Encoder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        works: bool,
    ) -> None:
        """It is where CTranslate2 cannot use it any more, either."""

        def fails(*_: object) -> object:
            raise LOST

        monkeypatch.setattr(encoder_choice, "_load", fails)
        if works:
            assert choose_encoder("torch", self.model(base, "cpu"), theirs, StageClock(), tmp_path) is theirs
            return
        monkeypatch.setattr(CTranslate2Encoder, "__call__", fails)
        with pytest.raises(DeviceLost, match="set ENCODER=ctranslate2"):
            choose_encoder("torch", self.model(base, "cpu"), theirs, StageClock(), tmp_path)

    @pytest.mark.parametrize("faster", ["torch", "ctranslate2"])
    def test_on_a_gpu_the_faster_one_is_used_and_remembered(
        self,
        base: Path,
        theirs: CTranslate2Encoder,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        faster: str,
    ) -> None:
        """There is no GPU: an encoder that knows its states stands for torch's, and the times are given."""
        ours = TorchStateEncoder(lambda _: torch.zeros(1, 1, 1), theirs, StageClock())
        measured: list[str] = []

        def seconds(encoder: TorchStateEncoder, features: Features) -> float:
            measured.append(encoder.name)
            return 0.01 if encoder.name == faster else 0.02

        monkeypatch.setattr(encoder_choice, "_load", lambda *_: ours)
        monkeypatch.setattr(encoder_choice, "_name_of", lambda _: "A card, sha256:0")
        monkeypatch.setattr(encoder_choice, "_seconds", seconds)
        for _ in range(2):
            found = choose_encoder("auto", self.model(base, "cuda"), theirs, StageClock(), tmp_path)
            assert found.name == faster
        assert measured == ["torch", "ctranslate2"] * 2

        (tmp_path / CHOICES_FILE).write_text("[damaged")
        choose_encoder("auto", self.model(base, "cuda"), theirs, StageClock(), tmp_path)
        assert len(measured) == 8, "what cannot be read is measured again"
