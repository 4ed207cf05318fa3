"""Helping with another worker's recording: borrow windows, decode them, deliver them."""

import logging
import time
from contextlib import suppress

from app.asr.scheduling.dispatcher import Dispatcher
from app.asr.scheduling.scheduler import Session
from app.audio.reading.slicing import SliceSource
from app.core.errors import AudioMissing, RecordingUnreachable, TaskCancelled
from app.schemas.lending import Loan
from app.schemas.window import WindowDone, WindowTranscript
from app.transcription.lending import IDLE_SECONDS, LONGEST_IDLE_SECONDS, MOST_WINDOWS, Borrower
from app.transcription.request import Job, Watch
from app.transcription.window_decoder import CutWindow, WindowDecoder

logger = logging.getLogger(__name__)

NO_FAULT_OF_THE_WINDOW = (TaskCancelled, RecordingUnreachable, AudioMissing)
"""What ends the reading before a window, and says nothing of it."""


class WindowHelper:
    """Helps with one recording, until there is nothing to be had of it or until it is told to stop.

    Then what has not been begun is given back, and what is being decoded is delivered still.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        job: Job,
        borrower: Borrower,
        watch: Watch,
        plan: str,
    ) -> None:
        self._borrower = borrower
        self._watch = watch
        self._plan = plan
        self._saved_plan = ""
        self._is_leaving = False
        self._decoder = WindowDecoder(dispatcher, session, job, self.check, self._deliver)

    def check(self) -> None:
        """Raise TaskCancelled where it is told to stop, and not yet about to."""
        if not self._is_leaving:
            self._watch.check()

    def help(self, slices: SliceSource) -> None:
        """Raises EngineFailed where the recording or the model does not let it."""
        try:
            self._work(slices)
        except TaskCancelled:
            logger.info("No more help: this worker has something else to do")
        finally:
            self._leave()

    def _work(self, slices: SliceSource) -> None:
        pause, asks_at = IDLE_SECONDS, 0.0
        while True:
            if self._decoder.wants_more and time.monotonic() >= asks_at:
                loan = self._borrower.borrow(self._plan, MOST_WINDOWS)
                if loan.is_over:
                    break
                pause = IDLE_SECONDS if loan.windows else min(2 * pause, LONGEST_IDLE_SECONDS)
                asks_at = 0.0 if loan.windows else time.monotonic() + pause
                self._begin(loan, slices)
            self._decoder.hear(IDLE_SECONDS)
            if self._decoder.is_empty:  # else windows are the signs of life: one that hangs must be noticed
                self._watch.on_alive()

    def _begin(self, loan: Loan, slices: SliceSource) -> None:
        self._saved_plan = loan.saved_plan or self._saved_plan
        left = {window.number: window for window in loan.windows}
        try:
            for each in slices.slices(loan.windows):
                window = left.pop(each.window.number)
                self._decoder.vote(each.channel).decided = window.expected
                self._decoder.submit(CutWindow(each.window, each.channel, window.covered))
        except NO_FAULT_OF_THE_WINDOW:
            self._borrower.give_back(tuple(left))
            raise
        except Exception:
            self._borrower.give_back(tuple(left)[1:])  # the first may be what cannot be read
            raise

    def _deliver(self, cut: CutWindow, transcript: WindowTranscript) -> None:
        self._borrower.deliver(WindowDone(plan=self._saved_plan, window=transcript, covered=cut.covered))

    def _leave(self) -> None:
        self._is_leaving = True
        not_begun = tuple(cut.window.number for cut in self._decoder.recall())
        if not_begun:
            self._borrower.give_back(not_begun)
        while not self._decoder.is_empty:
            with suppress(Exception):  # the window that failed, or another: its owner will see
                self._decoder.hear()
