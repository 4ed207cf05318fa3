"""What the person in front of `make run` sees: a line for each step, the address, then the log."""

import threading
from collections import deque

from rich.console import Console
from rich.text import Text

from utils.logger import printable

KEPT_LINES = 30
"""Lines of the children that are shown where the start fails; all of them are in `service.log`."""


class Display:
    """Writes to stdout; quiet about the children's lines until the service is ready. Thread-safe."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._kept: deque[Text] = deque(maxlen=KEPT_LINES)
        self._lock = threading.Lock()
        self._quiet = True

    def step(self, text: str) -> None:
        """A step of the start or of the end begins."""
        self._console.print(Text.assemble(("==> ", "bold cyan"), text))

    def warn(self, text: str) -> None:
        """Something that the user should know and that does not stop the run."""
        self._console.print(Text.assemble(("warning: ", "bold yellow"), text))

    def fail(self, text: str) -> None:
        """Why the run ends: what the children said last, then one sentence."""
        with self._lock:
            for line in self._kept:
                self._console.print(line)
            self._kept.clear()
        self._console.print(Text.assemble(("error: ", "bold red"), text))

    def child_line(self, name: str, line: str) -> None:
        """One line of a child's output."""
        text = Text.assemble((f"{name:<9}| ", "cyan"), printable(line))
        with self._lock:
            if self._quiet:
                self._kept.append(text)
            else:
                self._console.print(text)

    def reachable(self, url: str, *, is_open: bool) -> None:
        """Where others in the network find the service, and what they may do there."""
        self._console.print(f"Others in this network reach it at [bold]{url}[/].")
        if is_open:
            self.warn(
                "everybody there may send recordings, read all transcripts and delete them; set API_KEYS to "
                "change that (`transcriber key NAME` makes entries)."
            )

    def ready(self, url: str, model: str, workers: int) -> None:
        """The service is up: how to use it. From now on the children's lines are shown."""
        noun = "worker" if workers == 1 else "workers"
        for line in (
            "",
            f"[bold green]Ready[/] at [bold]{url}[/] with {workers} {noun}; model {model} unless a request "
            "names one",
            f"API documentation: {url}/docs",
            "",
            "Transcribe a recording (put your own file's name after @):",
            f"  [bold]curl -F file=@recording.mp3 {url}/transcribe/[/]",
            "and fetch the text with the task_id of the answer:",
            f"  [bold]curl {url}/transcribe/TASK_ID[/]",
            "",
            "Ctrl-C stops everything. The log follows; it is also in logs/service.log.",
            "",
        ):
            self._console.print(line)
        with self._lock:
            self._quiet = False
            self._kept.clear()
