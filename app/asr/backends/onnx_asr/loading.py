"""A folder of onnx-asr's to an engine: device, form of the weights, threads, batch size."""

import logging
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from app.asr.backends.onnx_asr.engine import OnnxAsrEngine
from app.asr.base import EngineInfo
from app.asr.device_errors import is_out_of_memory
from app.asr.hardware import DecodeWorkers, Device, batch_size, choose_decode_workers
from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable, OutOfDeviceMemory, ServiceError
from app.weights.digest import digest_of_all, has_changed
from app.weights.onnx_models import ONNX_MODELS, OnnxModel, OnnxWeights

if TYPE_CHECKING:
    from onnx_asr.adapters import TimestampedResultsAsrAdapter
    from onnxruntime import SessionOptions

logger = logging.getLogger(__name__)

CUDA = "CUDAExecutionProvider"
_GPU_PACKAGE = "onnxruntime-gpu in place of onnxruntime"

Provider = str | tuple[str, dict[Any, Any]]


def is_installed() -> bool:
    """Whether onnx-asr can be imported here."""
    return find_spec("onnx_asr") is not None


def load(weights: OnnxWeights, model: str, settings: Settings) -> OnnxAsrEngine:
    """Load a model.

    Raises ModelUnavailable or ModelOutOfMemory; OutOfDeviceMemory where it does not fit into the GPU.
    """
    device = _device(settings.device)
    workers = choose_decode_workers(settings.cpu_threads, device.kind)
    try:
        runtime = _open(weights, model, device, workers)
        if device.kind == "cuda" and not _is_on_gpu(runtime):
            _without_gpu(settings.device, "CUDA cannot be used by onnxruntime (its log says why)")
            device, workers = Device("cpu"), choose_decode_workers(settings.cpu_threads, "cpu")
            runtime = _open(weights, model, device, workers)
    except Exception as error:
        raise _told(error, weights, model, device) from error
    info = _info(weights, model, device)
    # One window a batch on a CPU: weights of int8 are rounded by what is loudest in the whole batch, so that
    # a window's text would depend on the others; and decode workers fill the cores.
    windows = 1 if device.kind == "cpu" else settings.batch_size or batch_size(device.kind)
    return OnnxAsrEngine(runtime, ONNX_MODELS[model], info, workers.count, windows)


def _device(wanted: str) -> Device:
    """That of the setting DEVICE, where onnxruntime can use it. Raises ModelUnavailable."""
    import ctranslate2
    import onnxruntime

    device = Device.choose(wanted, ctranslate2.get_cuda_device_count())
    if device.kind == "cpu" or CUDA in onnxruntime.get_available_providers():
        return device
    _without_gpu(wanted, "the onnxruntime that is installed here has no CUDA")
    return Device("cpu")


def _without_gpu(wanted: str, reason: str) -> None:
    """Tell why a GPU that is there is not used. Raises ModelUnavailable where it was asked for."""
    if wanted != "auto":
        raise ModelUnavailable(
            f"DEVICE={wanted} is set, but {reason}; install {_GPU_PACKAGE}, or set DEVICE to auto or cpu."
        )
    logger.warning(
        "A GPU is there, but %s: the model runs on the CPU. Install %s, or set DEVICE=cpu.",
        reason,
        _GPU_PACKAGE,
    )


def _open(
    weights: OnnxWeights, model: str, device: Device, workers: DecodeWorkers
) -> "TimestampedResultsAsrAdapter":
    from onnx_asr.loader import Manager

    providers: list[Provider] = ["CPUExecutionProvider"]
    if device.kind == "cuda":
        providers.insert(0, (CUDA, {"device_id": device.index}))
    manager = Manager(
        sess_options=_session_options(workers),
        providers=providers,
        preprocessor_config={"use_numpy_preprocessors": True},  # the same features on every device
        resampler_config={
            "sess_options": _session_options(DecodeWorkers(1, 1)),
            "providers": ["CPUExecutionProvider"],
        },
    )
    quantization = None if weights.form == "float32" else weights.form
    return manager.create_asr(
        model, weights.folder, quantization=quantization, offline=True
    ).with_timestamps()


def _session_options(workers: DecodeWorkers) -> "SessionOptions":
    """Decode workers share the threads of a session, to which each brings its own."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = workers.count * (workers.threads - 1) + 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others need the cores, too
    # An arena keeps the most that was ever needed; a pattern of it takes twice as much, and time.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    return options


def _is_on_gpu(runtime: "TimestampedResultsAsrAdapter") -> bool:
    """Whether CUDA has been taken: where its libraries are missing, onnxruntime goes on with the CPU."""
    import onnxruntime

    sessions = [each for each in vars(runtime.asr).values() if isinstance(each, onnxruntime.InferenceSession)]
    return all(session.get_providers()[0] == CUDA for session in sessions)


def _info(weights: OnnxWeights, model: str, device: Device) -> EngineInfo:
    import onnxruntime

    versions = {"onnx-asr": metadata.version("onnx-asr"), "onnxruntime": str(onnxruntime.__version__)}
    return EngineInfo(
        engine="onnx-asr",
        model=model,
        device=device.kind,
        compute_type=weights.form,
        encoder_context="full",
        digest=digest_of_all(weights.files),
        versions=versions,
        ignores=_ignored(ONNX_MODELS[model]),
    )


def _ignored(model: OnnxModel) -> tuple[str, ...]:
    """A decoder that is told the language, Canary's, gives no times."""
    times: Sequence[str] = ("word_timestamps",) if model.is_told_language else ()
    return ("prompt", "hotwords", "temperature", *times)


def _told(error: Exception, weights: OnnxWeights, model: str, device: Device) -> ServiceError:
    """The error of loading as one of the service, with what to do about it."""
    if isinstance(error, ServiceError):
        return error
    if is_out_of_memory(error):
        failure = OutOfDeviceMemory if device.kind == "cuda" else ModelOutOfMemory
        return failure(f"There is not enough memory for the model {model!r}: {error}")
    if any(has_changed(file) for file in weights.files):
        return ModelUnavailable(
            f"The weights of {model!r} are damaged: their sum is not that with which they were fetched. "
            f"Remove the folder {weights.folder.name!r} from the model cache to fetch them again."
        )
    return ModelUnavailable(f"The weights of {model!r} cannot be loaded: {error}")
