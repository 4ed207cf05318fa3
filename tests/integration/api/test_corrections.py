"""Corrections on the server: any browser sees them, no two editors overwrite each other."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import redis

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import ASSETS, Service, serving

SPEECH = ASSETS / "speech_ru.ogg"


def words(text: str, start: float) -> list[dict[str, object]]:
    """Of half a second each."""
    return [
        {"start": start + place / 2, "end": start + (place + 1) / 2, "word": f" {word}", "probability": 0.9}
        for place, word in enumerate(text.split())
    ]


TEXTS = ("The whether is nice today.", "We will walk.")
RESULT = {
    "text": " ".join(TEXTS),
    "language": "en",
    "duration": 6.0,
    "segments": [
        {"id": n, "start": 3.0 * n, "end": 3.0 * n + 2.5, "text": text, "words": words(text, 3.0 * n)}
        for n, text in enumerate(TEXTS)
    ],
}
CORRECTIONS = {"texts": {"0": "The weather is nice today."}}


ALL_IN_ONE = {"regrouped": {"0": {"last": 1, "pieces": [{"text": "The weather is nice. We will walk."}]}}}


@pytest.fixture
def service(archive_settings: Callable[..., Settings]) -> Iterator[Service]:
    with serving(archive_settings(archive=True, default_model="base")) as running:
        yield running


def done(service: Service, client: httpx2.Client, result: object = RESULT) -> str:
    """The address of a task that is done."""
    answer = client.post(
        "/transcribe/", params={"reuse": "false"}, files={"file": ("speech_ru.ogg", SPEECH.read_bytes())}
    )
    settings = service.settings
    with redis.Redis(port=settings.redis_port) as plain:
        state = {"task_id": answer.json()["task_id"], "status": "done", "result": result}
        plain.set(f"{settings.redis_results_prefix}{answer.json()['task_id']}", json.dumps(state))
    return str(answer.headers["location"])


def save(
    client: httpx2.Client, address: str, version: str, corrections: object = CORRECTIONS
) -> httpx2.Response:
    return client.put(f"{address}/corrections", json=corrections, headers={"If-Match": version})


def test_corrections_are_there_for_everybody(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    nothing = client.get(f"{address}/corrections")
    assert (nothing.json()["texts"], nothing.headers["etag"]) == ({}, '"0"')
    saved = save(client, address, '"0"')
    assert (saved.status_code, saved.headers["etag"]) == (204, '"1"')
    found = client.get(f"{address}/corrections")
    assert (found.json()["texts"], found.headers["etag"]) == (CORRECTIONS["texts"], '"1"')
    assert client.get(f"{address}?format=text").text == f"{RESULT['text']}\n"
    assert client.get(f"{address}?format=text&corrected=true").text.startswith("The weather is")
    state = client.get(f"{address}?corrected=true").json()
    assert state["result"]["edited"] is True
    assert state["result"]["segments"][0]["words"][1]["word"] == " weather"


def test_known_corrections_are_not_sent_again(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    save(client, address, '"0"')
    for tag, status in (('"1"', 304), ('W/"1", "7"', 304), ("*", 304), ('"0"', 200), ("", 200)):
        found = client.get(f"{address}/corrections", headers={"If-None-Match": tag})
        assert (found.status_code, found.headers["etag"]) == (status, '"1"')


def test_what_the_archive_does_not_take_says_so(archive_settings: Callable[..., Settings]) -> None:
    with (
        serving(archive_settings(default_model="base", archive_max_days=2e-8)) as service,
        httpx2.Client(base_url=service.url, timeout=30) as client,
    ):
        address = done(service, client)
        answers = [
            save(client, address, '"0"'),
            client.post(f"{address}/shares"),
            client.patch(f"{address}/details", json={"title": "Walk"}),
        ]
        assert [(each.status_code, each.json()["code"]) for each in answers] == [(409, "not_archived")] * 3
        assert client.get(address).json()["status"] == "done"


def test_cues_are_as_before_but_for_the_word(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    before = client.get(f"{address}?format=srt").text
    save(client, address, '"0"')
    after = client.get(f"{address}?format=srt&corrected=true").text
    assert after == before.replace("whether", "weather")


def test_segments_are_split_and_joined_in_every_format(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    pieces = [{"text": "The weather"}, {"text": "is nice today. We will walk."}]
    assert (
        save(client, address, '"0"', {"regrouped": {"0": {"last": 1, "pieces": pieces}}}).status_code == 204
    )
    assert client.get(f"{address}/corrections").json()["regrouped"]["0"]["last"] == 1
    tsv = client.get(f"{address}?format=tsv&corrected=true").text.splitlines()
    assert tsv[1:] == ["0\t1000\tThe weather", "1000\t5500\tis nice today. We will walk."]
    srt = client.get(f"{address}?format=srt&corrected=true").text
    assert "00:00:00,000 --> " in srt
    assert "weather" in srt
    for format_ in ("vtt", "docx", "md", "json"):
        assert client.get(f"{address}?format={format_}&corrected=true").status_code == 200
    assert save(client, address, '"0"', ALL_IN_ONE).json()["code"] == "corrections_conflict"


def test_two_editors_do_not_overwrite_each_other(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: save(client, address, '"0"', {"texts": {"1": f"Editor {n}."}}), range(8))
        )
    assert sorted(answer.status_code for answer in answers) == [204] + [412] * 7
    late = next(answer for answer in answers if answer.status_code == 412).json()
    assert (late["code"], late["version"]) == ("corrections_conflict", 1)
    assert client.get(f"{address}/corrections").headers["etag"] == '"1"'


def test_they_go_with_the_task(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    save(client, address, '"0"')
    assert client.delete(address).status_code == 204
    assert client.get(f"{address}/corrections").status_code == 404
    assert save(client, address, '"1"').status_code == 404


@pytest.mark.parametrize(
    ("version", "corrections", "status", "code"),
    [
        (None, CORRECTIONS, 428, "version_missing"),
        ("*", CORRECTIONS, 422, "invalid_parameter"),
        ('"0"', {"texts": {"2": "There are two segments, from 0."}}, 422, "invalid_parameter"),
        ('"0"', {"speakers": {"names": {"S1": "Ann"}}}, 422, "invalid_parameter"),
        ('"7"', CORRECTIONS, 412, "corrections_conflict"),
        ('"0"', {"texts": {"-1": "x"}}, 422, "invalid_parameter"),
        ('"0"', {"texts": {"0": 5}}, 422, "invalid_parameter"),
        ('"0"', {"textz": {}}, 422, "invalid_parameter"),
        ('"0"', {"regrouped": {"0": {"last": 2, "pieces": [{"text": "x"}]}}}, 422, "invalid_parameter"),
        ('"0"', {"regrouped": {"1": {"last": 0, "pieces": [{"text": "x"}]}}}, 422, "invalid_parameter"),
        ('"0"', {"regrouped": {"0": {"last": 0, "pieces": []}}}, 422, "invalid_parameter"),
        ('"0"', {"regrouped": {"0": {"last": 0, "pieces": [{"text": "\x1c"}]}}}, 422, "invalid_parameter"),
        ('"0"', {"regrouped": dict.fromkeys("01", ALL_IN_ONE["regrouped"]["0"])}, 422, "invalid_parameter"),
        ('"0"', {"texts": {"1": "x"}, **ALL_IN_ONE}, 422, "invalid_parameter"),
        ('"0"', {"texts": {"0": "x" * 20_001}}, 422, "invalid_parameter"),
        ('"0"', {"texts": {str(n): "x" * 20_000 for n in range(220)}}, 413, "upload_too_large"),
    ],
)
def test_what_is_wrong_is_named(
    service: Service, client: httpx2.Client, version: str | None, corrections: object, status: int, code: str
) -> None:
    address = done(service, client)
    headers = {} if version is None else {"If-Match": version}
    answer = client.put(f"{address}/corrections", json=corrections, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(f"{address}/corrections").headers["etag"] == '"0"'


def test_what_is_not_done_has_none(service: Service, client: httpx2.Client) -> None:
    address = client.post("/transcribe/", files={"file": ("speech_ru.ogg", SPEECH.read_bytes())}).headers[
        "location"
    ]
    assert save(client, address, '"0"').json()["code"] == "not_finished"


def test_without_an_archive_it_is_said(settings_for: Callable[..., Settings]) -> None:
    with serving(settings_for(archive=False)) as service, httpx2.Client(base_url=service.url) as client:
        address = done(service, client)
        assert save(client, address, '"0"').json()["code"] == "archive_off"
        assert client.get(f"{address}?format=text&corrected=true").status_code == 200


def test_they_belong_to_the_owner(archive_settings: Callable[..., Settings]) -> None:
    keys = new_key("alice"), new_key("bob")
    settings = archive_settings(archive=True, api_keys=tuple(key.entry for key in keys))
    with serving(settings) as service:
        mine, other = (httpx2.Client(base_url=service.url, headers={"X-API-Key": each.key}) for each in keys)
        with mine, other:
            address = done(service, mine)
            assert save(mine, address, '"0"').status_code == 204
            assert other.get(f"{address}/corrections").status_code == 404
            assert save(other, address, '"1"').status_code == 404
            assert other.get(f"{address}/audio").status_code == 404


def test_the_recording_is_played_from_anywhere(service: Service, client: httpx2.Client) -> None:
    address = done(service, client)
    whole = client.get(f"{address}/audio")
    assert whole.content == SPEECH.read_bytes()
    assert whole.headers["content-type"].startswith(("audio/", "video/", "application/ogg"))
    part = client.get(f"{address}/audio", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SPEECH.read_bytes()[100:200])
    [recording] = service.folder.glob("*.ogg")
    recording.unlink()
    assert client.get(f"{address}/audio").json()["code"] == "recording_gone"
