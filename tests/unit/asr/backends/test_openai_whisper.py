from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.asr.backends import openai_whisper
from app.asr.backends.openai_whisper import MelStates
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.language import Languages
from app.asr.pipeline import WhisperPipeline
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import Window, cut_windows
from app.core.config import Settings
from app.core.errors import EngineFailed
from app.weights.store import WeightStore

pytestmark = [
    pytest.mark.weights,
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),  # openai-whisper's vocabulary
]


Engine = WhisperPipeline[MelStates]


@pytest.fixture(scope="module")
def engine(base_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """`base`, made from CTranslate2's weights."""
    cache = tmp_path_factory.mktemp("cache")
    (cache / "whisper").mkdir()
    (cache / "whisper" / "base").symlink_to(base_weights / "whisper" / "base", target_is_directory=True)
    file = WeightStore(cache, downloads=False).ensure_openai("base")
    engine = openai_whisper.load(file, "base", Settings())
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def windows(assets: Path) -> list[Window]:
    """English after five seconds of silence, and Russian."""
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    english, russian = (read_samples(assets / name)[0] for name in ("speech_en.flac", "speech_ru.ogg"))
    [first], [second] = (list(cut_windows([sound])) for sound in (_joined(silence, english), russian))
    return [first, second]


def _joined(*parts: Samples) -> Samples:
    return np.concatenate(parts)


def test_windows_of_several_languages_in_one_batch(engine: Engine, windows: list[Window]) -> None:
    options = DecodeOptions(beam_size=1)

    english, russian = engine.transcribe([WindowRequest(window, options) for window in windows])

    assert (english.language, russian.language) == ("en", "ru")
    assert english.languages["en"] > 0.5
    assert "we will walk to the river" in english.text.lower()
    assert 4.5 <= english.segments[0].start <= 5.5
    assert english.segments[-1].end == pytest.approx(11.2, abs=0.7)
    assert any("а" <= letter <= "я" for letter in russian.text)


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # its beam search without an end
def test_windows_of_one_language_are_decoded_with_a_beam(engine: Engine, windows: list[Window]) -> None:
    """Which openai-whisper does for one window only."""
    options = DecodeOptions(beam_size=2, language="en")
    request = WindowRequest(windows[0].part(0.0, 4.0), options)
    [alone] = engine.transcribe([request])

    assert alone.text
    assert engine.transcribe([request, request]) == [alone, alone]


def test_only_languages_that_it_may_be_are_detected(engine: Engine, windows: list[Window]) -> None:
    options = DecodeOptions(beam_size=1, languages=("de", "ru"))

    english, russian = engine.transcribe([WindowRequest(window, options) for window in windows])

    assert english.language in ("de", "ru")
    assert russian.language == "ru"
    assert sum(russian.languages.values()) == pytest.approx(1, abs=0.001)


def test_a_window_in_another_language_than_its_recording(engine: Engine, windows: list[Window]) -> None:
    options = DecodeOptions(beam_size=1)

    [transcript] = engine.transcribe([WindowRequest(windows[0], options, expected="ru")])

    assert transcript.language == "en"
    assert "we will walk to the river" in transcript.text.lower()


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # its beam search without an end
def test_where_the_language_is_not_clear_the_text_tells(
    engine: Engine, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = Languages({"ar": 0.4, "en": 0.3, "cy": 0.04})
    monkeypatch.setattr(engine._backend, "detect", lambda _, among: [unsure] * len(among))

    [transcript] = engine.transcribe([WindowRequest(windows[0], DecodeOptions(beam_size=1))])

    assert (transcript.language, transcript.languages) == ("en", {"en": 0.7})
    assert "we will walk to the river" in transcript.text.lower()


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # its beam search without an end
def test_a_window_with_more_text_than_the_model_can_write_is_divided(
    engine: Engine, assets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english, german = (read_samples(assets / name)[0] for name in ("speech_en.flac", "speech_de.ogg"))
    [window] = cut_windows([_joined(english, np.zeros(SAMPLE_RATE, np.float32), german)])
    monkeypatch.setattr(openai_whisper, "FIRST_TOKENS", 35)
    monkeypatch.setattr(openai_whisper, "MOST_TOKENS", 35)

    [transcript] = engine.transcribe([WindowRequest(window, DecodeOptions(beam_size=1))])

    assert "under the old tree" in transcript.text
    assert "unter dem alten Baum" in transcript.text


def test_words_have_times(engine: Engine, windows: list[Window]) -> None:
    options = DecodeOptions(beam_size=1, language="en", word_timestamps=True)

    [transcript] = engine.transcribe([WindowRequest(windows[0], options)])

    words = [word for segment in transcript.segments for word in segment.words or ()]
    assert "".join(word.word for word in words) == transcript.text
    assert all(5 <= word.start <= word.end <= 11.5 for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert transcript.languages == {}


def test_only_requests_with_the_same_options_go_together(engine: Engine, windows: list[Window]) -> None:
    one, same, other = (
        engine.group(WindowRequest(window, DecodeOptions(language=language)))
        for window, language in zip([*windows, windows[0]], ["en", "en", "ru"], strict=True)
    )

    assert one == same != other


def test_special_tokens_in_a_prompt_are_no_error(engine: Engine, windows: list[Window]) -> None:
    def text(prompt: str | None) -> str:
        options = DecodeOptions(beam_size=1, language="en", prompt=prompt)
        [transcript] = engine.transcribe([WindowRequest(windows[0], options)])
        return transcript.text

    assert text("<|endoftext|>" * 200) == text(None)


def test_batches_at_the_same_time_do_not_mix(engine: Engine, windows: list[Window]) -> None:
    """openai-whisper hooks its caches into the model; newcomers and short ones get decode workers."""
    batch = [WindowRequest(windows[0], DecodeOptions(beam_size=1, language="en"))]
    alone = engine.transcribe(batch)
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(engine.transcribe, [batch, batch]))

    assert together == [alone, alone]


def test_a_processor_is_never_lost(
    engine: Engine, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever torch says: no second call tries it."""
    calls = []

    def fails(*_: object, **__: object) -> object:
        calls.append(1)
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(engine._backend, "encode", fails)
    monkeypatch.setattr(engine._backend, "probe", fails)
    with pytest.raises(EngineFailed) as failed:
        engine.transcribe([WindowRequest(windows[0], DecodeOptions())])
    assert type(failed.value) is EngineFailed
    assert calls == [1]
