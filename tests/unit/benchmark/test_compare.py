"""Who takes part, and what the report says of them."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from app.core.config import Settings
from benchmark import compare
from benchmark.compare import NAMES
from benchmark.compare_page import write_compare_page
from benchmark.comparison import judged
from benchmark.engine import rivals
from benchmark.engine.compare import Entry, Standing
from benchmark.engine.corpus import Clip, CorpusMissing, errors_by_clip, errors_by_language
from benchmark.engine.messages import Round
from benchmark.engine.systems import SYSTEMS
from benchmark.results import Problem

SAID = "the cat sat on the mat and the dog lay under the table"


def test_who_lacks_a_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PACKAGES", {"whisper.cpp": "no-such-package"})
    entries, problems = compare._entries(list(NAMES), ["mine=http://gpu:1/v1,big"], 5, 2)

    assert [entry.name for entry in entries] == [*(name for name in NAMES if name != "whisper.cpp"), "mine"]
    assert entries[-1].options == {"url": "http://gpu:1/v1", "model": "big", "concurrency": 2}
    assert problems == [Problem("whisper.cpp", "Left out: run pip install no-such-package to have it.")]


def test_whisperx_is_not_to_be_put_beside_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """README.md: it takes other versions of what the rest needs."""
    monkeypatch.setattr(compare, "missing_package", lambda system: "whisperx")
    _, problems = compare._entries(["whisperx"], [], 5, 1)
    assert problems == [Problem("whisperx", "Left out: it wants an environment of its own, see README.md.")]


def test_every_name_has_its_contestant() -> None:
    assert set(NAMES.values()) <= SYSTEMS.keys()
    assert rivals.PACKAGES.keys() <= set(NAMES.values())


class _WhisperXStandIn:
    """What `whisperx` 3.8.6 has of what is called here; its methods note what they are given."""

    def __init__(self) -> None:
        self.loaded: dict[str, Any] = {}
        self.batch_size = 0

    def load_model(self, whisper_arch: str, device: str, **options: Any) -> "_WhisperXStandIn":
        self.loaded = {"weights": whisper_arch, "device": device, **options}
        return self

    def transcribe(self, audio: NDArray[np.float32], batch_size: int | None = None) -> dict[str, Any]:
        assert audio.dtype == np.float32
        assert audio.ndim == 1
        self.batch_size = batch_size or 0
        return {"segments": [{"text": " One"}, {"text": " two."}], "language": "en"}


@pytest.mark.weights
def test_whisperx_has_the_same_weights_beam_and_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYANNOTE_METRICS_ENABLED", "true")
    stand_in = _WhisperXStandIn()
    monkeypatch.setitem(sys.modules, "whisperx", cast("ModuleType", stand_in))
    order = Round(system="whisperx", model="base", audios=(), settings={}, beam_size=2)
    recording = Path(__file__).parents[2] / "assets" / "speech_en.mp3"

    [said] = rivals.WhisperX(order, Settings(model_downloads=False)).transcribe([recording])

    assert (said.text, said.language) == ("One two.", "en")
    assert Path(stand_in.loaded["weights"], "model.bin").is_file()
    assert stand_in.loaded["asr_options"] == {"beam_size": 2}
    assert stand_in.loaded["compute_type"] == "int8"
    assert stand_in.batch_size == rivals.WhisperX.BATCH_SIZE
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"


@pytest.mark.parametrize(
    ("names", "servers", "sentence"),
    [(["quick"], [], "no system 'quick'"), ([], ["gpu:1/v1"], "not of the form NAME=http")],
)
def test_wrong_names_get_one_sentence(names: list[str], servers: list[str], sentence: str) -> None:
    with pytest.raises(CorpusMissing, match=sentence):
        compare._entries(names, servers, 5, 1)


def _standing(name: str, speed: float, clips: list[Clip], text: str) -> Standing:
    texts = {str(clip.path): text for clip in clips}
    errors = errors_by_clip(clips, texts)
    by_language = errors_by_language(clips, errors)
    spread = (speed, speed)
    return Standing(Entry(name, name), speed, spread, None, by_language, None, None, 1.0, None, texts)


def test_the_report_says_who_is_faster_and_who_is_more_accurate(tmp_path: Path) -> None:
    clips = []
    for number in range(12):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(b"RIFF")
        clips.append(Clip(path, "en" if number % 2 else "de", 10.0, SAID))
    standings = [
        _standing("engine", 20.0, clips, SAID),
        _standing("worse", 5.0, clips, SAID.replace("cat", "rat")),
        _standing("same", 40.0, clips, SAID),
        _standing("near", 19.0, clips, SAID),
    ]
    contest = judged("base", clips, standings, [Problem("whisper.cpp", "Left out.")])
    html = write_compare_page(tmp_path / "compare.html", contest, (), 1).read_text("utf-8")

    assert "engine is 4.0 times as fast as worse; more accurate (-7.7 points (-7.7 to -7.7), p = 0.00" in html
    assert "engine is slower (0.50 times as fast) than same; these recordings show no difference" in html
    assert "engine is about as fast (1.05 times) as near" in html
    assert "Word error rate by language" in html
    assert "worse: 1 of 13 words wrong" in html
    assert "<del>cat</del> <ins>rat</ins>" in html
    assert "Left out." in html
