"""Every format tells the channels that were kept apart."""

from app.formats.formats import render
from app.schemas.form import TranscriptFormat

RESULT = {
    "text": "Hello. Who is there? It is me. Good.",
    "duration": 9.0,
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.0, "text": " Hello.", "channel": 0},
        {"id": 1, "start": 1.0, "end": 3.0, "text": " Who is there?", "channel": 0},
        {"id": 2, "start": 2.5, "end": 4.0, "text": " It is me.", "channel": 1},
        {"id": 3, "start": 5.0, "end": 6.0, "text": " Good.", "channel": 0},
    ],
}


def test_text_has_a_line_for_each_turn() -> None:
    assert render(RESULT, TranscriptFormat.TEXT) == (
        "Channel 0: Hello. Who is there?\nChannel 1: It is me.\nChannel 0: Good.\n"
    )


def test_srt_names_the_channel_in_each_cue() -> None:
    content = render(RESULT, TranscriptFormat.SRT)

    assert content.count("Channel 0: ") == 3
    assert "00:00:02,500 --> 00:00:04,000\nChannel 1: It is me." in content


def test_vtt_has_voice_spans() -> None:
    content = render(RESULT, TranscriptFormat.VTT)

    assert "<v Channel 0>Hello." in content
    assert "<v Channel 1>It is me." in content


def test_tsv_has_a_column_more() -> None:
    lines = render(RESULT, TranscriptFormat.TSV).splitlines()

    assert lines[0] == "start\tend\ttext\tchannel"
    assert lines[3] == "2500\t4000\tIt is me.\t1"


def test_what_a_foreign_worker_calls_a_channel_is_left_out() -> None:
    segments = [
        {"start": 0, "end": 1, "text": "Hello.", "channel": value} for value in ("x", -1, True, 1.5, None)
    ]

    for segment in segments:
        assert render({"text": "Hello.", "segments": [segment]}, TranscriptFormat.TEXT) == "Hello.\n"
