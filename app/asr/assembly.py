"""What an engine hands on of a window: its segments in order, and how they came about."""

from collections.abc import Callable, Sequence

from app.asr.base import WindowRequest
from app.asr.coverage import WindowDraft, uncovered
from app.asr.segments import segments_of
from app.schemas.transcript import Segment
from app.schemas.window import WindowTranscript


def window_transcript(
    draft: WindowDraft, retries: int, inserts: Sequence[WindowDraft] = ()
) -> WindowTranscript:
    """The transcript of a window, with what was decoded of its gaps put in; of noise, nothing."""
    return build_transcript(draft, _segments(draft, inserts), retries, inserts)


def build_transcript(
    draft: WindowDraft, segments: Sequence[Segment], retries: int, inserts: Sequence[WindowDraft] = ()
) -> WindowTranscript:
    """The transcript of a window that consists of these segments; of noise, nothing."""
    window, result = draft.window, draft.result
    return WindowTranscript(
        number=window.number,
        start=round(window.start, 3),
        end=round(window.end, 3),
        segments=() if draft.is_noise else _numbered(segments),
        language=result.language,
        languages={} if draft.request.options.language else result.languages.probabilities,
        retries=retries,
        noise=draft.is_noise,
        speech=round(window.voiced_seconds, 3),
        uncovered=uncovered(draft, inserts),
    )


def split_and_transcribe(
    request: WindowRequest,
    language: str,
    transcribe: Callable[[list[WindowRequest]], list[WindowTranscript]],
) -> WindowTranscript:
    """The transcript of a window whose halves are decoded by themselves."""
    first, second = (transcribe([request.of_part(half, language)])[0] for half in request.window.halves())
    return first.model_copy(
        update={
            "end": second.end,
            "segments": _numbered((*first.segments, *second.segments)),
            "retries": first.retries + second.retries + 1,
            "noise": first.noise and second.noise,
            "speech": round(first.speech + second.speech, 3),
            "uncovered": first.uncovered + second.uncovered,
        }
    )


def _segments(draft: WindowDraft, inserts: Sequence[WindowDraft]) -> list[Segment]:
    """In the order in which they were said; none goes on past the beginning of an insert."""
    breaks = [insert.window.start for insert in inserts]
    parts = [(draft, breaks), *((insert, []) for insert in inserts)]
    return sorted(
        (
            segment.model_copy(update={"language": part.result.language})
            for part, ends in parts
            for segment in segments_of(part.request, part.hypothesis, part.words, ends)
        ),
        key=lambda segment: segment.start,
    )


def _numbered(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    return tuple(segment.model_copy(update={"id": number}) for number, segment in enumerate(segments))
