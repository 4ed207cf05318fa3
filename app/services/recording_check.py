"""Is a file a recording, and is what a client asks of tracks and channels in it?"""

from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread

from app.audio.limits import AudioLimits
from app.audio.probe import AudioInfo, probe
from app.audio.tracks import Track
from app.core.config import Settings
from app.core.decorators import timed_stage
from app.core.errors import InvalidParameter
from app.schemas.task import ChannelMode, TrackChoice
from app.services.options import Options
from app.services.receiving import Received
from app.storage.reading import readable

PROBES_AT_ONCE = 2


class RecordingCheck:
    """Opens what was received before its task is accepted."""

    def __init__(self, settings: Settings) -> None:
        self._limits = AudioLimits.from_settings(settings)
        self._probes = CapacityLimiter(PROBES_AT_ONCE)

    async def duration(self, received: Received, options: Options) -> float | None:
        """Length in seconds, where it can be told. Raises UnreadableAudio, NoAudio, RecordingTooLong,
        InvalidParameter, StorageUnavailable."""

        def look() -> AudioInfo:
            path = received.upload.recording()
            with readable():
                return probe(path, self._limits, trim=options.trim, extension=received.extension)

        with timed_stage("probe"):
            info = await to_thread.run_sync(look, limiter=self._probes)
        _check_channels(options, info.tracks, self._limits)
        return info.duration


def _check_channels(options: Options, tracks: Sequence[Track], limits: AudioLimits) -> None:
    """Raises InvalidParameter where what is asked of tracks and channels is not in the file, or too much."""
    found = [track for track in tracks if track.problem is None]
    if options.track is TrackChoice.MIX:
        if problem := limits.mix_problem(len(found)):
            raise InvalidParameter(problem, parameter="track")
        return
    if options.track is not TrackChoice.AUTO:
        found = [_numbered(options.track, tracks)]
    if options.channels is not ChannelMode.SPLIT or len(found) > 1:
        return
    if problem := limits.split_problem(found[0].channels):
        raise InvalidParameter(problem, parameter="channels")


def _numbered(number: int, tracks: Sequence[Track]) -> Track:
    """Raises InvalidParameter where there is no such track, or none that can be decoded."""
    track = next((each for each in tracks if each.number == number), None)
    if track is None:
        raise InvalidParameter(
            f"There is no track {number}: the number of audio tracks in the file is {len(tracks)}.",
            parameter="track",
        )
    if track.problem:
        message = f"Track {number} of the file cannot be decoded. {track.problem}"
        raise InvalidParameter(message, parameter="track")
    return track
