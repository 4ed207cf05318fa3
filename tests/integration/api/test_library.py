"""The library over HTTP: titles, tags and search, with both databases."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
import redis
from typer.testing import CliRunner

from app.archive.archive import Archive
from app.cli import library
from app.cli.__main__ import cli
from app.client import AsyncClient, Client
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from tests.integration.api.test_archive import ALICE, BOB, KEYS, forget
from tests.support.api import ASSETS, Service, serving
from tests.support.serving import PATIENCE_SECONDS, until

SettingsFor = Callable[..., Settings]
SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()


@pytest.fixture
def settings(archive_settings: SettingsFor) -> Settings:
    """Ended tasks are archived at once."""
    return archive_settings(keep_ended_seconds=0, maintenance_seconds=0.05)


def spoken(*texts: str, language: str = "ru", **more: object) -> dict[str, object]:
    segments = [
        {"id": n, "start": 3.0 * n, "end": 3.0 * n + 2.5, "text": f" {text}"} for n, text in enumerate(texts)
    ]
    told = {"text": " ".join(texts), "language": language, "duration": 6.0, "segments": segments}
    return told | more


def done(
    service: Service, client: httpx2.Client, result: object, name: str = "talk.ogg", **headers: str
) -> str:
    """The id of a task that is done and archived."""
    answer = client.post(
        "/transcribe/", params={"reuse": "false"}, files={"file": (name, SPEECH)}, headers=headers
    )
    task_id = str(answer.json()["task_id"])
    with redis.Redis(port=service.settings.redis_port) as plain:
        plain.set(f"{service.settings.redis_results_prefix}{task_id}", json.dumps(result))
    until(lambda: not [path for path in service.files() if task_id in path])
    return task_id


def found(client: httpx2.Client, headers: dict[str, str] | None = None, **params: Any) -> list[str]:
    answer = client.get("/search", params=params, headers=headers or {})
    assert answer.status_code == 200, answer.text
    return [hit["task_id"] for hit in answer.json()["hits"]]


def between(begin: str, end: str) -> dict[str, Any]:
    return {"from": begin, "to": end}


def describe(client: httpx2.Client, task_id: str, change: object, **headers: str) -> httpx2.Response:
    return client.patch(f"/transcribe/{task_id}/details", json=change, headers=headers)


def test_a_word_in_any_form_leads_to_its_moments(service: Service, client: httpx2.Client) -> None:
    task_id = done(
        service,
        client,
        spoken("Мы подписали договоры.", "О погоде.", "Договор <b>подписан</b>."),
        "Совет.ogg",
    )
    for number in range(2):
        [hit] = client.get("/search", params={"q": "договор"}).json()["hits"]
        assert (hit["task_id"], hit["title"], hit["filename"]) == (task_id, "Совет", "Совет.ogg")
        assert (hit["language"], hit["tags"]) == ("ru", [])
        assert (hit["duration"] > 0, hit["created_at"] > 1e9) == (True, True)
        assert [(each["start"], each["segment"]) for each in hit["moments"]] == [(0.0, 0), (6.0, 2)]
        assert hit["moments"][1]["pieces"] == [
            {"text": " ", "found": False},
            {"text": "Договор", "found": True},
            {"text": " <b>подписан</b>.", "found": False},
        ]
        if not number:
            forget(service.settings, task_id)
    assert found(client, q="договор contract") == []
    assert found(client, q="совет") == [task_id], "the title is searched, too"


def test_corrected_text_is_found_and_shown(service: Service, client: httpx2.Client) -> None:
    task_id = done(service, client, spoken("The whether is nice.", language="en"))
    change = {"texts": {"0": "The weather is nice."}}
    answer = client.put(f"/transcribe/{task_id}/corrections", json=change, headers={"If-Match": '"0"'})
    assert answer.status_code == 204
    assert found(client, q="whether") == []
    [hit] = client.get("/search", params={"q": "weather"}).json()["hits"]
    assert [each["text"] for each in hit["moments"][0]["pieces"] if each["found"]] == ["weather"]


def test_one_that_cannot_be_read_hides_no_other(service: Service, client: httpx2.Client) -> None:
    ids = [done(service, client, spoken(text)) for text in ("Погода.", "О погоде.")]
    newer = Archive.from_settings(service.settings)  # of a version that knows more kinds of corrections
    assert newer.correct(ids[1], b'{"of_a_newer_version": 1}', 0)
    newer.close()
    hits = client.get("/search", params={"q": "погода"}).json()["hits"]
    assert {hit["task_id"]: len(hit["moments"]) for hit in hits} == {ids[0]: 1, ids[1]: 0}


def test_a_transcript_gets_a_name(service: Service, client: httpx2.Client) -> None:
    task_id = done(service, client, spoken("Слово."), "запись 1.ogg")
    path = f"/transcribe/{task_id}"
    assert client.get(f"{path}/details").json() == {"title": "запись 1", "tags": []}
    assert client.get(path).json()["title"] == "запись 1"
    answer = describe(
        client, task_id, {"title": "  Совет\n директоров ", "tags": ["Отдел продаж", "2026", "отдел Продаж"]}
    )
    assert (answer.status_code, answer.json()) == (
        200,
        {"title": "Совет директоров", "tags": ["Отдел продаж", "2026"]},
    )
    for _ in range(2):
        [listed] = client.get("/transcribe/").json()["tasks"]
        assert (listed["title"], listed["tags"], listed["filename"]) == (
            *("Совет директоров", ["Отдел продаж", "2026"]),
            "запись 1.ogg",
        )
        state = client.get(path).json()
        assert (state["title"], state["tags"]) == ("Совет директоров", ["Отдел продаж", "2026"])
        forget(service.settings, task_id)
    assert found(client, tag="отдел  продаж") == [task_id]
    assert found(client, tag=["2026", "отдел продаж"], q="директор слова") == [task_id]
    assert found(client, tag="отдел") == [], "a tag is meant as a whole"
    assert describe(client, task_id, {"title": None}).json() == {
        "title": "запись 1",
        "tags": ["Отдел продаж", "2026"],
    }
    assert client.delete(path).status_code == 204
    assert client.get(f"{path}/details").status_code == 404
    assert describe(client, task_id, {"title": "x"}).status_code == 404
    assert found(client) == found(client, q="слово") == []


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"title": "x" * 201}, "title"),
        ({"title": "bell\u0007"}, "title"),
        ({"title": 5}, "title"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": [str(n) for n in range(21)]}, "tags"),
        ({"tags": "work"}, "tags"),
        ({"titel": "x"}, "titel"),
        ([], "body"),
    ],
)
def test_limits_are_named(service: Service, client: httpx2.Client, change: object, parameter: str) -> None:
    task_id = done(service, client, spoken("word"))
    answer = describe(client, task_id, change)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert answer.json()["parameter"] == parameter
    assert client.get(f"/transcribe/{task_id}/details").json() == {"title": "talk", "tags": []}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"q": "!!!"}, "invalid_parameter"),
        ({"q": "x" * 201}, "invalid_parameter"),
        ({"from": "yesterday"}, "invalid_parameter"),
        ({"to": "9999-12-31"}, "invalid_parameter"),
        ({"language": "klingonish"}, "invalid_parameter"),
        ({"min_duration": "-1"}, "invalid_parameter"),
        ({"max_duration": "nan"}, "invalid_parameter"),
        ({"limit": "51"}, "invalid_parameter"),
        ({"cursor": "x"}, "invalid_parameter"),
        ({"query": "word"}, "unknown_parameter"),
    ],
)
def test_wrong_questions_are_named(client: httpx2.Client, params: dict[str, str], code: str) -> None:
    answer = client.get("/search", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_filters_and_pages(service: Service, client: httpx2.Client) -> None:
    speakers = {"speakers": [{"id": "S1", "name": "Anna", "seconds": 3.0}]}
    ids = [
        done(service, client, spoken("word one", language="en", **speakers)),
        done(service, client, spoken("word two")),
        done(service, client, spoken("word three")),
    ][::-1]
    assert found(client, q="word") == ids
    assert found(client, q="word", language="English") == ids[2:]
    assert found(client, q="word", speaker="anna") == found(client, speaker="S1") == ids[2:]
    assert found(client, q="word", **between("2020-01-01", "2100-01-01T00:00:00+02:00")) == ids
    assert (
        found(client, q="word", **between("2100-01-01", "2101-01-01")) == found(client, to="2020-01-01") == []
    )
    assert found(client, q="word", min_duration=1, max_duration=600) == ids
    assert found(client, q="word", min_duration=600) == []
    page = client.get("/search", params={"q": "word", "limit": 2}).json()
    assert [hit["task_id"] for hit in page["hits"]] == ids[:2]
    assert found(client, q="word", limit=2, cursor=page["next_cursor"]) == ids[2:]
    assert client.get("/search", params={"q": "word", "limit": 3}).json()["next_cursor"] is None


def test_what_cannot_be_named_yet(service: Service, client: httpx2.Client) -> None:
    task_id = client.post("/transcribe/", files={"file": ("talk.ogg", SPEECH)}).json()["task_id"]
    assert client.get(f"/transcribe/{task_id}/details").json() == {"title": "talk", "tags": []}
    answer = describe(client, task_id, {"title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")
    assert client.get("/transcribe/").json()["tasks"][0]["title"] == "talk"
    assert "title" not in client.get(f"/transcribe/{task_id}").json()


def test_what_is_done_is_archived_to_be_named(archive_settings: SettingsFor) -> None:
    with serving(archive_settings()) as service, httpx2.Client(base_url=service.url) as client:
        task_id = client.post("/transcribe/", files={"file": ("talk.ogg", SPEECH)}).json()["task_id"]
        with redis.Redis(port=service.settings.redis_port) as plain:
            plain.set(f"{service.settings.redis_results_prefix}{task_id}", json.dumps(spoken("word")))
        assert describe(client, task_id, {"title": "named"}).json()["title"] == "named"
        assert found(client, q="named word") == [task_id]


def test_transcripts_of_an_older_version_are_found_after_a_while(archive_settings: SettingsFor) -> None:
    settings = archive_settings(maintenance_seconds=0.05)
    before = Archive.from_settings(settings)  # it knew no library, and indexed nothing
    for number in range(3):
        told = json.dumps(spoken(f"Слово {number}.")).encode()
        before.keep(ArchivedTask(f"t{number}", number, filename=f"talk {number}.mp3"), told)
    before.close()
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        assert found(client) == ["t2", "t1", "t0"]
        until(lambda: found(client, q="слова") == ["t2", "t1", "t0"])
        assert found(client, q="talk 1") == ["t1"]


@pytest.fixture
def private(archive_settings: SettingsFor) -> Iterator[tuple[Service, httpx2.Client]]:
    """A service with keys."""
    settings = archive_settings(keep_ended_seconds=0, maintenance_seconds=0.05, api_keys=KEYS)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield service, client


def test_a_library_is_its_owners_alone(private: tuple[Service, httpx2.Client]) -> None:
    service, client = private
    task_id = done(service, client, spoken("secret"), **ALICE)
    assert found(client, ALICE, q="secret") == [task_id]
    assert found(client, BOB, q="secret") == found(client, BOB) == []
    assert client.get(f"/transcribe/{task_id}/details", headers=BOB).status_code == 404
    assert describe(client, task_id, {"title": "mine"}, **BOB).status_code == 404
    assert describe(client, task_id, {"title": "mine"}, **ALICE).status_code == 200
    assert client.get("/search").status_code == 401


def test_without_an_archive_there_is_no_library(settings_for: SettingsFor) -> None:
    with serving(settings_for(archive=False)) as service, httpx2.Client(base_url=service.url) as client:
        task_id = client.post("/transcribe/", files={"file": ("talk.ogg", SPEECH)}).json()["task_id"]
        for answer in (client.get("/search", params={"q": "x"}), describe(client, task_id, {"title": "x"})):
            assert (answer.status_code, answer.json()["code"]) == (404, "archive_off")


def test_an_archive_that_is_away_is_told(settings_for: SettingsFor) -> None:
    settings = settings_for()
    settings.data_dir.write_text("a file")
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        answer = client.get("/search", params={"q": "x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "archive_unavailable")


async def test_clients_name_and_find(service: Service, client: httpx2.Client) -> None:
    task_id = done(service, client, spoken("О погоде и доме.", "О доме."))
    with Client(service.url) as plain:
        details = plain.describe(task_id, "Прогноз", ["погода"])
        assert (details.title, details.tags) == ("Прогноз", ("погода",))
        [page] = plain.search("дома", tag="Погода", from_="2020-01-01")
    [hit] = page.hits
    assert (hit.title, [moment.start for moment in hit.moments]) == ("Прогноз", [0.0, 3.0])
    async with AsyncClient(service.url) as asynchronous:
        assert [page async for page in asynchronous.search("дома")] == [page]
        assert (await asynchronous.describe(task_id, "")).title == "talk"
        assert [page.hits async for page in asynchronous.search("прогноз", limit=1)] == [()]


def test_the_command_line_finds(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRANSCRIBER_URL", service.url)
    task_id = done(service, client, spoken("О погоде.", "О доме.\u001b[31m"), "доклад.ogg")
    other = done(service, client, spoken("Дома."))
    result = CliRunner().invoke(cli, ["search", "дома"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"{other}\t0.000\ttalk\tДома.",
        f"{task_id}\t3.000\tдоклад\tО доме. [31m",
    ]
    assert CliRunner().invoke(cli, ["search", "доклад"]).stdout == f"{task_id}\t\tдоклад\t\n"
    assert len(CliRunner().invoke(cli, ["search", "--limit", "1"]).stdout.splitlines()) == 1
    wrong = CliRunner().invoke(cli, ["search", "дома", "--language", "klingonish"])
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "klingonish" in wrong.stderr


def test_on_a_terminal_what_is_found_stands_out(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = done(service, client, spoken("О погоде.", "О доме."))
    with Client(service.url) as plain:
        [page] = plain.search("дом")
    title, moment = library._shown(page.hits[0])
    assert task_id in title.plain
    assert moment.plain == "  0:03   О доме."
    [style] = [span for span in moment.spans if span.style == library.FOUND]
    assert moment.plain[style.start : style.end] == "доме"
