"""What only the whole service can show: throughput, latency, fairness, resumption, memory."""

import os
import signal
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.core.config import Settings
from benchmark.engine.compare import Entry, run_pass
from benchmark.engine.corpus import Clip
from benchmark.engine.harness import running_service
from benchmark.engine.sound import joined
from benchmark.processes import peak_mb

Say = Callable[[str], None]
Figures = dict[str, Any]


def throughput(
    clips: Sequence[Clip], model: str, settings: Settings, rounds: int, folder: Path, say: Say
) -> Figures:
    """All clips through the API, from the first POST to the last `done`, against the engine alone."""
    audio = sum(clip.seconds for clip in clips)
    alone, service = [], []
    with running_service(folder, settings) as harness:
        harness.start_worker()
        harness.timed(clips[0].path, model=model)  # the model is loaded
        for number in range(rounds):
            alone.append(audio / run_pass(Entry("engine", "windows"), clips, model, settings).seconds)
            started = time.perf_counter()
            for task_id in [harness.post(clip.path, model=model) for clip in clips]:
                harness.await_end(task_id)
            service.append(audio / (time.perf_counter() - started))
            say(f"round {number + 1}: engine {alone[-1]:.1f}x, service {service[-1]:.1f}x")
    ratios = [mine / its for mine, its in zip(service, alone, strict=True)]
    return {
        "engine_times_real_time": statistics.median(alone),
        "service_times_real_time": statistics.median(service),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
    }


def latency(clip: Clip, model: str, settings: Settings, rounds: int, folder: Path, say: Say) -> Figures:
    """One short clip alone, POST to `done`, against `WhisperModel.transcribe` of the same file."""
    posts, calls = [], []
    with running_service(folder, settings) as harness:
        harness.start_worker()
        harness.timed(clip.path, model=model)
        for number in range(rounds):
            posts.append(harness.timed(clip.path, model=model))
            calls.append(run_pass(Entry("sequential", "sequential"), [clip], model, settings).seconds)
            say(f"round {number + 1}: POST to done {posts[-1]:.2f} s, transcribe {calls[-1]:.2f} s")
    return {
        "clip_seconds": clip.seconds,
        "post_to_done_seconds": statistics.median(posts),
        "transcribe_seconds": statistics.median(calls),
        "ratio": statistics.median(post / call for post, call in zip(posts, calls, strict=True)),
    }


def fairness(
    short: Clip, long: Clip, model: str, settings: Settings, rounds: int, folder: Path, say: Say
) -> Figures:
    """A short clip that comes while a long recording runs on the only worker, and the same clip alone."""
    alone, beside = [], []
    with running_service(folder, settings) as harness:
        harness.start_worker()
        harness.timed(short.path, model=model)
        for _ in range(rounds):
            alone.append(harness.timed(short.path, model=model))
        task_id = harness.post(long.path, model=model)
        for number in range(rounds):
            harness.wait(task_id, 0.05 + 0.2 * number)
            beside.append(harness.timed(short.path, model=model))
            say(f"round {number + 1}: alone {alone[number]:.2f} s, beside {beside[-1]:.2f} s")
    return {
        "clip_seconds": short.seconds,
        "long_seconds": long.seconds,
        "alone_seconds": statistics.median(alone),
        "beside_a_long_recording_seconds": statistics.median(beside),
    }


def resume(long: Clip, model: str, settings: Settings, folder: Path, say: Say) -> Figures:
    """The worker and its engine are killed at 70 % of a recording; another worker goes on."""
    with running_service(folder, settings) as harness:
        worker = harness.start_worker()
        started = time.perf_counter()
        whole = harness.wait(harness.post(long.path, model=model))["result"]
        uninterrupted = time.perf_counter() - started
        say(f"uninterrupted: {uninterrupted:.0f} s")
        task_id = harness.post(long.path, model=model)
        before = harness.wait(task_id, 0.7)
        for process in (harness.engine_of(worker).pid, worker.pid):
            os.kill(process, signal.SIGKILL)
        killed = time.perf_counter()
        harness.start_worker()
        after = harness.wait(task_id)["result"]
        seconds = time.perf_counter() - killed
    windows, resumed = after["quality"]["windows"], after["provenance"]["windows_resumed"]
    return {
        "recording_seconds": long.seconds,
        "uninterrupted_seconds": uninterrupted,
        "killed_at_progress": before["progress"],
        "seconds_from_kill_to_done": seconds,
        "windows": windows,
        "windows_resumed": resumed,
        "windows_decoded_after_the_kill": windows - resumed,
        "text_is_equal": after["text"] == whole["text"],
        "segments_are_equal": after["segments"] == whole["segments"],
        "attempts": after["provenance"]["attempts"],
    }


def memory(
    clips: Sequence[Clip], model: str, settings: Settings, hours: float, repeats: int, folder: Path, say: Say
) -> Figures:
    """Peak memory of the engine process on a long recording against a short one; then the long one again.

    Each peak is that of one recording; what is never given back shows as growth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    short = joined(clips, 180, folder / "short.wav")
    long = joined(clips, hours * 3600, folder / "long.wav")
    with running_service(folder, settings) as harness:
        worker = harness.start_worker(TASKS_IN_FLIGHT="1")
        engine = harness.engine_of(worker)
        peaks: dict[str, list[float]] = {"short": [], "long": []}
        for name, path in [("short", short), *[("long", long)] * repeats]:
            seconds = harness.timed(path, model=model)
            peaks[name].append(peak_mb(engine))
            _forget_peak(engine.pid)
            say(f"{name}: {seconds:.0f} s, peak {peaks[name][-1]:.0f} MiB")
    return {
        "hours": hours,
        "short_peak_mb": peaks["short"][0],
        "long_peaks_mb": peaks["long"],
        "difference_mb": peaks["long"][0] - peaks["short"][0],
        "growth_mb": peaks["long"][-1] - peaks["long"][0],
    }


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # proc(5): resets VmHWM
