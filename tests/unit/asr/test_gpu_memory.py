"""How much memory of a GPU is free. The driver is a stand-in: there is no GPU here."""

from typing import Any

import pytest

from app.asr import gpu_memory
from app.asr.gpu_memory import free_bytes


class Driver:
    """As much of CUDA's driver API as is used; `fails` names a function and what it answers."""

    def __init__(self, **fails: int) -> None:
        self._fails = {"cuInit": 0} | fails
        self.calls: list[str] = []
        self.contexts: list[int] = []
        self.current: list[int] = []

    def __getattr__(self, name: str) -> Any:
        def function(*arguments: Any) -> int:
            self.calls.append(name)
            return self._fails[name] if name in self._fails else getattr(self, f"on_{name}")(*arguments)

        function.__name__ = name
        return function

    def on_cuDeviceGet(self, device: Any, index: int) -> int:
        device._obj.value = 40 + index
        return 0

    def on_cuDevicePrimaryCtxRetain(self, context: Any, device: Any) -> int:
        self.contexts.append(device.value)
        context._obj.value = 100 + device.value
        return 0

    def on_cuDevicePrimaryCtxRelease_v2(self, device: Any) -> int:
        self.contexts.remove(device.value)
        return 0

    def on_cuCtxPushCurrent_v2(self, context: Any) -> int:
        self.current.append(context.value)
        return 0

    def on_cuCtxPopCurrent_v2(self, context: Any) -> int:
        self.current.pop()
        return 0

    def on_cuMemGetInfo_v2(self, free: Any, total: Any) -> int:
        free._obj.value, total._obj.value = 1000 * self.current[-1], 10**6
        return 0


def test_the_memory_of_the_gpu_of_that_number() -> None:
    driver = Driver()

    assert free_bytes(1, driver) == 141_000
    assert not driver.contexts, "what is retained is released"
    assert not driver.current, "and the thread has the context that it had"


@pytest.mark.parametrize(
    "function",
    ["cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemGetInfo_v2"],
)
def test_a_call_that_fails(function: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    driver = Driver(**{function: 100})

    assert free_bytes(0, driver) is None
    assert f"{function} answers 100" in caplog.text
    assert not driver.contexts
    assert not driver.current


def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_memory, "DRIVER", "libnone.so.1")

    assert free_bytes(0) is None
