"""File names in Content-Disposition headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.disposition import content_disposition, parse_filename


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('form-data; name="file"', None),
        ("", None),
        ("attachment", None),
        ('form-data; name="file"; filename=""', ""),
        ("attachment; filename=talk.mp3", "talk.mp3"),
        ('attachment; FILENAME="a;b \\"c\\".mp3"', 'a;b "c".mp3'),
        ("attachment; filename*=UTF-8'en'a%20b.mp3", "a b.mp3"),
        ("attachment; filename*=iso-8859-1''%E4.mp3", "ä.mp3"),
        ("attachment; filename*0=a; filename*1=b.mp3", "ab.mp3"),
        ("attachment; filename=a.mp3; filename*=utf-8''%FF", "a.mp3"),
        ("attachment; filename=a.mp3; filename*=utf-8''", "a.mp3"),
        ("attachment; filename*=utf-8''%FF.mp3", "\N{REPLACEMENT CHARACTER}.mp3"),
        ("attachment; filename*=a; filename*0=b; filename=c.mp3", "c.mp3"),
        ('attachment; filename="=?nonsense?B?0LTQsC5vZ2c=?="', "=?nonsense?B?0LTQsC5vZ2c=?="),
        ('attachment; filename="=?utf-8?B?0?="', "=?utf-8?B?0?="),
        ('attachment; filename="How  much =? 3.mp3"', "How  much =? 3.mp3"),
        ('attachment; filename="речь.mp3"'.encode().decode("latin-1"), "речь.mp3"),
        ('attachment; filename="\xe4.mp3"', "\N{REPLACEMENT CHARACTER}.mp3"),
    ],
)
def test_the_name(disposition: str, filename: str | None) -> None:
    assert parse_filename(disposition) == filename


_CRUMBS = (
    *("filename", "utf-8", "FF", "a", "0", "1", "*", "=", "'", '"', "%", "\\", ";", " ", "=?", "?b?"),
    "\xff",
)


@given(st.lists(st.sampled_from(_CRUMBS), max_size=30))
def test_nothing_that_a_client_writes_breaks_it(crumbs: list[str]) -> None:
    name = parse_filename("form-data; filename" + "".join(crumbs))
    assert name is None or isinstance(name, str)


@pytest.mark.parametrize("name", ["talk.srt", "Совет.docx", 'a"b\\c%41.md', "naïve; x=y.txt", "a\nb.txt"])
def test_our_names_are_read_back(name: str) -> None:
    header = content_disposition(name, is_shown=False)
    assert header.isascii()
    assert header.isprintable()
    assert parse_filename(header) == name
    assert content_disposition("talk.srt", is_shown=True) == 'inline; filename="talk.srt"'
