"""How far a run is: a bar for each variant, and one for all with the time that is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

OnDone = Callable[[str], None]


class RunProgress:
    """The bars; recordings that an earlier run has done count as done at once."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._all: TaskID = progress.add_task("all", total=total, last="")

    def row(self, label: str, total: int) -> OnDone:
        """A bar of its own; what is returned hears the name of each recording that is done."""
        row = self._progress.add_task(label, total=total, last="loading the model")

        def on_done(name: str) -> None:
            self._progress.update(row, advance=1, last=name)
            self._progress.update(self._all, advance=1)

        return on_done


class _Words(TextColumn):
    """Words of any kind, names of files, too; cut where the terminal is narrow, before the figures are."""

    def __init__(self, text_format: str) -> None:
        super().__init__(text_format, markup=False, table_column=Column())

    def render(self, task: Task) -> Text:
        """One line."""
        text = super().render(task)
        text.no_wrap, text.overflow = True, "ellipsis"
        return text


def _whole() -> Column:
    return Column(no_wrap=True)


@contextmanager
def run_progress(total: int) -> Iterator[RunProgress]:
    """Bars for `total` recordings, those of all variants together."""
    columns = (
        _Words("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(table_column=_whole()),
        TimeElapsedColumn(table_column=_whole()),
        TextColumn("left:", table_column=_whole()),
        TimeRemainingColumn(table_column=_whole()),
        _Words("{task.fields[last]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield RunProgress(progress, total)
