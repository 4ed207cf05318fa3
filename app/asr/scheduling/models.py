"""Loaded models: which engine runs one, how it was loaded, and how many stay in memory.

ENGINE=faster-whisper and ENGINE=openai-whisper use that engine; weights are fetched or converted as needed.
ENGINE=remote has no weights here: a server transcribes.
ENGINE=onnx-asr runs its own models (GigaAM, Parakeet, Canary), and no Whisper.
ENGINE=auto runs those on onnx-asr, and a Whisper by what lies in the cache: a CTranslate2 folder or a `.pt`
file (converted once) gives faster-whisper; openai-whisper, where installed, takes over a model that
faster-whisper cannot get or load.
"""

import gc
import logging
import sys
from collections import OrderedDict

from app.asr.backends import faster_whisper, onnx_asr, openai_whisper, remote
from app.asr.base import Engine
from app.asr.device_errors import is_device_lost
from app.asr.stages import StageClock
from app.core.config import Settings
from app.core.decorators import timed_stage
from app.core.errors import DeviceLost, ModelUnavailable, OutOfDeviceMemory
from app.weights.onnx_models import ONNX_MODELS, forms_of
from app.weights.onnx_store import ensure_onnx_weights
from app.weights.store import WeightStore

logger = logging.getLogger(__name__)

LADDER = (("cuda", "int8_float16"), ("cpu", "auto"))
"""How a model is loaded (device, compute type) after it has found too little memory on its GPU, in turn; from
then on without an encoder on torch, whose weights lie in memory beside its own."""


class ModelPool:
    """At most MODELS_IN_MEMORY loaded models; the one not used for longest goes first.

    `load` takes long and may be called from any thread. All else is quick, and for the caller to lock, as it
    is to know who uses which model.
    """

    def __init__(self, settings: Settings, stages: StageClock | None = None) -> None:
        self._settings = settings
        self._stages = stages
        self._store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._loads: dict[str, Settings] = {}
        self._has_used_gpu = False

    @property
    def loaded(self) -> tuple[str, ...]:
        """Models in memory, the one used last at the end."""
        return tuple(self._engines)

    @property
    def capacity(self) -> int:
        """How many models may be in memory; any number of those that a server has."""
        return sys.maxsize if self._settings.engine == "remote" else self._settings.models_in_memory

    def get(self, model: str) -> Engine | None:
        """A loaded model, which thereby was used last."""
        if model in self._engines:
            self._engines.move_to_end(model)
        return self._engines.get(model)

    @timed_stage("load model")
    def load(self, model: str) -> Engine:
        """Load a model, to be `put` into the pool, smaller where it does not fit into the GPU as asked.

        Raises ModelUnavailable or EngineFailed; DeviceLost where the GPU has worked in this process before
        and is said to be lost.
        """
        while True:
            settings = self._loads.get(model, self._settings)
            try:
                return self._load(model, settings)
            except OutOfDeviceMemory as error:
                logger.warning("%s", error)
                if not self._step_below(model, settings.device, settings.compute_type):
                    raise
            except ModelUnavailable as error:
                if not (self._has_used_gpu and is_device_lost(error)):
                    raise
                return self._load_once_more(model, settings)

    def put(self, model: str, engine: Engine) -> None:
        """Keep a model that was loaded."""
        self._engines[model] = engine
        self._has_used_gpu |= engine.info.device == "cuda"

    def evict(self, model: str) -> None:
        """Remove a model from memory; nobody may be using it."""
        engine = self._engines.pop(model)
        engine.close()
        del engine
        gc.collect()
        logger.info("Model %s removed from memory", model)

    def step_down(self, model: str) -> bool:
        """Have a model that finds too little memory loaded in a smaller way from now on; False: there is
        none.

        Remembered as long as the process lives. The model must be evicted and loaded again to take effect.
        """
        info = self._engines[model].info
        return info.device == "cuda" and self._step_below(model, info.device, info.compute_type)

    def _step_below(self, model: str, device: str, compute_type: str) -> bool:
        """Have a model loaded in the way below another; False: there is none."""
        stepped = self._loads.get(model)  # an engine may name its weights otherwise than the setting did
        taken = (device.partition(":")[0], compute_type if stepped is None else stepped.compute_type)
        below = LADDER[LADDER.index(taken) + 1 :] if taken in LADDER else LADDER
        if taken[0] == "cpu" or not below:
            return False
        device, compute_type = below[0]
        if device == "cuda" and self._settings.device.startswith("cuda"):
            device = self._settings.device  # the GPU that was chosen
        self._loads[model] = self._settings.model_copy(
            update={"device": device, "compute_type": compute_type, "encoder": "ctranslate2"}
        )
        logger.warning(
            "Model %s does not fit: it is loaded as %s on %s from now on", model, compute_type, device
        )
        return True

    def _load(self, model: str, settings: Settings) -> Engine:
        if settings.engine == "remote":
            return remote.load(model, settings)
        if model in ONNX_MODELS or settings.engine == "onnx-asr":
            return _load_onnx(model, settings)
        if settings.engine == "openai-whisper":
            return self._load_openai(model, settings)
        try:
            return faster_whisper.load(self._store.ensure_ct2(model), model, settings, stages=self._stages)
        except ModelUnavailable as error:
            if settings.engine != "auto" or not openai_whisper.is_installed():
                raise
            logger.warning("faster-whisper cannot run %s, trying openai-whisper: %s", model, error)
            return self._load_openai(model, settings)

    def _load_once_more(self, model: str, settings: Settings) -> Engine:
        """Since one call that fails is no proof. Raises DeviceLost where this one fails, too."""
        try:
            return self._load(model, settings)
        except ModelUnavailable as error:
            raise DeviceLost(f"The GPU can be used no more: {error}") from error

    def _load_openai(self, model: str, settings: Settings) -> Engine:
        if not openai_whisper.is_installed():
            raise ModelUnavailable(
                "ENGINE=openai-whisper needs packages that are not installed; "
                "run: pip install -r requirements/openai-whisper.txt"
            )
        return openai_whisper.load(self._store.ensure_openai(model), model, settings, self._stages)


def _load_onnx(model: str, settings: Settings) -> Engine:
    if model not in ONNX_MODELS:
        raise ModelUnavailable(
            f"ENGINE=onnx-asr does not run the model {model!r}; set ENGINE to auto or faster-whisper, or "
            f"choose one of: {', '.join(ONNX_MODELS)}."
        )
    if settings.engine not in ("auto", "onnx-asr"):
        raise ModelUnavailable(
            f"The model {model!r} does not run with ENGINE={settings.engine}; set ENGINE to auto or onnx-asr."
        )
    if not onnx_asr.is_installed():
        raise ModelUnavailable(
            f"The model {model!r} needs packages that are not installed; "
            "run: pip install -r requirements/onnx-asr.txt"
        )
    forms = forms_of(settings.compute_type)
    weights = ensure_onnx_weights(settings.cache_dir, model, forms, downloads=settings.model_downloads)
    return onnx_asr.load(weights, model, settings)
