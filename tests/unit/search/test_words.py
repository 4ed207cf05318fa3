"""Words become the same tokens in what is searched and in what is searched for."""

import pytest

from app.search.words import KNOWN_WORDS, Wanted, label_token, token_of, tokens_of, wanted_tokens


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Мы обсуждали договоры аренды.", "договор"),
        ("договор", "договорами"),
        ("Ёлки", "елка"),
        ("They were discussing contracts", "discuss contract"),
        ("GROẞ und Straße", "gross STRASSE"),
        ("İstanbul", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("café", "cafe\u0301"),
        ("l’homme d'affaires", "homme affaires"),
        ("हिन्दी में बात", "हिन्दी"),
        ("天気がいいですね", "天気"),
        ("天気がいいですね", "気"),
        ("การประชุม", "ประชุม"),
        ("ＦＵＬＬ　ＷＩＤＴＨ", "full width"),
        ("room 42", "42"),
    ],
)
def test_a_word_is_found_in_any_form(said: str, asked: str) -> None:
    wanted = wanted_tokens(asked)
    assert wanted
    assert wanted <= tokens_of(said)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("разговор", "договор"),
        ("contractor", "contract"),
        ("気持ちの天", "天気"),
        ("скрой", "скрои\u0301"),
    ],
)
def test_another_word_is_another_one(said: str, asked: str) -> None:
    assert not wanted_tokens(asked) <= tokens_of(said)


def test_no_token_can_be_taken_for_syntax() -> None:
    hostile = "a\"b 'c' (d) e:f g* -h ^i ㈠ ⒈ ½ \\ j\0k & | ! <-> NEAR(x) #tag @me under_score \ud83d"
    for token in tokens_of(hostile):
        assert all(char.isalnum() for char in token if ord(char) < 128), token
    label = label_token("#", hostile)
    assert all(char.isalnum() or char in "#_" for char in label if ord(char) < 128)
    assert wanted_tokens(" .,!*\"'()-") == set()


def test_labels_are_whole_and_know_no_capitals() -> None:
    assert label_token("#", "Отдел  Продаж") == label_token("#", "отдел продаж")
    assert len({label_token("#", name) for name in ("a b", "a_b", "a-b", "ab", "a_20b")}) == 5
    assert label_token("#", "ann") != label_token("@", "ann")


def test_places_are_those_of_the_text() -> None:
    text = "Ёлки и ЕЛКА, 天気."
    wanted = Wanted({"елк", "天気", "気"})
    found = [(text[each.start : each.end], each.token) for each in wanted.found_in(text)]
    assert found == [("Ёлки", "елк"), ("ЕЛКА", "елк"), ("天気", "天気"), ("気", "気")]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "dying",
            "dies",
            "skies",
            "ties",
            "happiness",
            "sensibility",
            "relational",
            "hoping",
            "hopping",
            "idly",
        ),
        *(
            "ЁЛКАМИ",
            "данный",
            "красивейшими",
            "программировать",
            "ＦＵＬＬ",
            "скрои\u0306",
            "天気",
            "हिन्दी",
            "42",
        ),
    ],
)
def test_what_is_indexed_is_found_again_in_the_text(word: str) -> None:
    for token in wanted_tokens(word):
        wanted = Wanted({token})
        assert wanted.may_be_in(f"a {word}!")
        assert [each.token for each in wanted.found_in(f"a {word}!")] == [token]


def test_a_word_without_end_is_cut_and_found() -> None:
    assert wanted_tokens("я" * 150) <= tokens_of("я" * 5000)
    assert token_of.cache_info().maxsize == KNOWN_WORDS
