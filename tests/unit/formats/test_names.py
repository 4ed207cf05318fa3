"""Names of files, and ZIP files that are made while they are sent."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.bundle import Bundle
from app.formats.names import LONGEST_BYTES, UniqueNames, safe_stem


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("Совет  директоров", "Совет директоров"),
        ('a<b>c:d"e/f\\g|h?i*j', "a_b_c_d_e_f_g_h_i_j"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("con", "_con"),
        ("LPT1.old", "_LPT1.old"),
        ("con .old", "_con .old"),
        ("concert", "concert"),
        ("ends with dots. . .", "ends with dots"),
        ("photo\u202egpj", "photogpj"),
        ("a\x00b\nc", "a_b_c"),
        ("...", "Transcript"),
    ],
)
def test_names_that_windows_takes(title: str, stem: str) -> None:
    assert safe_stem(title) == stem


@given(st.text(max_size=300))
def test_any_title_gives_a_name(title: str) -> None:
    stem = safe_stem(title)
    assert 0 < len(stem.encode()) <= LONGEST_BYTES + 1
    assert stem == stem.strip(" .")
    assert not set(stem) & set('<>:"/\\|?*\x00\n')


def test_names_differ_in_whatever_case() -> None:
    names = UniqueNames()
    assert names.of("Talk", ["txt", "srt"]) == ["Talk.txt", "Talk.srt"]
    assert names.of("talk", ["srt"]) == ["talk (2).srt"]
    assert names.of("TALK", ["txt", "srt"]) == ["TALK (3).txt", "TALK (3).srt"]
    assert names.of("talk (2)", ["srt"]) == ["talk (2) (2).srt"]


def test_a_bundle_is_sent_as_it_is_made() -> None:
    bundle = Bundle()
    content = b"the same again and again " * 10_000
    pieces = [bundle.add(name, content, 0.0) for name in ("один.txt", "two.txt")]
    assert all(0 < len(piece) < len(content) for piece in pieces), "each comes with its file"
    pieces.append(bundle.end())
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == ["один.txt", "two.txt"]
        assert packed.read("один.txt") == content
        assert packed.infolist()[0].date_time[0] == 1980
