"""The command line, a service, and a folder of recordings."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.__main__ import cli
from app.client import following
from tests.unit.client.service import Service, serving

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def running_service() -> Iterator[Service]:
    """One service for all tests."""
    with serving(Service()) as running:
        yield running


@pytest.fixture
def service(running_service: Service) -> Service:
    """A service that knows nothing yet, and behaves."""
    running_service.reset()
    return running_service


@pytest.fixture
def run(service: Service, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command against `service`."""
    monkeypatch.setenv("TRANSCRIBER_URL", service.url)
    monkeypatch.setenv("TRANSCRIBER_RETRIES", "1")
    monkeypatch.delenv("TRANSCRIBER_API_KEY", raising=False)
    monkeypatch.setattr(following, "WATCHED_POLL_SECONDS", 0.1)
    return lambda *arguments, **more: CliRunner().invoke(cli, [str(one) for one in arguments], **more)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def recordings(folder: Path, *names: str) -> list[Path]:
    """Files to send, each with its own name in it."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound of " + os.fsencode(path.name))
    return paths


def contents(folder: Path) -> dict[str, str]:
    """The files of a folder that are seen, by their names."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
