"""The default backend with the real `base` model, in its pipeline."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.asr.backend import DecodingPass, Utterance
from app.asr.backends.faster_whisper import FasterWhisperBackend, decoder, load
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.frames import FULL_STATES, STATES_PER_SECOND, States
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.pipeline import WhisperPipeline
from app.asr.stages import StageClock
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import cut_windows
from app.core.config import Settings
from app.schemas.transcript import Span
from tests.unit.asr.engines import whole_window

pytestmark = pytest.mark.weights


Engine = WhisperPipeline[States]


@pytest.fixture(scope="module")
def engine(base_weights: Path) -> Engine:
    return load(base_weights / "whisper" / "base", "base", Settings(device="cpu"))


@pytest.fixture
def backend(engine: Engine) -> FasterWhisperBackend:
    assert isinstance(engine._backend, FasterWhisperBackend)
    return engine._backend


@pytest.fixture(scope="module")
def english(assets: Path) -> Samples:
    return read_samples(assets / "speech_en.flac")[0]


@pytest.fixture(scope="module")
def russian(assets: Path) -> Samples:
    return read_samples(assets / "speech_ru.ogg")[0]


def _requests(*sounds: Samples, **options: object) -> list[WindowRequest]:
    windows = [window for sound in sounds for window in cut_windows([sound])]
    return [WindowRequest(window, DecodeOptions(**options)) for window in windows]  # type: ignore[arg-type]


def test_an_answer_does_not_depend_on_its_neighbours(
    engine: Engine, english: Samples, russian: Samples
) -> None:
    """The same recording gives the same text whatever else the worker does, and after every crash."""
    parts = [english[: round(len(english) * part)] for part in (1.0, 0.9, 0.8, 0.7)]
    requests = _requests(russian, *parts)
    alone = {id(request): engine.transcribe([request])[0] for request in requests}

    for seed in range(3):
        random.Random(seed).shuffle(requests)
        for batch in _groups(engine, requests):
            assert engine.transcribe(batch) == [alone[id(request)] for request in batch]


def test_features_that_were_computed_ahead_change_nothing(
    base_weights: Path, english: Samples, russian: Samples
) -> None:
    """Nor does a part of such a window, whose own features are not known."""
    stages = StageClock()
    engine = load(base_weights / "whisper" / "base", "base", Settings(device="cpu"), stages=stages)
    requests = _requests(english, russian, word_timestamps=True)
    late = engine.transcribe(requests)
    assert stages.take()["stage_features_seconds"] > 0

    ahead = [engine.prepare(request) for request in requests]
    assert stages.take()["stage_features_seconds"] > 0
    assert engine.transcribe(ahead) == late
    assert stages.take()["stage_features_seconds"] == 0

    part = requests[0].window.part(0.0, 2.0)
    [alone], [of_part] = (
        engine.transcribe([request.of_part(part, "en")]) for request in (requests[0], ahead[0])
    )
    assert of_part == alone


def _groups(engine: Engine, requests: Sequence[WindowRequest]) -> list[list[WindowRequest]]:
    groups: dict[object, list[WindowRequest]] = {}
    for request in requests:
        groups.setdefault(engine.group(request), []).append(request)
    assert any(len(group) > 2 for group in groups.values())
    return list(groups.values())


def test_only_languages_that_it_may_be_are_detected(
    engine: Engine, english: Samples, russian: Samples
) -> None:
    """Each request of a batch has its own."""
    [free] = _requests(english)
    [bound] = _requests(english, languages=("de", "ru"))
    [other] = _requests(russian, languages=("en", "ru"))

    transcripts = engine.transcribe([free, bound, other])

    assert transcripts[0].language == "en"
    assert transcripts[1].language in ("de", "ru")
    assert set(transcripts[1].languages) <= {"de", "ru"}
    assert transcripts[2].language == "ru"
    assert set(transcripts[2].languages) <= {"en", "ru"}


def test_languages_may_differ_within_a_batch(engine: Engine, english: Samples, russian: Samples) -> None:
    requests = _requests(english, russian)

    transcripts = engine.transcribe(requests)

    assert [transcript.language for transcript in transcripts] == ["en", "ru"]
    assert transcripts[0].languages["en"] > 0.9
    assert any("а" <= letter <= "я" for letter in transcripts[1].text)


def test_a_language_that_is_given_is_believed(engine: Engine, english: Samples) -> None:
    [transcript] = engine.transcribe(_requests(english, language="de"))

    assert (transcript.language, transcript.languages) == ("de", {})


@pytest.mark.parametrize("clear", [True, False])
def test_a_window_in_another_language_than_its_recording(
    engine: Engine,
    backend: FasterWhisperBackend,
    english: Samples,
    monkeypatch: pytest.MonkeyPatch,
    clear: bool,
) -> None:
    """Speakers change their language; a sound that may be anything belongs to what was said before."""
    [request] = _requests(english)
    if not clear:
        unsure = Languages({"en": 0.6, "de": 0.3})
        monkeypatch.setattr(backend, "detect", lambda states, _: [unsure] * len(states))

    [transcript] = engine.transcribe([replace(request, expected="de")])

    assert transcript.language == ("en" if clear else "de")
    assert "under the old tree" in transcript.text or not clear


def test_words_have_times_and_make_up_the_text(engine: Engine, english: Samples) -> None:
    late = np.concatenate([np.zeros(4 * SAMPLE_RATE, np.float32), english])

    [transcript] = engine.transcribe(_requests(late, word_timestamps=True))

    words = [word for segment in transcript.segments for word in segment.words or ()]
    assert "".join(word.word for word in words) == transcript.text
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert 3.9 < words[0].start < 5.0
    assert all(word.start <= word.end <= 10.5 for word in words)
    assert all(0 < word.probability <= 1 for word in words)


def test_words_are_left_out_unless_asked_for(engine: Engine, english: Samples) -> None:
    [transcript] = engine.transcribe(_requests(english))

    assert all(segment.words is None for segment in transcript.segments)


def test_a_prompt_is_taken_for_what_was_said_before(engine: Engine, english: Samples) -> None:
    [request] = _requests(english, prompt="we will walk, we will have lunch")
    [plain] = _requests(english)

    [transcript] = engine.transcribe([request])

    assert transcript.text.endswith("under the old tree"), "written as the prompt is, without a full stop"
    assert engine.transcribe([plain])[0].text.endswith("under the old tree.")
    assert engine.group(request) != engine.group(plain)


LOOP = Hypothesis((1,) * 40, " la" * 20, -0.1, 0.0)

Decode = Callable[[States, Sequence[Utterance], DecodingPass], list[Hypothesis]]


def _first(written: Hypothesis, decode: Decode) -> Decode:
    """Writes that in the first pass, whatever the sound."""

    def decoded(states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        return decode(states, utterances, how) if how.has_full_room else [written] * len(utterances)

    return decoded


def test_a_doubtful_answer_is_decoded_again(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    [request] = _requests(english)
    [good] = engine.transcribe([request])

    monkeypatch.setattr(backend, "decode", _first(LOOP, backend.decode))
    [again] = engine.transcribe([request])

    assert again.retries == 1
    assert good.retries == 0
    assert "walk to the river" in again.text


def test_a_device_decodes_doubtful_windows_together(
    engine: Engine,
    backend: FasterWhisperBackend,
    english: Samples,
    assets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the processor is told that it is one; what comes out is what comes of each window alone."""
    german = read_samples(assets / "speech_de.ogg")[0]
    batch = _requests(english, german, english)
    decode, searched = backend.decode, list[int]()

    def loops(states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        """In the first pass, all but the last of several windows."""
        found = decode(states, utterances, how)
        if how.has_full_room:
            searched.append(len(states))
            return found
        return [LOOP] * (len(found) - 1) + found[-1:] if len(found) > 1 else [LOOP]

    undoubted = engine.transcribe(batch[2:])[0]
    monkeypatch.setattr(backend, "decode", loops)
    alone = [engine.transcribe([each])[0] for each in batch[:2]]
    monkeypatch.setattr(engine, "_together", True)
    together = engine.transcribe(batch)

    assert searched == [1, 1, 2]
    assert [each.retries for each in together] == [1, 1, 0]
    assert [each.text for each in together[:2]] == [each.text for each in alone]
    assert together[2].text == undoubted.text


def test_a_device_covers_gaps_of_each_window_as_it_was_asked_to(
    engine: Engine, backend: FasterWhisperBackend, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants a translation shares batches with those who want what is said."""
    german = read_samples(assets / "speech_de.ogg")[0]
    batch = [*_requests(german, translate=True), *_requests(german)]
    assert engine.group(batch[0]) == engine.group(batch[1])
    nothing = Hypothesis((), "", -0.1, 0.0)
    monkeypatch.setattr(backend, "decode", _first(nothing, backend.decode))
    alone = [engine.transcribe([each])[0] for each in batch]
    assert all(each.retries for each in alone)
    monkeypatch.setattr(engine, "_together", True)

    together = engine.transcribe(batch)

    assert alone[0].text != alone[1].text
    assert [each.text for each in together] == [each.text for each in alone]


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_long_prompts_leave_room_for_what_is_said(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, temperature: float
) -> None:
    prompt, hotwords = "river bank " * 200, "walking " * 300
    both, one, other = (
        _requests(english, temperature=temperature, **texts)[0]
        for texts in ({"prompt": prompt, "hotwords": hotwords}, {"prompt": prompt}, {"hotwords": hotwords})
    )
    lengths = {len(backend._decoder.prompt(each.options, "en")) for each in (both, one, other)}
    [transcript] = engine.transcribe([both])
    assert "river" in transcript.text
    assert lengths == {1 + 223 + 4}


def test_what_is_sampled_together_is_sampled_until_it_passes(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = _requests(english, english)
    decode, temperatures = backend.decode, []

    def sampled(states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        if not how.temperature:
            return [LOOP] * len(utterances)
        temperatures.append((len(states), how.temperature))
        found = decode(states, utterances, how)
        return [found[0], LOOP] if len(found) > 1 else found

    monkeypatch.setattr(backend, "decode", sampled)
    monkeypatch.setattr(engine, "_together", True)
    transcripts = engine.transcribe(batch)

    assert temperatures == [(2, 0.2), (1, 0.4)]
    assert [each.retries for each in transcripts] == [2, 3]
    assert all("walk to the river" in each.text for each in transcripts)


def test_a_language_that_makes_no_sense_gives_way_to_the_next(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Languages({"ar": 0.4, "en": 0.3, "cy": 0.04})
    unlikely = Hypothesis((1,) * 8, " سوف نتوقع", -1.4, 0.0)
    monkeypatch.setattr(backend, "detect", lambda states, _: [unsure] * len(states))
    monkeypatch.setattr(backend, "decode", _first(unlikely, backend.decode))

    [transcript] = engine.transcribe(_requests(english))

    assert (transcript.language, transcript.languages) == ("en", {"en": 0.7})
    assert transcript.text.endswith("under the old tree.")


def test_an_answer_for_which_there_was_no_room_is_decoded_again(
    engine: Engine, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hindi, Thai and Georgian take several times the tokens of English: their last words must not go."""
    [request] = _requests(english)
    [whole] = engine.transcribe([request])
    monkeypatch.setattr(decoder, "FIRST_TOKENS_AT_MOST", 12)

    [again] = engine.transcribe([request])

    assert (again.retries, whole.retries) == (1, 0)
    assert again.text.endswith("under the old tree.")


def test_a_window_with_more_text_than_the_model_can_write_is_divided(
    engine: Engine,
    backend: FasterWhisperBackend,
    english: Samples,
    assets: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Georgian fills Whisper's text context in 13 s."""
    german = read_samples(assets / "speech_de.ogg")[0]
    [request] = _requests(np.concatenate([english, np.zeros(SAMPLE_RATE, np.float32), german]))
    monkeypatch.setattr(backend._runtime, "max_length", 45)

    [transcript] = engine.transcribe([request])

    assert "under the old tree" in transcript.text
    assert re.search(r"unter dem alten Baum zu (Mittag|Meta)\.$", transcript.text), "heard to the end"
    assert (transcript.segments[0].language, transcript.segments[-1].language) == ("en", "de")
    assert transcript.end == pytest.approx(request.window.end, abs=0.001)
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))
    times = [time for segment in transcript.segments for time in (segment.start, segment.end)]
    assert times == sorted(times)


@pytest.mark.parametrize("kind", ["hum", "hiss"])
def test_noise_says_nothing(engine: Engine, kind: str) -> None:
    """What gets past the speech detector fails the quality checks."""
    seconds = np.arange(6 * SAMPLE_RATE, dtype=np.float32) / SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(len(seconds)).astype(np.float32)
    sound = 0.2 * np.sin(2 * np.pi * 110 * seconds) if kind == "hum" else 0.05 * noise
    window = whole_window(sound.astype(np.float32))

    [transcript] = engine.transcribe([WindowRequest(window, DecodeOptions())])

    assert (transcript.text, transcript.noise) == ("", True)
    assert transcript.uncovered == (Span(start=0, end=6),)


def _faster(samples: Samples) -> Samples:
    """Another voice: the same one, a quarter faster and higher."""
    places = np.arange(0, len(samples) - 1, 1.25)
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def test_a_second_voice_is_written_down_although_the_decoder_leaves_it_out(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without time tokens the decoder writes one of two voices, whichever; the gap is decoded again."""
    pause = np.zeros(round(0.3 * SAMPLE_RATE), np.float32)
    [request] = _requests(np.concatenate([english, pause, _faster(english)]))
    [first] = engine._decode(_requests(english))
    decode = backend.decode

    def deaf(states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        if not how.has_time_tokens:
            return [first.result.hypothesis] * len(utterances)
        return decode(states, utterances, how)

    monkeypatch.setattr(backend, "decode", deaf)
    [transcript] = engine.transcribe([request])

    assert transcript.text.count("under the old tree") == 2
    assert (transcript.uncovered, transcript.retries) == ((), 1)


def test_a_turn_that_the_decoder_leaves_out_is_decoded_by_itself(
    engine: Engine, backend: FasterWhisperBackend, english: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it leaves the second turn out whatever it is asked, as long as it hears all of the window."""
    pause = np.zeros(SAMPLE_RATE, np.float32)
    [request] = _requests(np.concatenate([english, pause, _faster(english)]), word_timestamps=True)
    [first] = engine._decode(_requests(english))
    decode = backend.decode

    def deaf(states: States, utterances: Sequence[Utterance], how: DecodingPass) -> list[Hypothesis]:
        if states.shape[1] > 15 * STATES_PER_SECOND:
            return [first.result.hypothesis] * len(utterances)
        return decode(states, utterances, how)

    monkeypatch.setattr(backend, "decode", deaf)
    [transcript] = engine.transcribe([request])

    assert transcript.text.count("under the old tree") == 2
    assert transcript.uncovered == ()
    words = [word for segment in transcript.segments for word in segment.words or ()]
    assert "".join(word.word for word in words) == transcript.text
    assert [word.start for word in words] == sorted(word.start for word in words)


def test_voices_that_nobody_understands_are_named(engine: Engine, english: Samples, russian: Samples) -> None:
    """Twelve voices at a time, backwards: speech, and no word of it."""
    count = min(len(english), len(russian))
    crowd = sum(
        np.roll(voice[:count][::-1], 7000 * number) for voice in (english, russian) for number in range(6)
    )
    crowd = 0.5 * np.asarray(crowd / np.abs(crowd).max(), np.float32)
    pause = np.zeros(SAMPLE_RATE, np.float32)
    [request] = _requests(np.concatenate([english, pause, crowd]))

    [transcript] = engine.transcribe([request])

    assert transcript.text.endswith("under the old tree.")
    [span] = transcript.uncovered
    assert (span.start, span.end) == pytest.approx((7.2, 13.0), abs=0.7)


@pytest.mark.parametrize(("seconds", "most"), [(1.0, 8), (5.0, 6), (15.5, 3), (25.0, 2)])
def test_the_longer_windows_are_the_fewer_go_together(engine: Engine, seconds: float, most: int) -> None:
    """Memory grows with the sound in a batch, and on a CPU speed does not."""
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.float32)

    assert engine.max_batch(WindowRequest(whole_window(samples), DecodeOptions())) == most


def test_groups_are_by_length(backend: FasterWhisperBackend) -> None:
    def states(seconds: float) -> int:
        return backend._encoder.states_for(seconds)

    shortest = Tuning().class_seconds * STATES_PER_SECOND
    assert states(0.1) == states(0.9) == shortest
    assert states(1.1) == 2 * shortest
    assert states(28.0) == states(30.0) == FULL_STATES


def test_its_record_names_weights_and_versions(engine: Engine) -> None:
    assert engine.info.digest.startswith("sha256:d01c3014881c")
    assert set(engine.info.versions) == {"faster-whisper", "ctranslate2"}


@pytest.mark.parametrize("name", ["prompt", "hotwords"])
def test_special_tokens_in_a_prompt_cost_no_words(engine: Engine, english: Samples, name: str) -> None:
    plain = engine.transcribe(_requests(english))
    special = engine.transcribe(_requests(english, **{name: "<|endoftext|>" * 200}))
    assert [each.text for each in special] == [each.text for each in plain]


def test_every_call_of_the_model_is_told_by_its_stage(base_weights: Path, english: Samples) -> None:
    stages = StageClock()
    engine = load(base_weights / "whisper" / "base", "base", Settings(device="cpu"), stages=stages)
    requests = _requests(english, word_timestamps=True)
    stages.take()

    engine.transcribe(requests)

    spent = stages.take()
    calls = [spent[f"stage_{stage}_seconds"] for stage in ("encode", "detect", "decode", "align")]
    assert all(calls)
    assert sum(calls) == pytest.approx(spent["device_busy_seconds"])
    assert spent["stage_check_seconds"] > 0
