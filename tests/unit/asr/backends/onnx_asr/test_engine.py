"""Real networks on onnxruntime, of which it is known what they hear: see networks.py."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.asr.backends import onnx_asr
from app.asr.backends.onnx_asr import OnnxAsrEngine
from app.asr.base import DecodeOptions, WindowRequest
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import TimeAnchor, Window
from app.core.config import Settings
from app.core.errors import EngineFailed, EngineRefused
from app.schemas.transcript import Span
from app.weights.catalog import find_onnx
from tests.unit.asr.backends.onnx_asr.networks import begins, sung, write_canary, write_ctc, write_rnnt
from tests.unit.asr.engines import whole_window

CTC, RNNT, CANARY = "gigaam-v2-ctc", "gigaam-v3-e2e-rnnt", "nemo-canary-1b-v2"
WORDS = DecodeOptions(word_timestamps=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three kinds of networks."""
    cache = tmp_path_factory.mktemp("cache")
    write_ctc(cache / "whisper" / CTC)
    write_rnnt(cache / "whisper" / RNNT)
    write_canary(cache / "whisper" / CANARY)
    return cache


def loaded(cache: Path, model: str) -> OnnxAsrEngine:
    weights = find_onnx(model, cache)
    assert weights is not None
    return onnx_asr.load(weights, model, Settings(device="cpu", cpu_threads=2))


@pytest.fixture(scope="module", params=[CTC, RNNT])
def engine(request: pytest.FixtureRequest, cache: Path) -> Iterator[OnnxAsrEngine]:
    """GigaAM by either of its decoders."""
    engine = loaded(cache, request.param)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def canary(cache: Path) -> Iterator[OnnxAsrEngine]:
    """One that knows several languages, detects none, and translates."""
    engine = loaded(cache, CANARY)
    yield engine
    engine.close()


def joined(*parts: Samples) -> Samples:
    return np.concatenate(parts)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


def test_words_have_times_and_probabilities(engine: OnnxAsrEngine) -> None:
    [transcript] = engine.transcribe([WindowRequest(whole_window(sung("да нет."), start=10.0), WORDS)])

    assert (transcript.text, transcript.language, transcript.languages) == (" да нет.", "ru", {"ru": 1.0})
    [segment] = transcript.segments
    assert segment.words is not None
    assert [word.word for word in segment.words] == [" да", " нет."]
    for word, first, last in zip(segment.words, (0, 3), (1, 5), strict=True):
        assert word.start == pytest.approx(10 + begins(first), abs=0.045)
        assert word.end == pytest.approx(10 + begins(last) + 0.07, abs=0.045)
        assert 0.8 < word.probability <= 1
    assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)
    assert segment.avg_logprob is not None
    assert -0.3 < segment.avg_logprob <= 0
    assert (transcript.uncovered, transcript.retries, transcript.noise) == ((), 0, False)


def test_words_are_left_out_where_nobody_asked(engine: OnnxAsrEngine) -> None:
    [transcript] = engine.transcribe([WindowRequest(whole_window(sung("да нет.")), DecodeOptions())])

    assert [segment.words for segment in transcript.segments] == [None]
    assert transcript.segments[0].start == pytest.approx(begins(0), abs=0.045)


def test_sentences_of_a_long_window_are_segments(engine: OnnxAsrEngine) -> None:
    sound = joined(sung("да нет."), silence(4), sung(" нет да."))

    [transcript] = engine.transcribe([WindowRequest(whole_window(sound), DecodeOptions(language="ru"))])

    assert [segment.text for segment in transcript.segments] == [" да нет.", " нет да."]
    second = len(sung("да нет.")) / SAMPLE_RATE + 4 + begins(1)
    assert transcript.segments[1].start == pytest.approx(second, abs=0.045)
    assert transcript.languages == {}  # it was given


def test_times_are_those_of_the_recording_where_pauses_are_shortened(engine: OnnxAsrEngine) -> None:
    first, second = sung("да"), sung("нет")
    place, later = len(first) / SAMPLE_RATE, 60.0
    speech = ((0.0, place), (later, later + len(second) / SAMPLE_RATE))
    sound = joined(first, sung(" "), second)
    anchors = (TimeAnchor(0.0, 0.0), TimeAnchor(later, (len(sound) - len(second)) / SAMPLE_RATE))
    window = Window(0, 0.0, speech[-1][1], sound, speech, anchors, speech)

    [transcript] = engine.transcribe([WindowRequest(window, WORDS)])

    [one, two] = [word for segment in transcript.segments for word in segment.words or ()]
    assert (one.word, two.word) == (" да", " нет")
    assert one.start == pytest.approx(begins(0), abs=0.045)
    assert two.start == pytest.approx(later + begins(0), abs=0.045)


def test_speech_without_words_is_named(engine: OnnxAsrEngine) -> None:
    sound = joined(sung("да"), silence(3))

    part, nothing = engine.transcribe(
        [WindowRequest(whole_window(each), DecodeOptions()) for each in (sound, silence(2))]
    )

    [gap] = part.uncovered
    assert gap.start == pytest.approx(begins(1) + 0.27, abs=0.05)
    assert gap.end == pytest.approx(len(sound) / SAMPLE_RATE, abs=0.02)
    assert (nothing.text, nothing.segments, nothing.noise) == ("", (), False)
    assert nothing.uncovered == (Span(start=0.0, end=2.0),)


@pytest.mark.parametrize("samples", [1, 100, 1_000, 3_999])
def test_a_sound_that_is_shorter_than_any_word(engine: OnnxAsrEngine, samples: int) -> None:
    [transcript] = engine.transcribe([WindowRequest(whole_window(silence(1)[:samples]), DecodeOptions())])
    assert transcript.text == ""


def test_windows_do_not_depend_on_those_beside_them(engine: OnnxAsrEngine) -> None:
    requests = [WindowRequest(whole_window(sung(text)), WORDS) for text in ("нет.", "да", "те да нет")]

    together = engine.transcribe(requests)

    assert [each.text for each in together] == [" нет.", " да", " те да нет"]
    assert together == [engine.transcribe([request])[0] for request in requests]
    assert engine.max_batch(requests[0]) == 1
    short, long = (WindowRequest(whole_window(silence(seconds)), WORDS) for seconds in (3, 20))
    assert engine.group(short) == engine.group(requests[0]) != engine.group(long)


def test_threads_share_a_model(engine: OnnxAsrEngine) -> None:
    texts = ["да", "нет", "те да", "на. да"] * 5
    requests = [WindowRequest(whole_window(sung(text)), DecodeOptions()) for text in texts]

    with ThreadPoolExecutor(engine.decode_workers + 2) as threads:
        heard = list(threads.map(lambda request: engine.transcribe([request])[0].text, requests))

    assert engine.decode_workers == 2
    assert heard == [f" {text}" for text in texts]


def test_what_a_client_asks_in_vain_changes_nothing(engine: OnnxAsrEngine) -> None:
    options = DecodeOptions(prompt="Нет", hotwords="нет", temperature=1.0, beam_size=1)

    [transcript] = engine.transcribe([WindowRequest(whole_window(sung("да")), options)])

    assert transcript.text == " да"
    assert engine.info.ignores == ("prompt", "hotwords", "temperature")


@pytest.mark.parametrize(
    ("language", "translate", "text"),
    [("ru", False, " ru."), ("en", False, " en."), ("ru", True, " ru>en."), ("en", True, " en.")],
)
def test_a_model_that_is_told_the_language(
    canary: OnnxAsrEngine, language: str, translate: bool, text: str
) -> None:
    options = DecodeOptions(language=language, translate=translate, word_timestamps=True)
    window = whole_window(sung("да"), (0.2, 0.5))

    [transcript] = canary.transcribe([WindowRequest(window, options)])

    [segment] = transcript.segments
    assert (segment.text, segment.language, segment.words) == (text, language, None)
    assert (segment.start, segment.end) == (0.2, 0.5)  # it tells no times
    assert transcript.uncovered == ()
    assert "word_timestamps" in canary.info.ignores


def test_a_model_that_is_not_told_the_language_it_needs(canary: OnnxAsrEngine) -> None:
    for options in (DecodeOptions(), DecodeOptions(language="ja")):
        with pytest.raises(EngineRefused, match=r"'nemo-canary-1b-v2' must be told .* one of: bg, hr"):
            canary.transcribe([WindowRequest(whole_window(sung("да")), options)])


def test_windows_in_several_languages_share_no_batch(canary: OnnxAsrEngine) -> None:
    window = whole_window(sung("да"))
    asked = [
        DecodeOptions(language="ru"),
        DecodeOptions(language="en"),
        DecodeOptions(language="ru", translate=True),
    ]
    assert len({canary.group(WindowRequest(window, options)) for options in asked}) == 3


def test_a_model_of_several_languages_that_names_none(cache: Path, tmp_path: Path) -> None:
    """GigaAM Multilingual: the language is that which was given, or the recording's, or unknown."""
    folder = tmp_path / "whisper" / "gigaam-multilingual-ctc"
    write_ctc(folder)
    (folder / "v2_ctc.onnx").rename(folder / "multilingual_ctc.onnx")
    (folder / "v2_vocab.txt").rename(folder / "multilingual_vocab.txt")
    (folder / "config.json").write_text("{}")
    engine = loaded(tmp_path, "gigaam-multilingual-ctc")
    window = whole_window(sung("да"))

    asked = (
        WindowRequest(window, DecodeOptions(language="kk")),
        WindowRequest(window, DecodeOptions(), expected="uz"),
        WindowRequest(window, DecodeOptions()),
    )

    assert [engine.transcribe([each])[0].language for each in asked] == ["kk", "uz", "und"]
    engine.close()


def test_a_runtime_that_fails(cache: Path, tmp_path: Path) -> None:
    """Another model's vocabulary: the library asserts that there are enough tokens."""
    write_ctc(tmp_path / "whisper" / CTC)
    (tmp_path / "whisper" / CTC / "v2_vocab.txt").write_text("a 0\n<blk> 1\n")
    engine = loaded(tmp_path, CTC)

    with pytest.raises(EngineFailed, match="The model failed while transcribing"):
        engine.transcribe([WindowRequest(whole_window(sung("да")), DecodeOptions())])
    engine.close()


def test_a_processor_is_never_lost(engine: OnnxAsrEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the runtime says: no second call tries it."""
    calls = []

    def fails(*_: object, **__: object) -> object:
        calls.append(1)
        raise RuntimeError("CUDA failure 719: unspecified launch failure")

    monkeypatch.setattr(engine._runtime, "recognize", fails)
    with pytest.raises(EngineFailed) as failed:
        engine.transcribe([WindowRequest(whole_window(silence(1)), DecodeOptions())])
    assert type(failed.value) is EngineFailed
    assert calls == [1]
