"""The windows of a recording put together: the transcript, how sure it is, and what it was made with."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256

from app.audio.cutter import CutRules
from app.audio.report import DecodeReport
from app.engines.base import EngineInfo
from app.schemas.transcript import Provenance, Quality, Segment, Span, Transcript
from app.schemas.window import WindowTranscript
from app.services.jobs import Job
from app.services.languages import LanguageVote

LOW_LOGPROB = -0.5
"""Mean log-probability below which words of a segment were likely misheard: measured, docs/performance.md."""


def plan_of(info: EngineInfo, job: Job, rules: CutRules) -> str:
    """Name of everything that a window's transcript depends on but its sound."""
    content = json.dumps([asdict(info), asdict(job.options), job.vad, asdict(rules)], sort_keys=True)
    return sha256(content.encode()).hexdigest()[:16]


def transcript_of(
    windows: Sequence[WindowTranscript],
    vote: LanguageVote,
    report: DecodeReport,
    info: EngineInfo,
    resumed: int,
) -> Transcript:
    """The transcript of a recording; `processing_seconds` and the attempts are the caller's to fill in."""
    segments = [segment for window in windows for segment in window.segments]
    return Transcript(
        text="".join(window.text for window in windows).strip(),
        language=vote.best,
        language_probability=vote.probability,
        duration=round(report.seconds, 3),
        segments=tuple(segment.model_copy(update={"id": number}) for number, segment in enumerate(segments)),
        model=info.model,
        engine=info.engine,
        compute_type=info.compute_type,
        device=info.device,
        processing_seconds=0.0,
        trimmed=report.trimmed,
        warnings=report.warnings,
        quality=Quality(
            windows=len(windows),
            retried=sum(window.retries > 0 for window in windows),
            noise=sum(window.noise for window in windows),
            low_confidence=tuple(_doubtful(segments)),
        ),
        provenance=Provenance(
            encoder_context=info.encoder_context,
            model_digest=info.digest,
            versions=dict(info.versions),
            real_time_factor=None,
            engine_seconds=round(sum(window.engine_seconds for window in windows), 3),
            batch_places=round(sum(window.batch_places for window in windows), 3),
            windows_resumed=resumed,
        ),
    )


def _doubtful(segments: Sequence[Segment]) -> list[Span]:
    return [
        Span(start=segment.start, end=segment.end)
        for segment in segments
        if segment.avg_logprob is not None and segment.avg_logprob < LOW_LOGPROB
    ]
