"""Windows of a shared recording, the reading of which counts as work at the stage `read`."""

from collections.abc import Iterator, Sequence

from app.asr.stages import PipelineStage, StageClock
from app.audio.channels import ChannelWindow
from app.audio.reading.slicing import SliceSource
from app.schemas.lending import OfferedWindow


class TimedSlices:
    """A SliceSource whose reading the clock of the stages hears of."""

    def __init__(self, source: SliceSource, stages: StageClock) -> None:
        self._source = source
        self._stages = stages

    def slices(self, windows: Sequence[OfferedWindow]) -> Iterator[ChannelWindow]:
        """See SliceSource."""
        return self._stages.each(PipelineStage.READ, self._source.slices(windows))

    def close(self) -> None:
        """See SliceSource."""
        self._source.close()
