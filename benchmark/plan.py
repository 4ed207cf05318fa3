"""What is asked for, from a TOML file and the command line: models, engines, compute types and beams.

models = ["base", "small"]
engines = ["faster-whisper", "openai-whisper"]
compute_types = ["int8", "float32"]
beams = [1, 5]
language = "en"
audios = "recordings"            # paths are relative to the file
"""

import tomllib
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.config import Settings
from app.core.errors import UnknownModel
from app.weights.catalog import cached_models, resolve_model
from app.weights.onnx_models import ONNX_MODELS
from benchmark.measure import ENGINES, FAKE_ENGINE, installed_engines
from benchmark.results import Variant

HOME = Path(__file__).parent
PATHS = ("directory", "audios", "references", "output", "against")


class Hopeless(Exception):
    """Nothing can be measured; the message is one sentence for the user."""


class Plan(BaseModel):
    """One run; what is empty or None is chosen from the settings and from what is installed.

    `timeout_seconds` is the longest wait for a recording of `service`; `worse_by` is what the word error rate
    may rise by, in points, before a run counts as worse than `against`; recordings are put into the report
    until they take `embed_mb` MiB, the rest are links.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    compute_types: tuple[str, ...] = ()
    beams: tuple[Annotated[int, Field(ge=1, le=20)], ...] = ()
    language: str | None = None
    directory: Path = HOME
    audios: Path | None = None
    references: Path | None = None
    output: Path | None = None
    limit: int | None = Field(None, ge=1)
    service: str | None = None
    timeout_seconds: float = Field(3600, ge=1)
    against: Path | None = None
    compare_speed: bool = True
    worse_by: float = Field(0, ge=0)
    embed_mb: float = Field(20, ge=0)
    fresh: bool = False

    @property
    def audio_folder(self) -> Path:
        """Where the recordings are."""
        return self.audios or self.directory / "audios"

    @property
    def reference_folder(self) -> Path:
        """Where what is said in them is."""
        return self.references or self.directory / "text-references"

    @property
    def output_folder(self) -> Path:
        """Gets plots/ and results/."""
        return self.output or self.directory


def read_plan(file: Path | None, arguments: Mapping[str, object]) -> Plan:
    """The plan of a file, in which `arguments` that are not None or empty win. Raises Hopeless."""
    written = _read(file) if file is not None else {}
    given = {name: value for name, value in arguments.items() if value is not None and value != []}
    try:
        return Plan(**(written | given))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Hopeless(f"The plan is wrong at {place!r}: {first['msg']}.") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        written = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise Hopeless(f"The plan {file} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise Hopeless(f"The plan {file} is no TOML file: {error}.") from error
    found = {name: file.parent / written[name] for name in PATHS if isinstance(written.get(name), str)}
    return written | found


def variants_of(plan: Plan, settings: Settings) -> list[Variant]:
    """Every model with every engine, compute type and beam, each once. Raises Hopeless."""
    engines = _engines(plan)
    wanted = plan.models or tuple(cached_models(settings.cache_dir)) or (settings.default_model,)
    try:
        models = [resolve_model(name, settings.cache_dir) for name in wanted]
    except UnknownModel as error:
        raise Hopeless(error.detail) from error
    ways = product(models, engines, plan.compute_types or (None,), plan.beams or (None,))
    return list(dict.fromkeys(_variant(*way) for way in ways))


def _variant(model: str, engine: str, compute_type: str | None, beam_size: int | None) -> Variant:
    """openai-whisper has no compute types, onnx-asr no beam; the models of the latter run nowhere else."""
    if model in ONNX_MODELS and engine != FAKE_ENGINE:
        return Variant(model, "onnx-asr", compute_type, None)
    return Variant(model, engine, compute_type if engine != "openai-whisper" else None, beam_size)


def _engines(plan: Plan) -> tuple[str, ...]:
    installed = installed_engines()
    for engine in plan.engines:
        if engine not in (*ENGINES, FAKE_ENGINE):
            raise Hopeless(f"There is no engine {engine!r}; choose one of: {', '.join(ENGINES)}.")
        if engine not in (*installed, FAKE_ENGINE):
            raise Hopeless(
                f"{engine} is not installed: run pip install -r requirements/{_requirements(engine)}."
            )
    if not plan.engines and not installed:
        raise Hopeless("No engine is installed: run pip install -r requirements/worker.txt.")
    return plan.engines or tuple(installed)


def _requirements(engine: str) -> str:
    return "worker.txt" if engine == "faster-whisper" else "openai-whisper.txt"
