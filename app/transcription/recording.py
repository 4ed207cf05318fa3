"""One recording, from the file to its transcript: decoded, cut into windows, transcribed, assembled."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import chain, islice

from app.asr.base import EngineInfo, WindowRequest
from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.scheduling.models import ModelPool
from app.asr.scheduling.scheduler import Session
from app.asr.stages import PipelineStage, StageClock
from app.audio.channels import ChannelWindow
from app.audio.chunker import ChunkRules
from app.audio.reading.cutting import Cutting, WindowSource
from app.audio.reading.pool import Readers, readers_for
from app.audio.windows import Window
from app.core.config import Settings
from app.schemas.transcript import Transcript
from app.schemas.window import WindowDone, WindowTranscript
from app.speakers.model import VoiceModel
from app.transcription.chinese import in_script
from app.transcription.language import LanguageVote
from app.transcription.request import Job, Watch
from app.transcription.result import assemble_transcript, plan_digest
from app.transcription.speaker_stage import SpeakerStage

POLL_SECONDS = 0.2
"""How often a recording that waits for its windows asks whether it is still wanted."""


class SpeechRecogniser:
    """Transcribes with a Whisper model; recordings that are given to several threads share its batches."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        readers: Readers,
        rules: ChunkRules,
        voices: VoiceModel,
        stages: StageClock,
    ) -> None:
        self._dispatcher = dispatcher
        self._readers = readers
        self._rules = rules
        self._voices = voices
        self._stages = stages

    @classmethod
    def from_settings(cls, settings: Settings) -> "SpeechRecogniser":
        """With the models that the settings ask for."""
        voices = VoiceModel(settings.cache_dir, downloads=settings.model_downloads)
        stages = StageClock()
        dispatcher = Dispatcher(ModelPool(settings, stages), stages=stages)
        return cls(dispatcher, readers_for(settings), ChunkRules(), voices, stages)

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
        cutting = Cutting(job.path, job.listening, self._rules, vad=job.vad, sides=job.sides)
        session = self._dispatcher.open(job.model, is_short=job.is_short)
        source = self._readers.open(cutting, watch.check, watch.on_alive)
        try:
            return _Recording(
                *(self._dispatcher, session, job, watch, source, self._rules, stage, self._stages)
            ).transcribe()
        finally:
            source.close()
            self._dispatcher.close(session)


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
    ) -> None:
        self._dispatcher = dispatcher
        self._stages = stages
        self._session = session
        self._job = job
        self._watch = watch
        self._rules = rules
        self._speakers = speakers
        self._source = source
        self._votes: dict[int | None, LanguageVote] = {}
        self._plan = ""
        self._ends: dict[int | None, float] = {}
        self._pending: dict[Future[WindowTranscript], _Cut] = {}
        self._undecided: list[tuple[_Cut, WindowTranscript]] = []
        self._done: dict[int, WindowTranscript] = {}

    def transcribe(self) -> Transcript:
        windows = _begun(self._windows())
        self._watch.on_loading()
        info = self._loaded()
        self._watch.on_loaded()
        self._plan = plan_digest(
            info, self._job, self._rules, None if self._speakers is None else self._speakers.digest
        )
        resumed = self._read(windows)
        while self._pending:
            self._hear()
        self._decide(at_last=True)
        while self._pending:
            self._hear()
        in_order = [self._done[number] for number in sorted(self._done)]
        transcript = assemble_transcript(
            *(in_order, self._main_vote(), self._source.report, info, resumed),
            vad=self._job.vad,
            options=self._job.options,
        )
        return transcript if self._speakers is None else self._speakers.labelled(transcript)

    def _windows(self) -> Iterator[ChannelWindow]:
        """All windows, whose voices are listened to on their way where speakers are asked for."""
        windows = iter(self._source)
        if self._speakers is not None:
            windows = self._speakers.listening(windows, self._source)
        while True:
            with self._stages.at(PipelineStage.READ):
                window = next(windows, None)
            if window is None:
                return
            yield window

    def _vote(self, channel: int | None) -> LanguageVote:
        """Which language is spoken in a channel: both sides of a call may have their own."""
        if channel not in self._votes:
            self._votes[channel] = LanguageVote(self._job.options.language)
        return self._votes[channel]

    def _main_vote(self) -> LanguageVote:
        """That of the channel in which most is said."""
        said = dict.fromkeys(self._votes, 0)
        for window in self._done.values():
            said[window.channel] += len(window.text)
        return self._vote(max(said, key=said.__getitem__, default=None))

    def _loaded(self) -> EngineInfo:
        """The model, once it is in memory."""
        asked = self._dispatcher.ensure_loaded(self._session)
        while not wait([asked], timeout=POLL_SECONDS).done:
            self._watch.check()
        return asked.result()

    def _read(self, windows: Iterator[ChannelWindow]) -> int:
        """Have all windows transcribed but those that an earlier attempt has finished; how many those are."""
        earlier = self._earlier()
        resumed = 0
        for each in windows:
            cut = self._cut(each)
            known = earlier.get(each.window.number)
            if known is not None and cut.is_of(known):
                self._vote(known.channel).add(known)
                self._done[known.number] = known
                resumed += 1
                continue
            while not self._may_submit(each.channel):
                self._hear()
            self._submit(cut)
        return resumed

    def _cut(self, each: ChannelWindow) -> "_Cut":
        """A window, and its share of the recording: of each second, every channel has a part."""
        since = self._ends.get(each.channel, 0.0)
        self._ends[each.channel] = each.window.end
        parts = 1 if each.channel is None else self._source.report.source.channels
        return _Cut(each.window, each.channel, (each.window.end - since) / parts)

    def _earlier(self) -> dict[int, WindowTranscript]:
        checkpoint = self._job.checkpoint
        if checkpoint is None or checkpoint.plan != self._plan:
            return {}
        return {window.number: window for window in checkpoint.windows}

    def _may_submit(self, channel: int | None) -> bool:
        """While the language is not decided windows go one by one, so that few are decoded in a wrong one."""
        if not self._dispatcher.has_room(self._session):
            return False
        is_alone = all(cut.channel != channel for cut in self._pending.values())
        return is_alone or self._vote(channel).decided is not None

    def _submit(self, cut: "_Cut") -> None:
        request = WindowRequest(cut.window, self._job.options, expected=self._vote(cut.channel).decided)
        self._pending[self._dispatcher.submit(self._session, request)] = cut

    def _hear(self) -> None:
        """Wait a little for windows to be finished."""
        finished = wait(self._pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done
        self._watch.check()
        for future in finished:
            cut, transcript = self._pending.pop(future), future.result()
            vote = self._vote(cut.channel)
            if vote.decided is not None:
                self._keep(cut, transcript)
                continue
            self._undecided.append((cut, transcript))
            vote.add(transcript)
            if vote.decided is not None:
                self._decide()

    def _decide(self, *, at_last: bool = False) -> None:
        """Of the channels whose language is known, what was decoded in another one is decoded again.

        `at_last` it is known of all of them.
        """
        waiting, self._undecided = self._undecided, []
        for cut, transcript in waiting:
            vote = self._vote(cut.channel)
            if at_last:
                vote.decided = vote.decided or vote.best
            if vote.decided is None and not at_last:
                self._undecided.append((cut, transcript))
            elif transcript.language == vote.decided or not transcript.segments:
                self._keep(cut, transcript)
            else:
                self._submit(cut)

    def _keep(self, cut: "_Cut", transcript: WindowTranscript) -> None:
        transcript = in_script(transcript, self._job.script).model_copy(update={"channel": cut.channel})
        self._done[transcript.number] = transcript
        self._watch.on_window(
            WindowDone(plan=self._plan, window=transcript, covered=cut.covered, duration=self._duration())
        )

    def _duration(self) -> float | None:
        """Length of the recording, as well as it is known by now."""
        seconds = self._source.report.declared_seconds or self._job.duration
        return min(seconds, self._job.listening.seconds) if seconds is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A window of a channel; it accounts for `covered` seconds of the recording: its own and those before."""

    window: Window
    channel: int | None
    covered: float

    def is_of(self, known: WindowTranscript) -> bool:
        """Whether an earlier attempt has finished it."""
        start, end = round(self.window.start, 3), round(self.window.end, 3)
        return (known.channel, known.start, known.end) == (self.channel, start, end)


def _begun(windows: Iterator[ChannelWindow]) -> Iterator[ChannelWindow]:
    """The same windows, the first of them cut: a broken file shows by now."""
    return chain(list(islice(windows, 1)), windows)
