"""Weights from the model hub, as faster-whisper takes them."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from app.weights.catalog import HUB_REPOSITORIES
from app.weights.files import WeightsError, check_sums, remove
from app.weights.progress import watching

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

TIMEOUT_SECONDS = 10
FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*")

logger = logging.getLogger(__name__)


def fetch(name: str, part: Path, *, endpoint: str | None = None) -> None:
    """Fetch a model into the folder `part`, going on where an earlier try broke off. Raises WeightsError.

    `endpoint` is the address of a mirror; without it, HF_ENDPOINT or the hub itself is asked.
    """
    repository = HUB_REPOSITORIES.get(name)
    if repository is None:
        raise WeightsError("the model hub has no such model")
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # our own speak to the log too
    try:
        info = huggingface_hub.HfApi(endpoint).model_info(
            repository, files_metadata=True, timeout=TIMEOUT_SECONDS
        )
        with watching(part, f"Fetching {name} from the model hub", _total_bytes(info)):
            huggingface_hub.snapshot_download(
                repository,
                revision=info.sha,
                local_dir=part,
                allow_patterns=list(FILES),
                etag_timeout=TIMEOUT_SECONDS,
                endpoint=endpoint,
            )
    except Exception as error:  # HTTP, hub and disk errors of four libraries
        raise WeightsError(f"the model hub failed ({type(error).__name__})") from error
    check_sums(part, _sums(info))
    remove(part / ".cache")


def _wanted(name: str) -> bool:
    return any(Path(name).match(pattern) for pattern in FILES)


def _total_bytes(info: "ModelInfo") -> int:
    return sum(file.size or 0 for file in info.siblings or () if _wanted(file.rfilename))


def _sums(info: "ModelInfo") -> dict[str, str]:
    files = (file for file in info.siblings or () if _wanted(file.rfilename))
    return {file.rfilename: file.lfs.sha256 for file in files if file.lfs is not None}
