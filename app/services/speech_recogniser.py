"""One recording through the house: decoded, cut, transcribed among others, put together."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from itertools import chain, islice

from app.audio.cutter import CutRules
from app.audio.decode import SampleStream, stream_samples
from app.audio.samples import Samples
from app.audio.windows import Window, cut_windows
from app.core.config import Settings
from app.engines.base import EngineInfo, WindowRequest
from app.engines.batcher import Batcher
from app.engines.registry import ModelPool
from app.engines.seats import Seat
from app.schemas.transcript import Transcript
from app.schemas.window import WindowDone, WindowTranscript
from app.services.assembly import plan_of, transcript_of
from app.services.jobs import Job, Watch
from app.services.languages import LanguageVote

POLL_SECONDS = 0.2
"""How often a recording that waits for its windows asks whether it is still wanted."""


class SpeechRecogniser:
    """Transcribes with a Whisper model; recordings that are given to several threads share its batches."""

    def __init__(self, batcher: Batcher, rules: CutRules) -> None:
        self._batcher = batcher
        self._rules = rules

    @classmethod
    def from_settings(cls, settings: Settings) -> "SpeechRecogniser":
        """With the models that the settings ask for."""
        return cls(Batcher(ModelPool(settings)), CutRules())

    def load(self, model: str) -> EngineInfo:
        """Have a model in memory. Raises ModelUnavailable or EngineFailed."""
        seat = self._batcher.sit(model)
        try:
            return self._batcher.ask(seat).result()
        finally:
            self._batcher.leave(seat)

    def transcribe(self, job: Job, watch: Watch) -> Transcript:
        """Raises the TaskErrors of app.core.errors; a broken file costs no model."""
        seat = self._batcher.sit(job.model, is_short=job.is_short)
        try:
            return _Recording(self._batcher, seat, job, watch, self._rules).transcribe()
        finally:
            self._batcher.leave(seat)


class _Recording:
    """One recording on its way."""

    def __init__(self, batcher: Batcher, seat: Seat, job: Job, watch: Watch, rules: CutRules) -> None:
        self._batcher = batcher
        self._seat = seat
        self._job = job
        self._watch = watch
        self._rules = rules
        self._stream = stream_samples(job.path, trim=job.trim)
        self._vote = LanguageVote(job.options.language)
        self._plan = ""
        self._end = 0.0
        self._pending: dict[Future[WindowTranscript], _Cut] = {}
        self._undecided: list[tuple[_Cut, WindowTranscript]] = []
        self._done: dict[int, WindowTranscript] = {}

    def transcribe(self) -> Transcript:
        windows = _begun(cut_windows(_checked(self._stream, self._watch), self._rules, vad=self._job.vad))
        info = self._loaded()
        self._watch.on_loaded()
        self._plan = plan_of(info, self._job, self._rules)
        resumed = self._read(windows)
        while self._pending:
            self._hear()
        self._decide()
        while self._pending:
            self._hear()
        in_order = [self._done[number] for number in sorted(self._done)]
        return transcript_of(in_order, self._vote, self._stream.report, info, resumed)

    def _loaded(self) -> EngineInfo:
        """The model, once it is in memory."""
        asked = self._batcher.ask(self._seat)
        while not wait([asked], timeout=POLL_SECONDS).done:
            self._watch.check()
        return asked.result()

    def _read(self, windows: Iterator[Window]) -> int:
        """Have all windows transcribed but those that an earlier attempt has finished; how many those are."""
        earlier = self._earlier()
        resumed = 0
        for window in windows:
            cut = _Cut(window, window.end - self._end)
            self._end = window.end
            known = earlier.get(window.number)
            if known is not None and (known.start, known.end) == (
                round(window.start, 3),
                round(window.end, 3),
            ):
                self._vote.add(known)
                self._done[known.number] = known
                resumed += 1
                continue
            while not self._may_submit():
                self._hear()
            self._submit(cut)
        return resumed

    def _earlier(self) -> dict[int, WindowTranscript]:
        checkpoint = self._job.checkpoint
        if checkpoint is None or checkpoint.plan != self._plan:
            return {}
        return {window.number: window for window in checkpoint.windows}

    def _may_submit(self) -> bool:
        """While the language is not decided windows go one by one, so that few are decoded in a wrong one."""
        return self._batcher.has_room(self._seat) and (self._vote.decided is not None or not self._pending)

    def _submit(self, cut: "_Cut") -> None:
        request = WindowRequest(cut.window, self._job.options, expected=self._vote.decided)
        self._pending[self._batcher.submit(self._seat, request)] = cut

    def _hear(self) -> None:
        """Wait a little for windows to be finished."""
        finished = wait(self._pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done
        self._watch.check()
        for future in finished:
            cut, transcript = self._pending.pop(future), future.result()
            if self._vote.decided is not None:
                self._keep(cut, transcript)
                continue
            self._undecided.append((cut, transcript))
            self._vote.add(transcript)
            if self._vote.decided is not None:
                self._decide()

    def _decide(self) -> None:
        """The language is known: what was decoded in another one is decoded again."""
        self._vote.decided = self._vote.decided or self._vote.best
        waiting, self._undecided = self._undecided, []
        for cut, transcript in waiting:
            if transcript.language == self._vote.decided or not transcript.segments:
                self._keep(cut, transcript)
            else:
                self._submit(cut)

    def _keep(self, cut: "_Cut", transcript: WindowTranscript) -> None:
        self._done[transcript.number] = transcript
        self._watch.on_window(
            WindowDone(plan=self._plan, window=transcript, covered=cut.covered, duration=self._duration())
        )

    def _duration(self) -> float | None:
        """Length of the recording, as well as it is known by now."""
        seconds = self._stream.report.declared_seconds or self._job.duration
        return min(seconds, self._job.trim or seconds) if seconds is not None else None


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A window, and the seconds of the recording that it accounts for: its own and those before it."""

    window: Window
    covered: float


def _checked(stream: SampleStream, watch: Watch) -> Iterator[Samples]:
    for chunk in stream:
        watch.check()
        watch.on_alive()
        yield chunk


def _begun(windows: Iterator[Window]) -> Iterator[Window]:
    """The same windows, the first of them cut: a broken file shows by now."""
    return chain(list(islice(windows, 1)), windows)
