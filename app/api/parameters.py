"""What the docs tell of the options of a recording, which come in the query or as form fields."""

from typing import Any

from app.api.openai.wishes import AnswerFormat
from app.core.languages import LANGUAGES
from app.schemas.task import Priority, TaskKind

Schema = dict[str, Any]

MOST_FIELDS, MOST_REPEATS = 24, 8
"""Together no more than the parts that a form may have (app.api.multipart)."""

OPTION_SCHEMAS: dict[str, Schema] = {
    "model": {
        "type": "string",
        "examples": ["base"],
        "description": "Whisper model: `tiny`, `base`, `small`, `medium`, `large`, `turbo` …; DEFAULT_MODEL "
        "unless given.",
    },
    "trim": {
        "type": "number",
        "exclusiveMinimum": 0,
        "examples": [30],
        "description": "Transcribe only the first so many seconds; DEFAULT_DURATION, usually the whole "
        "recording, unless given.",
    },
    "language": {
        "type": "string",
        "examples": ["ru"],
        "description": f"Language spoken, by its code or English name; detected unless given. Codes: "
        f"{', '.join(LANGUAGES)}.",
    },
    "task": {
        "type": "string",
        "enum": [str(kind) for kind in TaskKind],
        "default": "transcribe",
        "description": "`translate` writes down in English what is said.",
    },
    "prompt": {
        "type": "string",
        "examples": ["Meeting of the Acme board: Łukasz, Jörg, EBITDA."],
        "description": "Text that is taken for what was said before: names, spelling, style. The model reads "
        "its last 223 tokens, about 150 words; special tokens such as `<|endoftext|>` are left out.",
    },
    "hotwords": {
        "type": "string",
        "examples": ["Acme, Łukasz"],
        "description": "Words that are likely to be said; `prompt` binds more strongly.",
    },
    "temperature": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0,
        "description": "0 searches for the likeliest text; above, words are drawn at random.",
    },
    "word_timestamps": {"type": "boolean", "default": False, "description": "Tell when each word is said."},
    "vad": {
        "type": "boolean",
        "default": True,
        "description": "Leave out what is no speech (voice activity detection); `false` for songs.",
    },
    "priority": {
        "type": "string",
        "enum": [str(priority) for priority in Priority],
        "default": "normal",
        "description": "`high` goes before all that is `normal`.",
    },
    "url": {
        "type": "string",
        "format": "uri",
        "examples": ["https://example.org/talk.mp3"],
        "description": "Instead of `file`: the address of the recording, which a worker fetches.",
    },
    "webhook": {
        "type": "string",
        "format": "uri",
        "examples": ["https://example.org/transcribed"],
        "description": "Address that is sent the state of the task, without its result, when it has ended.",
    },
    "reuse": {
        "type": "boolean",
        "default": True,
        "description": "Take the result of an earlier task of yours with the same recording and options.",
    },
}
"""In the order of the docs; app.services.options reads the values."""

QUERY_PARAMETERS: list[dict[str, Any]] = [
    {"name": name, "in": "query", "description": schema["description"], "schema": schema}
    for name, schema in OPTION_SCHEMAS.items()
]

_FILE: Schema = {
    "type": "string",
    "format": "binary",
    "description": "The recording, of any length: audio, or a video with sound.",
}


def _form(fields: dict[str, Schema], *recordings: str) -> dict[str, Any]:
    """A form; the recording comes in one of the fields `recordings`."""
    schema = {
        "type": "object",
        "properties": {"file": _FILE, **fields},
        "maxProperties": MOST_FIELDS,
        "anyOf": [{"required": [name]} for name in recordings],
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


UPLOAD_BODY = _form(OPTION_SCHEMAS, "file", "url")

_OPENAI_MODEL: Schema = {
    **OPTION_SCHEMAS["model"],
    "description": "As in POST /transcribe/; OpenAI's own names (`whisper-1`) stand for DEFAULT_MODEL.",
}
_OPENAI_SCHEMAS: dict[str, Schema] = {
    "model": _OPENAI_MODEL,
    **{name: OPTION_SCHEMAS[name] for name in ("prompt", "temperature", "hotwords", "vad", "priority")},
    "response_format": {
        "type": "string",
        "enum": [str(each) for each in AnswerFormat],
        "default": "json",
    },
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": ["word", "segment"]},
        "maxItems": MOST_REPEATS,
        "description": "Needs verbose_json.",
    },
    "stream": {
        "type": "boolean",
        "default": False,
        "description": "Server-sent events `transcript.text.delta` and `transcript.text.done`; needs json.",
    },
}

TRANSLATION_BODY = _form(_OPENAI_SCHEMAS, "file")
TRANSCRIPTION_BODY = _form({**_OPENAI_SCHEMAS, "language": OPTION_SCHEMAS["language"]}, "file")
