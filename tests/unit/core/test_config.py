"""The settings are what the user wrote, in each way in which users write them."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from app.core.config import Settings
from app.core.settings.watch import FORMATS
from app.core.startup import read_settings
from app.schemas.form import TranscriptFormat

USERS_DOTENV = """\
DEFAULT_MODEL = "small"
DEFAULT_DURATION = "30"
LOG_LEVEL = "debug"
ALLOWED_EXTENSIONS = "mp3,.WAV, m4a"
REDIS_QUEUE_NAME = "transcribe_tasks_2"
REDIS_RESULTS_PREFIX = "answer:"
REDIS_HOST = "redis.lan"
REDIS_PORT = "6380"
REDIS_DB = "3"
UPLOAD_DIR = "audio files"
WHISPER_BEAM_SIZE = "1"
"""


def read(tmp_path: Path, text: str) -> Settings:
    (tmp_path / ".env").write_text(text, encoding="utf-8")
    return Settings(_env_file=tmp_path / ".env")


@pytest.mark.parametrize(
    "text",
    [USERS_DOTENV, USERS_DOTENV.replace(" = ", "="), USERS_DOTENV.replace('"', "'"), USERS_DOTENV.lower()],
    ids=["spaces and quotes", "no spaces", "single quotes", "small letters"],
)
def test_every_name_of_the_users_file(tmp_path: Path, text: str) -> None:
    settings = read(tmp_path, text)
    assert settings.default_model == "small"
    assert settings.default_duration == settings.default_trim == 30
    assert settings.log_level == "DEBUG"
    assert settings.allowed_extensions == frozenset({"mp3", "wav", "m4a"})
    assert settings.redis_queue_name == "transcribe_tasks_2"
    assert settings.redis_results_prefix == "answer:"
    assert settings.redis_host == "redis.lan"
    assert settings.redis_port == 6380
    assert settings.redis_db == 3
    assert settings.upload_dir == Path("audio files")
    assert settings.outbox_dir == Path("audio files/.outbox")
    assert settings.whisper_beam_size == 1


def test_the_contracts_defaults() -> None:
    settings = Settings()
    assert settings.default_model == "turbo"
    assert settings.default_trim is None
    assert settings.redis_queue_name == "transcribe_tasks"
    assert settings.redis_results_prefix == "transcribe_result:"
    assert settings.allowed_extensions is None
    assert settings.max_upload_bytes == 2048 * 1024 * 1024


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "7000")
    assert read(tmp_path, "REDIS_PORT=6380").redis_port == 7000


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    settings = read(tmp_path, "DEFAULT_DURATION=\nREDIS_PASSWORD=\n")
    assert settings.default_trim is None
    assert settings.redis_password is None


def test_strange_lines_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, "# comment\nUNKNOWN=1\nexport PORT=9000 # here\n").port == 9000


@pytest.mark.parametrize("text", ["mp3,wav", "mp3 wav", '["mp3", "wav"]', ".mp3;.wav", "MP3, WAV,"])
def test_lists(text: str) -> None:
    assert Settings(allowed_extensions=text).allowed_extensions == frozenset({"mp3", "wav"})


def test_sentinels() -> None:
    assert Settings(redis_sentinels="one:1, two:2").redis_sentinels == ("one:1", "two:2")
    assert Settings(redis_sentinels=" ").redis_sentinels == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_level", "loud"),
        ("redis_port", 70_000),
        ("max_upload_mb", 0),
        ("default_duration", -1),
        ("engine", "kaldi"),
        ("redis_queue_name", ""),
        ("whisper_beam_size", 0),
    ],
)
def test_wrong_values_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


SENTINELS: dict[str, Any] = {"redis_sentinels": "one:1"}


def test_an_address_that_sentinels_replace_may_be_any() -> None:
    assert Settings(**SENTINELS, redis_tls=True, redis_url="redis://host").redis_tls


@pytest.mark.parametrize(
    ("values", "setting", "reason"),
    [
        ({"redis_tls": True, "redis_url": "redis://:hunter2@host"}, "redis_url", "begin with rediss://"),
        ({"redis_sentinel_username": "me"}, "redis_sentinel_username", "REDIS_SENTINELS names none"),
        ({"redis_sentinel_password": "hunter2"}, "redis_sentinel_password", "REDIS_SENTINELS names none"),
        ({"redis_sentinel_tls": True}, "redis_sentinel_tls", "REDIS_SENTINELS names none"),
        (
            SENTINELS | {"redis_sentinel_username": "me"},
            "redis_sentinel_password",
            "REDIS_SENTINEL_USERNAME needs it",
        ),
        ({"redis_ca_file": "authority.pem"}, "redis_ca_file", "TLS, which neither"),
        (
            SENTINELS | {"redis_url": "rediss://host", "redis_ca_file": "authority.pem"},
            "redis_ca_file",
            "TLS, which neither",
        ),
        ({"redis_tls": True, "redis_ca_file": "missing.pem"}, "redis_ca_file", "No such file"),
        ({"redis_url": "rediss://host", "redis_ca_file": __file__}, "redis_ca_file", "no certificate in it"),
        (
            SENTINELS | {"redis_sentinel_tls": True, "redis_ca_file": "/"},
            "redis_ca_file",
            "cannot be read",
        ),
    ],
)
def test_settings_of_redis_that_do_not_fit_together(
    values: dict[str, Any], setting: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match=reason) as caught:
        Settings(**values)
    assert [error["loc"] for error in caught.value.errors()] == [(setting,)]
    assert "hunter2" not in str(caught.value)

    for name, value in values.items():
        monkeypatch.setenv(name.upper(), str(value))
    with pytest.raises(SystemExit, match=rf"^Setting {setting.upper()} is wrong: .*{reason}") as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)


def test_blanks_take_back_what_sentinels_were_told() -> None:
    settings = Settings(redis_sentinel_username=" ", redis_sentinel_password="", redis_ca_file=" ")
    assert settings.redis_sentinel_username is None
    assert settings.redis_sentinel_password is None
    assert settings.redis_ca_file is None


def test_blanks_take_back_buckets_and_databases() -> None:
    names = ("storage_url", "storage_endpoint", "storage_public_endpoint", "database_url")
    settings = Settings(**dict.fromkeys(names, " "))  # type: ignore[arg-type]
    assert [getattr(settings, name) for name in names] == [None] * 4


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Settings(), "port", 1)  # noqa: B010 (mypy knows that it is frozen)


def test_secrets_are_not_shown() -> None:
    settings = Settings(
        redis_password="hunter2",
        redis_url="redis://:hunter2@host",
        **SENTINELS,
        redis_sentinel_password="hunter2",
    )
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("ttl", "keep", "accepted"), [(239, 120, False), (240, 120, True), (0, 120, True), (1, 0, True)]
)
def test_results_outlive_what_is_kept_of_their_tasks(ttl: int, keep: float, accepted: bool) -> None:
    """Else a task whose note is still there would be unknown to Redis, and be done again."""
    if accepted:
        assert Settings(result_ttl_seconds=ttl, keep_ended_seconds=keep).result_ttl_seconds == ttl
        return
    with pytest.raises(ValidationError, match="at least twice KEEP_ENDED_SECONDS, which is 120"):
        Settings(result_ttl_seconds=ttl, keep_ended_seconds=keep)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_archive_may_lie_in_postgresql(scheme: str) -> None:
    assert Settings(database_url=f"{scheme}://user:hunter2@host/name").database_url is not None


def test_no_other_database_is_asked_for() -> None:
    with pytest.raises(ValidationError, match="no address such as postgresql://"):
        Settings(database_url="mysql://host/name")


def test_a_remote_engine_needs_an_address() -> None:
    with pytest.raises(ValidationError, match="ENGINE=remote needs the address"):
        Settings(engine="remote")


@pytest.mark.parametrize(
    ("name", "value"), [("remote_url", "gpu:8000/v1"), ("remote_url", "http:///v1"), ("remote_fields", "vad")]
)
def test_what_no_server_can_be_asked_with_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_remote_fields_are_read_as_a_query() -> None:
    settings = Settings(remote_fields="vad=false&prompt=a%20b&empty=")
    assert settings.remote_form_fields == {"vad": "false", "prompt": "a b", "empty": ""}


def test_the_formats_of_a_watched_folder_are_those_of_transcripts() -> None:
    assert set(FORMATS) == set(TranscriptFormat)
    assert Settings(watch_formats="SRT, docx srt").watch_formats == ("srt", "docx")
    for wrong in ("pdf", ","):
        with pytest.raises(ValidationError, match="format"):
            Settings(watch_formats=wrong)


@pytest.mark.parametrize("url", ["s3://b", "s3://b/f", "az://c/f", "gs://b", "file:///srv/x"])
def test_recordings_may_lie_in_a_bucket(url: str) -> None:
    assert Settings(storage_url=url).storage_url == url


def test_without_an_address_there_is_no_bucket() -> None:
    assert Settings(storage_url="", storage_endpoint="").storage_url is None


@pytest.mark.parametrize(
    "values",
    [
        {"storage_url": "recordings"},
        {"storage_url": "s3:///folder"},
        {"storage_url": "https://b.s3.amazonaws.com"},
        {"storage_url": "file://relative"},
        {"storage_url": "s3://b", "storage_endpoint": "minio:9000"},
        {"storage_url": "gs://b", "storage_endpoint": "http://minio:9000"},
        {"storage_endpoint": "http://minio:9000"},
        {"storage_url": "s3://b", "storage_link_seconds": 10**6},
    ],
)
def test_what_is_no_bucket_is_told(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**values)


def test_no_group_of_settings_takes_a_validator_of_another() -> None:
    """Pydantic keeps validators by their names: of two with one name in two bases, one would be lost."""
    groups = [group for group in Settings.__bases__ if issubclass(group, BaseModel)]
    own = [name for group in groups for name in group.__pydantic_decorators__.field_validators]
    assert own
    assert len(own) == len(set(own))
