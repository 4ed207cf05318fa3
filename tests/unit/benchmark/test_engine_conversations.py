"""Conversations made of clips: exact references, several voices, the same for the same seed."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from benchmark.engine.conversations import SCENES, conversations
from benchmark.engine.corpus import Clip, CorpusMissing
from benchmark.engine.sound import write_wav


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Tones of two readers in each language, with half a second of silence before and after."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for language in ("en", "ru"):
        for reader in ("100", "anna"):
            for number in range(5):
                path = folder / language / f"{reader}-{number:04}.wav"
                path.parent.mkdir(exist_ok=True)
                seconds = 2 + number / 2
                tone = 0.5 * np.sin(np.arange(round(seconds * SAMPLE_RATE)) * (0.1 + 0.01 * number))
                silence = np.zeros(SAMPLE_RATE // 2)
                write_wav(path, [np.concatenate([silence, tone, silence]).astype(np.float32)])
                made.append(Clip(path, language, seconds + 1, f"{reader} says {number}"))
    return made


@pytest.fixture(scope="module")
def made(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Clip]:
    """All conversations of seed 1, by their scene's name."""
    found = conversations(clips, tmp_path_factory.mktemp("made"), seed=1)
    return {clip.path.stem: clip for clip in found}


def _turns(clip: Clip) -> list[dict[str, str]]:
    with clip.path.with_suffix(".segments.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_every_scene_is_made_and_its_reference_is_what_is_said(made: dict[str, Clip]) -> None:
    assert list(made) == [scene.name for scene in SCENES]
    for clip, scene in zip(made.values(), SCENES, strict=True):
        turns = _turns(clip)
        samples, _ = read_samples(clip.path)
        speakers = [turn["speaker"] for turn in turns]
        assert len(set(speakers)) == scene.voices
        assert all(one != next_one for one, next_one in pairwise(speakers))
        assert " ".join(turn["text"] for turn in turns) == clip.reference
        assert clip.seconds == pytest.approx(len(samples) / SAMPLE_RATE, abs=0.1)


def test_voices_are_up_to_18_db_apart_with_short_pauses_between_them(made: dict[str, Clip]) -> None:
    near = made[SCENES[0].name]
    samples, _ = read_samples(near.path)

    peaks = {
        turn["speaker"]: np.abs(samples[round(float(turn["start"]) * SAMPLE_RATE) :][:SAMPLE_RATE]).max()
        for turn in _turns(near)
    }
    assert sorted(20 * np.log10(list(peaks.values()))) == pytest.approx([-22, -4], abs=0.5)
    turns = _turns(near)
    pauses = [float(b["start"]) - float(a["end"]) for a, b in pairwise(turns)]
    assert 0.14 < min(pauses) < max(pauses) < 0.91


def test_people_interrupt_each_other(made: dict[str, Clip]) -> None:
    turns = _turns(made["en-near-3-overlap"])

    pauses = [float(after["start"]) - float(before["end"]) for before, after in pairwise(turns)]
    assert all(-1.51 < pause < -0.29 for pause in pauses[::2])
    assert all(0.14 < pause < 0.91 for pause in pauses[1::2])


def test_the_same_seed_gives_the_same_conversations(clips: list[Clip], tmp_path: Path) -> None:
    one, same, other = (
        conversations(clips, tmp_path / name, seed, seconds=10)
        for name, seed in (("one", 1), ("same", 1), ("other", 2))
    )

    assert [clip.path.read_bytes() for clip in one] == [clip.path.read_bytes() for clip in same]
    assert one[0].path.read_bytes() != other[0].path.read_bytes()


def test_a_telephone_line_has_its_rate_and_nothing_above_it(made: dict[str, Clip]) -> None:
    samples, report = read_samples(made["en-telephone-2"].path)

    spectrum = np.abs(np.fft.rfft(samples[: 60 * SAMPLE_RATE]))
    hertz = np.fft.rfftfreq(len(samples[: 60 * SAMPLE_RATE]), 1 / SAMPLE_RATE)
    assert spectrum[hertz > 4000].max() < 0.02 * spectrum.max()
    assert not report.warnings


def test_readers_of_a_clip_or_two_are_no_voices(clips: list[Clip], tmp_path: Path) -> None:
    few = [clip for clip in clips if not clip.path.stem.endswith(("3", "4"))]

    with pytest.raises(CorpusMissing, match="no reader of en has 4 clips"):
        conversations(few, tmp_path / "made", seed=1)
