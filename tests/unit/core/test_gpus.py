"""Which GPUs a process may use. The lists are what nvidia-smi prints."""

import os
from pathlib import Path

import pytest

from app.core import gpus
from app.core.config import Settings
from app.core.gpus import Gpu, has_gpu, usable_gpus, visible_gpus
from tests.support.nvidia_smi import nvidia_smi

TWO = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aa11)\nGPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bb22)\n"
DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aa11)
  MIG 3g.20gb     Device  0: (UUID: MIG-0001)
  MIG 3g.20gb     Device  1: (UUID: MIG-0002)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bb22)
"""


def names(found: tuple[Gpu, ...]) -> tuple[str, ...]:
    return tuple(each.name for each in found)


@pytest.mark.parametrize(
    ("listed", "named", "visible"),
    [
        (TWO, None, ("GPU-aa11", "GPU-bb22")),
        (TWO, "1", ("1",)),
        (TWO, "1,0", ("1", "0")),
        (TWO, "0, 1, 7", ("0", "1")),
        (TWO, "0,-1,1", ("0",)),
        (TWO, "GPU-bb", ("GPU-bb",)),
        (TWO, "GPU-cc,0", ()),
        (TWO, "", ()),
        (TWO, "-1", ()),
        (TWO, "NoDevFiles", ()),
        (DIVIDED, None, ("MIG-0001", "MIG-0002", "GPU-bb22")),
        (DIVIDED, "MIG-0002,MIG-0001", ("MIG-0002", "MIG-0001")),
        ("No devices found.\n", None, ()),
        ("No devices found.\n", "0", ()),
    ],
)
def test_what_the_driver_lists_and_the_variable_allows(
    listed: str, named: str | None, visible: tuple[str, ...]
) -> None:
    environ = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}

    assert names(visible_gpus(environ, lambda: listed)) == visible


@pytest.mark.parametrize(
    ("named", "identities"),
    [
        (None, ["GPU-aa11", "GPU-bb22"]),
        ("1,0", ["GPU-bb22", "GPU-aa11"]),
        ("GPU-b,GPU-aa", ["GPU-bb22", "GPU-aa11"]),
        ("0,GPU-aa11", ["GPU-aa11"]),
    ],
)
def test_a_gpu_is_the_same_whatever_it_is_called(named: str | None, identities: list[str]) -> None:
    environ = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}

    assert [each.identity for each in visible_gpus(environ, lambda: TWO)] == identities


@pytest.mark.parametrize(
    ("files", "named", "visible"),
    [
        ((), None, ()),
        (("nvidia0",), None, ("0",)),
        (("nvidia3", "nvidia7", "nvidiactl", "nvidia-uvm"), None, ("0", "1")),
        (("nvidia0", "nvidia1"), "1", ("1",)),
        (("nvidia0", "nvidia1"), "MIG-GPU-aa11/1/0", ("MIG-GPU-aa11/1/0",)),
        (("nvidia0",), "-1", ()),
        (("nvidia0",), "0,1", ("0",)),
        ((), "0", ()),
        ((), "GPU-aa11", ()),
    ],
)
def test_without_a_list_the_device_files_count(
    tmp_path: Path, files: tuple[str, ...], named: str | None, visible: tuple[str, ...]
) -> None:
    for name in files:
        (tmp_path / name).touch()
    environ = {} if named is None else {"CUDA_VISIBLE_DEVICES": named}

    assert names(visible_gpus(environ, lambda: None, tmp_path)) == visible
    assert has_gpu(tmp_path, environ) is bool(visible)


@pytest.mark.parametrize(
    ("given", "usable"),
    [
        ({}, ("GPU-aa11", "GPU-bb22")),
        ({"device": "cuda"}, ("GPU-aa11", "GPU-bb22")),
        ({"device": "cuda:1"}, ()),
        ({"device": "cpu"}, ()),
        ({"engine": "fake"}, ()),
        ({"engine": "remote", "remote_url": "http://gpu:8000/v1"}, ()),
    ],
)
def test_what_there_is_to_choose_among(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], usable: tuple[str, ...]
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{nvidia_smi(tmp_path, TWO).parent}{os.pathsep}{os.environ['PATH']}")

    assert names(usable_gpus(Settings.model_validate(given))) == usable


def test_a_driver_that_fails_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    program = nvidia_smi(tmp_path)
    program.write_text("#!/bin/sh\necho no driver >&2\nexit 9\n")
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("PATH", str(tmp_path))

    assert names(visible_gpus({}, devices=tmp_path)) == ("0",)
    assert "nvidia-smi fails with status 9: no driver" in caplog.text


def test_a_driver_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    nvidia_smi(tmp_path).write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(gpus, "DRIVER_SECONDS", 0.05)

    assert names(visible_gpus({}, devices=tmp_path)) == ("0",)
    assert "The GPUs cannot be listed" in caplog.text


def test_what_a_failing_driver_lists_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a corrupted infoROM (status 14), or one lost GPU (15) among others."""
    nvidia_smi(tmp_path).write_text(f"#!/bin/sh\necho '{TWO}'\nprintf 'GPU 2: \\377 is lost\\n'\nexit 15\n")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert names(visible_gpus({}, devices=tmp_path)) == ("GPU-aa11", "GPU-bb22")
