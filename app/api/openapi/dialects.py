"""What the docs tell of answers in the forms of other services."""

from app.api.openapi.problems import ANY_PROBLEM, Responses
from app.api.openapi.uploads import UPLOAD_RESPONSES

ANY_OPENAI_ERROR: Responses = {
    "default": {
        "description": "Any error, in OpenAI's form.",
        "content": {
            "application/json": {
                "example": {
                    "error": {
                        "message": "There is no model 'huge'; choose one of: tiny, base, small.",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "model_not_found",
                    }
                }
            }
        },
    },
}

WAITED_RESPONSES: Responses = {
    200: {
        "description": "The transcript.",
        "content": {"application/json": {}, "text/plain": {"schema": {"type": "string"}}},
    },
    **ANY_PROBLEM,
}

OPENAI_RESPONSES: Responses = {
    200: {
        "description": "The transcript, in the format asked for.",
        "content": {
            "application/json": {"example": {"text": "The weather is nice today."}},
            "text/plain": {"schema": {"type": "string"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    202: UPLOAD_RESPONSES[202],
    **ANY_OPENAI_ERROR,
}
