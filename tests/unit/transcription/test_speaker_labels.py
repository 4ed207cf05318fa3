from app.schemas.transcript import Segment, Transcript, Word
from app.speakers.turns import VoiceTurn
from app.transcription.speaker_labels import with_speakers


def _words(*words: tuple[float, float, str]) -> tuple[Word, ...]:
    return tuple(Word(start=start, end=end, word=word, probability=1.0) for start, end, word in words)


def _segment(
    start: float, end: float, text: str, words: tuple[Word, ...] | None = None, **fields: int
) -> Segment:
    return Segment(id=0, start=start, end=end, text=text, words=words, **fields)


def _transcript(*segments: Segment) -> Transcript:
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language="en",
        language_probability=1.0,
        duration=60.0,
        segments=segments,
        model="base",
        engine="faster-whisper",
        compute_type="int8",
        device="cpu",
        processing_seconds=1.0,
        trimmed=False,
    )


TURNS = [VoiceTurn(0.0, 5.0, 0), VoiceTurn(5.2, 9.0, 1), VoiceTurn(20.0, 22.0, 0)]


def test_a_segment_is_divided_where_the_speaker_changes() -> None:
    words = _words((3.0, 4.0, " Are"), (4.0, 5.1, " you?"), (5.3, 6.0, " Yes."))

    transcript = with_speakers(
        _transcript(_segment(2.8, 6.4, " Are you? Yes.", words)), TURNS, by_channel=False
    )

    told = [(s.id, s.start, s.end, s.text, s.speaker) for s in transcript.segments]
    assert told == [(0, 2.8, 5.1, " Are you?", "S1"), (1, 5.3, 6.4, " Yes.", "S2")]
    assert [word.speaker for s in transcript.segments for word in s.words or ()] == ["S1", "S1", "S2"]


def test_a_word_beside_all_turns_is_of_the_nearest() -> None:
    words = _words((10.0, 10.5, " late"), (19.0, 19.5, " early"))

    transcript = with_speakers(
        _transcript(_segment(10.0, 19.5, " late early", words)), TURNS, by_channel=False
    )

    assert [segment.speaker for segment in transcript.segments] == ["S2", "S1"]


def test_before_the_first_and_after_the_last_turn() -> None:
    turns = [VoiceTurn(5.0, 6.0, 0), VoiceTurn(7.0, 8.0, 1)]
    segments = [_segment(0.0, 1.0, " a"), _segment(30.0, 31.0, " b")]

    transcript = with_speakers(_transcript(*segments), turns, by_channel=False)

    assert [segment.speaker for segment in transcript.segments] == ["S1", "S2"]


def test_a_segment_without_words_is_of_who_speaks_most() -> None:
    transcript = with_speakers(_transcript(_segment(4.0, 9.0, " said")), TURNS, by_channel=False)

    assert transcript.segments[0].speaker == "S2"


def test_speakers_and_their_seconds() -> None:
    transcript = with_speakers(_transcript(), TURNS, by_channel=False)

    assert transcript.speakers is not None
    assert [(s.id, s.name, s.seconds) for s in transcript.speakers] == [("S1", None, 7.0), ("S2", None, 3.8)]


def test_what_one_says_in_several_segments_is_one_utterance() -> None:
    segments = [_segment(0.0, 2.0, " One"), _segment(2.0, 4.0, " two."), _segment(6.0, 8.0, " Three.")]

    transcript = with_speakers(_transcript(*segments), TURNS, by_channel=False)

    assert transcript.utterances is not None
    told = [(said.start, said.end, said.speaker, said.text) for said in transcript.utterances]
    assert told == [(0.0, 4.0, "S1", "One two."), (6.0, 8.0, "S2", "Three.")]


def test_channels_are_speakers_whose_turns_may_overlap() -> None:
    turns = [VoiceTurn(0.0, 5.0, 1), VoiceTurn(4.0, 6.0, 0), VoiceTurn(7.0, 8.0, 1)]
    segments = [_segment(0.0, 5.0, " a", channel=1), _segment(4.0, 6.0, " b", channel=0)]

    transcript = with_speakers(_transcript(*segments), turns, by_channel=True)

    assert [(s.channel, s.speaker) for s in transcript.segments] == [(1, "S1"), (0, "S2")]
    assert [turn.overlap for turn in transcript.turns or ()] == [True, True, False]


def test_words_without_any_turn_have_no_speaker() -> None:
    transcript = with_speakers(
        _transcript(_segment(0.0, 1.0, " a", _words((0.0, 1.0, " a")))), [], by_channel=False
    )

    assert transcript.segments[0].speaker is None
    assert transcript.speakers == ()
