"""How much memory of a GPU is free, by the CUDA driver.

CTranslate2 does not tell it, and torch may be missing. The driver counts GPUs as CTranslate2 does (by
CUDA_VISIBLE_DEVICES), and tells the memory of a part of a GPU (MIG), which nvidia-smi does not. It was not
tried on a GPU here.
"""

import ctypes
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

logger = logging.getLogger(__name__)

DRIVER = "libcuda.so.1"


class _DriverFailed(Exception):
    """A call of the driver has answered with an error."""


def free_bytes(index: int, driver: Any = None) -> int | None:
    """Free memory of the GPU of that number, on which this process has a model; None where that is not known.

    `driver` is the driver's library; its API is CUDA's "Driver API".
    """
    try:
        driver = driver or ctypes.CDLL(DRIVER)
        with _context_of(driver, index):
            free, total = ctypes.c_size_t(), ctypes.c_size_t()
            _call(driver.cuMemGetInfo_v2, ctypes.byref(free), ctypes.byref(total))
            return free.value
    except (OSError, AttributeError, _DriverFailed) as error:
        logger.info("The free memory of the GPU is not known: %s", error)
        return None


@contextmanager
def _context_of(driver: Any, index: int) -> Iterator[None]:
    """The context that CTranslate2 and torch have on that GPU is this thread's own meanwhile."""
    device, context = ctypes.c_int(), ctypes.c_void_p()
    _call(driver.cuInit, 0)
    _call(driver.cuDeviceGet, ctypes.byref(device), index)
    _call(driver.cuDevicePrimaryCtxRetain, ctypes.byref(context), device)
    try:
        _call(driver.cuCtxPushCurrent_v2, context)
        try:
            yield
        finally:
            driver.cuCtxPopCurrent_v2(ctypes.byref(context))
    finally:
        driver.cuDevicePrimaryCtxRelease_v2(device)


def _call(function: Any, *arguments: object) -> None:
    status = function(*arguments)
    if status:
        raise _DriverFailed(f"{function.__name__} answers {status}")
