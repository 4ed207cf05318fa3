from dataclasses import replace
from pathlib import Path

import pytest

from app.asr.base import DecodeOptions, EngineInfo
from app.audio.chunker import ChunkRules
from app.audio.limits import AudioLimits
from app.audio.listening import Listening
from app.audio.report import DecodeReport
from app.audio.report import Source as Heard
from app.core.scripts import ChineseScript
from app.schemas.transcript import Provenance, Segment, Source, Span, Word
from app.schemas.window import WindowTranscript
from app.transcription.language import LanguageVote
from app.transcription.request import Job
from app.transcription.result import assemble_transcript, lending_digest, plan_digest

INFO = EngineInfo("faster-whisper", "base", "cpu", "int8", "short", "sha256:12", {"ctranslate2": "4"})
REPORT = DecodeReport(30.0, 30.0, 0, trimmed=False)


def _segment(text: str, start: float, logprob: float) -> Segment:
    return Segment(id=0, start=start, end=start + 2, text=text, avg_logprob=logprob)


WINDOWS = (
    WindowTranscript(
        number=0, start=0, end=9, segments=(_segment(" One.", 1, -0.2), _segment(" Two.", 4, -0.9))
    ),
    WindowTranscript(number=1, start=10, end=12, noise=True, retries=6),
    WindowTranscript(number=2, start=20, end=29, segments=(_segment(" Three.", 21, -0.1),), retries=1),
)


def test_options_that_the_model_cannot_heed_are_told() -> None:
    deaf = replace(INFO, model="gigaam-v3-ctc", ignores=("prompt", "hotwords", "temperature"))

    def warnings(info: EngineInfo, options: DecodeOptions) -> tuple[str, ...]:
        return assemble_transcript(
            WINDOWS, LanguageVote("ru"), REPORT, info, resumed=0, options=options
        ).warnings

    assert warnings(deaf, DecodeOptions(hotwords="Ким", temperature=0.4)) == (
        "The model gigaam-v3-ctc cannot heed hotwords, temperature: it transcribed without.",
    )
    assert warnings(deaf, DecodeOptions(word_timestamps=True)) == ()
    assert warnings(INFO, DecodeOptions(hotwords="Ким")) == ()


def test_windows_become_a_transcript() -> None:
    transcript = assemble_transcript(WINDOWS, LanguageVote("en"), REPORT, INFO, resumed=2)

    assert transcript.text == "One. Two. Three."
    assert [(segment.id, segment.text) for segment in transcript.segments] == [
        (0, " One."),
        (1, " Two."),
        (2, " Three."),
    ]
    assert (transcript.language, transcript.language_probability) == ("en", 1.0)
    assert (transcript.model, transcript.engine, transcript.compute_type, transcript.device) == (
        "base",
        "faster-whisper",
        "int8",
        "cpu",
    )


def test_the_quality_tells_what_happened() -> None:
    quality = assemble_transcript(WINDOWS, LanguageVote("en"), REPORT, INFO, resumed=2).quality

    assert quality is not None
    assert (quality.windows, quality.retried, quality.noise) == (3, 2, 1)
    assert quality.low_confidence == (Span(start=4, end=6),)


def test_speech_without_words_is_named_and_warned_of_if_it_is_much() -> None:
    little = WindowTranscript(number=0, start=0, end=9, speech=8, uncovered=(Span(start=2, end=4),))
    much = WindowTranscript(number=1, start=9, end=19, speech=9, uncovered=(Span(start=10, end=15),))

    told = [
        assemble_transcript(each, LanguageVote("en"), REPORT, INFO, resumed=0)
        for each in ([little], [little, much])
    ]

    assert [each.quality and each.quality.uncovered for each in told] == [
        (Span(start=2, end=4),),
        (Span(start=2, end=4), Span(start=10, end=15)),
    ]
    assert told[0].warnings == ()
    [warning] = told[1].warnings
    assert "7 s of the 17 s of speech" in warning


def test_little_speech_in_much_sound_is_warned_of_where_speech_was_looked_for() -> None:
    some = WindowTranscript(number=0, start=0, end=3, speech=2)
    reports = [replace(REPORT, audible_seconds=seconds) for seconds in (0.0, 60.0, 100.0)]

    told = [assemble_transcript([some], LanguageVote("en"), report, INFO, resumed=0) for report in reports]
    unasked = assemble_transcript([some], LanguageVote("en"), reports[-1], INFO, resumed=0, vad=False)

    assert [len(each.warnings) for each in told] == [0, 0, 1]
    assert "2.0 s of the 100.0 s of sound" in told[-1].warnings[0]
    assert "vad=false" in told[-1].warnings[0]
    assert unasked.warnings == ()


@pytest.mark.parametrize(
    ("channels", "split", "is_told"), [(1, False, False), (2, False, True), (2, True, False)]
)
def test_little_speech_in_many_channels_may_be_drowned(channels: int, split: bool, is_told: bool) -> None:
    some = WindowTranscript(number=0, start=0, end=3, speech=2)
    report = replace(REPORT, audible_seconds=100.0, source=Heard(channels=channels, split=split))

    [warning] = assemble_transcript([some], LanguageVote("en"), report, INFO, resumed=0).warnings

    assert ("channels=split" in warning) == is_told


def test_the_record_tells_what_it_was_made_with() -> None:
    info = replace(INFO, batch_limit=8)
    provenance = assemble_transcript(WINDOWS, LanguageVote("en"), REPORT, info, resumed=2).provenance

    assert provenance is not None
    assert (provenance.model_digest, provenance.versions) == ("sha256:12", {"ctranslate2": "4"})
    assert provenance.windows_resumed == 2
    assert provenance.batch_limit == 8


def test_slots_are_written_by_their_former_name_as_well() -> None:
    """Programs, and APIs of older versions, know them as places."""
    provenance = Provenance(model_digest="sha256:12", versions={}, real_time_factor=None, batch_slots=2.5)

    told = provenance.model_dump(mode="json")

    assert (told["batch_slots"], told["batch_places"]) == (2.5, 2.5)
    assert Provenance.model_validate(told) == provenance


def test_no_speech_is_no_text() -> None:
    transcript = assemble_transcript((), LanguageVote(None), REPORT, INFO, resumed=0)

    assert (transcript.text, transcript.segments, transcript.language) == ("", (), None)
    assert transcript.quality is not None
    assert transcript.quality.windows == 0


def test_a_plan_changes_with_all_that_windows_depend_on() -> None:
    rules = ChunkRules()
    job = Job(path=Path("talk.flac"), model="base", listening=Listening(), options=DecodeOptions())
    plans = [
        plan_digest(INFO, job, rules),
        plan_digest(replace(INFO, digest="sha256:13"), job, rules),
        plan_digest(replace(INFO, compute_type="float32"), job, rules),
        plan_digest(replace(INFO, encoder_padding="suffix sha256:1"), job, rules),
        plan_digest(INFO, replace(job, options=DecodeOptions(word_timestamps=True)), rules),
        plan_digest(INFO, replace(job, vad=False), rules),
        plan_digest(INFO, replace(job, script=ChineseScript.TRADITIONAL), rules),
        plan_digest(INFO, replace(job, listening=Listening(track=2)), rules),
        plan_digest(INFO, replace(job, listening=Listening(split=True)), rules),
        plan_digest(INFO, job, replace(rules, hard_max=20)),
    ]

    assert len(set(plans)) == len(plans)
    assert plan_digest(replace(INFO, batch_limit=4), job, rules) == plans[0], "nothing depends on batches"
    assert plan_digest(replace(INFO), replace(job, path=Path("other.flac")), replace(rules)) == plans[0]


def _window(number: int, channel: int, *segments: Segment) -> WindowTranscript:
    return WindowTranscript(number=number, start=0, end=30, segments=segments, channel=channel)


def test_channels_are_put_together_in_time_order() -> None:
    word = Word(start=2.0, end=3.0, word=" Two.", probability=1)
    two = _segment(" Two.", 2, -0.2).model_copy(update={"words": (word,)})
    windows = (
        _window(0, 0, _segment(" One.", 1, -0.2), _segment(" Four.", 8, -0.2)),
        _window(1, 1, two, _segment(" Three.", 3, -0.2)),
    )

    transcript = assemble_transcript(windows, LanguageVote("en"), REPORT, INFO, resumed=0)

    assert transcript.text == "One. Two. Three. Four."
    assert [(segment.id, segment.channel) for segment in transcript.segments] == [
        (0, 0),
        (1, 1),
        (2, 1),
        (3, 0),
    ]
    assert transcript.segments[1].words == (word.model_copy(update={"channel": 1}),)


def test_the_transcript_tells_what_was_heard() -> None:
    report = replace(REPORT, source=Heard(tracks=3, read=(2,), channels=6))

    source = assemble_transcript(WINDOWS, LanguageVote("en"), report, INFO, resumed=0).source

    assert source == Source(tracks=3, tracks_read=(2,), channels=6, split=False)


def test_no_segment_ends_after_the_recording() -> None:
    window = WindowTranscript(number=0, start=0, end=30.016, segments=(_segment(" End.", 28.1, -0.2),))

    transcript = assemble_transcript([window], LanguageVote("en"), REPORT, INFO, resumed=0)

    assert transcript.segments[0].end == transcript.duration == 30.0


def test_who_shares_a_recording_has_all_in_common_but_the_voices_and_the_path() -> None:
    rules, job = ChunkRules(), Job(Path("a.wav"), "base", Listening(), DecodeOptions())
    same = {
        lending_digest(INFO, job, rules),
        lending_digest(INFO, replace(job, path=Path("/mnt/a.wav"), duration=9.0, is_short=True), rules),
    }
    others = [
        lending_digest(replace(INFO, digest="sha256:13"), job, rules),
        lending_digest(replace(INFO, compute_type="float32"), job, rules),
        lending_digest(replace(INFO, device="cuda"), job, rules),
        lending_digest(INFO, replace(job, options=DecodeOptions(beam_size=1)), rules),
        lending_digest(INFO, replace(job, listening=Listening(trim=60)), rules),
        lending_digest(INFO, replace(job, listening=Listening(limits=AudioLimits(max_seconds=60))), rules),
        plan_digest(INFO, job, rules),
    ]
    assert len(same) == 1
    assert len(same | set(others)) == 1 + len(others)
