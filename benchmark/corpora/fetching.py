"""Brings a corpus here: fetched, checked against the sums that its publisher tells, read."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from app.weights.files import WeightsError, check_sums
from app.weights.openai import fetch_checked
from benchmark.corpora.catalog import FLEURS, Corpus, CorpusUnavailable, Fleurs, LibriSpeech, Parquet
from benchmark.corpora.reading import Utterance, fleurs, librispeech, parquet

TIMEOUT_SECONDS = 10


def utterances(corpus: Corpus, folder: Path, endpoint: str | None = None) -> Iterator[Utterance]:
    """All of a corpus; what is fetched stays in `folder`. Raises CorpusUnavailable.

    `endpoint` is the address of a mirror of the Hugging Face Hub (else HF_ENDPOINT, else the Hub itself).
    """
    source = corpus.source
    if isinstance(source, LibriSpeech):
        return librispeech(_from_openslr(source, folder))
    if isinstance(source, Fleurs):
        place = f"data/{source.locale}"
        table, archive = f"{place}/test.tsv", f"{place}/audio/test.tar.gz"
        _from_hub(FLEURS, (table, archive), folder, endpoint)
        return fleurs(folder / table, folder / archive)
    return _parquet(source, folder, endpoint)


def _from_openslr(source: LibriSpeech, folder: Path) -> Path:
    file = folder / source.address.rpartition("/")[2]
    try:
        return fetch_checked(source.address, file, expected_sum=source.sha256, publisher="openslr.org")
    except WeightsError as error:
        raise _unavailable(error) from error


def _parquet(source: Parquet, folder: Path, endpoint: str | None) -> Iterator[Utterance]:
    _from_hub(source.repository, (source.pattern,), folder, endpoint)
    tables = sorted(folder.glob(source.pattern))
    return parquet(tables, source.text)


def _from_hub(repository: str, patterns: tuple[str, ...], folder: Path, endpoint: str | None) -> None:
    """Fetch the files of a data set that match, going on where an earlier try broke off."""
    import huggingface_hub

    try:
        info = huggingface_hub.HfApi(endpoint).dataset_info(
            repository, files_metadata=True, timeout=TIMEOUT_SECONDS
        )
        huggingface_hub.snapshot_download(
            repository,
            repo_type="dataset",
            revision=info.sha,
            local_dir=folder,
            allow_patterns=list(patterns),
            etag_timeout=TIMEOUT_SECONDS,
            endpoint=endpoint,
        )
        files = [file for file in info.siblings or () if _matches(file.rfilename, patterns)]
        if not files:
            raise WeightsError(f"{repository} has no file {patterns[0]} any more")
        check_sums(folder, {file.rfilename: file.lfs.sha256 for file in files if file.lfs is not None})
    except WeightsError as error:
        raise _unavailable(error) from error
    except Exception as error:  # HTTP, hub and disk errors of four libraries
        raise _unavailable(WeightsError(f"the Hugging Face Hub failed ({type(error).__name__})")) from error


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _unavailable(error: WeightsError) -> CorpusUnavailable:
    return CorpusUnavailable(
        f"The corpus cannot be fetched: {error}. It needs a network; without one, measure with recordings of "
        "your own in benchmark/audios."
    )
