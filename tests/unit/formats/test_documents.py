"""Documents for people: paragraphs, Markdown, DOCX."""

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.formats.about import NOTHING, STALE_SUMMARY, About, facts_of
from app.formats.corrected import corrected
from app.formats.formats import file_of, render
from app.formats.paragraphs import FULL, OVERFULL, paragraphs_of
from app.schemas.corrections import Corrections
from app.schemas.form import TranscriptFormat

MARKDOWN, DOCX, PARAGRAPHS = TranscriptFormat.MARKDOWN, TranscriptFormat.DOCX, TranscriptFormat.PARAGRAPHS
TALK = About("Совет 1.2.mp3", 1_795_770_000.0)

SAID = [
    (0.0, 2.0, "S1", "Good morning."),
    (2.2, 4.0, "S1", "Shall we begin?"),
    (4.1, 5.0, "S2", "Yes."),
    (3725.0, 3726.0, "S2", "Let us go home."),
]
RESULT: dict[str, Any] = {
    "text": " ".join(text for *_, text in SAID),
    "language": "en",
    "duration": 3727.5,
    "segments": [
        {"start": start, "end": end, "speaker": who, "text": text} for start, end, who, text in SAID
    ],
    "speakers": [{"id": "S1", "name": "Ann <B>", "seconds": 4}, {"id": "S2", "name": None, "seconds": 2}],
}

ODD = [
    "# no heading",
    "- no list",
    "12. no list",
    "a *b* _c_ `d`",
    "[a](b) ![c](d)",
    "<b>&amp;</b>",
    "a\\b",
    "> x",
    "~~a~~",
    "==",
]


def segments(*said: tuple[float, float, str]) -> dict[str, Any]:
    return {"segments": [{"start": start, "end": end, "text": text} for start, end, text in said]}


def lines(content: bytes) -> list[tuple[str, str]]:
    """Style and text of each line of a DOCX."""
    document = docx.Document(io.BytesIO(content))
    return [(str(line.style.name if line.style else ""), line.text) for line in document.paragraphs]


def shown(markdown: str) -> list[str]:
    """What a reader of Markdown sees, block by block."""
    blocks = [token for token in MarkdownIt().parse(markdown) if token.type == "inline"]
    return ["".join(child.content for child in block.children or []) for block in blocks]


def test_paragraphs_end_with_a_speaker_and_at_a_pause() -> None:
    assert [(each.head, each.text) for each in paragraphs_of(RESULT)] == [
        ("Ann <B> · 0:00", "Good morning. Shall we begin?"),
        ("S2 · 0:04", "Yes."),
        ("S2 · 1:02:05", "Let us go home."),
    ]
    assert render(RESULT, PARAGRAPHS).startswith("Ann <B>: Good morning. Shall we begin?\n\nS2: Yes.\n\n")


def test_a_sentence_is_not_parted_at_a_pause() -> None:
    found = paragraphs_of(segments((0, 1, "I think"), (4, 5, "so."), (9, 10, "Well"), (20, 21, "yes")))
    assert [each.text for each in found] == ["I think so.", "Well", "yes"]


@pytest.mark.parametrize(("text", "most"), [("A sentence. ", FULL), ("no full stop ", OVERFULL)])
def test_no_paragraph_is_endless(text: str, most: int) -> None:
    found = paragraphs_of(segments(*((n, n + 1, text) for n in range(900))))
    assert len(found) > 3
    assert all(most <= len(each.text) < most + 200 for each in found[:-1])


def test_chinese_is_joined_without_spaces() -> None:
    assert [
        each.text for each in paragraphs_of(segments((0, 1, "今天天气很好，"), (1, 2, "我们去公园。")))
    ] == ["今天天气很好，我们去公园。"]


@given(st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90), st.text(max_size=40)), max_size=12))
def test_every_word_is_in_a_paragraph_once(said: list[tuple[float, float, str]]) -> None:
    said = sorted((start, start + length, text) for start, length, text in said)
    found = paragraphs_of(segments(*said))
    words = sorted("".join(text.split()) for *_, text in said)
    assert sorted("".join("".join(each.text.split()) for each in found)) == sorted("".join(words))


@pytest.mark.parametrize(
    ("result", "about", "facts"),
    [
        ({"language": "de", "duration": 61.9}, TALK, "2026-11-27 · 1:01 · Deutsch"),
        ({"language": "<img>", "duration": "long"}, NOTHING, ""),
        ({"language": "ru", "duration": float("nan")}, About(None, float("inf")), "русский"),
    ],
)
def test_what_is_known_of_the_recording(result: dict[str, Any], about: About, facts: str) -> None:
    assert facts_of(result, about) == facts


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("talk.mp3", "talk"),
        ("Report 1.2", "Report 1.2"),
        ("a.b.3gp", "a.b"),
        (".mp3", "Transcript"),
        ("", "Transcript"),
        (None, "Transcript"),
    ],
)
def test_the_title_is_the_recordings_name(filename: str | None, title: str) -> None:
    assert About(filename).title == title


def test_markdown_has_title_facts_speakers_and_times() -> None:
    assert shown(render(RESULT, MARKDOWN, TALK)) == [
        "Совет 1.2",
        "2026-11-27 · 1:02:07 · English",
        *("Ann <B> · 0:00", "Good morning. Shall we begin?"),
        *("S2 · 0:04", "Yes.", "S2 · 1:02:05", "Let us go home."),
    ]


@pytest.mark.parametrize("text", ODD)
def test_nothing_that_was_said_is_markup(text: str) -> None:
    written = render(segments((0, 1, text)), MARKDOWN, About(f"{text}.mp3"))
    assert shown(written) == [text.strip(), "0:00", text]
    kinds = {token.type for token in MarkdownIt().parse(written)}
    assert kinds <= {"heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline"}


def test_a_docx_has_title_facts_speakers_and_times() -> None:
    assert lines(file_of(RESULT, DOCX, TALK)) == [
        ("Title", "Совет 1.2"),
        ("Subtitle", "2026-11-27 · 1:02:07 · English"),
        ("Speaker and time", "Ann <B> · 0:00"),
        ("Normal", "Good morning. Shall we begin?"),
        ("Speaker and time", "S2 · 0:04"),
        ("Normal", "Yes."),
        ("Speaker and time", "S2 · 1:02:05"),
        ("Normal", "Let us go home."),
    ]


def test_the_same_transcript_is_the_same_docx() -> None:
    content = file_of(RESULT, DOCX, TALK)
    assert content == file_of(RESULT, DOCX, TALK)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}
    facts = docx.Document(io.BytesIO(content)).core_properties
    assert (facts.title, facts.language, facts.author, facts.comments) == ("Совет 1.2", "en", "", "")
    assert facts.created is not None
    assert facts.created.timestamp() == TALK.created_at


def test_what_xml_does_not_have_breaks_no_docx() -> None:
    result = segments((0, 1, "a\x00b\x0bc\ud800d\ufffee"))
    assert lines(file_of(result, DOCX, About("x\x01.mp3")))[0] == ("Title", "x\ufffd")


def test_arabic_is_written_from_right_to_left() -> None:
    xml = {
        language: zipfile.ZipFile(
            io.BytesIO(file_of({**segments((0, 1, "مرحبا")), "language": language}, DOCX))
        )
        .read("word/document.xml")
        .decode()
        for language in ("ar", "en")
    }
    assert ("<w:bidi/>" in xml["ar"], "<w:bidi/>" in xml["en"]) == (True, False)


def test_nothing_said_is_a_document_all_the_same() -> None:
    assert lines(file_of({"text": ""}, DOCX)) == [("Title", "Transcript")]
    assert render({"text": ""}, MARKDOWN) == "# Transcript\n"
    assert render({"text": ""}, PARAGRAPHS) == "\n"


def test_corrections_and_names_are_in_the_documents() -> None:
    changes = Corrections.model_validate(
        {"texts": {"2": "Indeed."}, "speakers": {"names": {"S2": "Bob"}, "moved": {"3": "S1"}}}
    )
    result = corrected(RESULT, changes)
    assert [text for style, text in lines(file_of(result, DOCX)) if style == "Speaker and time"] == [
        *("Ann <B> · 0:00", "Bob · 0:04", "Ann <B> · 1:02:05")
    ]
    assert "Indeed." in render(result, MARKDOWN)


@pytest.mark.parametrize("is_stale", [False, True])
def test_a_summary_from_before_the_corrections_is_told_as_such(is_stale: bool) -> None:
    about = replace(TALK, summary="They meet.\n- They leave.", summary_stale=is_stale)
    above = [STALE_SUMMARY, "Transcript"] if is_stale else ["Transcript"]
    found = lines(file_of(RESULT, DOCX, about))
    assert [text for _, text in found][3 : 5 + len(above)] == ["They meet.", "They leave.", *above]
    assert found[4 + len(above)] == ("Heading 1", "Transcript")
    markdown = shown(render(RESULT, MARKDOWN, about))
    assert markdown[markdown.index("They leave.") + 1 :][: len(above)] == above
    told = json.loads(render(RESULT, TranscriptFormat.JSON, about))
    assert (told["summary"], told["summary_stale"]) == (about.summary, is_stale)
    assert "summary_stale" not in json.loads(render(RESULT, TranscriptFormat.JSON, TALK))


def test_docx_is_no_text() -> None:
    with pytest.raises(ValueError, match="no text"):
        render(RESULT, DOCX)
