"""The dashboard asks for figures that there are."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.observability.metrics import Metrics, Snapshot
from app.schemas.operations import ArchiveView, QueueFigures

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana.json"


def names() -> set[str]:
    metrics = Metrics()
    metrics.answered("GET", "/transcribe/{task_id}", 200, 0.01)
    snapshot = Snapshot(
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
    )
    text = metrics.exposition(snapshot).decode()
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def test_every_figure_of_the_dashboard_exists() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"transcriber_\w+", target["expr"])
    }
    assert asked
    assert asked <= names()
