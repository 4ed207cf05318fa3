"""What the docs tell of the options of a recording, which come in the query or as form fields."""

from typing import Any

from app.core.languages import LANGUAGES
from app.schemas.task import Priority, TaskKind

Schema = dict[str, Any]

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
        "its last 223 tokens, about 150 words.",
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
}
"""In the order of the docs; app.services.options reads the values."""

QUERY_PARAMETERS: list[dict[str, Any]] = [
    {"name": name, "in": "query", "description": schema["description"], "schema": schema}
    for name, schema in OPTION_SCHEMAS.items()
]

UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "The recording, of any length: audio, or a video with sound.",
                    },
                    **OPTION_SCHEMAS,
                },
            }
        }
    },
}
