"""What turns features into states: CTranslate2's encoder, or one on torch with the other behind it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.asr.backends.faster_whisper.states import StateStore
from app.asr.device_errors import is_short_of_memory
from app.asr.frames import FULL_FRAMES, Features, States
from app.asr.stages import PipelineStage, StageClock

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from ctranslate2.models import Whisper
    from torch import Tensor

logger = logging.getLogger(__name__)

CTRANSLATE2, TORCH = "ctranslate2", "torch"


def silence(model: "Whisper") -> "StorageView":
    """Features of 30 s without a sound, to try the model with."""
    from ctranslate2 import StorageView

    return StorageView.from_array(np.zeros((1, model.n_mels, FULL_FRAMES), np.float32))


class StateEncoder(Protocol):
    """Encodes features of any length, shape (windows, mels, frames). Thread-safe."""

    @property
    def name(self) -> str:
        """Which library encodes: CTRANSLATE2 or TORCH."""

    @property
    def store(self) -> StateStore:
        """Where its states lie."""

    def __call__(self, features: Features) -> States:
        """Their states. Raises what the library raises."""

    def close(self) -> None:
        """Let go of the memory that it has beside CTranslate2's model."""


class CTranslate2Encoder:
    """The encoder of the model that decodes."""

    name = CTRANSLATE2

    def __init__(self, model: "Whisper", store: StateStore) -> None:
        self._model = model
        self.store = store

    def __call__(self, features: Features) -> States:
        """See StateEncoder."""
        from ctranslate2 import StorageView

        view = self._model.encode(StorageView.from_array(features), to_cpu=self.store.is_on_cpu)
        return self.store.from_view(view)

    def close(self) -> None:
        """It has none."""


class TorchStateEncoder:
    """An encoder on torch; after an error that is no lack of memory CTranslate2's takes over for good.

    Where memory is short a smaller batch, or smaller weights, may help: that error is the caller's.
    """

    def __init__(
        self, encode: "Callable[[Features], Tensor]", other: CTranslate2Encoder, stages: StageClock
    ) -> None:
        self._encode: Callable[[Features], Tensor] | None = encode
        self._other = other
        self._stages = stages

    @property
    def name(self) -> str:
        """See StateEncoder."""
        return CTRANSLATE2 if self._encode is None else TORCH

    @property
    def store(self) -> StateStore:
        """See StateEncoder."""
        return self._other.store

    def __call__(self, features: Features) -> States:
        """See StateEncoder."""
        encode = self._encode
        if encode is not None:
            try:
                with self._stages.at(PipelineStage.ENCODE):
                    return self.store.from_tensor(encode(features))
            except Exception as error:  # whatever torch and the driver raise
                if is_short_of_memory(error):
                    raise
                self._give_up(error)
        return self._other(features)

    def close(self) -> None:
        """See StateEncoder."""
        self._encode = None

    def _give_up(self, error: Exception) -> None:
        if self._encode is not None:
            logger.warning("The encoder on torch failed; CTranslate2's is used from now on: %s", error)
        self._encode = None
