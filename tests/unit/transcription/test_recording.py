"""A long recording and its lender; and how the time is spent that helping with one takes."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.asr.base import DecodeOptions
from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.stages import StageClock
from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading.cutting import Cutting
from app.audio.reading.pool import ThreadReaders
from app.audio.reading.slicing import offer_of
from app.schemas.lending import Loan, Offer, OfferedWindow, Taken
from app.schemas.window import WindowDone
from app.speakers.model import VoiceModel
from app.transcription import recording
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import UNWATCHED, Job
from app.transcription.sharing import SharingRules
from tests.support.recordings import planes, sentence, silence, wav
from tests.unit.asr.engines import HeldEngine, HeldPool

RULES = ChunkRules()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Four windows, whose language is known."""
    sound = np.concatenate([sentence(), silence(12)] * 4)
    path = wav(tmp_path / "long.wav", planes(sound))
    return Job(path, "base", Listening(), DecodeOptions(language="en"))


def recogniser(tmp_path: Path, stages: StageClock) -> SpeechRecogniser:
    pool = HeldPool(make=_released)
    dispatcher = Dispatcher(pool, stages=stages)  # type: ignore[arg-type]
    voices = VoiceModel(tmp_path, downloads=False)
    return SpeechRecogniser(dispatcher, ThreadReaders(), RULES, voices, stages, SharingRules(0.0))


def _released(model: str) -> HeldEngine:
    engine = HeldEngine(model)
    engine.release(99)
    return engine


class SlowLender:
    """Each answer takes six seconds: Redis hangs."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.offers = 0

    def offer(self, _: Offer) -> bool:
        self.offers += 1
        self.now += 6
        return False

    def take(self, saved_plan: str, numbers: Sequence[int], most: int) -> Taken | None:
        raise AssertionError


def test_a_redis_that_hangs_does_not_hold_up_each_window(
    tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = SlowLender()
    monkeypatch.setattr(recording, "time", SimpleNamespace(monotonic=lambda: lender.now))
    watch = replace(UNWATCHED, lender=lender)
    transcript = recogniser(tmp_path, StageClock()).transcribe(job, watch)
    assert transcript.quality is not None
    assert transcript.quality.windows >= 4
    assert lender.offers == 1


class Windows:
    """Lends all windows at once."""

    def __init__(self, *windows: OfferedWindow) -> None:
        self._loans = iter([Loan(windows=windows, saved_plan="saved")])
        self.delivered: list[WindowDone] = []

    def borrow(self, plan: str, most: int) -> Loan:
        return next(self._loans, Loan(is_over=True))

    def deliver(self, done: WindowDone) -> None:
        self.delivered.append(done)

    def give_back(self, numbers: Sequence[int]) -> None:
        raise AssertionError(numbers)


def test_the_reading_of_borrowed_windows_is_work_at_the_stage_read(tmp_path: Path, job: Job) -> None:
    ticks = itertools.count()
    helping = recogniser(tmp_path, StageClock(lambda: float(next(ticks))))
    cutting = Cutting(job.path, job.listening, RULES)
    cut = list(ThreadReaders().open(cutting, lambda: None, lambda: None))
    windows = Windows(*(offer_of(each, 1.0, "en") for each in cut))
    helping.help(job, windows, UNWATCHED)
    assert len(windows.delivered) == len(cut)
    assert helping.take_stage_seconds()["stage_read_seconds"] > 0
