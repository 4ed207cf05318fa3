"""`python3 -m benchmark.compare`: this service against a server with OpenAI's API."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.compare import app
from tests.support.web_server import Server, answer

ASSETS = Path(__file__).parents[1] / "assets"
ENGLISH = "The weather is nice today. We will walk to the river and have lunch under the old tree."


@pytest.mark.weights
def test_service_and_server_side_by_side(tmp_path: Path, base_weights: Path) -> None:
    """The server hears the same in every recording."""
    for name in ("audios", "text-references"):
        (tmp_path / name).mkdir()
    shutil.copy(ASSETS / "speech_en.flac", tmp_path / "audios" / "en.flac")
    (tmp_path / "audios" / "broken.wav").write_bytes(b"no sound")
    for name in ("en", "broken"):
        (tmp_path / "text-references" / f"{name}.txt").write_text(ENGLISH)
    answers = {
        "/v1/audio/transcriptions": answer(body=b'{"text": "The weather is nice."}'),
        "/audio/transcriptions": answer(404),
    }
    environment = {"CACHE_DIR": str(base_weights), "OPENAI_API_KEY": "secret"}
    with Server(answers) as server:
        theirs, lost = f"theirs={server.url('/v1')},big-one", f"lost={server.url('/')}"
        arguments = [
            *("--directory", str(tmp_path), "--rounds", "1", "--beam-size", "1", "--with", "service"),
            *("--server", theirs, "--server", lost),
        ]
        result = CliRunner().invoke(app, arguments, env=environment)
        asked = server.requests[0]

    assert asked.headers["authorization"] == "Bearer secret"
    assert b"big-one" in asked.body
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "results" / "compare.json").read_text("utf-8"))
    ours, others = figures["standings"]
    assert (ours["entry"]["name"], others["entry"]["name"]) == ("service", "theirs")
    assert ours["peak_memory_mb"] > 200  # four processes
    assert others["peak_memory_mb"] is None
    assert others["errors"]["all"]["deletions"] == 14
    assert [problem["name"] for problem in figures["problems"]] == ["broken.wav", "lost"]
    (pair,) = figures["comparisons"]
    assert (pair["first"], pair["files"]) == ("base · service", 1)
    assert "service" in (tmp_path / "results" / "compare.html").read_text("utf-8")


def test_without_recordings_the_command_says_what_belongs_there(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--directory", str(tmp_path)])
    assert result.exit_code == 1
    assert "There is no recording with a reference in" in " ".join(result.output.split())
