import io
from pathlib import Path

import av
import pytest

from app.audio.probe import AudioInfo, probe
from app.core.errors import NoAudio, UnreadableAudio


@pytest.mark.parametrize(
    ("name", "codec", "channels", "rate", "seconds"),
    [
        ("speech_en.flac", "flac", 1, 16000, 6.19),
        ("speech_en_mulaw_8k.wav", "pcm_mulaw", 1, 8000, 6.19),
        ("speech_en.mp3", "mp3", 1, 24000, 6.19),
        ("speech_en_with_cover.mp3", "mp3", 1, 22050, 6.19),
        ("speech_en_stereo.m4a", "aac", 2, 44100, 6.19),
        ("speech_en.webm", "opus", 1, 48000, 6.20),
        ("speech_ru.ogg", "opus", 1, 48000, 5.91),
        ("video_with_sound.mp4", "aac", 1, 22050, 6.19),
        ("damaged_middle.mp3", "mp3", 1, 24000, 6.19),
        ("truncated_after_index.m4a", "aac", 2, 44100, 6.19),
    ],
)
def test_tells_what_a_recording_is(
    assets: Path, name: str, codec: str, channels: int, rate: int, seconds: float
) -> None:
    info = probe(assets / name)

    assert info == AudioInfo(info.duration, codec, channels, rate, info.tracks)
    assert [(track.number, track.codec, track.problem) for track in info.tracks] == [(1, codec, None)]
    assert info.duration == pytest.approx(seconds, abs=0.01)


@pytest.mark.parametrize(
    "name", ["empty.mp3", "text_renamed.mp3", "truncated_without_index.m4a", "headers_only.ogg"]
)
def test_refuses_what_is_no_recording(assets: Path, name: str) -> None:
    with pytest.raises(UnreadableAudio, match="no audio or video"):
        probe(assets / name)


def test_refuses_big_endian_wav_which_ffmpeg_reads_as_noise(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"RIFX" + bytes(1000))

    with pytest.raises(UnreadableAudio, match="RIFX"):
        probe(path)


@pytest.mark.parametrize("name", ["video_without_sound.mp4", "picture_renamed.mp3"])
def test_refuses_a_file_without_an_audio_stream(assets: Path, name: str) -> None:
    with pytest.raises(NoAudio, match="no audio stream"):
        probe(assets / name)


@pytest.mark.parametrize("name", ["zero_samples.wav", "noise_for_samples.m4a"])
def test_refuses_a_stream_without_a_sample(assets: Path, name: str) -> None:
    with pytest.raises(NoAudio, match="not one sample"):
        probe(assets / name)


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile 'secret.wav'\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{folder}/secret.wav\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_cannot_open_other_files(assets: Path, tmp_path: Path, playlist: str) -> None:
    (tmp_path / "secret.wav").write_bytes((assets / "speech_en_mulaw_8k.wav").read_bytes())
    (tmp_path / "upload.mp3").write_text(playlist.format(folder=tmp_path))

    with pytest.raises(UnreadableAudio):
        probe(tmp_path / "upload.mp3")


def test_the_container_may_not_state_a_length(assets: Path, tmp_path: Path) -> None:
    path = tmp_path / "stream.aac"
    path.write_bytes(_adts_stream(assets / "speech_en_stereo.m4a"))

    assert probe(path).codec == "aac"


def _adts_stream(source: Path) -> bytes:
    target = io.BytesIO()
    with av.open(str(source)) as given, av.open(target, "w", format="adts") as made:
        stream = made.add_stream_from_template(given.streams.audio[0])
        for packet in given.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)
    return target.getvalue()
