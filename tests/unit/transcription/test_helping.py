"""A helper decodes what it has borrowed, and leaves in order."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.asr.base import DecodeOptions
from app.asr.scheduling.dispatcher import Dispatcher
from app.audio.channels import ChannelWindow
from app.audio.listening import Listening
from app.core.errors import EngineFailed, RecordingUnreachable
from app.schemas.lending import Loan, OfferedWindow
from app.schemas.window import WindowDone
from app.transcription.helping import WindowHelper
from app.transcription.request import UNWATCHED, Job
from tests.support.serving import until
from tests.unit.asr.engines import HeldEngine, HeldPool, request

JOB = Job(Path("none.wav"), "base", Listening(), DecodeOptions())


class Windows:
    """Lends these, then no more; and reads them. Notes what comes back."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = numbers
        self.delivered: list[WindowDone] = []
        self.returned: list[int] = []
        self.is_over = False
        self.failure: Exception | None = None

    def borrow(self, plan: str, most: int) -> Loan:
        assert (plan, most) == ("plan", 16)
        numbers, self._numbers = self._numbers, ()
        windows = tuple(OfferedWindow(number=each, covered=7, expected="en") for each in numbers)
        return Loan(windows=windows, saved_plan="saved", is_over=self.is_over)

    def deliver(self, done: WindowDone) -> None:
        self.delivered.append(done)

    def give_back(self, numbers: Sequence[int]) -> None:
        self.returned += numbers

    def slices(self, windows: Sequence[OfferedWindow]) -> Iterator[ChannelWindow]:
        """The first of them, and then the failure, if there is one."""
        for each in windows:
            yield ChannelWindow(None, request(each.number).window)
            if self.failure is not None:
                raise self.failure

    def close(self) -> None:
        return


class Help:
    """A helper in its thread, beside an engine whose batches of one window end when the test says so."""

    def __init__(self, *numbers: int, failure: Exception | None = None) -> None:
        pool = HeldPool()
        self._dispatcher = Dispatcher(pool)  # type: ignore[arg-type]
        self._session = self._dispatcher.open("base")
        assert self._dispatcher.ensure_loaded(self._session).result(20)
        self.engine: HeldEngine = pool.made["base"][-1]
        self.engine.batch_size = 1
        self.windows = Windows(*numbers)
        self.windows.failure = failure
        self.stop = threading.Event()
        self.alive = 0
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._help)
        self.thread.start()

    def _help(self) -> None:
        watch = replace(UNWATCHED, should_stop=self.stop.is_set, on_alive=self._beat)
        helper = WindowHelper(self._dispatcher, self._session, JOB, self.windows, watch, "plan")
        try:
            helper.help(self.windows)
        except Exception as error:
            self.error = error

    def _beat(self) -> None:
        self.alive += 1


def test_it_delivers_until_there_is_no_more() -> None:
    help = Help(3, 5)
    help.engine.release(2)
    until(lambda: len(help.windows.delivered) == 2)
    until(lambda: help.alive > 0)
    help.windows.is_over = True
    help.thread.join(20)
    assert sorted(each.window.number for each in help.windows.delivered) == [3, 5]
    assert {(each.plan, each.covered) for each in help.windows.delivered} == {("saved", 7)}
    assert (help.windows.returned, help.error) == ([], None)


def test_it_is_told_to_stop() -> None:
    """What has not been begun goes back at once, what is being decoded is delivered."""
    help = Help(3, 5, 8)
    help.engine.wait_for(1)
    help.stop.set()
    until(lambda: help.windows.returned == [5, 8])
    assert help.thread.is_alive()
    assert help.alive == 0, "a window that hangs is no sign of life"
    help.engine.release(1)
    help.thread.join(20)
    assert [each.window.number for each in help.windows.delivered] == [3]
    assert help.error is None


def test_a_window_that_cannot_be_decoded_ends_it() -> None:
    help = Help(3, 5)
    help.engine.poison = 5.0
    help.engine.release(2)
    help.thread.join(20)
    assert isinstance(help.error, EngineFailed)
    assert help.windows.delivered == []


@pytest.mark.parametrize(
    ("failure", "returned"), [(RecordingUnreachable("away"), [5, 8]), (EngineFailed("a crash"), [8])]
)
def test_windows_that_it_cannot_read_are_not_suspected_of_harm(
    failure: Exception, returned: list[int]
) -> None:
    """Only the one at which the reading failed may be to blame, and none where the bucket is away."""
    help = Help(3, 5, 8, failure=failure)
    help.engine.release(1)
    help.thread.join(20)
    assert help.error is failure
    assert help.windows.returned == returned
    assert [each.window.number for each in help.windows.delivered] == [3]


@pytest.mark.parametrize("numbers", [(), (1,)])
def test_it_has_nothing_to_give_back(numbers: tuple[int, ...]) -> None:
    help = Help(*numbers)
    help.engine.release(1)
    until(lambda: len(help.windows.delivered) == len(numbers))
    help.stop.set()
    help.thread.join(20)
    assert (help.windows.returned, help.error) == ([], None)
