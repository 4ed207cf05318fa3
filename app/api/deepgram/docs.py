"""What the docs tell of Deepgram's parameters."""

from typing import Any

from app.api.deepgram.options import FLAGS, WORDS
from app.api.parameters import OPTION_SCHEMAS, RECORDING_BODIES, query_docs

_SCHEMAS: dict[str, dict[str, Any]] = {
    **{name: OPTION_SCHEMAS[name] for name in ("model", "language", "priority")},
    **{name: {"type": "boolean"} for name in FLAGS},
    **{name: {"type": "string", "description": "As `hotwords`."} for name in WORDS},
    "callback": OPTION_SCHEMAS["webhook"],
    "encoding": {"type": "string", "description": "linear16, mulaw or alaw, where there is no header."},
    "sample_rate": {"type": "integer", "minimum": 1, "default": 8000},
    "channels": {"type": "integer", "minimum": 1, "default": 1},
}

_URL = {
    "type": "object",
    "required": ["url"],
    "properties": {"url": {"type": "string", "format": "uri"}},
}

LISTEN_DOCS = {
    "parameters": query_docs(_SCHEMAS),
    "requestBody": {
        "required": True,
        "content": {**RECORDING_BODIES, "application/json": {"schema": _URL}},
    },
}
