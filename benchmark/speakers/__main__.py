"""`python -m benchmark.speakers RECORDING…`: who speaks when, written as RTTM, by the service's own parts."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.audio.decode import stream_samples
from app.audio.windows import cut_windows
from app.core.config import Settings
from app.formats.rttm import Turn, to_rttm
from app.speakers.clustering import SpeakerCount
from app.speakers.encoder import VoiceEncoder
from app.speakers.stretches import Voices, voices_of
from app.speakers.turns import turns_of
from app.weights.speakers import ensure_speaker_weights

SUFFIXES = frozenset({".flac", ".wav", ".opus", ".ogg", ".mp3", ".m4a"})
console = Console()


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds of one recording, and its length."""

    cut: float
    listen: float
    cluster: float
    recording: float


def main(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    output: Annotated[Path, typer.Option(help="Folder for the RTTM files.")],
    least: Annotated[int, typer.Option(help="Least number of speakers.")] = 1,
    most: Annotated[int, typer.Option(help="Greatest number of speakers.")] = 15,
) -> None:
    """Tell speakers apart, without transcribing."""
    settings = Settings()
    encoder = VoiceEncoder(ensure_speaker_weights(settings.cache_dir, downloads=settings.model_downloads))
    output.mkdir(parents=True, exist_ok=True)
    costs = [_diarize(path, output, encoder, SpeakerCount(least, most)) for path in _files(recordings)]
    total = sum(cost.recording for cost in costs) or 1.0
    shares = (sum(getattr(cost, name) for cost in costs) / total for name in ("cut", "listen", "cluster"))
    console.print("CPU s per s of audio: cut {:.5f}, listen {:.5f}, cluster {:.5f}".format(*shares))


def _files(paths: list[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return [file for file in found if file.suffix in SUFFIXES]


def _diarize(path: Path, output: Path, encoder: VoiceEncoder, count: SpeakerCount) -> Cost:
    stream = stream_samples(path)
    heard: list[Voices] = []
    cut = listen = 0.0
    mark = time.process_time()
    for window in cut_windows(stream):
        now = time.process_time()
        cut, mark = cut + now - mark, now
        heard.append(voices_of(window, encoder))
        now = time.process_time()
        listen, mark = listen + now - mark, now
    turns = turns_of(heard, count)
    cluster = time.process_time() - mark
    named = [Turn(turn.start, turn.end, f"S{turn.voice + 1}") for turn in turns]
    (output / f"{path.stem}.rttm").write_text(to_rttm(named, path.stem), "utf-8")
    console.print(f"{path.stem}: {len({turn.voice for turn in turns})} speakers, {len(turns)} turns")
    return Cost(cut, listen, cluster, stream.report.seconds)


if __name__ == "__main__":
    typer.run(main)
