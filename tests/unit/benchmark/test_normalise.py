"""What counts as the same text."""

import pytest

from benchmark.normalise import is_english, normaliser_for


@pytest.mark.parametrize(
    ("reference", "language", "expected"),
    [
        ("The weather is nice today.", None, True),
        ("They met in a café near the old harbour, and nobody there could remember it.", None, True),
        ("Съешь ещё этих мягких булок", None, False),
        ("Съешь ещё этих мягких булок", "en", True),
        ("Ich möchte gern über die Brücke gehen", None, False),
        ("Ik wil graag naar huis", None, True),
        ("Ik wil graag naar huis", "nl", False),
        ("今日は天気がいい", None, False),
        ("", None, True),
    ],
)  # fmt: skip
def test_language_option_then_letters_decide(reference: str, language: str | None, expected: bool) -> None:
    assert is_english(reference, language) is expected


@pytest.mark.parametrize(
    ("reference", "hypothesis"),
    [
        ("Mister Smith paid twenty-one dollars", "Mr. Smith paid $21!"),
        ("it is a colour we don't like", "It's a color, we do not like."),
        ("Ёлка ещё зелёная", "елка еще зеленая."),
        ("Кто-то, шевеля губами, - читал", "кто то шевеля губами читал"),
        ("За\u0301мок", "замок"),
        ("we shall see", "We shall see..."),
        ("we shall see", "We shall see…"),
        ("Über die Brücke", "über die brücke!"),
        ("Пое\u0308т", "поет"),  # ё written as two characters
    ],
)
def test_said_alike_is_equal(reference: str, hypothesis: str) -> None:
    normalise = normaliser_for(reference)
    assert normalise(reference) == normalise(hypothesis) != ""


@pytest.mark.parametrize(
    ("reference", "hypothesis"),
    [("мой край", "мои краи"), ("schön über", "schon uber"), ("nice day", "nice bay"), ("किताब", "कताब")],
)
def test_letters_are_kept(reference: str, hypothesis: str) -> None:
    normalise = normaliser_for(reference)
    assert normalise(reference) != normalise(hypothesis)


def test_nothing_but_punctuation_is_empty() -> None:
    assert normaliser_for("да")(" … — ! ") == ""
    assert normaliser_for("yes")(" ... ! ") == ""
