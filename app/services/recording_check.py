"""Is what a client asks of tracks and channels in its file?"""

from collections.abc import Sequence

from app.audio.limits import AudioLimits
from app.audio.tracks import Track
from app.core.errors import InvalidParameter
from app.schemas.task import ChannelMode, TrackChoice
from app.services.options import Options


def check_channels(options: Options, tracks: Sequence[Track], limits: AudioLimits) -> None:
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
