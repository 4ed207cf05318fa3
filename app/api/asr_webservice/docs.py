"""What the docs tell of whisper-asr-webservice's parameters."""

from typing import Any

from app.api.asr_webservice.options import Output
from app.api.parameters import OPTION_SCHEMAS, form_docs, query_docs

_SCHEMAS: dict[str, dict[str, Any]] = {
    **{name: OPTION_SCHEMAS[name] for name in ("task", "language", "word_timestamps", "model")},
    "initial_prompt": OPTION_SCHEMAS["prompt"],
    "vad_filter": OPTION_SCHEMAS["vad"],
    "output": {"type": "string", "enum": [str(each) for each in Output], "default": "txt"},
    "encode": {
        "type": "boolean",
        "default": True,
        "description": "`false`: the recording is 16-bit samples of 16 kHz, one channel, without a header.",
    },
}

_BODY = form_docs({}, "audio_file", recording="audio_file")

ASR_DOCS = {"parameters": query_docs(_SCHEMAS), "requestBody": _BODY}
DETECT_DOCS = {"parameters": query_docs({"encode": _SCHEMAS["encode"]}), "requestBody": _BODY}
