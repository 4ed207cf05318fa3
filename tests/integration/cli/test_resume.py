"""Batches that are interrupted and given again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.resume import FILE_NAME
from tests.integration.cli.conftest import Run, contents, recordings
from tests.support.serving import until
from tests.unit.client.service import Dropped, Problem, Service


def interrupted(service: Service, *arguments: str, after_uploads: int) -> tuple[int, str]:
    """Exit status and stderr of a command that gets Ctrl-C once so many files have arrived."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "TRANSCRIBER_URL": service.url}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    polls = service.count("GET")
    until(lambda: len(service.uploads) == after_uploads and service.count("GET") >= polls + after_uploads)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate()
    return process.returncode, stderr


def test_what_is_done_is_not_done_again(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "a.mp3", "b.mp3")
    run("send", "a.mp3", "b.mp3", "--output-dir", "out")
    recordings(folder, "c.mp3")
    result = run("send", "*.mp3", "--output-dir", "out")

    assert "1 done, 2 skipped, 0 failed." in result.stderr
    assert service.names() == ["a.mp3", "b.mp3", "c.mp3"]


def test_unless_it_is_asked_for(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "a.mp3")
    for _ in range(2):
        assert run("send", "a.mp3", "--output-dir", "out", "--overwrite").exit_code == 0
    assert service.names() == ["a.mp3", "a.mp3"]


def test_another_format_of_what_is_done_needs_no_upload(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "a.mp3")
    for form in ("text", "srt"):
        assert run("send", "a.mp3", "--output-dir", "out", "--format", form).exit_code == 0
    assert sorted(contents(folder / "out")) == ["a.srt", "a.txt"]
    assert service.count("POST") == 1


def test_tasks_that_were_only_sent_are_taken_up(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "slow1.mp3", "slow2.mp3")
    run("send", "*.mp3", "--output-dir", "out", "--no-wait")
    service.release("slow1.mp3")
    service.release("slow2.mp3")

    assert run("send", "*.mp3", "--output-dir", "out").exit_code == 0
    assert service.count("POST") == 2
    assert contents(folder / "out") == {f"slow{n}.txt": f"text of slow{n}.mp3\n" for n in (1, 2)}


def test_ctrl_c_leaves_tasks_running(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "a.mp3", "slow1.mp3", "slow2.mp3", "z.mp3")
    arguments = ("send", "a.mp3", "slow1.mp3", "slow2.mp3", "z.mp3", "--jobs", "2", "--output-dir", "out")
    status, stderr = interrupted(service, *arguments, after_uploads=3)

    assert status == 130
    assert "the same command takes it up again" in stderr
    assert "Traceback" not in stderr
    assert contents(folder / "out") == {"a.txt": "text of a.mp3\n"}

    service.release("slow1.mp3")
    service.release("slow2.mp3")
    result = run(*arguments)
    assert result.exit_code == 0
    assert "3 done, 1 skipped, 0 failed." in result.stderr
    assert service.names() == ["a.mp3", "slow1.mp3", "slow2.mp3", "z.mp3"]


def test_ctrl_c_without_a_folder_tells_the_task(service: Service, folder: Path) -> None:
    recordings(folder, "slow.mp3")
    status, stderr = interrupted(service, "send", "slow.mp3", after_uploads=1)

    [task_id] = service.uploads
    assert status == 130
    assert f"transcriber watch {task_id}" in stderr


def test_interrupted_before_the_answer_came(run: Run, service: Service, folder: Path) -> None:
    """The state file holds the key of a request whose answer nobody saw: it makes no second task."""
    recordings(folder, "a.mp3")
    service.misbehave("POST", Dropped(), Dropped())
    assert run("send", "a.mp3", "--output-dir", "out").exit_code == 3

    assert run("send", "a.mp3", "--output-dir", "out").exit_code == 0
    assert service.names() == ["a.mp3"]
    assert service.count("POST") == 3


def test_a_task_that_the_service_has_forgotten(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "slow.mp3")
    run("send", "slow.mp3", "--output-dir", "out", "--no-wait")
    service.uploads.clear()
    run("send", "slow.mp3", "--output-dir", "out", "--no-wait")

    assert service.count("POST") == 2
    assert len(service.keys) == 2


def test_a_service_in_trouble_has_not_forgotten(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "slow.mp3")
    run("send", "slow.mp3", "--output-dir", "out", "--no-wait")
    service.misbehave("GET", Problem(500, "internal_error"))

    assert run("send", "slow.mp3", "--output-dir", "out", "--no-wait").exit_code == 1
    assert service.count("POST") == 1


def test_what_failed_is_sent_anew(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "bad.mp3")
    for _ in range(2):
        assert run("send", "bad.mp3", "--output-dir", "out").exit_code == 1
    assert len(service.keys) == service.count("POST") == 2


@pytest.mark.parametrize("change", ["content", "options"])
def test_another_request_is_another_task(run: Run, service: Service, folder: Path, change: str) -> None:
    [path] = recordings(folder, "slow.mp3")
    run("send", "slow.mp3", "--output-dir", "out", "--no-wait")
    more = []
    if change == "content":
        path.write_text("another sound, of another length")
    else:
        more = ["--model", "small"]
    run("send", "slow.mp3", "--output-dir", "out", "--no-wait", *more)

    assert service.count("POST") == 2
    assert (folder / "out" / FILE_NAME).exists()
