"""Figures by what was done to the recordings (`-loud`, `-noisy` …) and by their language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmark.bootstrap import Interval, rate_interval
from benchmark.recordings import Recording
from benchmark.results import Errors, FileScore, VariantScore, pooled, pooled_by_subject

AS_RECORDED = "as recorded"


class Kind(StrEnum):
    """What a group has in common."""

    VARIANT = "variant"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Group:
    """The recordings of a group as one variant (by its label) transcribed them."""

    kind: Kind
    name: str
    label: str
    files: int
    words: Errors
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Traits:
    """What the groups of a recording are named after."""

    variant: str
    language: str

    def of(self, kind: Kind) -> str:
        """The name of its group."""
        return self.variant if kind is Kind.VARIANT else self.language


def traits_of(recordings: Sequence[Recording], languages: Mapping[str, str]) -> dict[str, Traits]:
    """Traits by the recordings' names, under which `languages` has what is spoken in them."""
    return {
        recording.name: Traits(recording.variant or AS_RECORDED, languages[recording.name])
        for recording in recordings
    }


def groups_of(scores: Sequence[VariantScore], traits: Mapping[str, Traits]) -> list[Group]:
    """Every group of every variant; a kind with one group only tells nothing and is left out."""
    groups: list[Group] = []
    for kind in Kind:
        names = sorted(
            {each.of(kind) for each in traits.values()}, key=lambda name: (name != AS_RECORDED, name)
        )
        if len(names) > 1:
            groups += [_group(kind, name, score, traits) for name in names for score in scores]
    return [group for group in groups if group.files]


def _group(kind: Kind, name: str, score: VariantScore, traits: Mapping[str, Traits]) -> Group:
    files = [file for file in score.files if _is_in(file, kind, name, traits)]
    words = pooled_by_subject((file.subject, file.words) for file in files if file.words is not None)
    return Group(kind, name, score.variant.label, len(files), pooled(words), rate_interval(words))


def _is_in(file: FileScore, kind: Kind, name: str, traits: Mapping[str, Traits]) -> bool:
    own = traits.get(file.transcription.name)
    return own is not None and own.of(kind) == name
