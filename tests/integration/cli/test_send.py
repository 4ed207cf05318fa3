"""`transcriber send`: what it sends, where the transcripts go, and how it ends."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from app.launcher.redis_server import free_port
from tests.integration.cli.conftest import Run, contents, recordings
from tests.unit.client.service import API_KEY, Dropped, Problem, Service


def test_one_file_to_stdout(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "talk.mp3")
    result = run("send", "talk.mp3")

    assert (result.exit_code, result.stdout, result.stderr) == (0, "text of talk.mp3\n", "")
    [upload] = service.uploads.values()
    assert upload.content == b"sound of talk.mp3"
    assert contents(folder) == {"talk.mp3": "sound of talk.mp3"}


def test_another_format_to_stdout(run: Run, folder: Path) -> None:
    recordings(folder, "talk.mp3")
    assert run("send", "talk.mp3", "--format", "srt").stdout == "srt: text of talk.mp3\n"


def test_all_options_reach_the_service(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "talk.mp3")
    options = {"model": "base", "language": "ru", "task": "translate", "prompt": "a b", "hotwords": "Redis"}
    options |= {
        "trim": "2.5",
        "priority": "high",
        "track": "2",
        "channels": "split",
        "languages": "ru,German",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]

    assert run("send", "talk.mp3", "--word-timestamps", *arguments).exit_code == 0
    [upload] = service.uploads.values()
    assert upload.options == options | {"word_timestamps": "true"}


def test_a_track_has_a_number_or_is_chosen(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "talk.mp3")

    assert run("send", "talk.mp3", "--track", "mix").exit_code == 0
    refused = run("send", "talk.mp3", "--track", "first")

    assert [upload.options for upload in service.uploads.values()] == [{"track": "mix"}]
    assert refused.exit_code == 2
    assert "--track" in refused.stderr


def test_an_earlier_task_again_with_another_model(run: Run, service: Service, folder: Path) -> None:
    first = service.add("talk.mp3")
    options = ("--again-of", first, "--model", "large-v3")

    result = run("send", *options, "--format", "srt", "--output-dir", "out")
    assert (result.exit_code, result.stderr) == (0, "")
    assert contents(folder) == {f"out/{first}.srt": "srt: text of \n"}
    *_, second = service.uploads.values()
    assert second.options == {"again_of": first, "model": "large-v3"}

    waiting = run("send", *options, "--no-wait").stdout
    *_, third = service.uploads.values()
    assert waiting == f"{third.task_id}\t{first}\n"

    recordings(folder, "talk.mp3")  # of which the service keeps no recording
    assert run("send", "talk.mp3", *options).stdout == "text of talk.mp3\n"
    *_, fourth = service.uploads.values()
    assert (fourth.content, fourth.options) == (b"sound of talk.mp3", second.options)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "--again-of"),
        (("--again-of", "../etc"), "no task id"),
        (("a.mp3", "b.mp3", "--again-of", "earlier"), "2 recordings"),
    ],
)
def test_versions_of_nothing(
    run: Run, service: Service, folder: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    recordings(folder, "a.mp3", "b.mp3")
    result = run("send", *arguments)

    assert (result.exit_code, service.uploads) == (2, {})
    assert complaint in result.stderr


def test_standard_input(run: Run, service: Service, folder: Path) -> None:
    result = run("send", "-", "--name", "talk.ogg", input=b"piped sound")

    assert (result.exit_code, result.stdout) == (0, "text of talk.ogg\n")
    [upload] = service.uploads.values()
    assert (upload.name, upload.content) == ("talk.ogg", b"piped sound")


def test_standard_input_is_new_each_time(run: Run, service: Service, folder: Path) -> None:
    for content in (b"one", b"two"):
        (folder / "out" / "talk.txt").unlink(missing_ok=True)
        assert run("send", "-", "--name", "talk.ogg", "--output-dir", "out", input=content).exit_code == 0
    assert [upload.content for upload in service.uploads.values()] == [b"one", b"two"]
    assert contents(folder) == {"out/talk.txt": "text of talk.ogg\n"}


def test_several_files_and_formats_into_a_folder(run: Run, folder: Path) -> None:
    recordings(folder, "a.mp3", "b.mp3", "c.wav")
    result = run("send", "*.mp3", "c.wav", "--format", "text", "--format", "vtt", "--output-dir", "out/deep")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "3 done, 0 skipped, 0 failed." in result.stderr
    written = contents(folder / "out" / "deep")
    assert sorted(written) == ["a.txt", "a.vtt", "b.txt", "b.vtt", "c.txt", "c.vtt"]
    assert (written["a.txt"], written["c.vtt"]) == ("text of a.mp3\n", "vtt: text of c.wav\n")


def test_documents_are_written_as_they_are(run: Run, folder: Path) -> None:
    recordings(folder, "a.mp3", "b.mp3")
    assert (
        run("send", "a.mp3", "b.mp3", "--format", "docx", "--format", "md", "--output-dir", "out").exit_code
        == 0
    )
    assert (folder / "out" / "a.docx").read_bytes() == b"PK\xff text of a.mp3"
    assert (folder / "out" / "b.md").read_text() == "md: text of b.mp3\n"
    assert run("send", "a.mp3", "--format", "docx").stdout_bytes == b"PK\xff text of a.mp3"


def test_several_files_without_a_folder(run: Run, folder: Path) -> None:
    recordings(folder, "x/a.mp3", "y/b.mp3")
    assert run("send", "x/a.mp3", "y/b.mp3").exit_code == 0
    assert sorted(contents(folder)) == ["x/a.mp3", "x/a.txt", "y/b.mp3", "y/b.txt"]


def test_a_folder(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "in/a.mp3", "in/deep/a.mp3", "in/readme.txt")
    assert run("send", "in", "--recursive", "--output-dir", "out").exit_code == 0
    assert sorted(contents(folder / "out")) == ["a.txt", "deep/a.txt"]


def test_more_files_than_at_a_time(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, *(f"{number}.mp3" for number in range(9)))
    assert run("send", "*.mp3", "--jobs", "2", "--output-dir", "out").exit_code == 0
    assert len(contents(folder / "out")) == 9


def test_each_failure_is_named(run: Run, folder: Path) -> None:
    recordings(folder, "a.mp3", "bad.mp3", "report.pdf")
    result = run("send", "a.mp3", "bad.mp3", "report.pdf", "--output-dir", "out")

    assert result.exit_code == 1
    assert "bad.mp3: Not one second could be decoded." in result.stderr
    assert "report.pdf: It is unsupported_extension." in result.stderr
    assert "1 done, 0 skipped, 2 failed." in result.stderr
    assert contents(folder / "out") == {"a.txt": "text of a.mp3\n"}


def test_an_output_that_cannot_be_written(run: Run, folder: Path) -> None:
    recordings(folder, "a.mp3", "b.mp3", "out/a.txt/x.mp3")
    result = run("send", "a.mp3", "b.mp3", "--output-dir", "out", "--overwrite")

    assert result.exit_code == 1
    assert "a.mp3: " in result.stderr
    assert contents(folder / "out")["b.txt"] == "text of b.mp3\n"


def test_tries_again_and_says_so(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "talk.mp3")
    service.misbehave("POST", Problem(429, "queue_full"))
    result = run("send", "talk.mp3")

    assert (result.exit_code, result.stdout) == (0, "text of talk.mp3\n")
    assert "It is queue_full. Trying again in 0.0 s." in result.stderr


def test_a_lost_answer_makes_no_second_task(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "talk.mp3")
    service.misbehave("POST", Dropped())
    assert run("send", "talk.mp3").exit_code == 0
    assert service.names() == ["talk.mp3"]
    assert service.count("POST") == 2


def test_only_sending(run: Run, service: Service, folder: Path) -> None:
    recordings(folder, "slow1.mp3", "slow2.mp3")
    result = run("send", "*.mp3", "--no-wait", "--output-dir", "out", "--jobs", "1")

    ids = {upload.task_id: upload.name for upload in service.uploads.values()}
    assert result.exit_code == 0
    assert dict(line.split("\t") for line in result.stdout.splitlines()) == ids


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.mp3"], "There is no file none.mp3"),
        (["-"], "--name"),
        (["empty", "--recursive"], "nothing to send"),
        (["a.mp3", "--format", "text", "--format", "srt"], "--output-dir"),
        (["a.mp3", "--format", "pdf"], "pdf"),
        (["a.mp3", "--jobs", "0"], "--jobs"),
        ([], "files"),
    ],
)
def test_wrong_usage(run: Run, service: Service, folder: Path, arguments: list[str], sentence: str) -> None:
    recordings(folder, "a.mp3", "empty/notes.txt")
    result = run("send", *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert service.asked == []


def test_a_wrong_address_is_wrong_usage(run: Run) -> None:
    result = run("--url", "nowhere", "models")
    assert result.exit_code == 2
    assert "no address" in result.stderr


def test_a_name_that_is_no_text(run: Run, service: Service, folder: Path) -> None:
    names = [os.fsdecode(b"caf\xe9.mp3"), "b.mp3"]
    recordings(folder, *names)
    assert run("send", *names, "--output-dir", "out").exit_code == 0
    assert service.names() == ["b.mp3", "caf?.mp3"]
    assert len(contents(folder / "out")) == 2


def test_bars_go_to_the_terminal_and_the_text_to_stdout(service: Service, folder: Path) -> None:
    """As in `transcriber send talk.mp3 > talk.txt`."""
    recordings(folder, "talk.mp3")
    screen, terminal = pty.openpty()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "TRANSCRIBER_URL": service.url}
    command = [sys.executable, "-m", "app.cli", "send", "talk.mp3"]
    done = subprocess.run(
        command, env=environment | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=terminal, check=True
    )
    with os.fdopen(screen, "rb", buffering=0) as shown:
        drawn = shown.read(1_000_000)
    os.close(terminal)

    assert done.stdout == b"text of talk.mp3\n"
    assert b"talk.mp3" in drawn
    assert b"text of" not in drawn


def test_an_unreachable_service(run: Run, folder: Path) -> None:
    recordings(folder, "a.mp3", "b.mp3")
    url = f"http://127.0.0.1:{free_port()}"
    result = run("--url", url, "--retries", "0", "send", "*.mp3", "--output-dir", "out")

    assert result.exit_code == 3
    assert f"The service at {url} cannot be reached" in result.stderr
    assert "the same command" in result.stderr


def test_the_key_of_the_environment(
    run: Run, service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings(folder, "talk.mp3")
    service.key_needed = True
    assert run("send", "talk.mp3").exit_code == 1
    monkeypatch.setenv("TRANSCRIBER_API_KEY", API_KEY)
    assert run("send", "talk.mp3").exit_code == 0
