"""`.pt` files from OpenAI's own addresses, which openai-whisper carries with their checksums."""

import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from app.weights.files import WeightsError, remove, sha256_of
from app.weights.progress import watching

TIMEOUT_SECONDS = 15
BLOCK_BYTES = 1 << 20


def fetch(name: str, part: Path) -> Path:
    """Fetch a `.pt` file into `part`, going on where an earlier try broke off. Raises WeightsError."""
    if find_spec("whisper") is None:
        raise WeightsError("openai-whisper, which knows OpenAI's addresses, is not installed")
    import whisper

    address = whisper._MODELS.get(name)
    if address is None:
        raise WeightsError("OpenAI publishes no such model")
    return fetch_checked(address, part / f"{name}.pt", expected_sum=address.split("/")[-2])


def fetch_checked(address: str, file: Path, *, expected_sum: str, publisher: str = "OpenAI") -> Path:
    """Download to `file`, resuming, and check its sha256; messages name `publisher`. Raises WeightsError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with watching(file.parent, f"Fetching {file.name} from {publisher}", None):
            _download(address, file)
    except (urllib.error.URLError, OSError) as error:
        raise WeightsError(f"the server of {publisher} failed ({error})") from error
    if sha256_of(file) != expected_sum:
        remove(file)
        raise WeightsError(f"{file.name} does not have the expected checksum")
    return file


def _download(address: str, file: Path) -> None:
    have = file.stat().st_size if file.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            mode = "ab" if answer.status == 206 else "wb"
            with file.open(mode) as target:
                while block := answer.read(BLOCK_BYTES):
                    target.write(block)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing is left to fetch
            raise
