"""Known corpora from servers of the test's own: fetched, checked, read."""

import hashlib
import io
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmark.corpora import catalog
from benchmark.corpora.__main__ import app, write
from benchmark.corpora.catalog import (
    CORPORA,
    Corpus,
    CorpusUnavailable,
    Fleurs,
    LibriSpeech,
    Parquet,
    corpus_named,
)
from benchmark.corpora.fetching import utterances
from benchmark.corpora.reading import Utterance, parquet
from benchmark.recordings import find_recordings
from tests.unit.weights.servers import serving

NOWHERE = "http://127.0.0.1:9"


def _archive(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


LIBRI = _archive(
    {
        "LibriSpeech/test/1/2/1-2-0000.flac": b"first",
        "LibriSpeech/test/1/2/1-2.trans.txt": b"1-2-0000 HE HOPED\n1-2-0001 IGNORE TIME SEGMENT IN SCORING\n",
        "LibriSpeech/test/1/2/1-2-0001.flac": b"second",
        "LibriSpeech/test/../../../evil.flac": b"no text: never written",
        "LibriSpeech/README.TXT": b"",
    }
)


def _libri(address: str, sha256: str = hashlib.sha256(LIBRI).hexdigest()) -> Corpus:
    return Corpus("en", "books", "CC BY 4.0", LibriSpeech(f"{address}/small.tar.gz", sha256))


def test_librispeech_becomes_recordings_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"small.tar.gz": LIBRI}) as (address, requests):
        monkeypatch.setattr(catalog, "CORPORA", {"small": _libri(address)})
        arguments = ["small", "--folder", str(tmp_path)]
        results = [CliRunner().invoke(app, arguments) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert "1 recordings of small lie in" in results[0].output
    assert "--language en" in results[0].output
    (recording,) = find_recordings(
        tmp_path / "small" / "audios", tmp_path / "small" / "text-references", {"flac"}
    )
    assert recording.audio.read_bytes() == b"first"
    assert recording.variant == ""
    assert recording.reference is not None
    assert recording.reference.read_text() == "HE HOPED\n"
    assert requests[1:] == [f"/small.tar.gz bytes={len(LIBRI)}-"]  # nothing was left to fetch


def test_what_does_not_have_its_sum_is_not_used(tmp_path: Path) -> None:
    with (
        serving({"small.tar.gz": LIBRI}) as (address, _),
        pytest.raises(CorpusUnavailable, match="expected checksum"),
    ):
        utterances(_libri(address, "0" * 64), tmp_path)


@pytest.mark.parametrize(
    "corpus",
    [
        _libri(NOWHERE),
        Corpus("ru", "", "", Fleurs("ru_ru")),
        Corpus("ru", "", "", Parquet("a/b", "*.parquet")),
    ],
)
def test_without_a_network_there_is_a_sentence(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusUnavailable, match=r"cannot be fetched: .* It needs a network"):
        utterances(corpus, tmp_path, NOWHERE)


def test_fleurs_comes_from_the_hub(tmp_path: Path) -> None:
    table = "1\tx1.wav\tПривет, мир!\tпривет мир\t…\t9\tMALE\n2\tx9.wav\tне здесь\t\t\t9\tFEMALE\n"
    files = {
        "data/ru_ru/test.tsv": table.encode(),
        "data/ru_ru/audio/test.tar.gz": _archive({"test/x1.wav": b"sound", "test/other.wav": b""}),
        "data/ru_ru/audio/train.tar.gz": b"large",
    }
    with serving(files, large=frozenset({"data/ru_ru/audio/test.tar.gz"})) as (address, requests):
        found = list(utterances(Corpus("ru", "", "", Fleurs("ru_ru")), tmp_path, address))

    assert found == [Utterance("x1", ".wav", b"sound", "Привет, мир!")]
    assert not any("train" in request for request in requests)


def test_a_hub_whose_files_are_gone_or_wrong_is_named(tmp_path: Path) -> None:
    corpus = Corpus("en", "", "", Parquet("a/b", "ami/test-*.parquet"))
    with (
        serving({"ami/train-0.parquet": b""}) as (address, _),
        pytest.raises(CorpusUnavailable, match="a/b has no file ami/test"),
    ):
        utterances(corpus, tmp_path, address)
    name = "ami/test-0.parquet"
    with (
        serving({name: b"x"}, large=frozenset({name}), wrong_sums=True) as (address, _),
        pytest.raises(CorpusUnavailable, match="expected checksum"),
    ):
        utterances(corpus, tmp_path / "another", address)


def test_tables_are_read_row_by_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow, of 100 MB, is no part of the environment: what is used of it stands in for it."""
    rows = [
        {"id": "AMI_a-b/c.1", "audio": {"bytes": b"one", "path": "c.wav"}, "text": "so"},
        {"audio": {"bytes": b"two", "path": None}, "text": "it is"},
    ]

    def read(table: Path) -> Any:
        batch = SimpleNamespace(to_pylist=lambda: rows)
        return SimpleNamespace(iter_batches=lambda batch_size: [batch])

    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", SimpleNamespace(ParquetFile=read))
    found = list(parquet([tmp_path / "test-0.parquet"], "text"))

    assert [(each.name, each.suffix, each.audio, each.text) for each in found] == [
        ("00001_c", ".wav", b"one", "so"),
        ("00002_", ".wav", b"two", "it is"),
    ]


def test_without_pyarrow_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CorpusUnavailable, match="pip install pyarrow"):
        parquet([], "text")


def test_a_new_corpus_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    assert write([Utterance("a", ".wav", b"", "x"), Utterance("b", ".wav", b"", "y")], tmp_path) == 2
    assert write([Utterance("c", ".wav", b"", "z")], tmp_path) == 1
    assert [path.name for path in (tmp_path / "audios").iterdir()] == ["c.wav"]


def test_the_list_names_all_and_an_unknown_name_gets_a_sentence() -> None:
    listed = CliRunner().invoke(app, [])
    assert all(name in listed.output for name in CORPORA)
    with pytest.raises(CorpusUnavailable, match="choose one of: librispeech-test-clean"):
        corpus_named("librispeech")
