from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.core.config import Settings
from app.weights.__main__ import _needs, app


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "whisper" / "my-model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.bin").write_bytes(bytes(3_000_000))
    return tmp_path


def test_list_shows_what_is_there_and_what_could_be(cache: Path) -> None:
    result = CliRunner().invoke(app, ["list"])

    assert result.exit_code == 0
    row = next(line for line in result.output.splitlines() if "my-model" in line)
    assert "CTranslate2" in row
    assert "3 MB" in row
    assert "large-v3-turbo" in result.output


def test_get_of_a_model_that_is_there(cache: Path) -> None:
    result = CliRunner().invoke(app, ["get", "my-model"])

    assert result.exit_code == 0
    assert "my-model is ready" in result.output


def test_a_model_of_onnx_asr(cache: Path) -> None:
    listed = CliRunner().invoke(app, ["list"]).output
    assert "to be fetched" in next(line for line in listed.splitlines() if "gigaam-v3-ctc" in line)

    folder = cache / "whisper" / "gigaam-v3-ctc"
    folder.mkdir()
    for name in ("v3_ctc.onnx", "v3_vocab.txt", "config.json"):
        (folder / name).write_bytes(bytes(1_000_000))

    listed = CliRunner().invoke(app, ["list"]).output
    row = next(line for line in listed.splitlines() if "gigaam-v3-ctc" in line)
    assert "ONNX" in row
    assert "3 MB" in row
    got = CliRunner().invoke(app, ["get", "GigaAM-v3-CTC"])
    assert got.exit_code == 0
    assert "gigaam-v3-ctc is ready" in got.output
    assert "gigaam-v3-ctc needs ENGINE=auto or ENGINE=onnx-asr; it is faster-whisper here." in got.output


def test_what_a_model_of_onnx_asr_needs_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(_needs("gigaam-v3-ctc", Settings(engine="auto"))) == []
    assert list(_needs("small", Settings())) == []
    monkeypatch.setattr("app.weights.__main__.find_spec", lambda _: None)
    [packages] = _needs("gigaam-v3-ctc", Settings(engine="onnx-asr"))
    assert packages.endswith("pip install -r requirements/onnx-asr.txt")


def test_a_compute_type_that_onnx_asr_does_not_have(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPUTE_TYPE", "float16")

    result = CliRunner().invoke(app, ["get", "gigaam-v3-ctc"])

    assert result.exit_code == 1
    assert "set it to auto, float32 or int8" in result.output


def test_get_of_an_unknown_model(cache: Path) -> None:
    result = CliRunner().invoke(app, ["get", "gigantic"])

    assert result.exit_code == 1
    assert "choose one of" in result.output
