"""What CUDA's words mean: all were seen on real cards."""

import pytest

from app.asr.device_errors import is_out_of_memory, missing_library, translated_errors
from app.core.errors import EngineFailed, OutOfDeviceMemory


@pytest.mark.parametrize(
    ("error", "is_memory", "library"),
    [
        (RuntimeError("CUDA failed with error out of memory"), True, None),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), True, None),
        (RuntimeError("CUDA error: CUDA_ERROR_OUT_OF_MEMORY"), True, None),
        (MemoryError("std::bad_alloc"), True, None),
        (RuntimeError("Library libcublas.so.12 is not found or cannot be loaded"), False, "libcublas.so.12"),
        (RuntimeError("Unable to load libcudnn_ops.so.9.1.0"), False, "libcudnn_ops.so.9.1.0"),
        (RuntimeError("CUDA failed with error unknown error"), False, None),
        (ValueError("Invalid input"), False, None),
    ],
)
def test_errors_of_a_runtime(error: Exception, is_memory: bool, library: str | None) -> None:
    assert is_out_of_memory(error) is is_memory
    assert missing_library(error) == library
    with pytest.raises(OutOfDeviceMemory if is_memory else EngineFailed), translated_errors():
        raise error
