import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import ModelUnavailable
from app.weights.catalog import is_ct2_folder
from app.weights.store import WeightStore
from tests.unit.weights.models import write_random_checkpoint

pytestmark = pytest.mark.weights


def _store(cache_dir: Path) -> WeightStore:
    return WeightStore(cache_dir, downloads=False)


def test_what_lies_in_the_cache_is_used_as_it_is(cache_with_base: Path) -> None:
    assert _store(cache_with_base).ensure_ct2("base") == cache_with_base / "whisper" / "base"
    assert [path.name for path in (cache_with_base / "whisper").iterdir()] == ["base"]


def test_a_pt_file_is_converted_once(cache_with_base: Path) -> None:
    write_random_checkpoint(cache_with_base / "whisper" / "mine.pt")

    folder = _store(cache_with_base).ensure_ct2("mine")
    written = (folder / "model.bin").stat().st_mtime_ns

    assert is_ct2_folder(folder)
    assert _store(cache_with_base).ensure_ct2("mine") == folder
    assert (folder / "model.bin").stat().st_mtime_ns == written


def test_the_other_spelling_of_the_folder_is_kept(base_weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "_cache" / "wisper"
    folder.mkdir(parents=True)
    (folder / "base").symlink_to(base_weights / "whisper" / "base")
    write_random_checkpoint(folder / "mine.pt")

    assert _store(tmp_path / "_cache").ensure_ct2("mine") == folder / "mine"


def test_a_ct2_folder_gives_a_pt_file(cache_with_base: Path) -> None:
    file = _store(cache_with_base).ensure_openai("base")

    assert file == cache_with_base / "whisper" / "base.pt"
    assert file.stat().st_size > 100_000_000
    assert _store(cache_with_base).ensure_openai("base") == file


def test_a_missing_model_says_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"MODEL_DOWNLOADS is off.*_cache/whisper/small/"):
        _store(tmp_path / "_cache").ensure_ct2("small")
    with pytest.raises(ModelUnavailable, match=r"MODEL_DOWNLOADS is off.*small\.pt"):
        _store(tmp_path / "_cache").ensure_openai("small")


def test_a_pt_file_without_any_tokenizer_at_hand(tmp_path: Path) -> None:
    (tmp_path / "whisper").mkdir()
    write_random_checkpoint(tmp_path / "whisper" / "mine.pt")
    (tmp_path / "whisper" / "base.pt").symlink_to(tmp_path / "whisper" / "mine.pt")

    with pytest.raises(ModelUnavailable, match="needs the tokenizer of the model 'base'"):
        _store(tmp_path).ensure_ct2("mine")
    with pytest.raises(ModelUnavailable, match="no model in the cache can lend"):
        _store(tmp_path).ensure_ct2("base")


def test_a_broken_pt_file_leaves_nothing_behind(cache_with_base: Path) -> None:
    (cache_with_base / "whisper" / "mine.pt").write_bytes(b"no checkpoint")

    with pytest.raises(ModelUnavailable, match=r"mine\.pt is no checkpoint"):
        _store(cache_with_base).ensure_ct2("mine")

    assert not (cache_with_base / "whisper" / "mine").exists()


def test_what_a_killed_conversion_left_is_no_obstacle(cache_with_base: Path) -> None:
    write_random_checkpoint(cache_with_base / "whisper" / "mine.pt")
    for name in (".mine.new", "mine"):
        (cache_with_base / "whisper" / name).mkdir()
        (cache_with_base / "whisper" / name / "model.bin").write_bytes(b"half")

    assert is_ct2_folder(_store(cache_with_base).ensure_ct2("mine"))
    assert not (cache_with_base / "whisper" / ".mine.new").exists()


def test_a_cache_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "_cache").write_text("")

    with pytest.raises(ModelUnavailable, match="make CACHE_DIR writable"):
        _store(tmp_path / "_cache").ensure_ct2("base")


def test_workers_that_start_at_once_convert_once(cache_with_base: Path) -> None:
    write_random_checkpoint(cache_with_base / "whisper" / "mine.pt")
    command = [sys.executable, "-m", "app.weights", "get", "mine"]
    environment = {**os.environ, "CACHE_DIR": str(cache_with_base), "COLUMNS": "200"}

    running = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [process.communicate()[1] for process in running]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert sum("Converting mine.pt" in text for text in said) == 1
    assert all("mine is ready" in text for text in said)
