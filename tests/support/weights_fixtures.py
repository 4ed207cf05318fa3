"""Fixtures with real weights: `base` in the project's own cache, and small random models for all else."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.weights.speakers import ensure_speaker_weights
from app.weights.store import WeightStore

PROJECT = Path(__file__).parents[2]
ASSETS = Path(__file__).parents[1] / "assets"


@pytest.fixture(scope="session")
def base_weights() -> Path:
    """The project's cache directory, with `base` in it; it is fetched once and stays."""
    cache_dir = PROJECT / "_cache"
    WeightStore(cache_dir, downloads=True).ensure_ct2("base")
    return cache_dir


@pytest.fixture(scope="session")
def speaker_weights(base_weights: Path) -> Path:
    """The network that tells voices apart, in the project's own cache; it is fetched once and stays."""
    return ensure_speaker_weights(base_weights, downloads=True)


@pytest.fixture
def cache_with_base(base_weights: Path, tmp_path: Path) -> Path:
    """A cache of the test's own that holds `base`, to which it may add."""
    folder = tmp_path / "_cache" / "whisper"
    folder.mkdir(parents=True)
    (folder / "base").symlink_to(base_weights / "whisper" / "base", target_is_directory=True)
    return tmp_path / "_cache"


@pytest.fixture(scope="session")
def assets() -> Path:
    """Folder of the recordings that tests/assets/README.md lists."""
    return ASSETS


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """torch's threads wait for each other by spinning: where others work, too, two take ten times as long."""
    torch = importlib.import_module("torch")  # which most tests do without
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
