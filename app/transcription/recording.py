"""One recording, from the file to its transcript: decoded, cut into windows, transcribed, assembled."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from itertools import chain, islice

from app.asr.base import EngineInfo
from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.scheduling.models import ModelPool
from app.asr.scheduling.scheduler import Session
from app.asr.stages import PipelineStage, StageClock
from app.audio.channels import ChannelWindow
from app.audio.chunker import ChunkRules
from app.audio.reading.cutting import Cutting, WindowSource
from app.audio.reading.pool import Readers, readers_for
from app.audio.reading.slicing import SliceSource
from app.core.config import Settings
from app.schemas.lending import Offer
from app.schemas.transcript import Transcript
from app.schemas.window import WindowDone, WindowTranscript
from app.speakers.model import VoiceModel
from app.transcription.helping import WindowHelper
from app.transcription.lending import LOOK_SECONDS, Borrower
from app.transcription.request import Job, Watch
from app.transcription.result import assemble_transcript, lending_digest, plan_digest
from app.transcription.sharing import NOT_SHARED, Sharing, SharingRules
from app.transcription.speaker_stage import SpeakerStage
from app.transcription.timed_slices import TimedSlices
from app.transcription.window_decoder import POLL_SECONDS, CutWindow, WindowDecoder


class SpeechRecogniser:
    """Transcribes with a Whisper model; recordings that are given to several threads share its batches."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        readers: Readers,
        rules: ChunkRules,
        voices: VoiceModel,
        stages: StageClock,
        sharing: SharingRules = NOT_SHARED,
    ) -> None:
        self._dispatcher = dispatcher
        self._readers = readers
        self._rules = rules
        self._voices = voices
        self._stages = stages
        self._sharing = sharing

    @classmethod
    def from_settings(cls, settings: Settings) -> "SpeechRecogniser":
        """With the models that the settings ask for."""
        voices = VoiceModel(settings.cache_dir, downloads=settings.model_downloads)
        stages, sharing = StageClock(), SharingRules.from_settings(settings)
        dispatcher = Dispatcher(ModelPool(settings, stages), stages=stages)
        return cls(dispatcher, readers_for(settings), ChunkRules(), voices, stages, sharing)

    def load(self, model: str) -> EngineInfo:
        """Have a model in memory. Raises ModelUnavailable or EngineFailed."""
        session = self._dispatcher.open(model)
        try:
            return self._dispatcher.ensure_loaded(session).result()
        finally:
            self._dispatcher.close(session)

    def take_stage_seconds(self) -> dict[str, float]:
        """See app.asr.stages.StageClock.take."""
        return self._stages.take()

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Raises the TaskErrors of app.core.errors; a broken file costs no model."""
        stage = SpeakerStage.of(job, self._voices, watch)
        session = self._dispatcher.open(job.model, is_short=job.is_short)
        source = self._readers.open(self._cutting(job), watch.check, watch.on_alive)
        recording = _Recording(
            dispatcher=self._dispatcher,
            session=session,
            job=job,
            watch=watch,
            source=source,
            rules=self._rules,
            speakers=stage,
            stages=self._stages,
            sharing=self._sharing,
            slices=lambda: self._slices(job, watch.check, watch.on_alive),
        )
        try:
            return recording.transcribe()
        finally:
            source.close()
            self._dispatcher.close(session)

    def help(self, job: Job, borrower: Borrower, watch: Watch) -> None:
        """Decode windows of a recording that another worker has.

        A model that is in memory is not given up for that. Raises the TaskErrors of app.core.errors.
        """
        if not self._dispatcher.has_place(job.model):
            return
        session = self._dispatcher.open(job.model)
        try:
            watch.on_loading()
            info = _loaded(self._dispatcher, session, watch)
            watch.on_loaded()
            plan = lending_digest(info, job, self._rules)
            helper = WindowHelper(self._dispatcher, session, job, borrower, watch, plan)
            slices = self._slices(job, helper.check, watch.on_alive)
            try:
                helper.help(slices)
            finally:
                slices.close()
        finally:
            self._dispatcher.close(session)

    def _slices(self, job: Job, check: Callable[[], None], on_alive: Callable[[], None]) -> SliceSource:
        return TimedSlices(self._readers.open_slices(self._cutting(job), check, on_alive), self._stages)

    def _cutting(self, job: Job) -> Cutting:
        return Cutting(job.path, job.listening, self._rules, vad=job.vad, sides=job.sides)


class _Recording:
    """One recording on its way."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        job: Job,
        watch: Watch,
        source: WindowSource,
        rules: ChunkRules,
        speakers: SpeakerStage | None,
        stages: StageClock,
        sharing: SharingRules,
        slices: Callable[[], SliceSource],
    ) -> None:
        self._dispatcher = dispatcher
        self._stages = stages
        self._session = session
        self._job = job
        self._watch = watch
        self._rules = rules
        self._speakers = speakers
        self._source = source
        self._sharing = sharing
        self._slices = slices
        self._decoder = WindowDecoder(dispatcher, session, job, watch.check, self._tell)
        self._plan = ""
        self._terms: Offer | None = None
        self._is_asked = False
        self._offered_at = 0.0
        self._ends: dict[int | None, float] = {}
        self._resumed = self._lent = 0

    def transcribe(self) -> Transcript:
        windows = _begun(self._windows())
        self._watch.on_loading()
        info = _loaded(self._dispatcher, self._session, self._watch)
        self._watch.on_loaded()
        self._plan = plan_digest(
            info, self._job, self._rules, None if self._speakers is None else self._speakers.digest
        )
        if self._sharing.allow(self._duration()):
            self._terms = Offer(plan=lending_digest(info, self._job, self._rules), saved_plan=self._plan)
        self._read(windows)
        self._finish()
        done = self._decoder.done
        transcript = assemble_transcript(
            [done[number] for number in sorted(done)],
            self._decoder.main_vote(),
            self._source.report,
            info,
            resumed=self._resumed,
            lent=self._lent,
            vad=self._job.vad,
            options=self._job.options,
        )
        return transcript if self._speakers is None else self._speakers.labelled(transcript)

    def _windows(self) -> Iterator[ChannelWindow]:
        """All windows, whose voices are listened to on their way where speakers are asked for."""
        windows = iter(self._source)
        if self._speakers is not None:
            windows = self._speakers.listening(windows, self._source)
        return self._stages.each(PipelineStage.READ, windows)

    def _read(self, windows: Iterator[ChannelWindow]) -> None:
        """Have all windows transcribed but those that an earlier attempt has finished."""
        missing = self._missing(windows)
        for cut in missing:
            while not (is_wanted := self._is_help_wanted()) and not self._decoder.may_submit(cut.channel):
                self._decoder.hear()
            if is_wanted:
                self._share(chain(self._decoder.recall(), [cut], missing))
                return
            self._decoder.submit(cut)

    def _finish(self) -> None:
        """Wait for the windows that are left."""
        while not self._decoder.is_empty:
            self._decoder.hear()
        self._decoder.decide(at_last=True)
        while not self._decoder.is_empty:
            self._decoder.hear()

    def _missing(self, windows: Iterator[ChannelWindow]) -> Iterator[CutWindow]:
        """Windows that are still to be done; the others are known."""
        earlier = self._earlier()
        for each in windows:
            cut = self._cut(each)
            known = earlier.get(each.window.number)
            if known is not None and cut.is_of(known):
                self._decoder.know(known)
                self._resumed += 1
            else:
                yield cut

    def _cut(self, each: ChannelWindow) -> CutWindow:
        """A window, and its share of the recording: of each second, every channel has a part."""
        since = self._ends.get(each.channel, 0.0)
        self._ends[each.channel] = each.window.end
        parts = 1 if each.channel is None else self._source.report.source.channels
        return CutWindow(each.window, each.channel, (each.window.end - since) / parts)

    def _earlier(self) -> dict[int, WindowTranscript]:
        checkpoint = self._job.checkpoint
        if checkpoint is None or checkpoint.plan != self._plan:
            return {}
        return {window.number: window for window in checkpoint.windows}

    def _is_help_wanted(self) -> bool:
        """Whether the recording may be shared now, and somebody wants to help; asked now and then.

        That is asked from the start on, so that it is known by the time that the language is.
        """
        if self._terms is None:
            return False
        if time.monotonic() - self._offered_at >= LOOK_SECONDS:
            self._is_asked = self._watch.lender.offer(self._terms)
            self._offered_at = time.monotonic()  # a Redis that hangs must not hold up each window
        return self._is_asked and self._decoder.is_decided

    def _share(self, cuts: Iterator[CutWindow]) -> None:
        assert self._terms is not None
        slices = self._slices()
        sharing = Sharing(self._decoder, slices, self._watch, self._terms)
        try:
            sharing.transcribe(cuts)
        finally:
            slices.close()
        self._lent = sharing.lent

    def _tell(self, cut: CutWindow, transcript: WindowTranscript) -> None:
        self._watch.on_window(
            WindowDone(plan=self._plan, window=transcript, covered=cut.covered, duration=self._duration())
        )

    def _duration(self) -> float | None:
        """Length of the recording, as well as it is known by now."""
        seconds = self._source.report.declared_seconds or self._job.duration
        return min(seconds, self._job.listening.seconds) if seconds is not None else None


def _loaded(dispatcher: Dispatcher, session: Session, watch: Watch) -> EngineInfo:
    """The session's model, once it is in memory."""
    asked = dispatcher.ensure_loaded(session)
    while not wait([asked], timeout=POLL_SECONDS).done:
        watch.check()
    return asked.result()


def _begun(windows: Iterator[ChannelWindow]) -> Iterator[ChannelWindow]:
    """The same windows, the first of them cut: a broken file shows by now."""
    return chain(list(islice(windows, 1)), windows)
