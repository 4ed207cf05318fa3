"""States of a task, as the docs of the HTTP API show them."""

_TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"

STATES = {
    "queued": {"task_id": _TASK_ID, "status": "queued"},
    "processing": {
        "task_id": _TASK_ID,
        "status": "processing",
        "progress": 0.42,
        "processed_seconds": 504.2,
        "eta_seconds": 58.0,
        "text": "The weather is nice today. We will walk",
    },
    "done": {
        "task_id": _TASK_ID,
        "status": "done",
        "result": {
            "text": "The weather is nice today.",
            "language": "en",
            "language_probability": 0.98,
            "duration": 2.1,
            "segments": [{"id": 0, "start": 0.0, "end": 2.1, "text": "The weather is nice today."}],
            "model": "base",
            "engine": "faster-whisper",
            "compute_type": "int8",
            "device": "cpu",
            "processing_seconds": 0.9,
            "trimmed": False,
            "warnings": [],
            "quality": {"windows": 1, "retried": 0, "noise": 0, "low_confidence": [], "uncovered": []},
            "provenance": {
                "encoder_context": "short",
                "encoder_padding": "suffix sha256:deaa0d9e8d9d175b",
                "model_digest": "sha256:d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "versions": {"faster-whisper": "1.2.1", "ctranslate2": "4.8.5"},
                "real_time_factor": 0.43,
                "attempts": 1,
                "windows_resumed": 0,
                "windows_lent": 0,
            },
        },
    },
    "error": {
        "task_id": _TASK_ID,
        "status": "error",
        "error": {
            "code": "audio_undecodable",
            "message": "The recording holds no sound: not one sample of it can be decoded.",
        },
    },
}
