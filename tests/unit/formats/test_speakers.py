"""Every format tells who speaks."""

from itertools import pairwise

import pytest

from app.core.errors import NoSpeakers
from app.formats.cues import cues_of
from app.formats.formats import media_type, of_media_types, render
from app.schemas.form import TranscriptFormat

RESULT = {
    "text": "Hello. Who is there? It is me.",
    "duration": 9.0,
    "speakers": [{"id": "S1", "name": None, "seconds": 3.0}, {"id": "S2", "name": "Ann <B>", "seconds": 1.5}],
    "turns": [
        {"start": 0.0, "end": 3.0, "speaker": "S1", "overlap": False},
        {"start": 3.1, "end": 4.6, "speaker": "S2", "overlap": False},
    ],
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.0, "text": " Hello.", "speaker": "S1"},
        {"id": 1, "start": 1.0, "end": 3.0, "text": " Who is there?", "speaker": "S1"},
        {"id": 2, "start": 3.1, "end": 4.6, "text": " It is me.", "speaker": "S2"},
    ],
}


def test_text_has_a_line_for_each_turn() -> None:
    assert render(RESULT, TranscriptFormat.TEXT) == "S1: Hello. Who is there?\nAnn <B>: It is me.\n"


def test_srt_has_the_name_before_the_text() -> None:
    content = render(RESULT, TranscriptFormat.SRT)

    assert "S1: Who is there?" in content
    assert "Ann <\u2060B>: It is me." in content


def test_vtt_has_voice_spans() -> None:
    content = render(RESULT, TranscriptFormat.VTT)

    assert "<v S1>Hello." in content
    assert "<v Ann &lt;B&gt;>It is me." in content


def test_cues_of_speakers_do_not_overlap() -> None:
    cues = cues_of(RESULT)

    assert [cue.label for cue in cues] == ["S1", "S1", "Ann <B>"]
    assert all(one.end <= other.start for one, other in pairwise(cues))


def test_tsv_has_a_column_more() -> None:
    lines = render(RESULT, TranscriptFormat.TSV).splitlines()

    assert lines[0] == "start\tend\ttext\tspeaker"
    assert lines[3] == "3100\t4600\tIt is me.\tAnn <B>"


def test_tsv_has_both_columns_where_channels_are_speakers() -> None:
    segments = [{"start": 0.0, "end": 1.0, "text": " Hello.", "speaker": "S1", "channel": 1}]

    lines = render({"text": "Hello.", "segments": segments}, TranscriptFormat.TSV).splitlines()

    assert lines == ["start\tend\ttext\tchannel\tspeaker", "0\t1000\tHello.\t1\tS1"]


def test_rttm_has_a_line_for_each_turn() -> None:
    assert render(RESULT, TranscriptFormat.RTTM) == (
        "SPEAKER recording 1 0.000 3.000 <NA> <NA> S1 <NA> <NA>\n"
        "SPEAKER recording 1 3.100 1.500 <NA> <NA> Ann_<B> <NA> <NA>\n"
    )
    assert media_type(TranscriptFormat.RTTM) == "text/x-rttm"
    assert of_media_types("text/x-rttm") is TranscriptFormat.RTTM


def test_no_rttm_of_a_transcript_without_speakers() -> None:
    with pytest.raises(NoSpeakers, match="`diarize`"):
        render({"text": "Hello."}, TranscriptFormat.RTTM)


def test_what_a_foreign_worker_wrote_as_turns_is_taken_where_it_can_be() -> None:
    turns = [None, 3, {}, {"start": 2.0, "end": 1.0, "speaker": "A"}, {"start": 0, "end": 1, "speaker": 7}]

    content = render({"text": "x", "turns": turns}, TranscriptFormat.RTTM)

    assert content == "SPEAKER recording 1 0.000 1.000 <NA> <NA> 7 <NA> <NA>\n"


@pytest.mark.parametrize("speaker", [None, True, 1.5, [], {}, "  "])
def test_what_is_no_name_is_left_out(speaker: object) -> None:
    segments = [{"start": 0.0, "end": 1.0, "text": "Hello.", "speaker": speaker}]

    assert render({"text": "Hello.", "segments": segments}, TranscriptFormat.TEXT) == "Hello.\n"
