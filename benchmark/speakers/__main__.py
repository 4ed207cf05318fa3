"""`python -m benchmark.speakers RECORDING…`: who speaks when, by the service's own parts, as RTTM and as
pictures; where X.rttm lies beside a recording X, how much of it is wrong."""

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
from benchmark.speakers.plot import draw_turns
from benchmark.speakers.scoring import Errors, errors_of, read_rttm

SUFFIXES = frozenset({".flac", ".wav", ".opus", ".ogg", ".mp3", ".m4a"})
console = Console()


COLLAR_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one recording gave: CPU seconds and its length, errors with a collar and without."""

    cut: float
    listen: float
    cluster: float
    recording: float
    forgiving: Errors
    strict: Errors


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
    outcomes = [_diarize(path, output, encoder, SpeakerCount(least, most)) for path in _files(recordings)]
    total = sum(each.recording for each in outcomes) or 1.0
    shares = (sum(getattr(each, name) for each in outcomes) / total for name in ("cut", "listen", "cluster"))
    console.print("CPU s per s of audio: cut {:.5f}, listen {:.5f}, cluster {:.5f}".format(*shares))
    forgiving, strict = (
        sum((each for each in errors), Errors())
        for errors in ([each.forgiving for each in outcomes], [each.strict for each in outcomes])
    )
    if strict.speech:
        console.print(f"DER in all: {_rates(forgiving, strict)}")


def _rates(forgiving: Errors, strict: Errors) -> str:
    parts = [strict.missed, strict.false_alarm, strict.confused]
    missed, false_alarm, confused = (100 * part / max(strict.speech, 1e-9) for part in parts)
    return (
        f"{100 * forgiving.rate:.1f} % (± {COLLAR_SECONDS} s), {100 * strict.rate:.1f} % strict: missed "
        f"{missed:.1f}, false alarm {false_alarm:.1f}, confused {confused:.1f}"
    )


def _files(paths: list[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])]
    return [file for file in found if file.suffix in SUFFIXES]


def _diarize(path: Path, output: Path, encoder: VoiceEncoder, count: SpeakerCount) -> Outcome:
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
    known = path.with_suffix(".rttm")
    reference = read_rttm(known) if known.is_file() else []
    draw_turns(output / f"{path.stem}.png", named, reference)
    seconds = stream.report.seconds
    forgiving, strict = (
        errors_of(reference, named, seconds, collar) if reference else Errors()
        for collar in (COLLAR_SECONDS, 0.0)
    )
    console.print(
        f"{path.stem}: {len({turn.speaker for turn in named})} speakers"
        + (
            f" of {len({turn.speaker for turn in reference})}, {_rates(forgiving, strict)}"
            if reference
            else ""
        )
    )
    return Outcome(cut, listen, cluster, seconds, forgiving, strict)


if __name__ == "__main__":
    typer.run(main)
