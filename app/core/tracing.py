"""OpenTelemetry traces, from the request that brings a recording to its result; off without an endpoint.

Requests are FastAPI's own spans, of the caller's trace where it has one. A trace crosses processes as a W3C
`traceparent`: in the task's element of the queue, and in what the supervisor tells the engine process.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

NANOSECONDS = 1_000_000_000

_PROPAGATOR = TraceContextTextMapPropagator()


def start_tracing(endpoint: str, role: str) -> None:
    """Send traces to an OTLP endpoint (`http://host:4318`); `role` (api, worker, engine) names the process.

    Without an endpoint, none are made. The other OTEL_ variables are the SDK's own.
    """
    if not endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"transcriber-{role}"}))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def stop_tracing() -> None:
    """Send what has not been sent yet: for a process that ends without its exit handlers."""
    shutdown = getattr(trace.get_tracer_provider(), "shutdown", None)
    if shutdown is not None:
        shutdown()


@contextmanager
def traced(name: str, parent: str | None = None, **attributes: str | int) -> Iterator[None]:
    """A span around a block, below `parent` (a traceparent) or below that which is open here."""
    with _tracer().start_as_current_span(
        name,
        context=_context_of(parent),
        kind=SpanKind.INTERNAL if parent is None else SpanKind.CONSUMER,
        attributes=attributes,
    ):
        yield


def record(name: str, parent: str | None, seconds: float) -> None:
    """A span of so many seconds that was open in no process, and ends now."""
    end = time.time_ns()
    begin = end - round(seconds * NANOSECONDS)
    _tracer().start_span(name, context=_context_of(parent), start_time=begin).end(end)


def traceparent() -> str | None:
    """The span that is open here, for another process; None where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def _context_of(parent: str | None) -> Context | None:
    return _PROPAGATOR.extract({"traceparent": parent}) if parent else None


def _tracer() -> trace.Tracer:
    return trace.get_tracer("transcriber")
