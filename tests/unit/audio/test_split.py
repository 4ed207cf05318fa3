"""Channels that are kept apart, tracks side by side, and long silence."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.audio.blocks import BLOCK_SAMPLES, Blocks
from app.audio.channels import ChannelWindow, cut_channels
from app.audio.chunker import ChunkRules
from app.audio.decode import SoundStream
from app.audio.listening import Listening
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.silence import SETTLED_SECONDS, SilenceSkipper
from app.audio.track_mix import MOST_BLOCKS, TrackMix
from app.audio.vad import SpeechDetector
from app.audio.windows import Window, cut_windows
from app.schemas.task import TrackChoice
from tests.support.recordings import Part, channels, likeness, planes, sentence, silence, wav, write

RULES = ChunkRules()


def _blocks(path: Path) -> list[np.ndarray]:
    return list(SoundStream(path, Listening(split=True)))


def _same(one: Window, other: Window) -> bool:
    return (one.start, one.end, one.speech) == (other.start, other.end, other.speech) and np.array_equal(
        one.samples, other.samples
    )


def _call(path: Path) -> Path:
    left = np.concatenate([sentence(), silence(7), sentence()])
    right = np.concatenate([silence(5), sentence()])
    return wav(path, planes(left, right))


def test_each_channel_is_cut_as_if_it_were_alone(tmp_path: Path) -> None:
    blocks = _blocks(_call(tmp_path / "call.wav"))

    found = list(cut_channels(blocks, RULES))

    for channel in (0, 1):
        alone = list(cut_windows([block[channel] for block in blocks]))
        mine = [each.window for each in found if each.channel == channel]
        assert len(mine) == len(alone) > 0
        assert all(_same(one, other) for one, other in zip(mine, alone, strict=True))


def test_windows_of_all_channels_have_one_count_that_is_always_the_same(tmp_path: Path) -> None:
    path = _call(tmp_path / "call.wav")

    first, second = (list(cut_channels(_blocks(path), RULES)) for _ in range(2))

    assert [each.window.number for each in first] == list(range(len(first)))
    assert [_told(each) for each in first] == [_told(each) for each in second]
    ends = [each.window.end for each in first]
    assert all(end - before > -RULES.hard_max for before, end in pairwise(ends))


def _told(each: ChannelWindow) -> tuple[int | None, int, float]:
    return each.channel, each.window.number, each.window.start


def test_a_channel_that_appears_later_keeps_its_times(tmp_path: Path) -> None:
    one = wav(tmp_path / "one.wav", np.concatenate([sentence(), silence(3)])[np.newaxis])
    two = wav(tmp_path / "two.wav", channels(2, 1))
    path = tmp_path / "joined.wav"
    path.write_bytes(one.read_bytes() + two.read_bytes())

    found = list(cut_channels(_blocks(path), RULES))

    assert [(each.channel, round(each.window.speech[0][0])) for each in found] == [(0, 0), (1, 9)]


def test_tracks_are_channels_where_both_are_asked_for(tmp_path: Path) -> None:
    late = np.concatenate([silence(1), sentence()])
    path = write(
        tmp_path / "studio.mka",
        Part(planes(sentence(), -sentence()), codec="flac"),
        Part(late[np.newaxis], codec="flac"),
    )

    blocks = list(SoundStream(path, Listening(track=TrackChoice.MIX, split=True)))

    rows = np.concatenate(blocks, axis=1)
    assert len(rows) == 2
    assert likeness(rows[0], sentence()) > 0.99
    assert likeness(rows[1], late) > 0.99


def test_mixed_tracks_lose_none(tmp_path: Path) -> None:
    turns = [np.concatenate([silence(7 * number), sentence(), silence(1)]) for number in range(3)]
    path = write(tmp_path / "turns.mka", *(Part(turn[np.newaxis], codec="flac") for turn in turns))

    samples = np.concatenate(list(SoundStream(path, Listening(track=TrackChoice.MIX))), axis=1)[0]

    for number in range(3):
        begun = 7 * number * SAMPLE_RATE
        assert likeness(samples[begun : begun + len(sentence())], sentence()) > 0.98


def test_a_track_that_has_ended_is_not_waited_for() -> None:
    mix = TrackMix([0, 1])
    block = np.ones((1, BLOCK_SAMPLES), np.float32)

    given = [rows for _ in range(MOST_BLOCKS) for rows in mix.add(0, block)]
    late = list(mix.add(1, block))
    rest = list(mix.finish())

    assert len(given) + len(rest) == MOST_BLOCKS
    assert len(given) >= MOST_BLOCKS // 2
    assert late == []
    assert all(rows.shape == (2, BLOCK_SAMPLES) for rows in given)


@pytest.mark.parametrize("size", [1, 999, 16_000, 40_000])
def test_blocks_begin_at_whole_seconds(size: int) -> None:
    sound = np.arange(100_000, dtype=np.float32)[np.newaxis]
    blocks = Blocks()

    cut = [block for first in range(0, 100_000, size) for block in blocks.add(sound[:, first : first + size])]
    cut += list(blocks.flush())

    assert [block.shape[1] for block in cut] == [BLOCK_SAMPLES] * 6 + [4_000]
    assert np.array_equal(np.concatenate(cut, axis=1), sound)


def test_long_silence_changes_nothing_that_is_heard_after_it() -> None:
    still = [np.zeros(SAMPLE_RATE, np.float32)] * (SETTLED_SECONDS + 77)
    skipping, listening = SilenceSkipper(SpeechDetector()), SpeechDetector()

    for samples in still:
        skipped, heard = skipping.feed(samples), listening.feed(samples)
        assert len(skipped) == len(heard)
    skipped, heard = skipping.feed(sentence()), listening.feed(sentence())

    assert np.abs(skipped - heard).max() < 0.001
    assert len(skipping.flush()) == len(listening.flush())


def test_silence_is_skipped_once_it_is_long() -> None:
    heard: list[int] = []

    class Counting(SpeechDetector):
        def feed(self, samples: Samples) -> np.ndarray:
            heard.append(len(samples))
            return super().feed(samples)

    detector = SilenceSkipper(Counting())
    for _ in range(SETTLED_SECONDS + 100):
        detector.feed(np.zeros(SAMPLE_RATE, np.float32))

    assert sum(heard) < (SETTLED_SECONDS + 10) * SAMPLE_RATE
