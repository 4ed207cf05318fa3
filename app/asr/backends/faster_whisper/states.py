"""Where encoder states lie between encoding and decoding, and how they are cut and joined there.

CTranslate2 takes arrays and gives them (`__array_interface__`, `__cuda_array_interface__`), but has no
arithmetic for them. In the memory of the processor numpy does that; in the memory of a GPU torch does, where
it is installed: then states go from the encoder to the decoder without leaving the GPU. Without torch they
are copied to the memory of the processor and back. What is done with torch on CUDA was never run on a GPU
here; the same code is tested with torch on a CPU.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from app.asr.device_errors import is_lost_for_good, is_out_of_memory
from app.asr.frames import States
from app.asr.hardware import Device
from app.core.errors import DeviceLost

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from ctranslate2.models import Whisper
    from torch import Tensor

logger = logging.getLogger(__name__)


class StateStore(Protocol):
    """States are indexed and sliced as numpy arrays are, whatever they are; this is the rest."""

    @property
    def is_on_cpu(self) -> bool:
        """Whether CTranslate2 is to return states in the memory of the processor."""

    def from_view(self, view: "StorageView") -> States:
        """What CTranslate2 has encoded; shares its memory."""

    def to_view(self, states: States) -> "StorageView":
        """States as CTranslate2 takes them; shares their memory where they are contiguous."""

    def from_tensor(self, tensor: "Tensor") -> States:
        """What torch has encoded."""

    def from_host(self, states: States) -> States:
        """States from the memory of the processor."""

    def to_host(self, states: States) -> States:
        """States in the memory of the processor, as float32."""

    def repeated(self, states: States, times: int) -> States:
        """So many copies of the states of one window."""

    def joined(self, states: Sequence[States]) -> States:
        """The states of several windows, of one length."""

    def free(self) -> None:
        """Return memory that no states are in to the device."""


class HostStates:
    """In the memory of the processor, as numpy arrays."""

    is_on_cpu = True

    def from_view(self, view: "StorageView") -> States:
        """See StateStore."""
        from ctranslate2 import DataType

        return np.asarray(view.to(DataType.float32))

    def to_view(self, states: States) -> "StorageView":
        """See StateStore."""
        from ctranslate2 import StorageView

        return StorageView.from_array(np.ascontiguousarray(states))

    def from_tensor(self, tensor: "Tensor") -> States:
        """See StateStore."""
        return cast(States, tensor.float().cpu().numpy())

    def from_host(self, states: States) -> States:
        """See StateStore."""
        return states

    def to_host(self, states: States) -> States:
        """See StateStore."""
        return states

    def repeated(self, states: States, times: int) -> States:
        """See StateStore."""
        return np.repeat(states, times, axis=0)

    def joined(self, states: Sequence[States]) -> States:
        """See StateStore."""
        return np.concatenate(states)

    def free(self) -> None:
        """None is kept."""


class TorchStates:
    """In the memory of a device of torch (`cuda:1`, in tests `cpu`), as tensors.

    All are of one type: float16 on a GPU unless the model computes in single precision.
    """

    def __init__(self, device: str, *, is_single: bool = True) -> None:
        import torch

        self._device = torch.device(device)
        self._dtype = torch.float32 if is_single else torch.float16
        self.is_on_cpu = self._device.type == "cpu"

    def from_view(self, view: "StorageView") -> States:
        """See StateStore; of bfloat16, which no array interface has, a copy."""
        import torch
        from ctranslate2 import DataType

        if view.dtype == DataType.bfloat16:
            view = view.to(DataType.float32)
        if self.is_on_cpu:
            return _states(torch.from_numpy(np.asarray(view)).to(self._dtype))
        torch.cuda.synchronize(self._device)  # CTranslate2 works on a stream of its own
        return _states(torch.as_tensor(view, device=self._device).to(self._dtype))

    def to_view(self, states: States) -> "StorageView":
        """See StateStore."""
        import torch
        from ctranslate2 import StorageView

        tensor = _tensor(states).contiguous()
        if self.is_on_cpu:
            return StorageView.from_array(tensor.numpy())
        torch.cuda.current_stream(self._device).synchronize()
        with torch.cuda.device(self._device):
            return StorageView.from_array(tensor)

    def from_tensor(self, tensor: "Tensor") -> States:
        """See StateStore."""
        return _states(tensor.to(self._dtype))

    def from_host(self, states: States) -> States:
        """See StateStore."""
        import torch

        return _states(torch.from_numpy(np.ascontiguousarray(states)).to(self._device, self._dtype))

    def to_host(self, states: States) -> States:
        """See StateStore."""
        return cast(States, _tensor(states).float().cpu().numpy())

    def repeated(self, states: States, times: int) -> States:
        """See StateStore."""
        return _states(_tensor(states).repeat(times, 1, 1))

    def joined(self, states: Sequence[States]) -> States:
        """See StateStore."""
        import torch

        return _states(torch.cat([_tensor(each) for each in states]))

    def free(self) -> None:
        """See StateStore."""
        import torch

        if not self.is_on_cpu:
            torch.cuda.empty_cache()


def state_store(device: Device, model: "Whisper", silence: "StorageView") -> StateStore:
    """Where the states of a model on that device are best kept; tried with the features of `silence`,
    which the model has encoded before.

    Raises DeviceLost where it cannot encode them any more then.
    """
    if device.kind != "cuda":
        return HostStates()
    try:
        import torch  # noqa: F401
    except ImportError:
        logger.info(
            "Encoder states are copied through the memory of the processor; with torch "
            "(pip install -r requirements/torch.txt) they stay on the GPU."
        )
        return HostStates()
    try:
        return _checked_store(device, model.encode(silence, to_cpu=False))
    except Exception as error:  # whatever torch, the driver or CTranslate2 raise
        if is_out_of_memory(error):
            raise
        if is_lost_for_good(error, lambda: model.encode(silence, to_cpu=True)):
            raise DeviceLost(
                f"The GPU can be used no more after encoder states were kept on it: {error}"
            ) from error
        logger.warning("Encoder states cannot be kept on the GPU, and go through memory: %s", error)
        return HostStates()


def _checked_store(device: Device, encoded: "StorageView") -> TorchStates:
    """The store for such states. Raises RuntimeError where they are not the same after they went to torch
    and back."""
    from ctranslate2 import DataType
    from ctranslate2 import Device as Place

    store = TorchStates(f"cuda:{device.index}", is_single=encoded.dtype == DataType.float32)
    states = store.from_view(encoded)
    back = np.asarray(store.to_view(store.joined([states])).to_device(Place.cpu))
    if not np.array_equal(back.astype(np.float32), store.to_host(states)):
        raise RuntimeError("torch and CTranslate2 do not see the same numbers")
    return store


def _states(tensor: "Tensor") -> States:
    return cast(States, tensor)


def _tensor(states: States) -> "Tensor":
    return cast(Any, states)  # type: ignore[no-any-return]
