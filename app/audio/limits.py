"""What a recording may demand of the machine; each bound is a setting and names itself when it is met."""

from dataclasses import dataclass

from app.core.config import Settings
from app.core.transcript_warnings import TranscriptWarning, WarningSentence


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Bounds of MAX_DURATION_SECONDS (seconds), MIN_SAMPLE_RATE and MAX_SAMPLE_RATE (Hz), MAX_CHANNELS."""

    max_seconds: float = 86_400.0
    min_rate: int = 2_000
    max_rate: int = 4_000_000
    max_channels: int = 64

    @classmethod
    def from_settings(cls, settings: Settings) -> "AudioLimits":
        """Those that the settings ask for."""
        return cls(
            max_seconds=settings.max_duration_seconds,
            min_rate=settings.min_sample_rate,
            max_rate=settings.max_sample_rate,
            max_channels=settings.max_channels,
        )

    def rate_problem(self, rate: int) -> WarningSentence | None:
        """Why sound of this sample rate is not decoded; None where it is."""
        if rate < self.min_rate:
            return TranscriptWarning.TRACK_LOW_RATE.sentence(rate=rate, limit=self.min_rate)
        if rate > self.max_rate:
            return TranscriptWarning.TRACK_HIGH_RATE.sentence(rate=rate, limit=self.max_rate)
        return None

    def split_problem(self, channels: int) -> str | None:
        """Why so many channels are not kept apart; None where they are."""
        if channels > self.max_channels:
            return (
                f"The recording has {channels} channels, more than the {self.max_channels} that are kept "
                "apart (MAX_CHANNELS); ask for `channels=mix`."
            )
        return None

    def mix_problem(self, tracks: int) -> str | None:
        """Why so many tracks are not mixed; None where they are."""
        if tracks > self.max_channels:
            return (
                f"The file has {tracks} audio tracks, more than the {self.max_channels} that are mixed "
                "(MAX_CHANNELS); ask for one of them with `track`."
            )
        return None
