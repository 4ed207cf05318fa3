"""Word differences against such as were written down by hand."""

import pytest

from benchmark.alignment import Edit, align, as_text


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("The cat sat.", "the cat sat", "the cat sat"),
        (
            "the cat sat on the mat",
            "well the cat sit on the",
            "{+well+} the cat [-sat-] {+sit+} on the [-mat-]",
        ),
        ("", "Thank you", "{+thank you+}"),
        ("the cat", "", "[-the cat-]"),
        ("", "", ""),
    ],
)
def test_differences_in_one_line(reference: str, hypothesis: str, expected: str) -> None:
    assert as_text(align(reference, hypothesis)) == expected


def test_substitutions_have_as_many_words_on_both_sides() -> None:
    for stretch in align("one red house by the sea", "two bread houses near sea"):
        if stretch.edit is Edit.SUBSTITUTE:
            assert len(stretch.expected) == len(stretch.heard)
