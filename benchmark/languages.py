"""Which language is spoken in each recording, and which models do not know it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from app.core.languages import LANGUAGES
from app.weights.catalog import canonical_name, languages_of
from benchmark.recordings import Recording
from benchmark.results import VariantScore

UNKNOWN = "unknown"


def spoken_languages(
    recordings: Sequence[Recording], scores: Sequence[VariantScore], language: str | None
) -> dict[str, str]:
    """Codes of languages by the recordings' names: `language`, where it was given, or what was detected.

    That is what was detected most often in a recording and in its variants: one that is taken for another
    language under noise must not leave its group. A model that knows some languages only has no say: it takes
    everything for one of them.
    """
    subjects = {recording.name: recording.subject for recording in recordings}
    detected: defaultdict[str, Counter[str]] = defaultdict(Counter)
    detecting = (score for score in scores if languages_of(canonical_name(score.variant.model)) is None)
    for file in (file for score in detecting for file in score.files):
        if file.transcription.language is not None and file.transcription.name in subjects:
            detected[subjects[file.transcription.name]][file.transcription.language] += 1
    return {name: language or _most_common(detected[subject]) for name, subject in subjects.items()}


def _most_common(detected: Counter[str]) -> str:
    return min(detected, key=lambda each: (-detected[each], each), default=UNKNOWN)


def unknown_to(model: str, spoken: Mapping[str, str]) -> Counter[str]:
    """How many recordings there are in languages that a model does not know, by language."""
    known = languages_of(canonical_name(model))
    if known is None:
        return Counter()
    return Counter(language for language in spoken.values() if language not in (*known, UNKNOWN))


def language_name(code: str) -> str:
    """In English; an unknown code as it is."""
    return LANGUAGES[code].title() if code in LANGUAGES else code
