"""Weights from the model hub, as faster-whisper and onnx-asr take them."""

import logging
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from app.weights.catalog import HUB_REPOSITORIES
from app.weights.files import WeightsError, check_sums, remove
from app.weights.onnx_models import ONNX_MODELS, OnnxForm
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
    _fetch(name, repository, lambda _: FILES, part, endpoint)


def fetch_onnx(name: str, forms: Sequence[OnnxForm], part: Path, *, endpoint: str | None = None) -> None:
    """The same for a model of onnx-asr, in the first of these forms that is published."""
    model = ONNX_MODELS[name]

    def choose(published: Sequence[str]) -> Sequence[str]:
        form = next((form for form in forms if model.is_whole(form, published)), None)
        if form is None:
            raise WeightsError(f"the model hub has it in another form than {' or '.join(forms)}")
        return model.wanted(form)

    _fetch(name, model.repository, choose, part, endpoint)


def _fetch(
    name: str,
    repository: str,
    choose: Callable[[Sequence[str]], Sequence[str]],
    part: Path,
    endpoint: str | None,
) -> None:
    """Fetch the files whose patterns `choose` gives for the names of all that are published."""
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # our own speak to the log too
    try:
        info = huggingface_hub.HfApi(endpoint).model_info(
            repository, files_metadata=True, timeout=TIMEOUT_SECONDS
        )
        patterns = choose([file.rfilename for file in info.siblings or ()])
        with watching(part, f"Fetching {name} from the model hub", _total_bytes(info, patterns)):
            huggingface_hub.snapshot_download(
                repository,
                revision=info.sha,
                local_dir=part,
                allow_patterns=list(patterns),
                etag_timeout=TIMEOUT_SECONDS,
                endpoint=endpoint,
            )
    except WeightsError:
        raise
    except Exception as error:  # HTTP, hub and disk errors of four libraries
        raise WeightsError(f"the model hub failed ({type(error).__name__})") from error
    check_sums(part, _sums(info, patterns))
    remove(part / ".cache")


def _is_wanted(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _total_bytes(info: "ModelInfo", patterns: Sequence[str]) -> int:
    return sum(file.size or 0 for file in info.siblings or () if _is_wanted(file.rfilename, patterns))


def _sums(info: "ModelInfo", patterns: Sequence[str]) -> dict[str, str]:
    files = (file for file in info.siblings or () if _is_wanted(file.rfilename, patterns))
    return {file.rfilename: file.lfs.sha256 for file in files if file.lfs is not None}
