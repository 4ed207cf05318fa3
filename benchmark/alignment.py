"""Which words of a transcript are wrong: the cheapest alignment with its reference, both normalised."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import jiwer

from benchmark.normalise import normaliser_for


class Edit(StrEnum):
    """What a stretch of the alignment is."""

    EQUAL = "equal"
    SUBSTITUTE = "substitute"
    DELETE = "delete"
    INSERT = "insert"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words of the reference and what was heard in their place; in substitutions as many of both."""

    edit: Edit
    expected: tuple[str, ...]
    heard: tuple[str, ...]


def align(reference: str, hypothesis: str, language: str | None = None) -> list[Stretch]:
    """The stretches from the beginning to the end."""
    normalise = normaliser_for(reference, language)
    expected, heard = normalise(reference), normalise(hypothesis)
    return list(_stretches(expected.split(), heard.split()))


def _stretches(expected: Sequence[str], heard: Sequence[str]) -> Iterator[Stretch]:
    if not expected:  # jiwer aligns nothing with an empty reference
        if heard:
            yield Stretch(Edit.INSERT, (), tuple(heard))
        return
    (chunks,) = jiwer.process_words([" ".join(expected)], [" ".join(heard)]).alignments
    for chunk in chunks:
        yield Stretch(
            Edit(chunk.type),
            tuple(expected[chunk.ref_start_idx : chunk.ref_end_idx]),
            tuple(heard[chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )


def as_text(stretches: Sequence[Stretch]) -> str:
    """One line in the notation of wdiff: `the [-cat-] {+rat+} sat`."""
    return " ".join(_marked(stretch) for stretch in stretches)


def _marked(stretch: Stretch) -> str:
    if stretch.edit is Edit.EQUAL:
        return " ".join(stretch.expected)
    removed = f"[-{' '.join(stretch.expected)}-]" if stretch.expected else ""
    added = f"{{+{' '.join(stretch.heard)}+}}" if stretch.heard else ""
    return " ".join(filter(None, (removed, added)))
