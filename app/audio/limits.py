"""What a recording may demand of the machine; each bound is a setting and names itself when it is met."""

from dataclasses import dataclass

from app.core.config import Settings


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Bounds of MAX_DURATION_SECONDS (seconds), MIN_SAMPLE_RATE and MAX_SAMPLE_RATE (Hz)."""

    max_seconds: float = 86_400.0
    min_rate: int = 2_000
    max_rate: int = 4_000_000

    @classmethod
    def from_settings(cls, settings: Settings) -> "AudioLimits":
        """Those that the settings ask for."""
        return cls(settings.max_duration_seconds, settings.min_sample_rate, settings.max_sample_rate)

    def rate_problem(self, rate: int) -> str | None:
        """Why sound of this sample rate is not decoded; None where it is."""
        if rate < self.min_rate:
            return (
                f"Its sample rate of {rate} Hz is below the lowest allowed, MIN_SAMPLE_RATE={self.min_rate}."
            )
        if rate > self.max_rate:
            return (
                f"Its sample rate of {rate} Hz is above the highest allowed, MAX_SAMPLE_RATE={self.max_rate}."
            )
        return None
