"""What Prometheus is told: of HTTP what this API saw, of the queue and the workers what Redis knows."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from app.schemas.operations import ArchiveView, QueueFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

TOTALS = {
    "attempts": "Attempts at tasks that were begun.",
    "attempts_failed": "Attempts at tasks that failed.",
    "tasks_done": "Tasks that ended with a transcript.",
    "tasks_failed": "Tasks that were given up.",
    "results_fenced": "Results that Redis refused because the claim was lost.",
    "tasks_archived": "Ended tasks whose transcript or failure was archived.",
    "webhooks_delivered": "Webhooks that were delivered.",
    "webhooks_failed": "Webhooks that were given up: refused, or after WEBHOOK_ATTEMPTS tries.",
    "webhook_tries_failed": "Tries to deliver a webhook that failed, the last ones included.",
    "queue_seconds": "Seconds that tasks waited for their first attempt.",
    "audio_seconds": "Seconds of recordings that were transcribed.",
    "processing_seconds": "Seconds that tasks took from the claim to the transcript.",
    "engine_seconds": "Seconds that batches took, shared out among their windows.",
    "batch_slots": "Slots that batches had for the windows: windows over slots is how full they were.",
    "batch_places": "Deprecated: the former name of transcriber_batch_slots_total.",
    "windows": "Windows that were transcribed.",
    "windows_retried": "Windows of which a first answer was doubtful.",
    "windows_noise": "Windows in which nobody spoke.",
    "windows_resumed": "Windows that an earlier attempt had finished.",
    "windows_lent": "Windows of long recordings that idle workers have borrowed.",
    "windows_delivered": "Windows of those that came back transcribed.",
    "windows_returned": "Windows of those that were given back as they were.",
    "stage_read_seconds": "Seconds that recordings were read; of all stages the rate is the number of "
    "recordings, windows or batches that are at it.",
    "stage_features_seconds": "Seconds that the features of windows took.",
    "stage_queue_seconds": "Seconds that windows waited for a batch.",
    "stage_encode_seconds": "Seconds that batches were encoded on the device.",
    "stage_detect_seconds": "Seconds that the languages of batches were detected on the device.",
    "stage_decode_seconds": "Seconds that batches were decoded on the device, again or at first.",
    "stage_align_seconds": "Seconds that words got their times on the device.",
    "stage_check_seconds": "Seconds that batches were checked and assembled, or waited for their turn.",
    "device_busy_seconds": "Seconds that slots of the device worked: of the model, the number of batches at "
    "a time.",
    "device_held_seconds": "Seconds that they stood still although windows waited.",
    "device_starved_seconds": "Seconds that they waited for windows of recordings that were being read.",
    "device_idle_seconds": "Seconds that there was nothing for them to do.",
}
"""Counters that workers and APIs keep in Redis, and what they count: for the whole service."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The queue, the workers, the archive and the disks at one moment.

    `archive` is None where it is away; `free_bytes` has the folders whose disk this API sees.
    """

    queue: QueueFigures
    workers: int
    workers_without_storage: int
    workers_without_model: Mapping[str, int]
    totals: Mapping[str, float]
    pace: Mapping[str, float]
    has_archive: bool = False
    archive: ArchiveView | None = None
    free_bytes: Mapping[str, int] = field(default_factory=dict)
    min_free_bytes: int = 0


class Metrics:
    """The figures of one API process.

    Its label `api` tells those of several behind one address apart, each of which counts for itself. All
    figures without it are those of the whole service: every API tells the same.
    """

    def __init__(self) -> None:
        self._api = f"{socket.gethostname()}:{os.getpid()}"
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "transcriber_http_requests",
            "Requests answered by this API process.",
            ["api", "method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "transcriber_http_seconds",
            "Seconds from a request to the start of its answer, at this API process.",
            ["api", "method", "route"],
            buckets=BUCKETS,
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its pattern, not its address: there are few of them."""
        self._requests.labels(self._api, method, route, str(status)).inc()
        self._seconds.labels(self._api, method, route).observe(seconds)

    def exposition(self, snapshot: Snapshot) -> bytes:
        """All figures as text."""
        return generate_latest(self._registry) + generate_latest(_of(snapshot))


def _of(snapshot: Snapshot) -> CollectorRegistry:
    registry = CollectorRegistry()
    queue = snapshot.queue
    places = {
        "waiting": queue.waiting,
        "high": queue.high,
        "delayed": queue.delayed,
        "dead": queue.dead,
        "running": queue.running,
    }
    _add_labelled(registry, "transcriber_queue_tasks", "Tasks by where they are.", "place", places)
    figures = {
        "transcriber_queue_oldest_seconds": ("Age of the task that is next.", queue.oldest_seconds or 0.0),
        "transcriber_queue_audio_seconds": (
            "Seconds of recordings that wait, as far as known; of more than 1000, from a sample.",
            queue.audio_seconds,
        ),
        # Without labels: KEDA's metrics-api scaler takes the first sample of a name.
        "transcriber_work_seconds": (
            "Seconds that one worker would need for all that waits or runs.",
            queue.work_seconds,
        ),
        "transcriber_workers": ("Workers whose lease runs.", snapshot.workers),
        "transcriber_workers_without_storage": (
            "Workers alive that do not see the recordings.",
            snapshot.workers_without_storage,
        ),
    }
    _add_gauges(registry, figures)
    _add_labelled(
        registry,
        "transcriber_workers_without_model",
        "Workers alive that cannot load a model.",
        "model",
        snapshot.workers_without_model,
    )
    _add_labelled(
        registry,
        "transcriber_real_time_factor",
        "Processing seconds per second of recording, of late.",
        "model",
        snapshot.pace,
    )
    if snapshot.has_archive:
        _add_archive(registry, snapshot.archive)
    _add_disks(registry, snapshot)
    registry.register(_Totals(snapshot.totals))
    return registry


def _add_archive(registry: CollectorRegistry, figures: ArchiveView | None) -> None:
    up = Gauge("transcriber_archive_up", "Whether the archive can be used: 1 or 0.", registry=registry)
    up.set(figures is not None)
    if figures is None:
        return
    told = {
        "transcriber_archive_transcripts": ("Transcripts in the archive.", figures.transcripts),
        "transcriber_archive_bytes": ("Bytes that they take, compressed.", figures.used_bytes),
        "transcriber_archive_limit_bytes": (
            "Bytes at which the oldest go (ARCHIVE_MAX_MB); 0: no limit.",
            figures.limit_bytes,
        ),
    }
    _add_gauges(registry, told)


def _add_disks(registry: CollectorRegistry, snapshot: Snapshot) -> None:
    _add_labelled(
        registry,
        "transcriber_disk_free_bytes",
        "Free bytes on the disk of a folder: `uploads` is UPLOAD_DIR, `data` is DATA_DIR of this API.",
        "folder",
        snapshot.free_bytes,
    )
    told = {
        "transcriber_disk_min_free_bytes": (
            "Free bytes of UPLOAD_DIR below which uploads are refused with 507 (MIN_FREE_DISK_MB).",
            snapshot.min_free_bytes,
        )
    }
    _add_gauges(registry, told)


def _add_gauges(registry: CollectorRegistry, told: Mapping[str, tuple[str, float]]) -> None:
    """Figures by name, each with its description."""
    for name, (description, value) in told.items():
        Gauge(name, description, registry=registry).set(value)


def _add_labelled(
    registry: CollectorRegistry, name: str, description: str, label: str, values: Mapping[str, float]
) -> None:
    """One figure for each value of a label."""
    gauge = Gauge(name, description, [label], registry=registry)
    for each, value in values.items():
        gauge.labels(each).set(value)


class _Totals(Collector):
    """Counters that somebody else counts."""

    def __init__(self, totals: Mapping[str, float]) -> None:
        self._totals = totals

    def collect(self) -> list[CounterMetricFamily]:
        """One family each."""
        return [
            CounterMetricFamily(f"transcriber_{name}", description, value=self._totals.get(name, 0.0))
            for name, description in TOTALS.items()
        ]
