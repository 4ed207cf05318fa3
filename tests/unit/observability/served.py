"""Everything that /metrics may serve, for the tests of what asks for it."""

from collections import defaultdict

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.observability.metrics import Metrics, Snapshot
from app.schemas.operations import ArchiveView, QueueFigures

SNAPSHOT = Snapshot(
    queue=QueueFigures(
        waiting=1,
        high=2,
        delayed=3,
        dead=4,
        running=1,
        oldest_seconds=5.0,
        audio_seconds=60.0,
        work_seconds=6.0,
    ),
    workers=1,
    workers_without_storage=1,
    workers_without_model={"base": 1},
    totals={"tasks_done": 3},
    pace={"base": 0.1},
    has_archive=True,
    archive=ArchiveView(transcripts=2, used_bytes=1000, limit_bytes=2000, nearly_full=False),
    free_bytes={"uploads": 2**30, "data": 2**31},
    min_free_bytes=2**29,
)


def families() -> list[Metric]:
    """All figures, with an example of each label."""
    metrics = Metrics()
    metrics.answered("GET", "/transcribe/{task_id}", 200, 0.01)
    metrics.answered("GET", "/health/ready", 503, 0.01)
    return list(text_string_to_metric_families(metrics.exposition(SNAPSHOT).decode()))


def served() -> dict[str, list[dict[str, str]]]:
    """The labels of all samples, by the names of these."""
    found = defaultdict(list)
    for family in families():
        for sample in family.samples:
            found[sample.name].append(sample.labels)
    return found


def figures() -> dict[str, tuple[tuple[str, ...], str]]:
    """Labels and meaning of all figures, by the names that one asks for; a histogram counts as one."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            tuple(label for label in family.samples[0].labels if label != "le"),
            family.documentation,
        )
        for family in families()
        if not family.name.endswith("_created")
    }
