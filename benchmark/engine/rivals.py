"""Others that run Whisper: openai-whisper, whisper.cpp, WhisperX, and any server with OpenAI's audio API."""

import importlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx2

from app.audio.decode import read_samples
from app.core.config import Settings
from app.core.machine import usable_cores
from app.weights.store import WeightStore
from benchmark.engine.ggml import ensure_ggml
from benchmark.engine.messages import Round, Said
from benchmark.engine.system import InProcess, compute_type_on_cpu

PACKAGES = {"openai-whisper": "openai-whisper", "whisper.cpp": "pywhispercpp", "whisperx": "whisperx"}
"""What has to be installed for a system."""

KEY_VARIABLE = "OPENAI_API_KEY"
"""Environment variable with the key of a server: command lines are seen by everybody."""


def missing_package(system: str) -> str | None:
    """The package that a system lacks here."""
    package = PACKAGES.get(system)
    try:
        return None if package is None or metadata.version(package) else package
    except metadata.PackageNotFoundError:
        return package


class OpenAIWhisper(InProcess):
    """The reference implementation in single precision, file by file, all settings as they come."""

    def __init__(self, order: Round, settings: Settings) -> None:
        import whisper

        store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
        self._model = whisper.load_model(str(store.ensure_openai(order.model)), device="cpu")
        self._beam_size = order.beam_size

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """See System."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> Said:
        samples, _ = read_samples(path)  # its own way needs an ffmpeg on the PATH
        found = self._model.transcribe(samples, beam_size=self._beam_size, fp16=False)
        return Said(path=str(path), text=found["text"], language=found["language"])


class WhisperCpp(InProcess):
    """whisper.cpp in half precision, file by file, its settings as they come but the beam and the threads."""

    def __init__(self, order: Round, settings: Settings) -> None:
        store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
        self._model: Any = importlib.import_module("pywhispercpp.model").Model(
            str(ensure_ggml(store.ensure_ct2(order.model))),
            params_sampling_strategy=int(order.beam_size > 1),
            n_threads=usable_cores(),
            redirect_whispercpp_logs_to=None,
            print_progress=False,
            print_realtime=False,
            language="auto",
            beam_search={"beam_size": order.beam_size, "patience": -1.0},
        )

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """See System."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> Said:
        samples, _ = read_samples(path)
        segments = self._model.transcribe(samples)
        return Said(path=str(path), text=" ".join(each.text for each in segments), language=None)


class WhisperX(InProcess):
    """WhisperX: one recording after the other, in batches of the windows that its speech detection cuts.

    All settings as they come but the beam, the batch (8, as of its command line) and the compute type (that
    of faster-whisper here). Words are not aligned: that needs a model from a hub for each language, and
    changes no text. The weights of its speech detection (pyannote) are part of the package.

    Written after the source of whisperx 3.8.6 (github.com/m-bain/whisperX, `whisperx/asr.py`) and not run: it
    pins torch 2.8 with CUDA and huggingface-hub below 1.0.
    """

    BATCH_SIZE = 8

    def __init__(self, order: Round, settings: Settings) -> None:
        os.environ["PYANNOTE_METRICS_ENABLED"] = "false"  # else pyannote.audio may report its use
        store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
        self._model: Any = importlib.import_module("whisperx").load_model(
            str(store.ensure_ct2(order.model)),
            device="cpu",
            compute_type=compute_type_on_cpu(settings),
            asr_options={"beam_size": order.beam_size},
            threads=usable_cores(),
        )

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """See System."""
        return [self._one(path) for path in paths]

    def _one(self, path: Path) -> Said:
        samples, _ = read_samples(path)
        found = self._model.transcribe(samples, batch_size=self.BATCH_SIZE)
        text = " ".join(each["text"].strip() for each in found["segments"])
        return Said(path=str(path), text=text, language=found["language"])


class Server(InProcess):
    """A server with OpenAI's audio API at `options.url`, `options.concurrency` requests at a time.

    Its memory and processor time are its own: they are not known here.
    """

    def __init__(self, order: Round, _: Settings) -> None:
        key = os.environ.get(KEY_VARIABLE)
        self._model = str(order.options.get("model") or order.model)
        self._concurrency = int(order.options.get("concurrency", 1))
        self._client = httpx2.Client(
            base_url=str(order.options["url"]).rstrip("/"),
            timeout=float(order.options.get("timeout_seconds", 3600)),
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """See System."""
        with ThreadPoolExecutor(self._concurrency) as threads:
            return list(threads.map(self._one, paths))

    def _one(self, path: Path) -> Said:
        with path.open("rb") as audio:
            answer = self._client.post(
                "/audio/transcriptions",
                data={"model": self._model, "response_format": "json"},
                files={"file": (path.name, audio)},
            )
        answer.raise_for_status()
        return Said(path=str(path), text=str(answer.json()["text"]), language=None)

    def peak_memory_mb(self) -> float | None:
        """Not known."""
        return None

    def cpu_seconds(self) -> float | None:
        """Not known."""
        return None

    def close(self) -> None:
        """See System."""
        self._client.close()
