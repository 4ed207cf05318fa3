import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.asr.backends import onnx_asr
from app.asr.backends.onnx_asr import loading
from app.asr.hardware import DecodeWorkers, Device
from app.asr.scheduling.models import ModelPool
from app.core.config import Settings
from app.core.errors import ModelUnavailable
from tests.unit.asr.backends.onnx_asr.networks import write_ctc, write_rnnt
from tests.unit.asr.engines import HeldEngine

CTC, RNNT = "gigaam-v2-ctc", "gigaam-v3-e2e-rnnt"
Making = Callable[..., Settings]


@pytest.fixture
def folder(settings_for: Making) -> Path:
    """That of the model in the cache of `settings_for`."""
    folder = settings_for().cache_dir / "whisper" / CTC
    write_ctc(folder)
    return folder


@pytest.mark.parametrize("engine", ["auto", "onnx-asr"])
def test_the_model_decides_the_engine(settings_for: Making, folder: Path, engine: str) -> None:
    loaded = ModelPool(settings_for(engine=engine)).load(CTC)

    info = loaded.info
    assert (info.engine, info.model, info.device, info.compute_type) == ("onnx-asr", CTC, "cpu", "float32")
    assert info.digest == f"sha256:{hashlib.sha256((folder / 'v2_ctc.onnx').read_bytes()).hexdigest()}"
    assert set(info.versions) == {"onnx-asr", "onnxruntime"}
    loaded.close()


@pytest.mark.parametrize("engine", ["faster-whisper", "openai-whisper"])
def test_another_engine_does_not_run_it(settings_for: Making, folder: Path, engine: str) -> None:
    with pytest.raises(
        ModelUnavailable, match=f"'{CTC}' does not run with ENGINE={engine}; set ENGINE to auto or onnx-asr"
    ):
        ModelPool(settings_for(engine=engine)).load(CTC)


def test_onnx_asr_runs_no_whisper(settings_for: Making) -> None:
    with pytest.raises(ModelUnavailable, match=r"'base'; set ENGINE to auto .* choose one of: gigaam-v3-e2e"):
        ModelPool(settings_for(engine="onnx-asr")).load("base")


def test_a_server_may_have_such_a_model(settings_for: Making) -> None:
    pool = ModelPool(settings_for(engine="remote", remote_url="http://127.0.0.1:9/v1"))
    assert pool.load(CTC).info.engine == "remote"


def test_packages_that_are_missing(
    settings_for: Making, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_asr, "is_installed", lambda: False)
    with pytest.raises(ModelUnavailable, match=r"run: pip install -r requirements/onnx-asr\.txt"):
        ModelPool(settings_for(engine="auto")).load(CTC)


def test_weights_that_are_not_there(settings_for: Making) -> None:
    with pytest.raises(ModelUnavailable, match=r"MODEL_DOWNLOADS is off.*whisper/gigaam-v2-ctc/"):
        ModelPool(settings_for(engine="auto")).load(CTC)


def test_the_form_is_that_of_the_compute_type(settings_for: Making, folder: Path) -> None:
    write_ctc(folder, ".int8")
    for compute_type, form in (("auto", "float32"), ("int8", "int8"), ("float32", "float32")):
        engine = ModelPool(settings_for(engine="auto", compute_type=compute_type)).load(CTC)
        assert engine.info.compute_type == form
        engine.close()
    (folder / "v2_ctc.onnx").unlink()
    assert ModelPool(settings_for(engine="auto")).load(CTC).info.compute_type == "int8"


def test_the_digest_is_that_of_all_networks(settings_for: Making) -> None:
    settings = settings_for(engine="auto")
    folder = settings.cache_dir / "whisper" / RNNT
    write_rnnt(folder)
    first = ModelPool(settings).load(RNNT).info.digest
    assert ModelPool(settings).load(RNNT).info.digest == first

    joint = folder / "v3_e2e_rnnt_joint.onnx"
    joint.write_bytes(
        joint.read_bytes() + b"\x0a\x00"
    )  # an empty field of the format: the network is the same

    assert ModelPool(settings).load(RNNT).info.digest != first


def test_broken_weights_are_told(settings_for: Making, folder: Path) -> None:
    pool = ModelPool(settings_for(engine="auto"))
    (folder / "v2_ctc.onnx").write_bytes(b"no network")
    with pytest.raises(ModelUnavailable, match=f"The weights of '{CTC}' cannot be loaded: "):
        pool.load(CTC)

    write_ctc(folder)
    pool.load(CTC).close()
    (folder / "v2_ctc.onnx").write_bytes(b"no network")
    with pytest.raises(ModelUnavailable, match=f"are damaged.*Remove the folder '{CTC}'"):
        pool.load(CTC)


def test_a_gpu_that_is_not_there_is_told(
    settings_for: Making, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    with pytest.raises(ModelUnavailable, match="DEVICE=cuda is set, but no NVIDIA GPU"):
        ModelPool(settings_for(engine="auto", device="cuda")).load(CTC)


def test_a_gpu_that_onnxruntime_cannot_use(
    settings_for: Making, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The package of PyPI has no CUDA: so it is here."""
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    with pytest.raises(
        ModelUnavailable, match=r"has no CUDA; install onnxruntime-gpu .* DEVICE to auto or cpu"
    ):
        ModelPool(settings_for(engine="auto", device="cuda")).load(CTC)

    with caplog.at_level(logging.WARNING):
        engine = ModelPool(settings_for(engine="auto", device="auto")).load(CTC)
    assert engine.info.device == "cpu"
    assert "A GPU is there, but" in caplog.text


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_gpu_whose_libraries_are_missing(
    settings_for: Making, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """onnxruntime names CUDA, and goes on with the CPU where it cannot load it."""
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(loading, "_device", lambda wanted: Device("cuda"))
    with pytest.raises(ModelUnavailable, match="CUDA cannot be used by onnxruntime"):
        ModelPool(settings_for(engine="auto", device="cuda")).load(CTC)

    engine = ModelPool(settings_for(engine="auto", cpu_threads=2)).load(CTC)
    assert (engine.info.device, engine.decode_workers) == ("cpu", 2)
    assert "CUDA cannot be used by onnxruntime" in caplog.text


@pytest.mark.parametrize(
    ("workers", "threads"),
    [(DecodeWorkers(1, 1), 1), (DecodeWorkers(4, 1), 1), (DecodeWorkers(4, 2), 5), (DecodeWorkers(1, 4), 4)],
)
def test_decode_workers_share_the_threads_of_a_session(workers: DecodeWorkers, threads: int) -> None:
    assert loading._session_options(workers).intra_op_num_threads == threads


def test_too_little_memory_on_a_gpu_leads_down_to_the_cpu(settings_for: Making) -> None:
    """Although the engine names its weights otherwise (float32, int8) than the way in which it was loaded."""
    pool = ModelPool(settings_for(engine="auto"))
    engine = HeldEngine(CTC)
    engine.info = replace(engine.info, device="cuda", compute_type="float32")
    pool.put(CTC, engine)

    ways = []
    for _ in range(2):
        assert pool.step_down(CTC)
        ways.append((pool._loads[CTC].device, pool._loads[CTC].compute_type))

    assert ways == [("cuda", "int8_float16"), ("cpu", "auto")]
