"""`python3 -m benchmark.engine --corpus DIR [PART …]`: windows against faster-whisper, and the service around
them.

Parts: voice (many short clips), variants (the clips of languages with few words, many times with a little
noise), long (long recordings), conversation (several voices in turn, made of the clips), nonspeech (what is
invented where nobody speaks), curve (what each number of the engine brings), service (all clips through the
API), latency, fairness, resume, memory.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.core.config import Settings
from app.core.startup import read_settings
from benchmark.engine import service_parts
from benchmark.engine.compare import Entry, PassFailed, Standing, compare
from benchmark.engine.conversations import SECONDS, conversations
from benchmark.engine.corpus import Clip, CorpusMissing, read_corpus
from benchmark.engine.harness import ServiceFailed
from benchmark.engine.report import figures_table, machine, standings_table, write_plots
from benchmark.engine.sound import variants

HOME = Path(__file__).parents[1]
PARTS = (
    "voice",
    "variants",
    "long",
    "conversation",
    "nonspeech",
    "curve",
    "service",
    "latency",
    "fairness",
    "resume",
    "memory",
)

ENOUGH_SECONDS = 60
VARIANTS = 20

RIVALS = (
    Entry("windows", "windows"),
    Entry("sequential", "sequential"),
    Entry("batched", "batched"),
)
CURVE = (
    Entry("as it is", "windows"),
    *(Entry(f"beam {size}", "windows", beam_size=size) for size in (1, 2)),
    *(Entry(f"batch {size}", "windows", batch_size=size) for size in (1, 2, 4, 16)),
    *(Entry(f"margin {each} s", "windows", tuning={"margin_seconds": each}) for each in (1.0, 2.5, 6.0)),
    Entry("no suffix", "windows", tuning={"suffix": False}),
    Entry("no silent states", "windows", tuning={"class_seconds": 0.5, "suffix": False}),
    Entry("silent states to 30 s", "windows", tuning={"class_seconds": 30.0}),
    Entry("all 30 s encoded", "windows", tuning={"trims": False}),
    Entry("time tokens", "windows", tuning={"time_tokens": True}),
    Entry("gaps left", "windows", tuning={"coverage": False}),
    *(Entry(f"patience {each}", "windows", tuning={"patience": each}) for each in (0.2, 1.0)),
)
LENGTHS = (
    *(
        Entry(f"windows of {each:.0f} s", "windows", rules={"soft_max": each})
        for each in (6.0, 10.0, 15.0, 22.0)
    ),
    Entry("pauses kept", "windows", rules={"max_pause": 30.0}),
)

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


class Benchmark:
    """One run: what is measured with what, and the figures so far."""

    def __init__(
        self,
        corpus: Path,
        model: str,
        rounds: int,
        seed: int,
        seconds: float,
        settings: Settings,
        folder: Path,
    ) -> None:
        self._corpus = corpus
        self._seed = seed
        self._seconds = seconds
        self._model = model
        self._rounds = rounds
        self._settings = settings
        self._folder = folder
        self.figures: dict[str, Any] = {}
        self.standings: dict[str, list[Standing]] = {}

    def run(self, part: str, hours: float, repeats: int) -> None:
        """Measure one part. Raises CorpusMissing, PassFailed, ServiceFailed."""
        console.rule(part)
        if part in ("voice", "long"):
            self._compare(part, RIVALS, self._clips(part), self._rounds)
        elif part == "variants":
            self._compare(part, RIVALS, self._variants(), 1)
        elif part == "conversation":
            self._compare(part, RIVALS, self._conversations(), self._rounds)
        elif part == "curve":
            self._compare("curve, voice", CURVE, self._clips("voice"), 1)
            self._compare("curve, long", LENGTHS, self._clips("long"), 1)
        elif part == "nonspeech":
            self._compare(part, RIVALS, self._clips(part), 1)
        else:
            self.figures[part] = self._serve(part, hours, repeats)
            console.print(figures_table(part, self.figures[part]))

    def _compare(self, name: str, entries: Sequence[Entry], clips: Sequence[Clip], rounds: int) -> None:
        standings = compare(entries, clips, self._model, self._settings, rounds, console.print)
        self.standings[name] = standings
        self.figures[name] = [standing.fields() for standing in standings]
        console.print(standings_table(name, standings))

    def _serve(self, part: str, hours: float, repeats: int) -> service_parts.Figures:
        folder = self._folder / part
        common = (self._model, self._settings)
        rest = (folder, console.print)
        if part == "memory":
            return service_parts.memory(self._in_one_language(), *common, hours, repeats, *rest)
        if part == "service":
            return service_parts.throughput(self._clips("voice"), *common, self._rounds, *rest)
        if part == "resume":
            return service_parts.resume(self._longest(), *common, *rest)
        if part == "latency":
            return service_parts.latency(self._nearest(5.0), *common, self._rounds, *rest)
        return service_parts.fairness(self._nearest(10.0), self._longest(), *common, self._rounds, *rest)

    def _clips(self, part: str) -> list[Clip]:
        return read_corpus(self._corpus, part)

    def _variants(self) -> list[Clip]:
        """The voice messages of languages that are represented by less than a minute."""
        clips = self._clips("voice")
        seconds: defaultdict[str, float] = defaultdict(float)
        for clip in clips:
            seconds[clip.language] += clip.seconds
        rare = [clip for clip in clips if seconds[clip.language] < ENOUGH_SECONDS]
        if not rare:
            raise CorpusMissing("variants: every language of voice/ has a minute of speech or more.")
        return variants(rare, VARIANTS, self._folder / "variants")

    def _conversations(self) -> list[Clip]:
        return conversations(self._clips("voice"), self._folder / "conversations", self._seed, self._seconds)

    def _longest(self) -> Clip:
        return max(self._clips("long"), key=lambda clip: clip.seconds)

    def _in_one_language(self) -> list[Clip]:
        """Long recordings that may be joined to one that somebody might have: in one language."""
        language = self._longest().language
        return [clip for clip in self._clips("long") if clip.language == language]

    def _nearest(self, seconds: float) -> Clip:
        return min(self._clips("voice"), key=lambda clip: abs(clip.seconds - seconds))


@app.command()
def main(
    parts: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(PARTS)} (all of them).")] = None,
    corpus: Annotated[Path, typer.Option(help="Folder with voice/, long/ and nonspeech/.")] = HOME / "corpus",
    model: Annotated[str, typer.Option(help="Model.")] = "base",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")] = 3,
    seed: Annotated[int, typer.Option(help="conversation: who speaks, when, how loud.")] = 1,
    seconds: Annotated[float, typer.Option(help="conversation: length of each.")] = SECONDS,
    hours: Annotated[float, typer.Option(help="memory: length of the long recording.")] = 3.0,
    repeats: Annotated[int, typer.Option(min=1, help="memory: how often it is transcribed.")] = 2,
    output: Annotated[Path, typer.Option(help="Gets results/engine.json and plots/.")] = HOME,
) -> None:
    """Measure the engine side by side with faster-whisper, and the service with the engine."""
    with tempfile.TemporaryDirectory() as folder:
        benchmark = Benchmark(corpus, model, rounds, seed, seconds, read_settings(), Path(folder))
        try:
            for part in parts or PARTS:
                if part not in PARTS:
                    raise CorpusMissing(f"There is no part {part!r}; choose from: {', '.join(PARTS)}.")
                benchmark.run(part, hours, repeats)
        except (CorpusMissing, PassFailed, ServiceFailed) as error:
            console.print(str(error), style="bold red", markup=False)
            raise typer.Exit(1) from None
        finally:
            _write(output, benchmark)


def _write(output: Path, benchmark: Benchmark) -> None:
    """What was measured so far, also where a part failed; parts of earlier runs stay in the file."""
    if not benchmark.figures:
        return
    path = output / "results" / "engine.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    path.write_text(
        json.dumps(known | {"machine": machine()} | benchmark.figures, ensure_ascii=False, indent=1)
    )
    plots = write_plots(output / "plots", benchmark.standings)
    console.print("Written:", *(str(each) for each in (path, *plots)), sep="\n  ", soft_wrap=True)


if __name__ == "__main__":
    app()
