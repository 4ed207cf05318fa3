"""Progress on stderr: bars where it is a terminal, else only what must be said."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from app.core.wording import clock
from app.schemas.task import TaskState, TaskStatus

WIDTH_OF_NAMES = 32


class Row:
    """The bar of one file."""

    def __init__(self, progress: Progress, bar: TaskID) -> None:
        self._progress = progress
        self._bar = bar

    def sent(self, size: int, total: int) -> None:
        """So many bytes of so many are on their way."""
        self._progress.update(self._bar, completed=size / total if total else 0, what="sending")

    def state(self, state: TaskState) -> None:
        """What the service tells."""
        self._progress.update(self._bar, completed=state.progress or 0, what=_in_words(state))


class Display:
    """One bar for each file in work, and one for all of them where there are several."""

    def __init__(self, total: int) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.live = self._console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[what]}", markup=False),
            console=self._console,
            transient=True,
            disable=not self.live,
        )
        self._all = self._progress.add_task("all files", total=total, what=f"0 of {total}", visible=total > 1)
        self._total, self._ended = total, 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def row(self, name: str) -> Iterator[Row]:
        """The bar of a file, as long as the block works on it."""
        shown = name if len(name) <= WIDTH_OF_NAMES else f"…{name[1 - WIDTH_OF_NAMES :]}"
        bar = self._progress.add_task(shown, total=1.0, what="")
        try:
            yield Row(self._progress, bar)
        finally:
            self._progress.remove_task(bar)
            self._ended += 1
            self._progress.update(self._all, completed=self._ended, what=f"{self._ended} of {self._total}")

    def say(self, sentence: str) -> None:
        """A line above the bars."""
        self._console.print(Text(sentence))


def _in_words(state: TaskState) -> str:
    if state.status is not TaskStatus.PROCESSING:
        return state.status.value
    return "transcribing" if state.eta_seconds is None else f"{clock(state.eta_seconds)} left"
