"""Unknown names in `.env`, and misspelt settings in the environment."""

import re
from collections.abc import Collection, Iterator, Mapping

from dotenv import dotenv_values

from app.core.config import Settings
from app.core.names import nearest_name

CERTAIN = 0.9
"""Likeness from which a name among those of other programs is taken for a misspelt setting."""

PROBABLE = 0.7
"""The same in `.env`, which is written for this service."""

_OTHERS = re.compile(
    # what docker-compose.yml, the Makefile, the images and the command line read
    r"API_BIND|WYOMING_BIND|DOMAIN|CADDY_TLS|UPSTREAM|DEVICE_BUILD|OPENAI_WHISPER|ONNX_ASR|APP_UID"
    r"|BENCHMARK_DIR|MODEL"
    r"|NAME|VENV|TRANSCRIBER_\w+"
    # clients of clouds
    r"|(AWS|AZURE|GOOGLE)_\w+"
    # tools and libraries
    r"|(COMPOSE|DOCKER|BUILDKIT|PODMAN|PIP|UV|PYTHON\w*|UVICORN|WATCHFILES)_\w+|WEB_CONCURRENCY"
    r"|(OTEL|HF|HUGGING\w*|TRANSFORMERS|CUDA|NVIDIA|OMP|MKL|KMP|OPENBLAS|CT2|TORCH|ORT|MALLOC|LD)_\w+"
    r"|\w+_PROXY|TZ|LANG|LC_\w+|PATH|HOME|TMPDIR|SSL_CERT_\w+",
    re.IGNORECASE,
)
"""Names that other programs read from the same file."""


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each unknown name, with the nearest setting.

    In `.env` that is every name that is no setting, except those that other programs are known to read there;
    in the environment, which holds much else, only names that are almost certainly misspelt settings.
    """
    known = [name.upper() for name in Settings.model_fields]
    file = Settings.model_config.get("env_file")
    written = dotenv_values(file, interpolate=False) if isinstance(file, str) else {}
    return [*_of_file(written, known), *_of_environment(environ.keys() - written.keys(), known)]


def _of_file(names: Collection[str], known: Collection[str]) -> Iterator[str]:
    for name in names:
        if name.upper() in known:
            continue
        is_others = _OTHERS.fullmatch(name) is not None
        nearest = nearest_name(name, known, CERTAIN if is_others else PROBABLE)
        if nearest is not None:
            yield f"`.env` sets {name}, which is no setting; the nearest is {nearest}."
        elif not is_others:
            yield f"`.env` sets {name}, which is no setting of this service and has no effect on it."


def _of_environment(names: Collection[str], known: Collection[str]) -> Iterator[str]:
    for name in sorted(names):
        nearest = None if name.upper() in known else nearest_name(name, known, CERTAIN)
        if nearest is not None:
            yield f"The environment sets {name}, which is no setting; the nearest is {nearest}."
