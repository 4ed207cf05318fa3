"""Settings: the one place where the environment is read.

Every field is an environment variable of the same name in capitals, or a line of `.env`
(`NAME=value` or `NAME = "value"`). README.md lists them all; a test keeps that table and this class equal.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.core.api_keys import KEY_NAME
from app.core.quotas import Quotas
from app.core.webhook_secret import key_of

_API_KEY = re.compile(rf"{KEY_NAME.pattern}:[0-9a-f]{{64}}")

FORMATS = ("json", "text", "srt", "vtt", "tsv", "rttm", "paragraphs", "md", "docx")
"""Of transcripts, by the names of `app.schemas.form`; a test keeps the two equal."""

EngineChoice = Literal["faster-whisper", "openai-whisper", "onnx-asr", "auto", "remote", "fake"]


class Settings(BaseSettings):
    """All settings of the API, the workers and the tools; immutable once read."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    # What a request gets when it does not say
    default_model: str = Field("turbo", description="Model of a request that names none.")
    translate_model: str | None = Field(
        None,
        description="Model that translates where the one asked for was not trained to (turbo, distilled and "
        "English ones); none: such requests are refused.",
    )
    model_aliases: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Other names of models, as `name=model`, separated by commas: `nova-3=turbo`; those of "
        "OpenAI, Groq and the Hugging Face Hub are known.",
    )
    default_duration: float = Field(
        0, ge=0, description="`trim` of a request that gives none, in seconds; 0 = the whole recording."
    )
    allowed_extensions: Annotated[frozenset[str] | None, NoDecode] = Field(
        None,
        description="File name extensions that are accepted, separated by commas; none: a file is judged by "
        "its content, whatever its name.",
    )
    max_upload_mb: int = Field(2048, gt=0, description="Largest upload, in MiB.")
    min_free_disk_mb: int = Field(
        512,
        ge=0,
        description="Uploads are refused, and recordings not fetched, while UPLOAD_DIR has less free space "
        "than this, in MiB.",
    )

    max_duration_seconds: float = Field(
        86_400,
        gt=0,
        allow_inf_nan=False,
        description="Longest recording, in seconds: a longer one is refused where its file states the "
        "length, else transcribed up to here, with a warning.",
    )
    min_sample_rate: int = Field(
        2_000, ge=1, description="Lowest sample rate that is decoded, in Hz; below, there is no speech."
    )
    max_channels: int = Field(
        64,
        ge=2,
        description="Most channels that `channels=split` keeps apart, and most tracks that `track=mix` "
        "takes.",
    )
    max_sample_rate: int = Field(
        4_000_000, ge=16_000, description="Highest sample rate that is decoded, in Hz."
    )

    # Who may ask, and how
    api_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Keys that requests must carry, as `name:hash` from `transcriber key NAME`, separated by "
        "commas; none: anybody may ask.",
    )
    operator_keys: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names of the keys that may read `/metrics`, and see and mend the whole queue, separated "
        "by commas; without API_KEYS anybody may.",
    )
    key_quotas: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Quotas of API keys, as `name:limit=amount:…`, separated by commas; `*` names all "
        "others: `alice:audio_hours_day=10:open_tasks=20`. Limits: `audio_hours_day`, `audio_hours_month`, "
        "`mebibytes_day`, `mebibytes_month`, `open_tasks`; none: no limit.",
    )
    rate_limit: str = Field(
        "",
        description="Recordings that one key, or one address without keys, may send: `10/minute;200/day` has "
        "the form of the library `limits`; none: no limit.",
    )
    upload_limit: str = Field(
        "",
        description="MiB of recordings that one key, or one address without keys, may send, in the same "
        "form: `500/hour;2000/day`; none: no limit.",
    )
    allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="Names that the service answers to besides those of the local network, `.example.org` "
        "with all below it, separated by commas; `*`: any, as with API_KEYS unless some are named here.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of pages elsewhere that may use the API, separated by commas; `*`: all."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses of proxies whose X-Forwarded headers are believed, separated by commas.",
    )
    max_connections: int = Field(
        1000,
        ge=10,
        description="Connections that the API holds at a time; beyond, the one that is idle longest is "
        "closed, or the new one refused (503).",
    )
    request_header_seconds: float = Field(
        20,
        gt=0,
        description="Time that a client gets to send the header of a request; then its connection is closed.",
    )
    idempotency_seconds: int = Field(
        86_400, gt=0, description="How long an Idempotency-Key stands for the task that it made."
    )
    reuse_results: bool = Field(
        True, description="Give a recording that was transcribed in the same way before the same result."
    )
    fetch_allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="Hosts that recordings may be fetched from and webhooks sent to, `.example.org` with all "
        "below it, separated by commas; none: any public one.",
    )
    fetch_private_addresses: bool = Field(
        False, description="Fetch from, and send to, private addresses and this machine too."
    )
    fetch_seconds: float = Field(1800, gt=0, description="Longest time for fetching a recording.")
    min_transfer_bytes_per_second: float = Field(
        1000,
        ge=0,
        description="Slowest upload, and slowest fetching of a `url`, that is waited for, in bytes per "
        "second, as the mean of a minute; 0: any.",
    )
    resumable_upload_seconds: float = Field(
        86_400,
        gt=0,
        description="How long an upload in several requests (`/uploads/`) is kept after its last byte.",
    )
    left_upload_seconds: float = Field(
        120,
        gt=0,
        description="After so long without a byte, a recording that was sent while it was made becomes a "
        "task as far as it came: its page was closed.",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Signs webhooks: `whsec_` and 24 to 64 random bytes in base64; none: unsigned."
    )
    webhook_attempts: int = Field(
        10, ge=1, description="Tries to deliver a webhook, over about a day; an answer of 4xx ends them."
    )
    sync_wait_seconds: float = Field(
        600,
        ge=0,
        description="How long a request that waits for its transcript (`/v1/audio` …) does so before it is "
        "answered with 503 and the address of its task.",
    )
    orphan_seconds: float = Field(
        900,
        ge=0,
        description="How long the task of a caller who waited for it and went away is kept for the same "
        "request, sent again; 0: it is removed at once.",
    )
    keepalive_seconds: float = Field(
        15,
        ge=0,
        description="Time between two signs of life of an answer that takes long: white space before JSON, "
        "comments in streams; 0: none.",
    )

    # Where things lie
    upload_dir: Path = Field(
        Path("shared_audio"),
        description="Uploads; shared by the API and all workers of one service, and by no other service.",
    )
    storage_url: str | None = Field(
        None,
        description="Bucket in which uploads are kept instead of UPLOAD_DIR, with a folder of this service's "
        "own: `s3://bucket/folder`, `az://container/folder`, `gs://bucket/folder` or `file:///folder`; the "
        "API and all workers must have the same. Credentials come from the cloud's own environment "
        "variables (AWS_…, AZURE_STORAGE_…, GOOGLE_…).",
    )
    storage_endpoint: str | None = Field(
        None,
        description="Address of a store that speaks S3 (MinIO, SeaweedFS, R2) or of an Azure emulator; none: "
        "that of the cloud.",
    )
    storage_public_endpoint: str | None = Field(
        None,
        description="The same as clients reach it, for the links of direct uploads and downloads; none: "
        "STORAGE_ENDPOINT.",
    )
    storage_timeout_seconds: float = Field(
        30,
        gt=0,
        description="Longest time for one request to the bucket, and for repeating it, before it counts as "
        "away.",
    )
    storage_link_seconds: int = Field(
        3600,
        gt=0,
        le=604_800,
        description="How long a link to the bucket, for a direct upload or download, may be used; a week at "
        "most.",
    )
    storage_redirects: bool = Field(
        False,
        description="Send who plays a recording to the bucket by a link, instead of passing its bytes on.",
    )
    cache_dir: Path = Field(
        Path("_cache"), description="Model weights, in its folder `whisper` (or `wisper`)."
    )
    keep_audio: bool = Field(False, description="Keep a recording after its task has ended.")
    keep_ended_seconds: float = Field(
        120,
        ge=0,
        description="How long recording and result of an ended task stay in UPLOAD_DIR, to make up for what "
        "Redis may lose: its last second, or what a replica is behind; less while the disk is nearly full.",
    )

    archive: bool = Field(
        True,
        description="Keep transcripts in a database when Redis no longer does (RESULT_TTL_SECONDS), until "
        "they are deleted; false: for those seconds only.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="Database of the archive, `postgresql://user:password@host/name`, of this service alone; "
        "none: the file `archive.db` in DATA_DIR, which all APIs must share.",
    )
    archive_max_days: float = Field(
        0,
        ge=0,
        description="Age at which transcripts leave the archive, in days since the upload; 0: any.",
    )
    archive_max_mb: int = Field(
        0,
        ge=0,
        description="Largest size of all transcripts in the archive, compressed, in MiB: a warning comes at "
        "90 %, then the oldest go; 0: any.",
    )

    archived_result_seconds: int = Field(
        3600,
        ge=0,
        description="How long Redis keeps the result of a task that came over HTTP once the archive has it; "
        "0: for RESULT_TTL_SECONDS, as those of tasks that programs put into the list.",
    )
    archive_failures_days: float = Field(
        90, ge=0, description="How long the archive tells why a task failed, in days; 0: until it is deleted."
    )

    # Summaries
    summary_url: str = Field(
        "",
        description="Chat server that summarises transcripts: base address of any OpenAI-compatible one, "
        "`http://gpu:11434/v1`; none: no summaries, and no transcript is sent anywhere.",
    )
    summary_model: str = Field(
        "", description="Chat model that the server of SUMMARY_URL is asked for; none: the server's choice."
    )
    summary_api_key: SecretStr | None = Field(
        None, description="Key that is sent to the server of SUMMARY_URL; none: no key."
    )
    summary_prompt: str | None = Field(
        None, description="What the chat model is told to make of a transcript; none: see docs/summaries.md."
    )
    summary_timeout_seconds: float = Field(
        300, gt=0, description="Time that the server of SUMMARY_URL gets for one answer, in seconds."
    )
    summary_input_characters: int = Field(
        24_000,
        ge=1_000,
        description="Longest text of one request to the server of SUMMARY_URL: longer transcripts are "
        "summarised in parts, then the summaries of the parts.",
    )
    summary_attempts: int = Field(
        10,
        ge=1,
        description="Attempts to summarise a transcript before that has failed, with the pauses of "
        "RETRY_BACKOFF_SECONDS, or longer where the server asks for that.",
    )

    # Logging
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", description="Least severe level that is logged."
    )
    log_dir: Path = Field(Path("logs"), description="Folder of `service.log` (JSON lines).")
    log_max_mb: int = Field(20, gt=0, description="Size at which `service.log` is rotated, in MiB.")
    log_backups: int = Field(5, ge=0, description="Rotated log files that are kept.")
    otel_exporter_otlp_endpoint: str = Field(
        "",
        description="Where OpenTelemetry traces are sent (OTLP over HTTP), `http://collector:4318`; none: no "
        "traces.",
    )

    # Redis
    redis_host: str = Field("localhost", description="Host of Redis.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of Redis.")
    redis_db: int = Field(0, ge=0, description="Database number of Redis.")
    redis_username: str | None = Field(None, description="User name for Redis (ACL).")
    redis_password: SecretStr | None = Field(None, description="Password for Redis.")
    redis_tls: bool = Field(False, description="Speak TLS to Redis.")
    redis_url: SecretStr | None = Field(
        None,
        description="`redis://`, `rediss://` or `unix://` address; replaces host, port, db, user, password.",
    )
    redis_sentinels: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Sentinels as `host:port`, separated by commas; they then name the master."
    )
    redis_sentinel_master: str = Field("mymaster", description="Name of the master that the Sentinels watch.")
    redis_queue_name: str = Field(
        "transcribe_tasks", min_length=1, description="List of waiting tasks; all other keys derive from it."
    )
    redis_results_prefix: str = Field(
        "transcribe_result:", min_length=1, description="Prefix of result keys; the task id follows."
    )

    # Queue
    max_queue_length: int = Field(10_000, ge=0, description="Tasks that may wait (429 beyond); 0 = no limit.")
    max_attempts: int = Field(3, ge=1, description="Attempts before a task goes to the dead-letter list.")
    lease_seconds: float = Field(
        30, gt=0, description="A worker that is silent this long has lost its tasks."
    )
    heartbeat_seconds: float = Field(5, gt=0, description="Time between two renewals of a lease.")
    maintenance_seconds: float = Field(5, gt=0, description="Time between two looks for lost or due tasks.")
    claim_block_seconds: float = Field(2, gt=0, description="How long one claim waits in Redis for a task.")
    retry_backoff_seconds: float = Field(
        5, ge=0, description="First delay before a retry; doubles each time."
    )
    retry_backoff_max_seconds: float = Field(600, ge=0, description="Longest delay before a retry.")
    drain_seconds: float = Field(20, ge=0, description="Time a running task gets to end after SIGTERM.")
    result_ttl_seconds: int = Field(
        604_800, ge=0, description="How long results are kept after the task ended; 0 = for ever."
    )
    dead_list_length: int = Field(1000, ge=1, description="Dead letters that are kept.")
    orphan_upload_seconds: float = Field(
        86_400, gt=0, description="Uploads that no task owns are removed at this age."
    )
    task_timeout_seconds: float = Field(
        600,
        gt=0,
        description="Longest time without a finished window; times the tasks that a worker has in hand.",
    )

    # Engine
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
        "works.",
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
        0, ge=0, le=64, description="Windows that a model decodes together; 0 = chosen from the machine."
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

    # A watched folder
    watch_dir: Path | None = Field(
        None,
        description="Folder whose recordings are transcribed as they appear, by `make run`, `docker compose "
        "--profile watch` or `python -m app.watch_folder`; none: no folder is watched.",
    )
    watch_formats: Annotated[tuple[str, ...], NoDecode] = Field(
        ("text",),
        description="Formats of the transcripts beside the recordings, separated by commas: `text`, `srt`, "
        "`vtt`, `tsv`, `json`, `paragraphs`, `md`, `docx`, `rttm`.",
    )
    watch_options: str = Field(
        "",
        description="Options of these recordings, as in the query of `POST /transcribe/`: "
        "`model=small&language=ru&diarize=true`.",
    )
    watch_seconds: float = Field(
        5, gt=0, description="Pause between two looks through WATCH_DIR, in seconds."
    )
    watch_settle_seconds: float = Field(
        10,
        ge=0,
        description="A recording in WATCH_DIR is sent when its size and time of change have been the same "
        "for so many seconds.",
    )
    watch_max_files: int = Field(
        100_000, ge=1, description="Files of WATCH_DIR that are looked at; beyond, the log warns."
    )
    watch_open_tasks: int = Field(
        16, ge=1, description="Recordings of WATCH_DIR that one watcher has at the service at a time."
    )

    # `make run` and `python -m app.launcher`
    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the API listens on.")
    workers: int = Field(
        0, ge=0, description="Workers that `make run` starts; 0: one for every 4 cores, one for a GPU."
    )
    wyoming_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on which `make run` serves Home Assistant's voice assistants (Wyoming; 10300 is "
        "usual), on HOST; 0: none.",
    )
    data_dir: Path = Field(
        Path("_data"),
        description="Where the API keeps the archive, and `make run` its own Redis; on a disk of this "
        "machine.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("allowed_extensions", mode="before")
    @classmethod
    def _extensions(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = (name.lower().removeprefix(".") for name in _list_of(value))
        return frozenset(name for name in names if name)

    @field_validator("fetch_allowed_hosts", "allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return frozenset(_list_of(value)) if isinstance(value, str) else value

    @field_validator("remote_url")
    @classmethod
    def _check_remote_url(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("engine") == "remote":
            raise ValueError("ENGINE=remote needs the address of a server, such as http://gpu:8000/v1")
        if value and not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://gpu:8000/v1")
        return value

    @field_validator("summary_url")
    @classmethod
    def _check_summary_url(cls, value: str) -> str:
        if value and not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://gpu:11434/v1")
        return value

    @field_validator("remote_fields")
    @classmethod
    def _check_remote_fields(cls, value: str) -> str:
        parse_qsl(value, keep_blank_values=True, strict_parsing=bool(value))
        return value

    @field_validator("watch_options")
    @classmethod
    def _check_watch_options(cls, value: str) -> str:
        parse_qsl(value, keep_blank_values=True, strict_parsing=bool(value))
        return value

    @field_validator("watch_formats", mode="before")
    @classmethod
    def _formats(cls, value: object) -> object:
        return tuple(dict.fromkeys(_list_of(value.lower()))) if isinstance(value, str) else value

    @field_validator("watch_formats")
    @classmethod
    def _check_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [each for each in value if each not in FORMATS]:
            raise ValueError(f"{unknown[0]!r} is no format; there are: {', '.join(FORMATS)}")
        if not value:
            raise ValueError("it names no format")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: SecretStr | None) -> SecretStr | None:
        address = value.get_secret_value() if value else ""
        if value and not re.match(r"postgres(ql)?(\+psycopg)?://", address):
            raise ValueError("it is no address such as postgresql://user:password@host/name")
        return value

    @field_validator("storage_url")
    @classmethod
    def _check_storage(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not re.match(r"(s3|az|gs)://[^/]|file:///", value):
            raise ValueError("it is no address such as s3://bucket/folder, az://…, gs://… or file:///folder")
        return value

    @field_validator("storage_endpoint", "storage_public_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value:
            return None
        if not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://minio:9000")
        if not re.match(r"(s3|az)://", info.data.get("storage_url") or ""):
            raise ValueError("only the stores of s3://… and az://… have an endpoint of their own")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_of(value.get_secret_value())
        return value

    @field_validator("result_ttl_seconds")
    @classmethod
    def _outlives_the_outbox(cls, value: int, info: ValidationInfo) -> int:
        """A task that Redis has forgotten while its note is kept would be done again."""
        keep = info.data.get("keep_ended_seconds", 0)
        if 0 < value < 2 * keep:
            raise ValueError(f"it must be 0 or at least twice KEEP_ENDED_SECONDS, which is {keep:g}")
        return value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _keys(cls, value: object) -> object:
        return tuple(_list_of(value)) if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _API_KEY.fullmatch(entry):
                raise ValueError("an entry is not `name:hash`; make entries with `transcriber key NAME`")
        return value

    @field_validator("key_quotas")
    @classmethod
    def _check_quotas(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Quotas.parse(value)
        return value

    @field_validator("model_aliases")
    @classmethod
    def _check_aliases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            name, sign, model = entry.partition("=")
            if not (name and sign and model):
                raise ValueError(f"{entry!r} is not `name=model`")
        return value

    @field_validator(
        *("redis_sentinels", "operator_keys", "cors_origins", "trusted_proxies", "model_aliases"),
        "key_quotas",
        mode="before",
    )
    @classmethod
    def _lists(cls, value: object) -> object:
        return tuple(_list_of(value)) if isinstance(value, str) else value

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload, in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def min_free_disk_bytes(self) -> int:
        """Free space that no recording may take, in bytes."""
        return self.min_free_disk_mb * 1024 * 1024

    @property
    def remote_form_fields(self) -> dict[str, str]:
        """REMOTE_FIELDS by their names."""
        return dict(parse_qsl(self.remote_fields, keep_blank_values=True))

    @property
    def watch_fields(self) -> dict[str, str]:
        """WATCH_OPTIONS by their names."""
        return dict(parse_qsl(self.watch_options, keep_blank_values=True))

    @property
    def key_hashes(self) -> dict[str, str]:
        """Hashes of the API keys by the names of those who have them."""
        return dict(entry.split(":", 1) for entry in self.api_keys)

    @property
    def own_model_names(self) -> dict[str, str]:
        """Models by the other names that the operator gives them, in small letters."""
        entries = (entry.partition("=") for entry in self.model_aliases)
        return {name.lower(): model for name, _, model in entries}

    @property
    def outbox_dir(self) -> Path:
        """Folder of the sidecar files that let a lost enqueue be repeated."""
        return self.upload_dir / ".outbox"

    @property
    def default_trim(self) -> float | None:
        """`trim` of a request that gives none; None = the whole recording."""
        return self.default_duration or None


def _list_of(text: str) -> list[str]:
    """Items of `a,b`, `a b` or `["a", "b"]`: people write lists in `.env` in all three ways."""
    return text.strip("[]() ").replace('"', " ").replace("'", " ").replace(",", " ").replace(";", " ").split()
