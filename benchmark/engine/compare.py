"""Systems against each other: in turn, round after round, each pass in a process of its own."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from app.asr.hardware import runtime_environment
from app.core.config import Settings
from benchmark.bootstrap import Interval, difference_interval, rate_interval
from benchmark.engine.corpus import Clip, errors_by_clip, errors_by_language, errors_by_subject
from benchmark.engine.messages import Passed, Round
from benchmark.results import Errors

SETTINGS = {"cache_dir", "device", "compute_type", "cpu_threads", "batch_size", "tasks_in_flight"}


class PassFailed(Exception):
    """A measuring process died; the message is its last words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A system and what it is given that differs from the defaults."""

    name: str
    system: str
    beam_size: int = 5
    batch_size: int = 0
    tuning: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, float] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What an entry did over all rounds; speeds are seconds of audio per second, medians of the rounds.

    `interval` is that of the word error rate of all, `against_first` that of its difference to the first
    entry's: where it holds zero, the difference may be chance. `device_busy` is the median share of
    time in which the device worked while windows waited.
    """

    entry: Entry
    times_real_time: float
    spread: tuple[float, float]
    times_real_time_cpu: float | None
    errors: dict[str, Errors]
    interval: Interval | None
    against_first: Interval | None
    load_seconds: float
    peak_memory_mb: float | None
    texts: dict[str, str]
    device_busy: float | None = None

    def fields(self) -> dict[str, Any]:
        """For the JSON files, in which the entry's `system` was called `contestant` and still is, too."""
        entry = asdict(self.entry) | {"contestant": self.entry.system}
        return asdict(self) | {"entry": entry}


def compare(
    entries: Sequence[Entry],
    clips: Sequence[Clip],
    model: str,
    settings: Settings,
    rounds: int,
    say: Callable[[str], None],
    on_failed: Callable[[PassFailed], None] | None = None,
) -> list[Standing]:
    """Let every entry transcribe all clips, `rounds` times.

    Raises PassFailed; with `on_failed` that hears it, and the entry is left out.
    """
    passes: dict[str, list[Passed]] = {entry.name: [] for entry in entries}
    for number in range(rounds):
        for entry in [entry for entry in entries if entry.name in passes]:
            try:
                done = run_pass(entry, clips, model, settings)
            except PassFailed as error:
                if on_failed is None:
                    raise
                on_failed(error)
                del passes[entry.name]
                continue
            passes[entry.name].append(done)
            say(f"round {number + 1}: {entry.name} took {done.seconds:.1f} s")
    return _standings([entry for entry in entries if entry.name in passes], clips, passes)


def _standings(
    entries: Sequence[Entry], clips: Sequence[Clip], passes: Mapping[str, Sequence[Passed]]
) -> list[Standing]:
    errors = {entry.name: errors_by_clip(clips, passes[entry.name][-1].texts) for entry in entries}
    first = errors[entries[0].name] if entries else []
    return [_standing(entry, clips, passes[entry.name], errors[entry.name], first) for entry in entries]


def run_pass(entry: Entry, clips: Sequence[Clip], model: str, settings: Settings) -> Passed:
    """One pass of one entry. Raises PassFailed."""
    mine = settings.model_copy(update={"batch_size": entry.batch_size or settings.batch_size})
    order = Round(
        system=entry.system,
        model=model,
        audios=tuple(str(clip.path) for clip in clips),
        settings=mine.model_dump(mode="json", include=SETTINGS),
        beam_size=entry.beam_size,
        tuning=entry.tuning,
        rules=entry.rules,
        options=entry.options,
    )
    environment = runtime_environment(mine) if entry.system == "windows" else {}
    child = subprocess.run(
        [sys.executable, "-m", "benchmark.engine.child"],
        input=order.model_dump_json(),
        capture_output=True,
        text=True,
        env={**environment, **os.environ},
        check=False,
    )
    if child.returncode:
        words = child.stderr.strip().splitlines()[-1:] or [f"status {child.returncode}"]
        raise PassFailed(f"{entry.name}: {words[0]}")
    return Passed.model_validate_json(child.stdout)


def _standing(
    entry: Entry,
    clips: Sequence[Clip],
    passes: Sequence[Passed],
    errors: Sequence[Errors],
    first: Sequence[Errors],
) -> Standing:
    audio = sum(clip.seconds for clip in clips)
    speeds = [audio / each.seconds for each in passes]
    on_all = [audio * (os.cpu_count() or 1) / each.cpu_seconds for each in passes if each.cpu_seconds]
    peaks = [each.peak_memory_mb for each in passes if each.peak_memory_mb is not None]
    busy = [each.device_busy for each in passes if each.device_busy is not None]
    own = errors_by_subject(clips, errors)
    return Standing(
        entry=entry,
        times_real_time=statistics.median(speeds),
        spread=(min(speeds), max(speeds)),
        times_real_time_cpu=statistics.median(on_all) if on_all else None,
        errors=errors_by_language(clips, errors),
        interval=rate_interval(own),
        against_first=difference_interval(own, errors_by_subject(clips, first)),
        load_seconds=statistics.median(each.load_seconds for each in passes),
        peak_memory_mb=max(peaks, default=None),
        texts=passes[-1].texts,
        device_busy=statistics.median(busy) if busy else None,
    )
