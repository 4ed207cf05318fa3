"""One trace from the request to the result, through API, supervisor and engine process."""

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.launcher.redis_server import RedisServer
from tests.support.api import ASSETS
from tests.support.processes import ApiProcess, Worker, settings_of_whole
from tests.support.serving import listening

pytestmark = pytest.mark.weights

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector:
    """Takes traces, as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.app = FastAPI()
        self.app.add_api_route("/v1/traces", self._take, methods=["POST"])

    def of_trace(self, trace_id: str) -> dict[str, tuple[str, Span]]:
        """The spans of one trace by name, each with its service."""
        return {span.name: (who, span) for who, span in self.spans if span.trace_id.hex() == trace_id}

    async def _take(self, request: Request) -> None:
        for resource in ExportTraceServiceRequest.FromString(await request.body()).resource_spans:
            attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [(attributes["service.name"], span) for span in scope.spans]


def test_a_trace_goes_from_the_request_to_the_result(
    redis_server: RedisServer, base_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")  # ms: what comes, comes because they stop
    collector = Collector()
    with listening(collector.app) as port:
        settings = settings_of_whole(
            *("traced", redis_server, base_weights, tmp_path),
            otel_exporter_otlp_endpoint=f"http://127.0.0.1:{port}",
        )
        api, worker = ApiProcess(settings), Worker(settings)
        try:
            answer = httpx2.post(
                f"{api.url}/transcribe/",
                files={"file": ("talk.mp3", (ASSETS / "speech_en.mp3").read_bytes())},
                headers={"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"},
            )
            task = f"{api.url}/transcribe/{answer.json()['task_id']}"
            state = httpx2.get(task, params={"wait": 60}, timeout=90).json()
        finally:
            worker.stop()
            api.stop()
    assert state["status"] == "done"

    spans = collector.of_trace(TRACE_ID)
    assert {name: who for name, (who, _) in spans.items()}.items() >= {  # FastAPI adds some of its own
        "POST /transcribe/": "transcriber-api",
        "receive upload": "transcriber-api",
        "probe": "transcriber-api",
        "wait in the queue": "transcriber-worker",
        "attempt": "transcriber-worker",
        "engine": "transcriber-engine",
        "transcribe": "transcriber-engine",
    }.items()
    assert [span.name for _, span in collector.spans].count("POST /transcribe/") == 1
    parents = {name: span.parent_span_id for name, (_, span) in spans.items()}
    assert parents["transcribe"] == spans["engine"][1].span_id
    assert parents["engine"] == spans["attempt"][1].span_id
    assert parents["attempt"] in [span.span_id for who, span in spans.values() if who == "transcriber-api"]
