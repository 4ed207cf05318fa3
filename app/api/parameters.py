"""What the docs tell of the options of a recording, which come in the query or as form fields."""

from typing import Any

from app.api.openai.request import ResponseFormat
from app.core.languages import LANGUAGES
from app.core.speaker_counts import MOST_SPEAKERS
from app.schemas.resumable import UPLOAD_ID_PATTERN
from app.schemas.task import TASK_ID_PATTERN, ChannelMode, Priority, TaskKind, TrackChoice
from app.services.known_speakers import MOST_KNOWN_SPEAKERS
from app.services.receiving import FILE_FIELD

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
        "description": "Language spoken, by its code (BCP 47, ISO 639) or its name in any language; detected "
        "unless given. `zh-Hans` and `zh-Hant` have Chinese written in simplified or traditional characters. "
        f"Whisper's codes: {', '.join(LANGUAGES)}.",
    },
    "languages": {
        "type": "string",
        "examples": ["de,en"],
        "description": "Languages that it may be, separated by commas: only these are detected.",
    },
    "task": {
        "type": "string",
        "enum": [str(kind) for kind in TaskKind],
        "default": "transcribe",
        "description": "`translate` writes down in English what is said; `turbo`, distilled and English "
        "models were not trained for it.",
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
        "description": "Words that are likely to be said; `prompt` binds more strongly. Both share the 223 "
        "tokens, at least half of them for each.",
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
        "description": "Skip silence and music (voice activity detection); `false` for songs.",
    },
    "track": {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": 9999},
            {"type": "string", "enum": [str(choice) for choice in TrackChoice]},
        ],
        "default": "auto",
        "description": "Audio track of a file with several, from 1; `auto`: the first that has speech; "
        "`mix`: all together.",
    },
    "channels": {
        "type": "string",
        "enum": [str(mode) for mode in ChannelMode],
        "default": "mix",
        "description": "`split` makes a transcript of each channel, such as the sides of a call, and puts "
        "them together in time order; segments and words then name their `channel`, from 0. `auto` does so "
        "where the two channels are the sides of a call, which is the default with `diarize`.",
    },
    "diarize": {
        "type": "boolean",
        "default": False,
        "description": "Tell who says what: segments and words name their `speaker`, and `speakers`, `turns` "
        "and `utterances` are in the result. Word times are found, too.",
    },
    "speakers": {
        "type": "string",
        "examples": ["2", "2-5"],
        "pattern": "^[0-9]+(-[0-9]+)?$",
        "description": "How many people speak, where that is known, or at least and at most (1 to "
        f"{MOST_SPEAKERS}); implies `diarize`.",
    },
    "known_speaker_names": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MOST_KNOWN_SPEAKERS,
        "description": "Names of people whose voices may be recognised, one field each, with a clip of "
        "each in `known_speaker_references`; implies `diarize`.",
    },
    "known_speaker_references": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MOST_KNOWN_SPEAKERS,
        "description": "For each name, in the same order, 2 to 10 s of that voice alone, as data URL in "
        "base64. The clips are deleted with the task; nothing of a voice is kept.",
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
    "upload": {
        "type": "string",
        "pattern": UPLOAD_ID_PATTERN,
        "description": "Instead of `file`: the id of an upload that came in several requests (`/uploads/`).",
    },
    "again_of": {
        "type": "string",
        "pattern": TASK_ID_PATTERN,
        "description": "The id of an earlier task of yours, of which this one is another version: with "
        "another model, say. Instead of `file`: its recording, while the service keeps that.",
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
    "summary": {
        "type": "boolean",
        "default": False,
        "description": "Summarise the transcript, where the service does that (SUMMARY_URL): `summary` of "
        "`GET /transcribe/{task_id}` tells it once it is made, some time after the transcript.",
    },
}
"""In the order of the docs; app.services.options reads the values."""


def query_docs(fields: dict[str, Schema]) -> list[dict[str, Any]]:
    """The same fields as parameters of the query."""
    return [
        {"name": name, "in": "query", "description": schema.get("description", ""), "schema": schema}
        for name, schema in fields.items()
    ]


QUERY_PARAMETERS = query_docs(OPTION_SCHEMAS)

_FILE: Schema = {
    "type": "string",
    "format": "binary",
    "description": "The recording, of any length: audio, or a video with sound.",
}


RECORDING_BODIES = {name: {"schema": _FILE} for name in ("audio/*", "video/*", "application/octet-stream")}
"""A body that is the recording itself."""


def form_docs(fields: dict[str, Schema], *recordings: str, recording: str = FILE_FIELD) -> dict[str, Any]:
    """A form; the recording comes in one of the fields `recordings`, or alone, the options in the query."""
    schema = {
        "type": "object",
        "properties": {recording: _FILE, **fields},
        "maxProperties": MOST_FIELDS,
        "anyOf": [{"required": [name]} for name in recordings],
    }
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}, **RECORDING_BODIES}}


UPLOAD_BODY = form_docs(OPTION_SCHEMAS, "file", "url")

OWN_OPTIONS = ("prompt", "temperature", "hotwords", "vad", "track", "channels", "priority")

_OPENAI_MODEL: Schema = {
    **OPTION_SCHEMAS["model"],
    "description": "As in POST /transcribe/; OpenAI's own names (`whisper-1`, `gpt-transcribe`) stand for "
    "DEFAULT_MODEL.",
}
_OPENAI_SCHEMAS: dict[str, Schema] = {
    "model": _OPENAI_MODEL,
    **{name: OPTION_SCHEMAS[name] for name in OWN_OPTIONS},
    "response_format": {
        "type": "string",
        "enum": [str(each) for each in ResponseFormat],
        "default": "json",
    },
    "timestamp_granularities[]": {
        "type": "array",
        "items": {"type": "string", "enum": ["word", "segment"]},
        "maxItems": MOST_REPEATS,
        "description": "Needs verbose_json.",
    },
    "include[]": {
        "type": "array",
        "items": {"type": "string", "enum": ["logprobs"]},
        "maxItems": MOST_REPEATS,
        "description": "`logprobs`: the log probability of each word.",
    },
    "keywords[]": {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": MOST_REPEATS,
        "description": "Words that are likely to be said, as in `hotwords`.",
    },
    "stream": {
        "type": "boolean",
        "default": False,
        "description": "Server-sent events `transcript.text.delta` and `transcript.text.done`; with "
        "diarized_json also `transcript.text.segment`. Subtitles come as one delta.",
    },
}

_TRANSCRIPTION_SCHEMAS = {
    **_OPENAI_SCHEMAS,
    **{name: OPTION_SCHEMAS[name] for name in ("language", "languages")},
}

TRANSLATION_DOCS = {
    "parameters": query_docs(_OPENAI_SCHEMAS),
    "requestBody": form_docs(_OPENAI_SCHEMAS, "file"),
}
TRANSCRIPTION_DOCS = {
    "parameters": query_docs(_TRANSCRIPTION_SCHEMAS),
    "requestBody": form_docs(_TRANSCRIPTION_SCHEMAS, "file"),
}
