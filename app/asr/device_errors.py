"""What a runtime's errors mean: too little memory, or a library that is missing.

CTranslate2 and torch raise RuntimeError for both; only the text tells them apart.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import EngineFailed, OutOfDeviceMemory

_OUT_OF_MEMORY = re.compile(
    r"out of memory|failed to allocate|allocate memory|bad_alloc|(CUBLAS|CUDNN)_STATUS_ALLOC_FAILED"
    r"|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation",
    re.IGNORECASE,
)
_LIBRARY = re.compile(r"\blib(?:cublas|cudnn|cudart|nvrtc)\w*(?:\.so[.\d]*)?")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether smaller batches, or smaller weights, may help."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


def missing_library(error: BaseException) -> str | None:
    """The library of CUDA that could not be loaded (`libcublas.so.12`), if that is what the error says."""
    found = _LIBRARY.search(str(error))
    return found[0] if found and not is_out_of_memory(error) else None


@contextmanager
def translated_errors(
    kinds: type[Exception] | tuple[type[Exception], ...] = (RuntimeError, MemoryError, ValueError),
) -> Iterator[None]:
    """Errors of a runtime that transcribes, of these kinds, as EngineFailed or OutOfDeviceMemory."""
    try:
        yield
    except kinds as error:
        failure = OutOfDeviceMemory if is_out_of_memory(error) else EngineFailed
        raise failure(f"The model failed while transcribing: {error}") from error
