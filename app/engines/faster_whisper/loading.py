"""A CTranslate2 folder to an engine: device, compute type, threads, batch sizes."""

from importlib import metadata
from pathlib import Path

from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable
from app.engines.base import EngineInfo
from app.engines.faster_whisper.engine import FasterWhisperEngine
from app.engines.faster_whisper.tuning import Tuning
from app.engines.hardware import batch_limits, choose_compute_type, choose_lanes, is_out_of_memory
from app.engines.seats import KEPT_LANES
from app.weights.digest import digest_of


def load(folder: Path, model: str, settings: Settings, tuning: Tuning | None = None) -> FasterWhisperEngine:
    """Load the model in `folder`. Raises ModelUnavailable or ModelOutOfMemory."""
    import ctranslate2
    from faster_whisper import WhisperModel

    device = _device(settings.device, ctranslate2.get_cuda_device_count())
    supported = ctranslate2.get_supported_compute_types(device)
    compute_type = choose_compute_type(settings.compute_type, device, supported)
    lanes = choose_lanes(settings.cpu_threads, device)
    try:
        runtime = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=lanes.threads,
            num_workers=lanes.count + KEPT_LANES,
            local_files_only=True,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise ModelOutOfMemory(
                f"There is not enough memory for the model {model!r} ({error})."
            ) from error
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({error}); remove the folder {folder.name!r} "
            "from the model cache to fetch them again."
        ) from error
    ctranslate2.set_random_seed(0)
    versions = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2")}
    tuning = tuning or Tuning(trims=_trims(settings.encoder_context, device))
    info = EngineInfo(
        engine="faster-whisper",
        model=model,
        device=device,
        compute_type=compute_type,
        encoder_context="short" if tuning.trims else "full",
        digest=digest_of(folder / "model.bin"),
        versions=versions,
    )
    return FasterWhisperEngine(runtime, info, tuning, lanes.count, batch_limits(settings.batch_size, device))


def _trims(wanted: str, device: str) -> bool:
    """A GPU has the encoder's work for nothing."""
    return wanted == "short" or (wanted == "auto" and device == "cpu")


def _device(wanted: str, gpus: int) -> str:
    if wanted == "cuda" and not gpus:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but no NVIDIA GPU can be used here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if gpus else "cpu"
