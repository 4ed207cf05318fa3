"""Settings: the engine, its device and its memory; a worker's places."""

import re
from typing import Literal
from urllib.parse import parse_qsl

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

EngineChoice = Literal["faster-whisper", "openai-whisper", "onnx-asr", "auto", "remote", "fake"]


class EngineSettings(BaseSettings):
    """The engine, its device and its memory; a worker's places."""

    engine: EngineChoice = Field(
        "faster-whisper",
        description="`faster-whisper`, `openai-whisper`, `onnx-asr` (GigaAM, Parakeet, Canary), `auto`: that "
        "which runs the model, or `remote`: the server of REMOTE_URL.",
    )
    remote_url: str = Field(
        "",
        description="Server of `ENGINE=remote`: base address of any OpenAI-compatible one, `http://gpu:8000/v1`.",
    )
    remote_api_key: SecretStr | None = Field(
        None, description="Key that is sent to the server of REMOTE_URL; none: no key."
    )
    remote_model: str | None = Field(
        None, description="Model that the server is asked for; none: the task's, by its canonical name."
    )
    remote_concurrency: int = Field(
        8, ge=1, le=256, description="Windows of one model that one worker has at the server at a time."
    )
    remote_timeout_seconds: float = Field(
        120, gt=0, description="Time that the server gets to answer one request."
    )
    remote_retry_seconds: float = Field(
        300,
        ge=0,
        description="Time for which a window is sent again while the server is away, full or failing; then "
        "the attempt has failed, and the queue tries the task again.",
    )
    remote_sample_format: Literal["s16", "f32"] = Field(
        "s16",
        description="Samples of the WAV files that are sent: `s16`: 16 bits, which every server reads; "
        "`f32`: 32 bits, floating point, as a model here would have them.",
    )
    remote_fields: str = Field(
        "",
        description="Further form fields of each request, `vad=false&beam_size=5`, for what the server has "
        "beside OpenAI's API.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$",
        description="Where models run: `cpu`, `cuda`, `cuda:1` (the second GPU); `auto`: on a GPU that "
        "works. Of several GPUs, `auto` and `cuda` take the one that the fewest other workers use.",
    )
    compute_type: str = Field(
        "auto",
        description="CTranslate2 compute type; `auto`: int8 on a CPU, float16 on a GPU. Of onnx-asr: "
        "`float32` (`auto`), `int8`.",
    )
    encoder_context: Literal["auto", "short", "full"] = Field(
        "auto",
        description="What faster-whisper hears of a window: `full`: 30 s, as in Whisper's training; `short`: "
        "its sound and 4 s after it, a third of the work on short recordings, a few more errors in them; "
        "`auto`: `short` on a CPU with weights on which it was measured (`base`).",
    )
    encoder: Literal["auto", "ctranslate2", "torch"] = Field(
        "auto",
        description="What encodes for faster-whisper: `ctranslate2`; `torch` (requirements/torch.txt); "
        "`auto`: on a GPU with torch the faster of both, measured once for each model, else `ctranslate2`. "
        "`torch` holds the encoder's weights a second time, and was not yet tried on a GPU.",
    )
    whisper_beam_size: int = Field(5, ge=1, le=20, description="Beam size of the decoder.")
    readers: Literal["auto", "threads", "processes"] = Field(
        "auto",
        description="Where recordings are decoded and cut: in `threads` of the engine process, or in "
        "`processes` of their own, as many as cores, whose crash harms no other recording; `auto`: "
        "`processes` where a GPU or a server transcribes, and from 8 cores on.",
    )
    cpu_threads: int = Field(0, ge=0, description="Threads of one worker's model; 0 = chosen from the cores.")
    batch_size: int = Field(
        0,
        ge=0,
        le=64,
        description="Windows that a model decodes together; 0 = 8 on a CPU, up to 32 on a GPU, as its free "
        "memory allows.",
    )
    models_in_memory: int = Field(1, ge=1, description="Models that one worker keeps loaded.")
    tasks_in_flight: int = Field(
        0,
        ge=0,
        description="Recordings that one worker has in hand at a time; 0 = enough to fill its batches.",
    )
    high_slots: int = Field(
        4,
        ge=0,
        description="Places beside TASKS_IN_FLIGHT that are kept for recordings with `priority=high`.",
    )
    short_slots: int = Field(
        4, ge=0, description="Further places, kept for recordings of at most SHORT_SECONDS."
    )
    short_seconds: float = Field(
        60,
        ge=0,
        description="Recordings known to be at most this long, in seconds, do not wait behind longer ones.",
    )
    fetch_slots: int = Field(
        16, ge=1, description="Recordings that one worker fetches at a time (`url`), beside all others."
    )
    share_long_recordings: bool = Field(
        True,
        description="Let idle workers help with long recordings: they borrow windows from the worker that "
        "has the recording, and leave as soon as a task waits.",
    )
    share_min_seconds: float = Field(
        300, ge=0, description="Length from which a recording is shared, in seconds."
    )
    share_loan_seconds: float = Field(
        15,
        gt=0,
        description="Time after which others get the windows of a helper that has fallen silent, in seconds.",
    )
    model_load_seconds: float = Field(
        3600,
        gt=0,
        description="Time a model may take to be fetched and loaded before the engine is restarted.",
    )
    model_retry_seconds: float = Field(
        30,
        gt=0,
        description="Pause before a worker tries again a model that it could not load, in seconds; doubles "
        "up to 600. Meanwhile it leaves the model's tasks to others.",
    )
    model_downloads: bool = Field(True, description="Fetch weights that are not in the cache.")

    @field_validator("remote_url")
    @classmethod
    def _check_remote_url(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("engine") == "remote":
            raise ValueError("ENGINE=remote needs the address of a server, such as http://gpu:8000/v1")
        if value and not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://gpu:8000/v1")
        return value

    @field_validator("remote_fields")
    @classmethod
    def _check_remote_fields(cls, value: str) -> str:
        parse_qsl(value, keep_blank_values=True, strict_parsing=bool(value))
        return value

    @property
    def remote_form_fields(self) -> dict[str, str]:
        """REMOTE_FIELDS by their names."""
        return dict(parse_qsl(self.remote_fields, keep_blank_values=True))
