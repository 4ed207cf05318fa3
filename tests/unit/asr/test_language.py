import pytest

from app.asr.language import LANGUAGES_KEPT, Languages, likeliest


@pytest.mark.parametrize(
    ("probabilities", "expected", "candidates"),
    [
        ({"ru": 0.8, "uk": 0.2}, None, ["ru"]),
        ({"ru": 0.8, "uk": 0.2}, "en", ["ru"]),
        ({"ru": 0.7, "uk": 0.05, "en": 0.04}, "en", ["en"]),
        ({"ru": 0.7, "uk": 0.05, "en": 0.04}, None, ["ru", "uk"]),
        ({"ru": 0.04, "uk": 0.03}, None, ["ru"]),
    ],
)
def test_languages_that_a_window_is_decoded_in(
    probabilities: dict[str, float], expected: str | None, candidates: list[str]
) -> None:
    assert Languages(probabilities).candidates(expected) == candidates


def test_the_text_settles_it() -> None:
    unsure = Languages({"ar": 0.4, "en": 0.3, "cy": 0.05})

    assert unsure.likeliest_with({"ar": -9.4, "en": -4.9}) == "en"
    assert unsure.likeliest_with({"ar": -4.9, "en": -4.8}) == "ar", "the sound counts, too"
    assert unsure.settled("en", ["ar", "en"]) == Languages({"en": 0.7})


def test_few_of_all_languages_are_kept() -> None:
    found = likeliest({f"l{number}": number / 10 for number in range(9)})

    assert found.best == "l8"
    assert len(found.probabilities) == LANGUAGES_KEPT


def test_only_languages_that_it_may_be() -> None:
    heard = {"fr": 0.9, "de": 0.06, "en": 0.03, "ru": 0.01}

    assert likeliest(heard, ("en", "de")) == Languages({"de": 0.6667, "en": 0.3333})
    assert likeliest(heard, ("ru", "en")).candidates(None) == ["en", "ru"]
    assert likeliest(heard, ("en", "yue")).is_clear, "a language that the model does not know is out"
    assert likeliest(heard, ("yue", "xx")).candidates(None) == ["yue"]
