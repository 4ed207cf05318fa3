"""Assembling the windows of a recording: the transcript, its quality and its provenance."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from importlib.metadata import version

from app.asr.base import DecodeOptions, EngineInfo
from app.audio.chunker import ChunkRules
from app.audio.report import DecodeReport
from app.core.source_digest import source_digest
from app.core.transcript_warnings import WarningSentence
from app.schemas.transcript import Provenance, Quality, Segment, Source, Span, Transcript
from app.schemas.window import WindowTranscript
from app.transcription.ignored_options import ignored_options
from app.transcription.language import LanguageVote
from app.transcription.request import Job
from app.transcription.speech_warnings import speech_warnings
from app.transcription.times import within

LOW_LOGPROB = -0.5
"""Mean log-probability of a segment below which its words were likely misheard."""


def plan_digest(info: EngineInfo, job: Job, rules: ChunkRules, voices: str | None = None) -> str:
    """Name of everything that a window's transcript depends on but its sound, and of the weights that tell
    voices apart.

    The code that decides it is part of that: an upgrade begins recordings again that are half done.
    """
    code = source_digest("app.audio", "app.asr", "app.speakers")
    heard: list[object] = [job.listening.track, job.listening.split, job.vad, job.script]
    heard += [each for each in (voices, job.sides and job.sides.crosstalk) if each is not None]
    decoder = asdict(replace(info, batch_limit=None))  # on which nothing depends
    content = json.dumps([code, decoder, asdict(job.options), heard, asdict(rules)], sort_keys=True)
    return sha256(content.encode()).hexdigest()[:16]


def lending_digest(info: EngineInfo, job: Job, rules: ChunkRules) -> str:
    """Name of everything that must be alike where two workers decode windows of one recording.

    Voices are told apart by its owner alone. What is heard of the recording and the version of FFmpeg count.
    """
    code = source_digest("app.schemas", "app.transcription")
    versions = [version(each) for each in ("av", "numpy")]
    content = json.dumps([code, versions, plan_digest(info, job, rules), asdict(job.listening)])
    return sha256(content.encode()).hexdigest()[:16]


def assemble_transcript(
    windows: Sequence[WindowTranscript],
    vote: LanguageVote,
    report: DecodeReport,
    info: EngineInfo,
    resumed: int,
    *,
    lent: int = 0,
    vad: bool = True,
    options: DecodeOptions | None = None,
) -> Transcript:
    """The transcript of a recording; `processing_seconds` and the attempts are the caller's to fill in."""
    duration = round(report.duration, 3)
    segments = within(_in_order(windows), duration)
    quality = _quality(windows, segments)
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=vote.best,
        language_probability=vote.probability,
        duration=duration,
        segments=tuple(segment.model_copy(update={"id": number}) for number, segment in enumerate(segments)),
        model=info.model,
        engine=info.engine,
        compute_type=info.compute_type,
        device=info.device,
        processing_seconds=0.0,
        trimmed=report.trimmed,
        warnings=tuple(_warnings(report, quality, info, options or DecodeOptions(), detected=vad)),
        source=Source(
            tracks=report.source.tracks,
            tracks_read=report.source.read,
            channels=report.source.channels,
            split=report.source.split,
        ),
        quality=quality,
        provenance=_provenance(windows, info, resumed=resumed, lent=lent),
    )


def _quality(windows: Sequence[WindowTranscript], segments: Sequence[Segment]) -> Quality:
    return Quality(
        windows=len(windows),
        retried=sum(window.retries > 0 for window in windows),
        noise=sum(window.noise for window in windows),
        low_confidence=tuple(_doubtful(segments)),
        speech=round(sum(window.speech for window in windows), 3),
        uncovered=tuple(span for window in windows for span in window.uncovered),
    )


def _warnings(
    report: DecodeReport, quality: Quality, info: EngineInfo, options: DecodeOptions, *, detected: bool
) -> Iterator[WarningSentence]:
    yield from report.warnings
    yield from speech_warnings(
        quality.uncovered,
        speech=quality.speech,
        sound=report.audible_seconds,
        detected=detected,
        mixed=1 if report.source.split else report.source.channels,
    )
    yield from ignored_options(info, options)


def _provenance(
    windows: Sequence[WindowTranscript], info: EngineInfo, *, resumed: int, lent: int
) -> Provenance:
    return Provenance(
        encoder_context=info.encoder_context,
        encoder_padding=info.encoder_padding,
        encoder=info.encoder or None,
        model_digest=info.digest,
        versions=dict(info.versions),
        real_time_factor=None,
        batch_limit=info.batch_limit,
        engine_seconds=round(sum(window.engine_seconds for window in windows), 3),
        batch_slots=round(sum(window.batch_slots for window in windows), 3),
        windows_resumed=resumed,
        windows_lent=lent,
    )


def _in_order(windows: Sequence[WindowTranscript]) -> list[Segment]:
    """The segments of all windows; those of channels that are kept apart in the order of their times."""
    segments = [_in_channel(segment, window.channel) for window in windows for segment in window.segments]
    if all(window.channel is None for window in windows):
        return segments
    return sorted(segments, key=lambda segment: (segment.start, segment.channel))


def _in_channel(segment: Segment, channel: int | None) -> Segment:
    if channel is None:
        return segment
    words = segment.words and tuple(word.model_copy(update={"channel": channel}) for word in segment.words)
    return segment.model_copy(update={"channel": channel, "words": words})


def _doubtful(segments: Sequence[Segment]) -> list[Span]:
    return [
        Span(start=segment.start, end=segment.end)
        for segment in segments
        if segment.avg_logprob is not None and segment.avg_logprob < LOW_LOGPROB
    ]
