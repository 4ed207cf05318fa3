"""Misspelt settings are told, and those of other programs are not."""

import logging
import re
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.startup import start_watching
from app.core.unknown_settings import unknown_settings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.env` that the settings are read from."""
    path = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", str(path))
    return path


def test_a_misspelt_name_in_the_file(dotenv: Path) -> None:
    dotenv.write_text('WHISPER_BEEM_SIZE = "1"\nexport REDIS_HOTS=redis\nDEFAULT_MODEL=base\nport=1\n')
    assert unknown_settings({}) == [
        "`.env` sets WHISPER_BEEM_SIZE, which is no setting; the nearest is WHISPER_BEAM_SIZE.",
        "`.env` sets REDIS_HOTS, which is no setting; the nearest is REDIS_HOST.",
    ]


def test_a_name_that_nobody_reads(dotenv: Path) -> None:
    dotenv.write_text("DIARIZE=true\n")
    assert unknown_settings({}) == [
        "`.env` sets DIARIZE, which is no setting of this service and has no effect on it."
    ]


def test_names_that_other_programs_read(dotenv: Path) -> None:
    compose = "".join(path.read_text() for path in ROOT.glob("docker-compose*.yml"))
    names = set(re.findall(r"\$\{(\w+)", compose)) | {"COMPOSE_PROJECT_NAME", "HTTPS_PROXY", "HF_HOME", "TZ"}
    dotenv.write_text("".join(f"{name}=1\n" for name in sorted(names)))
    assert {"API_BIND", "DEVICE_BUILD", "WYOMING_BIND", "CADDY_TLS"} <= names
    assert unknown_settings({}) == []


def test_a_misspelt_name_among_those_of_others(dotenv: Path) -> None:
    dotenv.write_text(
        "OTEL_EXPORTER_OTLP_ENDPIONT=http://a\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a\nOTEL_SERVICE_NAME=a\n"
    )
    [sentence] = unknown_settings({})
    assert sentence.endswith("the nearest is OTEL_EXPORTER_OTLP_ENDPOINT.")


def test_the_environment_holds_much_else(dotenv: Path) -> None:
    others = (
        "PATH",
        "HOSTNAME",
        "REDIS_SERVICE_HOST",
        "REDIS_PORT_6379_TCP_ADDR",
        "LOGNAME",
        "PORT",
        "MODEL",
    )
    environ = dict.fromkeys((*others, "WHISPER_BEEM_SIZE"), "x")
    assert unknown_settings(environ) == [
        "The environment sets WHISPER_BEEM_SIZE, which is no setting; the nearest is WHISPER_BEAM_SIZE."
    ]


def test_without_a_file(dotenv: Path) -> None:
    assert unknown_settings({}) == []


def test_programs_warn_when_they_start(
    dotenv: Path, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv.write_text("WORKRES=2\n")
    monkeypatch.setattr("app.core.startup.setup_logging", lambda **_: None)
    for role, count in (("engine", 0), ("api", 1), ("worker", 2)):
        start_watching(settings, role)
        warned = [record for record in caplog.records if record.levelno == logging.WARNING]
        assert len(warned) == count
    assert "nearest is WORKERS" in caplog.text
