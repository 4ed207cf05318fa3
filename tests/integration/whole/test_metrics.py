"""Figures of a service that has worked."""

import socket
from pathlib import Path
from typing import cast

import httpx2
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families

from tests.support.api import Service
from tests.support.serving import until

pytestmark = pytest.mark.weights


def figures(service: Service) -> dict[str, float]:
    """Samples by name and labels."""
    text = httpx2.get(f"{service.url}/metrics").text
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def spent(whole: Service) -> float:
    """Seconds that the worker has spent with the model."""
    with redis.Redis(port=whole.settings.redis_port) as client:
        stored = cast(bytes | None, client.hget(f"{whole.settings.redis_queue_name}:cost", "base"))
    return float((stored or b"0").split()[0])


def test_work_is_counted(whole: Service, assets: Path) -> None:
    before, spent_before = figures(whole), spent(whole)
    with (assets / "speech_en.mp3").open("rb") as file:
        sent = httpx2.post(f"{whole.url}/transcribe/", files={"file": ("a.mp3", file)})
    state = httpx2.get(f"{whole.url}{sent.headers['location']}", params={"wait": 30}, timeout=60).json()

    def grown(name: str) -> float:
        return figures(whole).get(f"{name}[]", 0.0) - before.get(f"{name}[]", 0.0)

    assert state["status"] == "done"
    until(lambda: grown("transcriber_tasks_done_total") == 1)
    assert grown("transcriber_audio_seconds_total") == pytest.approx(state["result"]["duration"])
    assert grown("transcriber_windows_total") == 1
    until(lambda: grown("transcriber_device_busy_seconds_total") > 0)
    assert grown("transcriber_stage_read_seconds_total") > 0
    now = figures(whole)
    assert now["transcriber_workers[]"] == 1
    assert now["transcriber_work_seconds[]"] == 0
    assert 0 < spent(whole) - spent_before < state["result"]["processing_seconds"]
    assert now["transcriber_real_time_factor[('model', 'base')]"] > 0
    assert now["transcriber_queue_tasks[('place', 'waiting')]"] == 0
    posts = "('method', 'POST'), ('route', '/transcribe/'), ('status', '202')]"
    counted = [name for name in now if name.startswith("transcriber_http_requests_total") and posts in name]
    assert len(counted) == 1
    assert f"('api', '{socket.gethostname()}:" in counted[0], "it says whose figure it is"
    assert now[counted[0]] >= 1
