"""The command line as a whole: cheap to start, and a way to the service's other programs."""

import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.cli.__main__ import cli
from app.core.api_keys import ApiKeys
from app.core.config import Settings
from app.launcher import __main__ as launcher

HEAVY = ("torch", "faster_whisper", "ctranslate2", "whisper", "numpy", "redis", "fastapi")


def test_help_loads_no_model_runtime() -> None:
    program = (
        "import sys; sys.argv = ['transcriber', '--help']\n"
        "from app.cli.__main__ import main\n"
        "try: main()\n"
        f"finally: print('loaded', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "send" in done.stdout
    assert "loaded []" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["queue", "--help"], "transcriber queue"),
        (["queue", "dead", "list", "--help"], "transcriber queue dead list"),
        (["weights", "get", "--help"], "transcriber weights get"),
    ],
)
def test_other_programs_are_mounted(arguments: list[str], shown: str) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0
    assert shown in result.output


def test_serve_is_the_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def main() -> int:
        seen.append(sys.argv)
        return 1

    monkeypatch.setattr(launcher, "main", main)
    monkeypatch.setattr(sys, "argv", ["transcriber"])

    result = CliRunner().invoke(cli, ["serve", "--port", "9000", "x"])

    assert result.exit_code == 1
    assert seen == [["transcriber serve", "--port", "9000", "x"]]


def test_a_key_comes_with_the_entry_that_lets_it_in() -> None:
    shown = CliRunner().invoke(cli, ["key", "alice"]).output
    key, entry = re.findall(r"^  (\S+)$", shown, re.MULTILINE)

    assert ApiKeys(Settings(api_keys=(entry,)).key_hashes).name_of(key) == "alice"
    assert CliRunner().invoke(cli, ["key", "a:b"]).exit_code == 2
