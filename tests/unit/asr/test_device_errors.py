"""What CUDA's words mean: all were seen on real cards, by us or in the issues that device_errors.py names."""

import pytest

from app.asr.device_errors import (
    is_device_lost,
    is_lost_for_good,
    is_out_of_memory,
    is_short_of_memory,
    missing_library,
    translated_errors,
)
from app.core.errors import DeviceLost, EngineFailed, OutOfDeviceMemory


@pytest.mark.parametrize(
    ("error", "is_memory", "library"),
    [
        (RuntimeError("CUDA failed with error out of memory"), True, None),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), True, None),
        (RuntimeError("CUDA error: CUDA_ERROR_OUT_OF_MEMORY"), True, None),
        (
            RuntimeError("bfc_arena.cc:376 Available memory of 0 is smaller than requested bytes of 2048"),
            True,
            None,
        ),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_NOT_SUPPORTED"), False, None),
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


@pytest.mark.parametrize(
    "text",
    [
        "cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_NOT_INITIALIZED",
        "GET was unable to find an engine to execute this computation",
    ],
)
def test_a_library_without_a_handle(text: str) -> None:
    """It lacks memory where it has worked before; while a model is loaded, its version may be wrong, too."""
    assert is_short_of_memory(RuntimeError(text))
    assert not is_out_of_memory(RuntimeError(text))
    with pytest.raises(OutOfDeviceMemory), translated_errors():
        raise RuntimeError(text)


LOST = RuntimeError("CUDA failed with error unspecified launch failure")


@pytest.mark.parametrize(
    ("text", "is_lost"),
    [
        ("CUDA failed with error unspecified launch failure", True),
        ("CUDA failed with error an illegal memory access was encountered", True),
        ("CUDA failed with error unknown error", True),
        ("CUDA failed with error the launch timed out and was terminated", True),
        ("CUDA failed with error no CUDA-capable device is detected", True),
        ("CUDA failed with error uncorrectable ECC error encountered", True),
        (
            "CUDA error: device-side assert triggered\nCUDA kernel errors might be asynchronously reported",
            True,
        ),
        ("CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=a", True),
        ("CUDA failed with error out of memory", False),
        ("CUDA failed with error CUDA driver version is insufficient for CUDA runtime version", False),
        ("cuBLAS failed with status CUBLAS_STATUS_NOT_SUPPORTED", False),
        ("unknown error", False),
    ],
)
def test_what_is_said_of_a_gpu_that_is_lost(text: str, is_lost: bool) -> None:
    """Of CTranslate2 ("CUDA failed with error"), torch ("CUDA error:") and onnxruntime ("CUDA failure")."""
    assert is_device_lost(RuntimeError(text)) is is_lost
    wrapped = EngineFailed("The weights cannot be loaded.")
    wrapped.__cause__ = RuntimeError(text)
    assert is_device_lost(wrapped) is is_lost


@pytest.mark.parametrize(
    ("error", "again", "expected"),
    [
        (LOST, None, EngineFailed),
        (LOST, LOST, DeviceLost),
        (ValueError("Invalid input"), None, EngineFailed),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_EXECUTION_FAILED"), LOST, DeviceLost),
        (RuntimeError("CUDA failed with error out of memory"), None, OutOfDeviceMemory),
        (RuntimeError("CUDA failed with error out of memory"), LOST, DeviceLost),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED"), LOST, DeviceLost),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED"), None, OutOfDeviceMemory),
        (
            RuntimeError("CUDA failed with error out of memory"),
            MemoryError("CUDA out of memory"),
            OutOfDeviceMemory,
        ),
        (LOST, RuntimeError("CUDA failed with error out of memory"), EngineFailed),
        (LOST, RuntimeError("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED"), DeviceLost),
        (
            RuntimeError("CUDA failed with error out of memory"),
            RuntimeError("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED"),
            OutOfDeviceMemory,
        ),
    ],
)
def test_one_call_that_fails_is_no_proof(
    error: Exception, again: Exception | None, expected: type[Exception]
) -> None:
    """A small call that has worked before is made once more, once."""
    calls = []

    def probe() -> None:
        calls.append(1)
        if again is not None:
            raise again

    with pytest.raises(EngineFailed) as failed, translated_errors(probe=probe):
        raise error
    assert type(failed.value) is expected
    assert calls == [1]
    assert is_lost_for_good(error, probe) is (expected is DeviceLost and is_device_lost(error))
