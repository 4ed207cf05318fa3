"""`status`, `watch`, `list`, `cancel`, `models`."""

import json

import pytest

from app.launcher.redis_server import free_port
from tests.integration.cli.conftest import Run
from tests.unit.client.service import Service


def test_status_of_a_running_task(run: Run, service: Service) -> None:
    result = run("status", service.add("slow.mp3"))
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1:] == [["status", "processing"], ["progress", "50%"], ["eta_seconds", "61.0"]]


def test_status_of_tasks_that_ended(run: Run, service: Service) -> None:
    done = run("status", service.add("talk.mp3")).stdout
    assert done.splitlines()[-1].split(maxsplit=1) == ["text", "text of talk.mp3"]
    failed = run("status", service.add("bad.mp3"))
    assert failed.exit_code == 0
    assert "Not one second could be decoded. (audio_undecodable)" in failed.stdout


def test_status_for_programs(run: Run, service: Service) -> None:
    result = run("status", service.add("talk.mp3"), "--json")
    assert json.loads(result.stdout)["result"] == {"text": "text of talk.mp3"}


def test_status_of_no_task(run: Run) -> None:
    result = run("status", "nobody")
    assert (result.exit_code, result.stderr) == (1, "It is task_not_found.\n")


@pytest.mark.parametrize("command", ["status", "watch", "cancel"])
def test_what_is_no_task_id(run: Run, command: str) -> None:
    result = run(command, "../etc")
    assert result.exit_code == 2
    assert "no task id" in result.stderr


def test_watch_to_the_end(run: Run, service: Service) -> None:
    service.break_events_after.append(4)
    result = run("watch", service.add("talk.mp3"), "--format", "srt")

    assert (result.exit_code, result.stdout) == (0, "srt: text of talk.mp3\n")
    assert result.stderr == "[0:00] part 0\n[0:30] part 1\n[1:00] part 2\n"


def test_watch_a_task_that_fails(run: Run, service: Service) -> None:
    result = run("watch", service.add("bad.mp3"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Not one second could be decoded." in result.stderr


def test_list(run: Run, service: Service) -> None:
    ids = [service.add(name) for name in ("a.mp3", "bad.mp3", "c.mp3")]
    lines = run("list").stdout.splitlines()

    assert [line.split("\t")[0] for line in lines] == ids[::-1]
    assert lines[0].split("\t")[1:4] == ["done", "c.mp3", "base"]
    assert lines[0].split("\t")[5] == "1:01"
    assert [line.split("\t")[2] for line in run("list", "--status", "error").stdout.splitlines()] == [
        "bad.mp3"
    ]


def test_list_of_many(run: Run, service: Service) -> None:
    for number in range(250):
        service.add(f"{number}.mp3")
    assert len(run("list").stdout.splitlines()) == 100
    assert len(run("list", "--limit", "230").stdout.splitlines()) == 230
    assert len(run("list", "--limit", "900").stdout.splitlines()) == 250


def test_cancel(run: Run, service: Service) -> None:
    first, second = service.add("slow1.mp3"), service.add("slow2.mp3")
    result = run("cancel", first, "nobody", second)

    assert (result.exit_code, result.stderr) == (1, "nobody: It is task_not_found.\n")
    assert service.uploads == {}


def test_models(run: Run) -> None:
    assert run("models").stdout == "base\nturbo\n"


def test_an_unreachable_service(run: Run) -> None:
    result = run("--url", f"http://127.0.0.1:{free_port()}", "models")
    assert result.exit_code == 3
    assert "Trying again in" in result.stderr
    assert "cannot be reached" in result.stderr.splitlines()[-1]
