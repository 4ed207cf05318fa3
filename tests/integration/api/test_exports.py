"""Documents and many transcripts at once, over HTTP."""

import io
import zipfile
from collections.abc import Callable

import docx
import httpx2
import pytest

from app.core.api_keys import new_key
from app.core.config import Settings
from app.schemas.export import MOST_TASKS
from tests.integration.api.test_tasks import RESULT, finish
from tests.support.api import ASSETS, Service, serving

SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def sent(client: httpx2.Client, name: str) -> str:
    """The id of a task that waits."""
    file = (name, SPEECH)
    return str(client.post("/transcribe/", params={"reuse": "false"}, files={"file": file}).json()["task_id"])


def done(service: Service, client: httpx2.Client, name: str = "talk.ogg", result: object = RESULT) -> str:
    task_id = sent(client, name)
    finish(service.settings, task_id, result)
    return task_id


def unpacked(answer: httpx2.Response) -> dict[str, bytes]:
    """The files of a ZIP file."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def text_of(content: bytes) -> str:
    return "\n".join(line.text for line in docx.Document(io.BytesIO(content)).paragraphs)


def test_a_docx_is_saved_under_the_recordings_name(service: Service, client: httpx2.Client) -> None:
    task_id = done(service, client, "Совет: план.ogg")
    answer = client.get(f"/transcribe/{task_id}?format=docx")
    assert (answer.status_code, answer.headers["content-type"]) == (200, DOCX)
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"______ ____.docx\"; filename*=UTF-8''"
        "%D0%A1%D0%BE%D0%B2%D0%B5%D1%82_%20%D0%BF%D0%BB%D0%B0%D0%BD.docx"
    )
    assert text_of(answer.content).startswith("Совет: план\n")
    assert "Hello <b> & goodbye." in text_of(answer.content)
    known = client.get(
        f"/transcribe/{task_id}?format=docx", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert known.status_code == 304
    by_type = client.get(f"/transcribe/{task_id}", headers={"Accept": DOCX})
    assert by_type.content == answer.content


@pytest.mark.parametrize(
    ("format_", "media_type", "disposition", "begins"),
    [
        ("md", "text/markdown; charset=utf-8", 'inline; filename="talk.md"', "# talk\n\n"),
        ("srt", "application/x-subrip", 'inline; filename="talk.srt"', "1\n00:00:00,000"),
        ("text", "text/plain; charset=utf-8", 'inline; filename="talk.txt"', "Hello <b> & goodbye.\n"),
        ("paragraphs", "text/plain; charset=utf-8", 'inline; filename="talk.paragraphs.txt"', "Hello <b> &"),
    ],
)
def test_texts_have_names_too(
    service: Service, client: httpx2.Client, format_: str, media_type: str, disposition: str, begins: str
) -> None:
    answer = client.get(f"/transcribe/{done(service, client)}", params={"format": format_})
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == disposition
    assert answer.text.startswith(begins)


def test_the_state_has_no_file_name(service: Service, client: httpx2.Client) -> None:
    assert "content-disposition" not in client.get(f"/transcribe/{done(service, client)}").headers


def test_many_transcripts_are_one_zip(service: Service, client: httpx2.Client) -> None:
    other = RESULT | {"text": "Something else.", "segments": []}
    ids = [
        done(service, client, "talk.ogg"),
        done(service, client, "TALK.mp3", other),
        done(service, client, "con.wav"),
    ]
    answer = client.post("/export", json={"task_ids": [*ids, ids[0]], "formats": ["text", "docx", "text"]})
    assert answer.headers["content-disposition"].startswith('attachment; filename="transcripts-20')
    files = unpacked(answer)
    assert list(files) == [
        *("talk.txt", "talk.docx", "TALK (2).txt", "TALK (2).docx", "_con.txt", "_con.docx")
    ]
    assert files["talk.txt"] == b"Hello <b> & goodbye.\n"
    assert files["TALK (2).txt"] == b"Something else.\n"
    assert "Something else." in text_of(files["TALK (2).docx"])


def test_what_is_missing_is_named(service: Service, client: httpx2.Client) -> None:
    there, waits = done(service, client, "missing.ogg"), sent(client, "later.ogg")
    wanted = {"task_ids": ["nobody-knows", waits, there], "formats": ["text", "rttm"]}
    files = unpacked(client.post("/export", json=wanted))
    assert list(files) == ["missing (2).txt", "missing.txt"]
    told = files["missing.txt"].decode().splitlines()
    assert [line.split(":")[0] for line in told] == ["nobody-knows", waits, f"missing (2).rttm ({there})"]
    assert "No task has this id" in told[0]
    assert "queued" in told[1]
    assert "diarize" in told[2]


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"task_ids": ["nobody-knows"]}, 404, "task_not_found"),
        ({"task_ids": []}, 422, "invalid_parameter"),
        ({}, 422, "invalid_parameter"),
        ({"task_ids": ["t"], "formats": ["pdf"]}, 422, "invalid_parameter"),
        ({"task_ids": ["t"], "formats": []}, 422, "invalid_parameter"),
        ({"task_ids": ["../etc"]}, 422, "invalid_parameter"),
        ({"task_ids": [f"t{n}" for n in range(MOST_TASKS + 1)]}, 422, "invalid_parameter"),
        ({"task_ids": ["t"], "more": True}, 422, "invalid_parameter"),
        ({"task_ids": ["t" * 70_000]}, 413, "upload_too_large"),
    ],
)
def test_what_cannot_be_exported_is_a_problem(
    client: httpx2.Client, wanted: object, status: int, code: str
) -> None:
    answer = client.post("/export", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_nothing_but_what_waits_is_a_problem(client: httpx2.Client) -> None:
    answer = client.post("/export", json={"task_ids": [sent(client, "later.ogg")]})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")


def test_corrections_are_in_the_zip(archive_settings: Callable[..., Settings]) -> None:
    with serving(archive_settings()) as service, httpx2.Client(base_url=service.url) as client:
        task_id = done(service, client)
        changed = {"texts": {"1": "& welcome."}}
        client.put(f"/transcribe/{task_id}/corrections", json=changed, headers={"If-Match": '"0"'})
        wanted = {"task_ids": [task_id], "formats": ["docx"]}
        plain, with_them = (
            unpacked(client.post("/export", json=wanted | {"corrected": corrected}))["talk.docx"]
            for corrected in (False, True)
        )
        assert "Hello <b> & goodbye." in text_of(plain)
        assert "Hello <b> & welcome." in text_of(with_them)
        alone = client.get(f"/transcribe/{task_id}?format=docx&corrected=true")
        assert alone.content == with_them


def test_an_export_holds_nothing_of_others(settings_for: Callable[..., Settings]) -> None:
    keys = new_key("alice"), new_key("bob")
    with serving(settings_for(api_keys=tuple(key.entry for key in keys))) as service:
        mine, other = (httpx2.Client(base_url=service.url, headers={"X-API-Key": each.key}) for each in keys)
        with mine, other:
            wanted = {"task_ids": [done(service, mine, "mine.ogg"), done(service, other, "his.ogg")]}
            assert list(unpacked(mine.post("/export", json=wanted))) == ["mine.docx", "missing.txt"]
            assert httpx2.post(f"{service.url}/export", json=wanted).status_code == 401
