"""The windows of one recording on their way through the dispatcher, and the language that they decide."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from app.asr.base import WindowRequest
from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.scheduling.scheduler import Session
from app.audio.windows import Window
from app.schemas.window import WindowTranscript
from app.transcription.chinese import in_script
from app.transcription.language import LanguageVote
from app.transcription.request import Job

POLL_SECONDS = 0.2
"""How often a recording that waits for its windows asks whether it is still wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class CutWindow:
    """A window of a channel; it accounts for `covered` seconds of the recording: its own and those before."""

    window: Window
    channel: int | None
    covered: float

    def is_of(self, known: WindowTranscript) -> bool:
        """Whether an earlier attempt has finished it."""
        start, end = round(self.window.start, 3), round(self.window.end, 3)
        return (known.channel, known.start, known.end) == (self.channel, start, end)


class WindowDecoder:
    """Has windows transcribed, and keeps them once the language of their channel is known.

    `check` is called often, and what it raises ends the wait for windows; `on_done` hears of what is kept.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        job: Job,
        check: Callable[[], None],
        on_done: Callable[[CutWindow, WindowTranscript], None],
    ) -> None:
        self._dispatcher = dispatcher
        self._session = session
        self._job = job
        self._check = check
        self._on_done = on_done
        self._votes: dict[int | None, LanguageVote] = {}
        self._pending: dict[Future[WindowTranscript], CutWindow] = {}
        self._undecided: list[tuple[CutWindow, WindowTranscript]] = []
        self.done: dict[int, WindowTranscript] = {}

    @property
    def is_empty(self) -> bool:
        """Whether none is on its way."""
        return not self._pending

    @property
    def is_decided(self) -> bool:
        """Whether a language is known, and of every channel that has been heard."""
        return bool(self._votes) and all(vote.decided is not None for vote in self._votes.values())

    @property
    def wants_more(self) -> bool:
        """Whether all that it was given is being decoded."""
        return self._dispatcher.wants_more(self._session)

    def vote(self, channel: int | None) -> LanguageVote:
        """Which language is spoken in a channel: both sides of a call may have their own."""
        if channel not in self._votes:
            self._votes[channel] = LanguageVote(self._job.options.language)
        return self._votes[channel]

    def main_vote(self) -> LanguageVote:
        """That of the channel in which most is said."""
        said = dict.fromkeys(self._votes, 0)
        for window in self.done.values():
            said[window.channel] += len(window.text)
        return self.vote(max(said, key=said.__getitem__, default=None))

    def know(self, known: WindowTranscript) -> None:
        """Keep a window that somebody else has finished."""
        self.vote(known.channel).add(known)
        self.done[known.number] = known

    def may_submit(self, channel: int | None) -> bool:
        """While the language is not decided windows go one by one, so that few are decoded in a wrong one."""
        if not self._dispatcher.has_room(self._session):
            return False
        is_alone = all(cut.channel != channel for cut in self._pending.values())
        return is_alone or self.vote(channel).decided is not None

    def submit(self, cut: CutWindow, *, alone: bool = False) -> None:
        """Have a window transcribed; one that is suspected of doing harm `alone`."""
        request = WindowRequest(cut.window, self._job.options, expected=self.vote(cut.channel).decided)
        self._pending[self._dispatcher.submit(self._session, request, alone=alone)] = cut

    def recall(self) -> list[CutWindow]:
        """Windows that are not being decoded yet, which are not to be."""
        self._dispatcher.recall(self._session)
        recalled = [future for future in self._pending if future.cancelled()]
        return [self._pending.pop(future) for future in recalled]

    def hear(self, seconds: float = POLL_SECONDS) -> None:
        """Wait a little for windows to be finished. Raises what made one fail."""
        if not self._pending:
            time.sleep(seconds)
        ended = wait(self._pending, timeout=seconds, return_when=FIRST_COMPLETED).done
        self._check()
        for future in ended:
            cut, transcript = self._pending.pop(future), future.result()
            vote = self.vote(cut.channel)
            if vote.decided is not None:
                self._keep(cut, transcript)
                continue
            self._undecided.append((cut, transcript))
            vote.add(transcript)
            if vote.decided is not None:
                self.decide()

    def decide(self, *, at_last: bool = False) -> None:
        """Of the channels whose language is known, what was decoded in another one is decoded again.

        `at_last` it is known of all of them.
        """
        waiting, self._undecided = self._undecided, []
        for cut, transcript in waiting:
            vote = self.vote(cut.channel)
            if at_last:
                vote.decided = vote.decided or vote.best
            if vote.decided is None and not at_last:
                self._undecided.append((cut, transcript))
            elif transcript.language == vote.decided or not transcript.segments:
                self._keep(cut, transcript)
            else:
                self.submit(cut)

    def _keep(self, cut: CutWindow, transcript: WindowTranscript) -> None:
        transcript = in_script(transcript, self._job.script).model_copy(update={"channel": cut.channel})
        self.done[transcript.number] = transcript
        self._on_done(cut, transcript)
