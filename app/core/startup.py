"""How each program starts: settings (a wrong one ends the program with a sentence), then logging."""

import logging
import os

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.core.config import Settings
from app.core.tracing import start_tracing
from app.core.unknown_settings import unknown_settings
from utils.logger import setup_logging

logger = logging.getLogger(__name__)

HIDDEN = ("PASSWORD", "SECRET", "KEYS", "URL")
"""Words in the names of settings whose values are not shown."""


def read_settings() -> Settings:
    """The settings of this process. Raises SystemExit with one sentence for each wrong setting."""
    try:
        _export_credentials()
        return Settings()
    except ValidationError as error:
        raise SystemExit("\n".join(_sentences(error))) from None
    except (SettingsError, UnicodeDecodeError) as error:
        raise SystemExit(f"The settings cannot be read: {error}; check `.env` and the environment.") from None


def _export_credentials() -> None:
    """What `.env` says of clouds becomes the environment, which is all that their clients read."""
    file = Settings.model_config.get("env_file")
    for name, value in (dotenv_values(file) if isinstance(file, str) else {}).items():
        if value is not None and name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            os.environ.setdefault(name, value)


def start_watching(settings: Settings, role: str) -> None:
    """Log and trace as the settings say; `role` (api, worker, engine) marks every line and span.

    Names that are no settings are warned of: once a program, so not by the engine of a worker.
    """
    start_tracing(settings.otel_exporter_otlp_endpoint, role)
    setup_logging(
        level=settings.log_level,
        directory=settings.log_dir,
        role=role,
        max_bytes=settings.log_max_mb * 1024 * 1024,
        backups=settings.log_backups,
    )
    for sentence in unknown_settings(os.environ) if role != "engine" else ():
        logger.warning("%s", sentence)


def _sentences(error: ValidationError) -> list[str]:
    sentences = []
    for problem in error.errors():
        name = str(problem["loc"][0]).upper() if problem["loc"] else "The settings"
        reason = problem["msg"][:1].lower() + problem["msg"][1:]
        shown = "" if any(word in name for word in HIDDEN) else f" (it is {problem['input']!r})"
        sentences.append(
            f"Setting {name} is wrong: {reason}{shown}; correct it in `.env` or the environment."
        )
    return sentences
