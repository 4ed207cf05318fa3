"""Recordings are told by their content, however they are called and however they are sent."""

from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.audio.decode import read_samples
from app.core.config import Settings
from app.core.recording_path import RecordingPath
from app.storage.opening import open_storage
from tests.integration.api.bad_requests import FORM_TYPE, form, part, text, upload
from tests.support.api import ASSETS, Service, serving
from tests.support.transcoding import Target, transcode

SECONDS = 6.2
"""Length of the English sentence."""

OPUS = (ASSETS / "speech_ru.ogg").read_bytes()

NAMES = [
    *("blob", "voice", "audio", "recording.", "Aufnahme vom 3. Mai", ".ogg", "file.bin", "talk.mp3.exe"),
    *("talk.ogg?token=1", "talk.ogg?token=a.b/c", "talk.part", "talk.mp3", "нет расширения", "x" * 300),
    "../../etc/passwd",
]

FORMATS = {
    "3g2": Target("3g2", "aac", sample_format="fltp"),
    "aifc": Target("aiff", "pcm_s16be"),
    "amr": Target("amr", "libopencore_amrnb", 8000, bit_rate=12_200),
    "au": Target("au", "pcm_mulaw", 8000),
    "m2ts": Target("mpegts", "ac3", 48_000, sample_format="fltp", options={"mpegts_m2ts_mode": "1"}),
    "m4r": Target("ipod", "aac", sample_format="fltp"),
    "mts": Target("mpegts", "mp2", 44_100),
    "qta": Target("mov", "aac", sample_format="fltp"),
    "tta": Target("tta", "tta"),
    "vob": Target("vob", "ac3", 48_000, sample_format="fltp"),
    "w64": Target("w64", "pcm_s16le"),
    "weba": Target("webm", "libopus", 48_000),
    "wv": Target("wv", "wavpack", sample_format="s16p"),
    # raw streams: only the name tells what they are
    "al": Target("alaw", "pcm_alaw", 8000),
    "aptx": Target("aptx", "aptx", 48_000, "stereo", "s32p"),
    "g722": Target("g722", "g722"),
    "g723_1": Target("g723_1", "g723_1", 8000, bit_rate=6300),
    "sln": Target("s16le", "pcm_s16le", 8000),
    "ulaw": Target("mulaw", "pcm_mulaw", 8000),
}


def send(client: httpx2.Client, *parts: bytes, query: str = "") -> httpx2.Response:
    return client.post(f"/transcribe/{query}", content=form(*parts), headers={"Content-Type": FORM_TYPE})


def stored(service: Service) -> RecordingPath:
    """The recording as a worker finds it."""
    path = open_storage(service.settings).recording_of(service.queued_task())
    assert path is not None
    return path


def seconds_of(path: RecordingPath) -> float:
    samples, _ = read_samples(path)
    return len(samples) / 16_000


@pytest.mark.parametrize("name", NAMES)
def test_any_name_will_do(service: Service, client: httpx2.Client, name: str) -> None:
    answer = send(client, upload(name, OPUS))

    assert answer.status_code == 202, answer.text
    assert seconds_of(stored(service)) == pytest.approx(5.9, abs=0.1)
    assert "token" not in (service.queued_task().filename or "")


@pytest.mark.parametrize("extension", sorted(FORMATS))
def test_every_format_that_can_be_decoded(
    service: Service, client: httpx2.Client, tmp_path: Path, extension: str
) -> None:
    source, target = ASSETS / "speech_en.flac", FORMATS[extension]
    content = transcode(source, tmp_path / "made", target).read_bytes()

    answer = send(client, upload(f"Talk.{extension.upper()}", content))

    assert answer.status_code == 202, answer.text
    assert seconds_of(stored(service)) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("name", ["speech_en.gsm", "speech_en.spx", "speech_en.dts"])
def test_formats_that_only_others_write(service: Service, client: httpx2.Client, name: str) -> None:
    answer = send(client, upload(name, (ASSETS / name).read_bytes()))

    assert answer.status_code == 202, answer.text
    assert seconds_of(stored(service)) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("name", ["lies.mp3", "lies.g722", "lies.ulaw", "lies.aptx", "lies.wav"])
@pytest.mark.parametrize("truth", ["speech_en.mp3", "speech_en_stereo.m4a", "speech_en_mulaw_8k.wav"])
def test_a_name_that_lies_misleads_nobody(
    service: Service, client: httpx2.Client, name: str, truth: str
) -> None:
    answer = send(client, upload(name, (ASSETS / truth).read_bytes()))

    assert answer.status_code == 202, answer.text
    assert seconds_of(stored(service)) == pytest.approx(SECONDS, abs=0.1)


def test_what_is_no_recording_is_refused_whatever_its_name(client: httpx2.Client) -> None:
    for name in ("notes.txt", "notes", "notes.mp3"):
        answer = send(client, upload(name, b"Buy milk.\n" * 50))
        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_audio"), name


def test_extensions_of_the_users_choice_keep_their_meaning(settings_for: Callable[..., Settings]) -> None:
    with (
        serving(settings_for(allowed_extensions="mp3,.OGG")) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        for name in ("blob", "talk.webm", "talk.ogg.exe", "talk.", "talk.wav?x=1"):
            refused = send(client, upload(name, OPUS))
            assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_extension"), name
            assert refused.json()["choices"] == ["mp3", "ogg"]
            assert "ALLOWED_EXTENSIONS" in refused.json()["detail"]
        for name in ("talk.ogg", "TALK.MP3", "talk.ogg?token=1"):
            assert send(client, upload(name, OPUS)).status_code == 202, name
        assert service.keys()


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        # .NET's HttpClient sends both; the second is the good one
        ("filename=\"=?utf-8?B?0LTQsC5vZ2c=?=\"; filename*=utf-8''%D0%BD%D0%B5%D1%82.ogg", "нет.ogg"),
        ("filename*=utf-8''%D0%BD%D0%B5%D1%82.ogg; filename=\"=?utf-8?B?0LTQsC5vZ2c=?=\"", "нет.ogg"),
        ('filename="=?utf-8?B?0LTQsC5vZ2c=?="', "да.ogg"),
        ('filename="=?utf-8?Q?=D0=B4=D0=B0=2Eogg?="', "да.ogg"),
        ("filename=\"plain.ogg\"; filename*=nonsense''%FF", "plain.ogg"),
        ("filename*=a.ogg; filename*0=b", None),
    ],
)
def test_names_in_the_ways_in_which_clients_write_them(
    service: Service, client: httpx2.Client, disposition: str, filename: str | None
) -> None:
    disposed = part(f'; name="file"; {disposition}', OPUS, "Content-Type: audio/ogg\r\n")
    answer = send(client, disposed)

    assert answer.status_code == 202, answer.text
    assert service.queued_task().filename == filename


@pytest.mark.parametrize("disposition", ['; name="file"', '; name="file"; filename=""'])
def test_a_recording_without_a_name(service: Service, client: httpx2.Client, disposition: str) -> None:
    answer = send(client, part(disposition, OPUS, "Content-Type: audio/ogg\r\n"), text("model", "base"))

    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.filename, task.model) == (None, "base")
    assert seconds_of(stored(service)) == pytest.approx(5.9, abs=0.1)


@pytest.mark.parametrize(
    "kind", ["audio/ogg", "AUDIO/ogg; codecs=opus", "video/ogg", "application/octet-stream"]
)
def test_a_body_that_is_the_recording(service: Service, client: httpx2.Client, kind: str) -> None:
    answer = client.post(
        "/transcribe/?model=base&trim=3&language=ru", content=OPUS, headers={"Content-Type": kind}
    )

    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.model, task.trim, task.language, task.filename) == ("base", 3, "ru", None)
    with stored(service).open("rb", 0) as file:
        assert file.readall() == OPUS


def test_the_name_of_such_a_body(service: Service, client: httpx2.Client, tmp_path: Path) -> None:
    content = transcode(ASSETS / "speech_en.flac", tmp_path / "made", FORMATS["g722"]).read_bytes()
    headers = {"Content-Type": "audio/x-any", "Content-Disposition": 'attachment; filename="talk.g722"'}
    answer = client.post("/transcribe/", content=content, headers=headers)

    assert answer.status_code == 202, answer.text
    assert service.queued_task().filename == "talk.g722"
    assert seconds_of(stored(service)) == pytest.approx(SECONDS, abs=0.1)


def test_such_a_body_is_told_by_its_type_where_extensions_are_chosen(
    settings_for: Callable[..., Settings],
) -> None:
    with (
        serving(settings_for(allowed_extensions="ogg")) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        for kind, status in (("audio/ogg", 202), ("audio/wav", 415), ("application/octet-stream", 415)):
            answer = client.post("/transcribe/", content=OPUS, headers={"Content-Type": kind})
            assert answer.status_code == status, answer.text


def test_such_a_body_has_the_limits_of_a_form(settings_for: Callable[..., Settings]) -> None:
    headers = {"Content-Type": "audio/wav"}
    with (
        serving(settings_for(max_upload_mb=1)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        streamed = (bytes(2**20) for _ in range(3))
        for body in (bytes(3 * 2**20), streamed):
            answer = client.post("/transcribe/", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
        for body, code in ((b"", "empty_file"), (b"no recording", "unreadable_audio")):
            answer = client.post("/transcribe/", content=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert service.files() == []
        assert service.keys() == []


def test_such_a_body_on_openais_address(service: Service, client: httpx2.Client) -> None:
    answer = client.post(
        "/v1/audio/transcriptions?model=base&language=ru&prompt=%D0%9F%D1%80%D0%B8%D0%B2%D0%B5%D1%82",
        content=OPUS,
        headers={"Content-Type": "audio/ogg", "Prefer": "respond-async"},
    )

    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.model, task.language, task.prompt) == ("base", "ru", "Привет")

    wrong = client.post(
        "/v1/audio/transcriptions?model=huge", content=OPUS, headers={"Content-Type": "audio/ogg"}
    )
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "model_not_found")
