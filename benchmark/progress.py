"""How far a run is: a bar for each variant, and one for all with the time that is left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

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


@contextmanager
def run_progress(total: int) -> Iterator[RunProgress]:
    """Bars for `total` recordings, those of all variants together."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield RunProgress(progress, total)
