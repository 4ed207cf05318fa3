"""How large and how accurate the models are, by those who published them."""

from pathlib import Path
from types import MappingProxyType

from app.weights.catalog import HUB_REPOSITORIES, find_ct2, find_onnx, find_pt
from app.weights.progress import size_of

_MILLIONS = MappingProxyType(
    {
        **dict.fromkeys(("tiny", "tiny.en"), 39),
        **dict.fromkeys(("base", "base.en"), 74),
        **dict.fromkeys(("small", "small.en"), 244),
        **dict.fromkeys(("medium", "medium.en"), 769),
        **dict.fromkeys(("large-v1", "large-v2", "large-v3"), 1550),
        "large-v3-turbo": 809,
        "distil-small.en": 166,
        "distil-medium.en": 394,
        **dict.fromkeys(("distil-large-v2", "distil-large-v3", "distil-large-v3.5"), 756),
    }
)
"""Parameters, by the README files of openai/whisper and distil-whisper; weights come with two bytes each."""

_ACCURACY = MappingProxyType(
    {
        **dict.fromkeys(("tiny", "tiny.en"), 1),
        **dict.fromkeys(("base", "base.en"), 2),
        **dict.fromkeys(("small", "small.en", "distil-small.en"), 3),
        **dict.fromkeys(("medium", "medium.en", "distil-medium.en"), 4),
        **dict.fromkeys(("large-v1", "distil-large-v2", "distil-large-v3", "distil-large-v3.5"), 4),
        **dict.fromkeys(("large-v2", "large-v3", "large-v3-turbo"), 5),
    }
)
"""Grades of what Radford et al. 2022 and the Open ASR leaderboard measured: within one of them the language
and the recording decide. The makers of other models measured them on other recordings: no grade."""


def accuracy_of(name: str) -> int | None:
    """From 1, the lowest, to 5; None where nobody has compared it."""
    return _ACCURACY.get(name)


def download_mb(name: str) -> int | None:
    """About what is fetched, in MB; None where that is not known."""
    return 2 * _MILLIONS[name] if name in HUB_REPOSITORIES and name in _MILLIONS else None


def cached_mb(name: str, cache_dir: Path) -> int | None:
    """What its weights take in the cache, in MB; None where they are not there."""
    onnx = find_onnx(name, cache_dir)
    path = find_ct2(name, cache_dir) or find_pt(name, cache_dir) or (onnx.folder if onnx else None)
    return round(size_of(path) / 1e6) if path is not None else None
