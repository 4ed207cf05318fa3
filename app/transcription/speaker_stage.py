"""Telling speakers apart, beside the transcription of a recording: from the windows that are cut for it."""

import base64
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

from app.audio.channels import ChannelWindow
from app.audio.reading.cutting import WindowSource
from app.schemas.known_speaker import KnownSpeaker
from app.schemas.transcript import Transcript
from app.speakers.clustering import SpeakerCount
from app.speakers.encoder import Vector, VoiceEncoder
from app.speakers.known import clip_vector, names_of, voice_vectors
from app.speakers.model import VoiceModel
from app.speakers.stretches import Voices, spans_only, voices_of
from app.speakers.turns import VoiceTurn, channel_turns, turns_of
from app.transcription.request import Job, Watch
from app.transcription.speaker_labels import with_speakers

POLL_SECONDS = 0.2
"""How often a recording that waits for weights asks whether it is still wanted."""


class SpeakerStage:
    """The speakers of one recording. Of each window its vectors are kept, and none of its sound.

    An attempt that goes on where an earlier one stopped cuts all windows again: the same sound gives the same
    vectors and turns.
    """

    def __init__(
        self, encoder: VoiceEncoder, count: SpeakerCount, known: Sequence[KnownSpeaker] = ()
    ) -> None:
        """Raises AudioUndecodable where a clip of a known speaker holds no speech."""
        self._encoder = encoder
        self._count = count
        self._clips = {each.name: _clip_vector(each, encoder) for each in known}
        self._heard: list[Voices] = []

    @classmethod
    def of(cls, job: Job, model: VoiceModel, watch: Watch) -> "SpeakerStage | None":
        """That of a job, once the weights are in memory; None where it asks for no speakers.

        Raises ModelUnavailable, TaskCancelled.
        """
        if job.speakers is None:
            return None
        with ThreadPoolExecutor(1, thread_name_prefix="voices") as pool:
            loading = pool.submit(model.get)
            while not wait([loading], timeout=POLL_SECONDS).done:
                watch.check()
                watch.on_alive()
            return cls(loading.result(), job.speakers, job.known_speakers)

    @property
    def digest(self) -> str:
        """The sum of the weights."""
        return self._encoder.digest

    def listening(self, windows: Iterator[ChannelWindow], source: WindowSource) -> Iterator[ChannelWindow]:
        """The same windows, each of them listened to before it is passed on."""
        for each in windows:
            is_side = each.channel is not None and source.report.source.channels > 1
            voices = (
                spans_only(each.window)
                if is_side and not self._clips
                else voices_of(each.window, self._encoder)
            )
            self._heard.append(replace(voices, channel=each.channel if is_side else None))
            yield each

    def labelled(self, transcript: Transcript) -> Transcript:
        """The transcript of these windows, with speakers."""
        provenance = transcript.provenance
        if provenance is not None:
            provenance = provenance.model_copy(update={"speaker_model_digest": self.digest})
        turns = self._turns()
        known = names_of(voice_vectors(self._heard, turns), self._clips) if self._clips else {}
        labelled = with_speakers(transcript, turns, known, by_channel=self._are_channels)
        return labelled.model_copy(update={"provenance": provenance})

    @property
    def _are_channels(self) -> bool:
        """Whether each channel is one speaker."""
        return any(voices.channel is not None for voices in self._heard)

    def _turns(self) -> list[VoiceTurn]:
        return channel_turns(self._heard) if self._are_channels else turns_of(self._heard, self._count)


def _clip_vector(speaker: KnownSpeaker, encoder: VoiceEncoder) -> Vector:
    """The vector of a clip, which lies on the disk no longer than that takes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(speaker.clip))
        file.flush()
        return clip_vector(Path(file.name), speaker.name, encoder)
