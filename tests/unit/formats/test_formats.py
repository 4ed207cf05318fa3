import csv
import html
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysubs2 import SSAFile

from app.formats.cues import cues_of
from app.formats.formats import media_type, of_media_types, render
from app.formats.subtitles import WORD_JOINER
from app.schemas.form import TranscriptFormat
from app.schemas.transcript import Segment, Transcript

JSON, TEXT, SRT, VTT, TSV, RTTM, PARAGRAPHS, MARKDOWN, DOCX = TranscriptFormat

MARKUP = [
    "<img src=x onerror=alert(1)> ok",
    "<i>no</i> italics &amp;",
    "a < b and c > d & e",
    "an arrow --> here",
    "--> first",
    "00:00:01,000 --> end",
    "{\\p1} drawn",
    "{\\an8}{note} on top",
    "C:\\new\\Names\\home",
    "WEBVTT",
    "NOTE this",
]


def _result(*texts: str) -> dict[str, Any]:
    segments = [{"start": 10 * n, "end": 10 * n + 5, "text": text} for n, text in enumerate(texts)]
    return {"text": " ".join(texts), "duration": 10.0 * len(texts), "segments": segments}


def _read(written: str, format_: str) -> list[str]:
    """The texts that pysubs2 reads back, joiners taken out."""
    file = SSAFile.from_string(written, format_)
    return [event.text.replace(r"\N", "\n").replace(WORD_JOINER, "") for event in file]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_comes_out_of_srt_as_it_was_said(text: str) -> None:
    assert _read(render(_result(text, "Next."), SRT), "srt") == [text, "Next."]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_comes_out_of_vtt_as_it_was_said(text: str) -> None:
    texts = _read(render(_result(text, "Next."), VTT), "vtt")
    assert [html.unescape(each) for each in texts] == [text, "Next."]


def test_vtt_has_no_markup_in_cues() -> None:
    written = render(_result(*MARKUP), VTT)
    cues = [line for line in written.splitlines()[1:] if not re.fullmatch(r"[\d:.]+ --> [\d:.]+|\d*", line)]
    assert len(cues) == len(MARKUP)
    assert not re.search("[<>]|&(?!(amp|lt|gt);)", "".join(cues))


def test_srt_has_arrows_only_between_times() -> None:
    written = render(_result(*MARKUP), SRT)
    assert written.count("-->") == len(MARKUP)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "N"])), max_size=5))
def test_what_is_written_is_read_again(texts: list[str]) -> None:
    result = _result(*texts)
    shown = [cue.text.replace(WORD_JOINER, "") for cue in cues_of(result)]
    assert _read(render(result, SRT), "srt") == shown
    assert [html.unescape(text) for text in _read(render(result, VTT), "vtt")] == shown


def test_srt_is_written_so() -> None:
    result = {
        "segments": [
            {"start": 0, "end": 1.5, "text": " Да. "},
            {"start": 3661.25, "end": 3663, "text": "No."},
        ]
    }
    assert render(result, SRT) == (
        "1\n00:00:00,000 --> 00:00:01,500\nДа.\n\n2\n01:01:01,250 --> 01:01:03,000\nNo.\n\n"
    )


def test_vtt_is_written_so() -> None:
    assert render(_result("One."), VTT) == "WEBVTT\n\n1\n00:00:00.000 --> 00:00:05.000\nOne.\n\n"


def test_a_time_that_srt_cannot_tell_is_the_last_it_can() -> None:
    result = {"segments": [{"start": 359_999.5, "end": 360_000, "text": "Late."}]}
    assert "99:59:59,500 --> 99:59:59,999" in render(result, SRT)


def test_tsv_has_segments_in_milliseconds() -> None:
    texts = ['He said "no"\tand\nleft.', "=1+1", "x" * 300]
    written = render(_result(*texts), TSV)
    rows = list(csv.reader(io.StringIO(written), csv.excel_tab))
    assert rows == [
        ["start", "end", "text"],
        ["0", "5000", 'He said "no" and left.'],
        ["10000", "15000", "=1+1"],
        ["20000", "25000", "x" * 300],
    ]
    assert written.startswith("start\tend\ttext\n0\t5000\t")


def test_text_is_the_text_and_a_newline() -> None:
    assert render({"text": "Привет.\n"}, TEXT) == render({"text": "Привет."}, TEXT) == "Привет.\n"
    assert render({"text": None, "segments": _result("A.", "B.")["segments"]}, TEXT) == "A. B.\n"


def test_json_is_the_result_without_nan() -> None:
    result = {"text": "Да", "x": float("nan"), "segments": [{"start": 1}]}
    written = render(result, JSON)
    assert json.loads(written) == result | {"x": None}
    assert "Да" in written


@pytest.mark.parametrize("format", [JSON, TEXT, SRT, VTT, TSV])
def test_nothing_said_is_no_error(format: TranscriptFormat) -> None:
    assert (
        render({"text": ""}, format)
        == {
            JSON: '{"text":""}',
            TEXT: "\n",
            SRT: "",
            VTT: "WEBVTT\n\n",
            TSV: "start\tend\ttext\n",
        }[format]
    )


def test_a_transcript_of_ours_is_understood() -> None:
    transcript = Transcript(
        text="One. Two.",
        language="en",
        language_probability=1.0,
        duration=4.0,
        segments=(Segment(id=0, start=0, end=2, text=" One."), Segment(id=1, start=2, end=4, text=" Two.")),
        model="base",
        engine="faster-whisper",
        compute_type="int8",
        device="cpu",
        processing_seconds=1.0,
        trimmed=False,
    )
    assert render(transcript.model_dump(), TSV) == "start\tend\ttext\n0\t2000\tOne.\n2000\t4000\tTwo.\n"


def test_each_format_has_a_media_type_and_an_extension() -> None:
    assert [media_type(format) for format in TranscriptFormat] == [
        "application/json",
        "text/plain",
        "application/x-subrip",
        "text/vtt",
        "text/tab-separated-values",
        "text/x-rttm",
        "text/plain",
        "text/markdown",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ]
    assert [format.extension for format in TranscriptFormat] == [
        *("json", "txt", "srt", "vtt", "tsv", "rttm", "paragraphs.txt", "md", "docx")
    ]


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("", JSON),
        (" ", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", TEXT),
        ("text/markdown", MARKDOWN),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", DOCX),
        ("text/vtt", VTT),
        ("Text/VTT; charset=utf-8", VTT),
        ("application/x-subrip", SRT),
        ("text/tab-separated-values", TSV),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
        ("text/plain;q=0.4, text/vtt;q=0.5", VTT),
        ("text/vtt, */*;q=0.1", VTT),
        ("text/*;q=0.9, text/plain;q=0.1, application/json;q=0.2", VTT),
        ("application/json;q=0, */*", TEXT),
        ("text/vtt;q=2, text/plain;q=0.1", TEXT),
        ("text/vtt;q=nan", None),
        ("*/*;q=0", None),
        ("image/png", None),
        ("text", None),
        (",;,=;q", None),
    ],
)
def test_the_accept_header_chooses_the_format(accept: str, preferred: TranscriptFormat | None) -> None:
    assert of_media_types(accept) is preferred


@given(st.text())
def test_no_accept_header_is_an_error(accept: str) -> None:
    of_media_types(accept)
