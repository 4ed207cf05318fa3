"""What foreign programs wrote into Redis, odd as it may be, is read by the API and harms nobody else."""

import json

import httpx2
import pytest
import redis

from tests.integration.api.test_tasks import finish, post
from tests.support.api import Service

ODD = {
    "duration": ("NaN", "Infinity", "-Infinity", "-5", "1e308", '"long"', "[]", "1e999"),
    "created_at": ("NaN", "-Infinity", '"yesterday"', "null", "1e308", "1" + "0" * 400),
}

ODD_RESULTS: dict[str, str] = {
    "words without text": '{"text": "hi", "segments": [{"start": 0, "end": 1, "text": "hi", "words": [{}]}]}',
    "words of numbers": '{"text": "hi", "segments": [{"text": "hi", "words": [1, null, "x"]}]}',
    "words of text": '{"text": "hi", "segments": [{"start": 0, "end": 1, "text": "hi", "words": "hi"}]}',
    "a word of a number": '{"text": "hi", "segments": [{"words": [{"word": 5, "start": 0, "end": 1}]}]}',
    "times of text": '{"text": "hi", "segments": [{"start": "0:01", "end": [], "text": "hi"}]}',
    "times of nothing": '{"text": "hi", "segments": [{"start": NaN, "end": Infinity, "text": "hi"}]}',
    "a time beyond numbers": '{"text": "hi", "duration": 1e999, "segments": [{"start": 1e308, "text": 7}]}',
    "segments of text": '{"text": "hi", "segments": "hi", "language": 5, "duration": "long"}',
    "segments of a number": '{"text": "hi", "segments": 7, "duration": []}',
    "deep": '{"text": "hi", "segments": ' + "[" * 150 + "]" * 150 + "}",
    "deeper": '{"text": "hi", "segments": ' + "[" * 5000 + "]" * 5000 + "}",
    "a long number": '{"text": "hi", "duration": ' + "9" * 400 + "}",
    "half a character": '{"text": "\\ud800"}',
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in ODD for value in ODD[name]])
def test_an_odd_element_before_others_breaks_nothing(
    service: Service, client: httpx2.Client, name: str, value: str
) -> None:
    settings = service.settings
    with redis.Redis(port=settings.redis_port) as store:
        store.hset(f"{settings.redis_queue_name}:pace", "base", "0.5")
        element = f'{{"task_id": "odd", "file_path": "odd.wav", "model": "base", "{name}": {value}}}'
        store.lpush(settings.redis_queue_name, element)
    theirs = post(client, model="base")

    state = client.get(f"/transcribe/{theirs}")
    assert (state.status_code, state.json()["position"]) == (200, 2)
    assert int(state.headers["retry-after"]) >= 1
    assert state.json()["eta_seconds"] >= 0
    assert client.get("/transcribe/odd").json()["position"] == 1, "the element is a task all the same"
    assert client.get("/transcribe/").status_code == 200
    overview = client.get("/operator/overview").json()
    assert overview["queue"]["audio_seconds"] >= 0
    assert overview["queue"]["oldest_seconds"] is None or overview["queue"]["oldest_seconds"] >= 0
    assert b"nan" not in client.get("/metrics").content.lower()


@pytest.mark.parametrize("name", ODD_RESULTS)
@pytest.mark.parametrize("format", [None, "json", "text", "srt", "vtt", "tsv"])
def test_an_odd_result_is_told_in_every_format(
    service: Service, client: httpx2.Client, name: str, format: str | None
) -> None:
    task_id = post(client)
    with redis.Redis(port=service.settings.redis_port) as store:
        store.set(f"{service.settings.redis_results_prefix}{task_id}", ODD_RESULTS[name])
    answer = client.get(f"/transcribe/{task_id}", params={"format": format} if format else {})

    assert answer.status_code == 200
    assert answer.text
    if format in (None, "json"):
        json.loads(answer.text, parse_constant=pytest.fail)  # NaN is no JSON
    with client.stream("GET", f"/transcribe/{task_id}/events") as stream:
        assert "event: done" in stream.read().decode()


def test_finishing_is_what_the_others_do(service: Service, client: httpx2.Client) -> None:
    """Negative control: a good result, in the same ways."""
    task_id = post(client)
    finish(service.settings, task_id)
    assert client.get(f"/transcribe/{task_id}?format=srt").text.startswith("1\n00:00:00,000 --> ")
