"""Which library encodes for a model: as ENCODER says, or, on a GPU, the one that is faster there.

Both are measured when the model is loaded, and what came out is kept in the model cache for the next start.
Whatever goes wrong with torch leaves CTranslate2's encoder in use. The measuring on CUDA was never run on a
card here.
"""

import json
import logging
import statistics
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from app.asr.backends.faster_whisper.state_encoders import (
    CTRANSLATE2,
    TORCH,
    CTranslate2Encoder,
    StateEncoder,
    TorchStateEncoder,
)
from app.asr.device_errors import is_lost_for_good
from app.asr.frames import FULL_FRAMES, Features
from app.asr.hardware import Device
from app.asr.stages import StageClock
from app.core.errors import DeviceLost
from app.weights.encoder_weights import EncoderWeights
from app.weights.files import staged

logger = logging.getLogger(__name__)

CHOICES_FILE = "encoders.json"
"""In CACHE_DIR: what was measured, by GPU, weights and versions."""

WINDOWS = (1, 8)
"""Batches that are measured: the first one of a recording, and a full one."""

WARM_UPS, REPEATS = 3, 5
"""The first calls of a shape compile kernels and capture graphs."""

MOST_DIFFERENCE, MOST_DIFFERENCE_INT8 = 0.05, 0.15
"""Mean difference of the states over their mean size. With `base`, bfloat16 makes 0.02, CTranslate2's int8
0.07, a wrong number of attention heads 0.71."""


@dataclass(frozen=True, slots=True)
class EncoderModel:
    """A loaded model as far as the choice depends on it.

    `mels` is the height of its features, `threads` how many a batch has on a CPU.
    """

    folder: Path
    digest: str
    device: Device
    compute_type: str
    mels: int
    threads: int


def choose_encoder(
    wanted: str, model: EncoderModel, theirs: CTranslate2Encoder, stages: StageClock, cache_dir: Path
) -> StateEncoder:
    """The encoder that ENCODER (`wanted`) asks for; CTranslate2's where the other cannot be had.

    Raises DeviceLost where CTranslate2's does not work any more after the other was tried.
    """
    if wanted == CTRANSLATE2 or (wanted == "auto" and model.device.kind != "cuda"):
        return theirs
    ours = _wanted_on_torch(wanted, model, theirs, stages, _Choices(cache_dir / CHOICES_FILE))
    if ours is None:
        theirs.store.free()
        return theirs
    return ours


def _wanted_on_torch(
    wanted: str, model: EncoderModel, theirs: CTranslate2Encoder, stages: StageClock, choices: "_Choices"
) -> TorchStateEncoder | None:
    """The encoder on torch, if it can be had and is asked for, or faster."""
    try:
        name = _name_of(model)
        if wanted == "auto" and choices.get(name) == CTRANSLATE2:
            return None
        ours = _load(model, theirs, stages)
        if wanted == TORCH or choices.get(name) == TORCH or _is_faster(ours, theirs, model, choices, name):
            return ours
    except (ImportError, metadata.PackageNotFoundError):
        level = logging.WARNING if wanted == TORCH else logging.INFO
        logger.log(level, "No encoder on torch without it: pip install -r requirements/torch.txt")
    except Exception as error:  # whatever torch, the driver or unknown weights lead to
        if is_lost_for_good(error, lambda: theirs.store.to_host(theirs(_noise(1, model.mels)))):
            raise DeviceLost(
                f"The GPU can be used no more after the encoder on torch was tried: {error} If that happens "
                "at every start, set ENCODER=ctranslate2."
            ) from error
        logger.warning("The encoder on torch cannot be used; CTranslate2's is: %s", error)
    return None


def _load(model: EncoderModel, theirs: CTranslate2Encoder, stages: StageClock) -> TorchStateEncoder:
    """The encoder on torch, whose states are those of the other. Raises whatever goes wrong."""
    import torch

    from app.asr.backends.faster_whisper.torch_encoder import TorchEncoder

    if model.device.kind == "cpu":
        torch.set_num_threads(model.threads)
    is_single = model.device.kind == "cpu" or model.compute_type in ("float32", "int8_float32")
    dtype = torch.float32 if is_single else torch.float16
    encode = TorchEncoder(EncoderWeights.read(model.folder), str(model.device), dtype)
    noise = _noise(1, model.mels)
    expected = theirs.store.to_host(theirs(noise))
    found = theirs.store.to_host(theirs.store.from_tensor(encode(noise)))
    difference = float(np.abs(found - expected).mean() / np.abs(expected).mean())
    is_int8 = model.compute_type.startswith("int8")
    if not difference <= (MOST_DIFFERENCE_INT8 if is_int8 else MOST_DIFFERENCE):
        raise RuntimeError(f"its states differ by {100 * difference:.1f} % from those of CTranslate2")
    return TorchStateEncoder(encode, theirs, stages)


def _is_faster(
    ours: TorchStateEncoder,
    theirs: CTranslate2Encoder,
    model: EncoderModel,
    choices: "_Choices",
    name: str,
) -> bool:
    """Measure both, and keep what came out."""
    seconds: dict[str, float] = {TORCH: 0.0, CTRANSLATE2: 0.0}
    for windows in WINDOWS:
        noise = _noise(windows, model.mels)
        for encoder in (ours, theirs):
            seconds[encoder.name] += _seconds(encoder, noise)
    if ours.name != TORCH:
        return False  # it has failed, and said so
    best = min(seconds, key=seconds.__getitem__)
    logger.info("Encoding takes %s: %s is used", _told(seconds), best)
    choices.keep(name, best, seconds)
    return best == TORCH


def _seconds(encoder: StateEncoder, features: Features) -> float:
    """Median time of a call, until the states can be read."""
    taken = []
    for _ in range(WARM_UPS + REPEATS):
        started = time.perf_counter()
        encoder.store.to_host(encoder(features)[:1, :1])
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[WARM_UPS:])


def _name_of(model: EncoderModel) -> str:
    """Of everything that the choice depends on."""
    import torch

    gpu = torch.cuda.get_device_name(model.device.index) if model.device.kind == "cuda" else "cpu"
    versions = (f"{package} {metadata.version(package)}" for package in ("ctranslate2", "torch"))
    return ", ".join((gpu, model.digest, model.compute_type, *versions))


def _noise(windows: int, mels: int) -> Features:
    """Features of 30 s."""
    noise = np.random.default_rng(0).uniform(-1, 1, (windows, mels, FULL_FRAMES))
    return noise.astype(np.float32)


def _told(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {1000 * each:.1f} ms" for name, each in seconds.items())


class _Choices:
    """What was measured before; a file that cannot be read or written costs another measurement."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str | None:
        found = self._read().get(name)
        return found.get("encoder") if isinstance(found, dict) else None

    def keep(self, name: str, encoder: str, seconds: dict[str, float]) -> None:
        known = self._read()
        known[name] = {"encoder": encoder, "seconds": {each: round(s, 5) for each, s in seconds.items()}}
        try:
            with staged(self._path) as part:
                part.write_text(json.dumps(known, indent=1), "utf-8")
        except OSError as error:  # a cache that is mounted read-only
            logger.debug("The choice of an encoder cannot be kept: %s", error)

    def _read(self) -> dict[str, object]:
        try:
            known = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
