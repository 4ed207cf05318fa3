"""What a runtime's errors mean: too little memory, a library that is missing, or a GPU that is lost.

CTranslate2, torch and onnxruntime raise RuntimeError, or errors of their own, for all of these; only the text
tells them apart.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.core.errors import DeviceLost, EngineFailed, OutOfDeviceMemory

_OUT_OF_MEMORY = re.compile(
    r"out of memory|out_of_memory|failed to allocate|allocate memory|bad_alloc|cudaErrorMemoryAllocation"
    r"|(CUBLAS|CUDNN)_STATUS_ALLOC_FAILED|available memory of \d+ is smaller than requested",
    re.IGNORECASE,
)
"""The last one is onnxruntime's (github.com/microsoft/onnxruntime/issues/23121)."""

_NO_HANDLE = re.compile(
    r"(CUBLAS|CUDNN)_STATUS_NOT_INITIALIZED|unable to find an engine to execute", re.IGNORECASE
)
"""A library gets no handle or workspace: too little memory where it has worked before, else as likely wrong
versions. cuBLAS: github.com/jax-ml/jax/issues/7118, github.com/tensorflow/tensorflow/issues/9489; cuDNN:
github.com/haotian-liu/LLaVA/issues/392; torch's convolutions: github.com/pytorch/pytorch/issues/108645."""

_LIBRARY = re.compile(r"\blib(?:cublas|cudnn|cudart|nvrtc)\w*(?:\.so[.\d]*)?")

_DEVICE_LOST = re.compile(
    r"unspecified launch failure|device-side assert|launch timed out|illegal memory access|misaligned address"
    r"|illegal instruction was encountered|hardware stack error|uncorrectable (?:ECC|NVLink) error"
    r"|no CUDA-capable device|GPU is lost|fallen off the bus|CUDA.{0,30}unknown error",
    re.IGNORECASE,
)
"""Texts of `cudaGetErrorString` for errors that leave the process unable to use the GPU: by "CUDA Runtime
API", cudaError_t, "any further CUDA work will return the same error" until the process is started again; and
what is said of a GPU that the driver has lost (Xid 79)."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether smaller batches, or smaller weights, may help."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def is_short_of_memory(error: BaseException) -> bool:
    """The same of a model that has been loaded, and has worked."""
    return is_out_of_memory(error) or _NO_HANDLE.search(str(error)) is not None


def is_device_lost(error: BaseException) -> bool:
    """Whether the error, or what caused it, says that this process can use the GPU no more."""
    causes = (error, error.__cause__)
    return any(_DEVICE_LOST.search(str(each)) for each in causes if each is not None)


def is_lost_for_good(error: Exception, probe: Callable[[], object]) -> bool:
    """Whether the error says so, and a call on the GPU that has worked before, `probe`, fails now, too."""
    return is_device_lost(error) and _fails_too(error, probe) is not None


def missing_library(error: BaseException) -> str | None:
    """The library of CUDA that could not be loaded (`libcublas.so.12`), if that is what the error says."""
    found = _LIBRARY.search(str(error))
    return found[0] if found and not is_out_of_memory(error) else None


def forget_calls(error: BaseException) -> None:
    """Let go of the calls that an error has ended, which its traceback and those of its causes hold with all
    their variables: states and buffers of a batch that had no room are among them.

    `traceback.clear_frames` is not enough: functions within functions keep what they use.
    """
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__


@contextmanager
def translated_errors(
    kinds: type[Exception] | tuple[type[Exception], ...] = (RuntimeError, MemoryError, ValueError),
    probe: Callable[[], object] | None = None,
) -> Iterator[None]:
    """Errors of a runtime that transcribes, of these kinds, as EngineFailed, OutOfDeviceMemory or DeviceLost.

    `probe` makes one small call on the GPU that has succeeded before. It is tried once after an error: where
    it fails, too, and not for want of memory, the GPU is lost.
    """
    try:
        yield
    except kinds as error:
        raise _translated(error, probe) from error


def _translated(error: Exception, probe: Callable[[], object] | None) -> EngineFailed:
    again = _fails_too(error, probe) if probe is not None else None
    if again is not None:
        return DeviceLost(f"The GPU can be used no more: {error} (and then: {again})")
    failure = OutOfDeviceMemory if is_short_of_memory(error) else EngineFailed
    return failure(f"The model failed while transcribing: {error}")


def _fails_too(error: Exception, probe: Callable[[], object]) -> Exception | None:
    """What the probe raises after an error; None where it succeeds, or only lacks memory.

    A library without a handle lacks memory, unless the error said before that the GPU is lost: then nothing
    gets one.
    """
    try:
        probe()
    except Exception as again:  # whatever the runtime and the driver raise
        lacks_memory = is_out_of_memory if is_device_lost(error) else is_short_of_memory
        return None if lacks_memory(again) else again
    return None
