"""A CTranslate2 folder to an engine: device, compute type, threads, batch sizes."""

from importlib import metadata
from pathlib import Path

from app.asr.backends.faster_whisper.context import tuning_for
from app.asr.backends.faster_whisper.engine import FasterWhisperEngine
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import EngineInfo
from app.asr.hardware import batch_limits, choose_compute_type, choose_decode_workers
from app.asr.scheduling.scheduler import SPARE_DECODE_WORKERS
from app.core.config import Settings
from app.core.errors import EngineFailed, ModelUnavailable
from app.weights.digest import digest_of


def load(folder: Path, model: str, settings: Settings, tuning: Tuning | None = None) -> FasterWhisperEngine:
    """Load the model in `folder`. Raises ModelUnavailable or EngineFailed."""
    import ctranslate2
    from faster_whisper import WhisperModel

    device = _device(settings.device, ctranslate2.get_cuda_device_count())
    supported = ctranslate2.get_supported_compute_types(device)
    compute_type = choose_compute_type(settings.compute_type, device, supported)
    decode_workers = choose_decode_workers(settings.cpu_threads, device)
    try:
        runtime = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=decode_workers.threads,
            num_workers=decode_workers.count + SPARE_DECODE_WORKERS,
            local_files_only=True,
        )
    except MemoryError as error:
        raise EngineFailed(f"There is not enough memory for the model {model!r}: {error}") from error
    except Exception as error:
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({error}); remove the folder {folder.name!r} "
            "from the model cache to fetch them again."
        ) from error
    ctranslate2.set_random_seed(0)
    versions = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2")}
    digest = digest_of(folder / "model.bin")
    tuning = tuning or tuning_for(settings.encoder_context, device, digest)
    info = EngineInfo(
        engine="faster-whisper",
        model=model,
        device=device,
        compute_type=compute_type,
        encoder_context="short" if tuning.trims else "full",
        digest=digest,
        versions=versions,
    )
    return FasterWhisperEngine(
        runtime, info, tuning, decode_workers.count, batch_limits(settings.batch_size, device)
    )


def _device(wanted: str, gpus: int) -> str:
    if wanted == "cuda" and not gpus:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but no NVIDIA GPU can be used here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if gpus else "cpu"
