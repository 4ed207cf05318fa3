"""A CTranslate2 folder to an engine: device, compute type, threads, batch sizes."""

import logging
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from app.asr.backends.faster_whisper.backend import FasterWhisperBackend
from app.asr.backends.faster_whisper.context import padding_for, tuning_for
from app.asr.backends.faster_whisper.encoder_choice import EncoderModel, choose_encoder
from app.asr.backends.faster_whisper.gpu_batches import whisper_batch_limits
from app.asr.backends.faster_whisper.metered import MeteredWhisper
from app.asr.backends.faster_whisper.padding import Padding
from app.asr.backends.faster_whisper.state_encoders import TORCH, CTranslate2Encoder, StateEncoder, silence
from app.asr.backends.faster_whisper.states import state_store
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import EngineInfo
from app.asr.device_errors import is_out_of_memory, missing_library
from app.asr.frames import States
from app.asr.hardware import DecodeWorkers, Device, choose_compute_type, choose_decode_workers
from app.asr.pipeline import WhisperPipeline
from app.asr.scheduling.scheduler import SPARE_DECODE_WORKERS
from app.asr.stages import StageClock
from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable, OutOfDeviceMemory, ServiceError
from app.weights.digest import digest_of, has_changed

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

logger = logging.getLogger(__name__)

CUDA_PACKAGES = "pip install -r requirements/cuda.txt"


def load(
    folder: Path,
    model: str,
    settings: Settings,
    tuning: Tuning | None = None,
    stages: StageClock | None = None,
) -> WhisperPipeline[States]:
    """Load the model in `folder`; `stages` count its work.

    Raises ModelUnavailable or ModelOutOfMemory; OutOfDeviceMemory where it does not fit into the GPU.
    """
    import ctranslate2

    device = Device.choose(settings.device, ctranslate2.get_cuda_device_count())
    try:
        return _load_on(device, folder, model, settings, tuning, stages or StageClock())
    except Exception as error:
        library = missing_library(error) if device.kind == "cuda" else None
        if library is None or settings.device != "auto":
            raise _told(error, library, folder, model, device) from error
        logger.warning(
            "A GPU is there, but %s cannot be loaded: the model runs on the CPU. Install it (%s), or set "
            "DEVICE=cpu.",
            library,
            CUDA_PACKAGES,
        )
    return _load_on(Device("cpu"), folder, model, settings, tuning, stages or StageClock())


def _load_on(
    device: Device,
    folder: Path,
    model: str,
    settings: Settings,
    tuning: Tuning | None,
    stages: StageClock,
) -> WhisperPipeline[States]:
    import ctranslate2

    supported = ctranslate2.get_supported_compute_types(device.kind, device.index)
    compute_type = choose_compute_type(settings.compute_type, device.kind, supported)
    workers = choose_decode_workers(settings.cpu_threads, device.kind)
    runtime = _open(folder, device, compute_type, workers)
    ctranslate2.set_random_seed(0)
    digest = digest_of(folder / "model.bin")
    tuning = tuning or tuning_for(settings.encoder_context, device.kind, digest)
    padding = padding_for(digest, tuning)
    weights = EncoderModel(folder, digest, device, compute_type, runtime.model.n_mels, workers.threads)
    encode = _encoder(runtime, weights, settings, stages)
    limits = whisper_batch_limits(settings, device, folder, compute_type)
    info = replace(_info(model, weights, tuning, padding, encode), batch_limit=limits.windows)
    backend = FasterWhisperBackend(runtime, info, tuning, padding, encode, workers.count, limits, stages)
    return WhisperPipeline(backend, stages, covers=tuning.coverage)


def _encoder(
    runtime: "WhisperModel", weights: EncoderModel, settings: Settings, stages: StageClock
) -> StateEncoder:
    """What encodes for the model, whose calls are counted from now on."""
    store = state_store(weights.device, runtime.model, silence(runtime.model))
    runtime.model = MeteredWhisper(runtime.model, stages)
    theirs = CTranslate2Encoder(runtime.model, store)
    return choose_encoder(settings.encoder, weights, theirs, stages, settings.cache_dir)


def _info(
    model: str, weights: EncoderModel, tuning: Tuning, padding: Padding, encode: StateEncoder
) -> EngineInfo:
    packages = ("faster-whisper", "ctranslate2", *((TORCH,) if encode.name == TORCH else ()))
    return EngineInfo(
        engine="faster-whisper",
        model=model,
        device=weights.device.kind,
        compute_type=weights.compute_type,
        encoder_context="short" if tuning.trims else "full",
        digest=weights.digest,
        versions={name: metadata.version(name) for name in packages},
        encoder_padding=padding.name,
        encoder=encode.name,
    )


def _open(folder: Path, device: Device, compute_type: str, workers: DecodeWorkers) -> "WhisperModel":
    """The weights in memory; on a GPU, with a window encoded: libraries are loaded at the first one only."""
    from faster_whisper import WhisperModel

    runtime = WhisperModel(
        str(folder),
        device=device.kind,
        device_index=device.index,
        compute_type=compute_type,
        cpu_threads=workers.threads,
        num_workers=workers.count + SPARE_DECODE_WORKERS,
        local_files_only=True,
    )
    if device.kind == "cuda":
        runtime.model.encode(silence(runtime.model))
    return runtime


def _told(error: Exception, library: str | None, folder: Path, model: str, device: Device) -> ServiceError:
    """The error of loading as one of the service, with what to do about it."""
    if isinstance(error, ServiceError):
        return error
    if library is not None:
        return ModelUnavailable(
            f"DEVICE={device} is set, but {library} cannot be loaded; install it ({CUDA_PACKAGES}), or set "
            "DEVICE to auto or cpu."
        )
    if is_out_of_memory(error):
        failure = OutOfDeviceMemory if device.kind == "cuda" else ModelOutOfMemory
        return failure(f"There is not enough memory for the model {model!r}: {error}")
    if has_changed(folder / "model.bin"):
        return ModelUnavailable(
            f"The weights of {model!r} are damaged: their sum is not that with which they were fetched. "
            f"Remove the folder {folder.name!r} from the model cache to fetch them again."
        )
    return ModelUnavailable(f"The weights of {model!r} cannot be loaded: {error}")
