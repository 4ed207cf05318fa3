"""What windows become on their way to a server and back."""

import io
import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.asr.base import DecodeOptions, WindowRequest
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.audio.windows import TimeAnchor, Window
from app.core.config import Settings
from tests.support.web_server import Answer
from tests.unit.asr.backends.remote.transcriber import TRANSLATIONS, Transcriber, refused, segment, spoken
from tests.unit.asr.engines import request, whole_window

SettingsFor = Callable[..., Settings]
ENGLISH = {"language": "english"}


def asking(**options: object) -> WindowRequest:
    return replace(request(), options=DecodeOptions(**options))  # type: ignore[arg-type]


def paused() -> Window:
    """Six seconds of sound from 100 s on; of the pause in its middle, from 103 to 163 s, nothing is left."""
    samples = np.zeros(6 * SAMPLE_RATE, np.float32)
    spans = ((100.0, 103.0), (163.0, 166.0))
    return Window(0, 100.0, 166.0, samples, spans, (TimeAnchor(100.0, 0.0), TimeAnchor(163.0, 3.0)), spans)


def test_options_are_passed_on(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("Hallo."))
    wanted = asking(language="de", prompt="Berlin", hotwords="Spree", temperature=0.4, word_timestamps=True)
    changes = {"remote_api_key": "secret", "remote_model": "org/whisper", "remote_fields": "vad=false&x=1"}
    with server.engine(settings_for, **changes) as engine:
        engine.transcribe([wanted])

    [form] = server.forms
    assert server.requests[0].headers["authorization"] == "Bearer secret"
    assert {name: values for name, values in form.items() if name != "file"} == {
        "model": [b"org/whisper"],
        "vad": [b"false"],
        "x": [b"1"],
        "temperature": [b"0.4"],
        "language": [b"de"],
        "prompt": [b"Spree Berlin"],
        "response_format": [b"verbose_json"],
        "timestamp_granularities[]": [b"segment", b"word"],
    }
    with wave.open(io.BytesIO(form["file"][0])) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (16_000, 1, 80_000)


@pytest.mark.parametrize(("sample_format", "rounding"), [("s16", 2**-16), ("f32", 0)])
def test_the_sound_arrives_as_it_is(
    server: Transcriber, settings_for: SettingsFor, tmp_path: Path, sample_format: str, rounding: float
) -> None:
    samples = np.linspace(-1.0, 0.99, 5 * SAMPLE_RATE, dtype=np.float32)
    server.reply(spoken("Hi."))
    with server.engine(settings_for, remote_sample_format=sample_format) as engine:
        engine.transcribe([WindowRequest(whole_window(samples), DecodeOptions())])

    path = tmp_path / "window.wav"
    path.write_bytes(server.forms[0]["file"][0])
    received, _ = read_samples(path)
    assert len(received) == len(samples)
    assert np.abs(received - samples).max() <= rounding


def test_what_the_record_says(server: Transcriber, settings_for: SettingsFor) -> None:
    with server.engine(settings_for) as engine:
        assert (engine.info.engine, engine.info.model, engine.info.device) == ("remote", "base", "remote")
        assert (engine.info.digest, engine.info.encoder_context) == ("base", "full")
    with server.engine(settings_for, remote_model="org/whisper", remote_fields="vad=false") as engine:
        assert (engine.info.model, engine.info.digest) == ("base", "org/whisper?vad=false")


def test_a_translation_has_an_address_of_its_own(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("Hello."))
    with server.engine(settings_for) as engine:
        engine.transcribe([asking(translate=True, language="de")])

    assert server.requests[0].path == TRANSLATIONS
    assert server.asked("language") == [[]], "OpenAI's translations take none"


def test_times_are_those_of_the_recording(server: Transcriber, settings_for: SettingsFor) -> None:
    """A phrase that ends at the pause ends before it, and the next one begins after it."""
    words = [
        {"word": "Good", "start": 0.5, "end": 1.0},
        {"word": "morning", "start": 1.0, "end": 3.0},
        {"word": "All", "start": 3.5, "end": 4.0},
    ]
    segments = [segment(" Good morning,", 0.5, 3.0), segment(" all!", 3.0, 9.0), segment(" ", 9.0, 9.0)]
    server.reply(spoken("Good morning, all!", segments=segments, words=words, **ENGLISH))
    wanted = WindowRequest(paused(), DecodeOptions(word_timestamps=True))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([wanted])

    assert [(each.id, each.start, each.end, each.text) for each in transcript.segments] == [
        (0, 100.5, 103.0, " Good morning,"),
        (1, 163.0, 166.0, " all!"),
    ]
    spelt = [(word.word, word.start, word.end) for each in transcript.segments for word in each.words or ()]
    assert spelt == [(" Good", 100.5, 101.0), (" morning,", 101.0, 103.0), (" all!", 163.5, 164.0)]
    assert (transcript.language, transcript.languages) == ("en", {"en": 1.0})
    assert transcript.segments[0].avg_logprob == -0.2


def test_words_are_kept_only_where_they_were_asked_for(
    server: Transcriber, settings_for: SettingsFor
) -> None:
    server.reply(spoken("Hi.", segments=[segment("Hi.", 0, 1)], words=[{"word": "Hi", "start": 0, "end": 1}]))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])
    assert transcript.segments[0].words is None


def test_text_alone_is_one_segment(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("Hi there."))
    window = whole_window(np.zeros(5 * SAMPLE_RATE, np.float32), (11.0, 14.0), start=10.0)
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([WindowRequest(window, DecodeOptions())])

    [only] = transcript.segments
    assert (only.start, only.end, only.text) == (11.0, 14.0, "Hi there.")
    assert transcript.language == "und", "the server named no language"


def test_speech_without_any_text_is_named(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("", segments=[]))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])

    assert transcript.segments == ()
    assert [(span.start, span.end) for span in transcript.uncovered] == [(0.0, 5.0)]


def test_noise_is_no_text(server: Transcriber, settings_for: SettingsFor) -> None:
    noise = segment("Thank you.", 0, 5, avg_logprob=-1.4, no_speech_prob=0.9)
    server.reply(spoken("Thank you.", segments=[noise]))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])
    assert (transcript.noise, transcript.segments) == (True, ())


@pytest.mark.parametrize(
    ("replies", "detail"),
    [
        ([refused(400, "no word times"), spoken("Hi.")], ["segment"]),
        ([refused(400, "no words"), refused(422, "no verbose_json"), spoken("Hi.")], []),
    ],
)
def test_a_server_that_has_no_times_is_asked_for_less(
    server: Transcriber, settings_for: SettingsFor, replies: list[Answer], detail: list[str]
) -> None:
    """And it is remembered."""
    server.reply(*replies)
    with server.engine(settings_for) as engine:
        for _ in range(2):
            [transcript] = engine.transcribe([asking(word_timestamps=True)])

    assert transcript.text == "Hi."
    assert server.asked("timestamp_granularities[]")[-2:] == [detail, detail]
    assert len(server.requests) == len(replies) + 1


def test_a_loop_is_decoded_again_at_higher_temperatures(
    server: Transcriber, settings_for: SettingsFor
) -> None:
    server.reply(spoken("no " * 60, **ENGLISH), spoken("no " * 60, **ENGLISH), spoken("No.", **ENGLISH))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])

    assert (transcript.text, transcript.retries) == ("No.", 2)
    assert server.asked("temperature") == [["0"], ["0.2"], ["0.4"]]
    assert server.asked("language") == [[], ["en"], ["en"]], "in the language that was detected first"


def test_a_server_that_falls_back_itself_is_believed(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("no " * 60, segments=[segment("no " * 60, 0, 5, temperature=1.0)]))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([request()])

    assert len(server.requests) == 1
    assert transcript.text == "no", "what is said over and over is written once"


def test_an_echo_of_the_prompt_is_asked_for_without_it(
    server: Transcriber, settings_for: SettingsFor
) -> None:
    server.reply(spoken("Berlin Spree"), spoken(""))
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([asking(prompt="Berlin Spree")])
    assert transcript.text == ""
    assert server.asked("prompt") == [["Berlin Spree"], []]


def test_the_language_of_the_recording_is_passed_on(server: Transcriber, settings_for: SettingsFor) -> None:
    server.reply(spoken("Hallo."))
    with server.engine(settings_for) as engine:
        for expected in ("de", "und"):
            engine.transcribe([replace(request(), expected=expected)])
    assert server.asked("language") == [["de"], []]


def test_a_language_that_is_not_among_those_named(server: Transcriber, settings_for: SettingsFor) -> None:
    dutch, german, english = (
        spoken(text, language=language, segments=[segment(text, 0, 5, avg_logprob=logprob)])
        for text, language, logprob in [
            *[("Goede dag.", "dutch", -0.1), ("Guten Tag.", "german", -0.3)],
            ("Good duck.", "english", -0.7),
        ]
    )
    server.reply(dutch, german, english)
    with server.engine(settings_for) as engine:
        [transcript] = engine.transcribe([asking(languages=("de", "en"))])

    assert (transcript.text, transcript.language) == ("Guten Tag.", "de")
    assert server.asked("language") == [[], ["de"], ["en"]]
