"""What a worker asks of whoever transcribes for it."""

from collections.abc import Callable
from dataclasses import dataclass

from app.asr.base import DecodeOptions
from app.audio.calls import CallSides
from app.audio.listening import Listening
from app.core.errors import TaskCancelled
from app.core.recording_path import RecordingPath
from app.core.scripts import ChineseScript
from app.schemas.known_speaker import KnownSpeaker
from app.schemas.window import Checkpoint, WindowDone
from app.speakers.clustering import SpeakerCount
from app.transcription.lending import NOT_LENT, Lender


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and what is asked of it.

    `model` is a canonical name, `listening` tells what of the recording is heard; without `vad` nothing is
    taken for silence; `script` is that in which Chinese is to be written; `speakers` tells how many people to
    tell apart (None: they are not), `sides` that the channels are those of a call; `duration` is the length
    of the recording where the API could tell it; one that `is_short` waits behind no longer ones;
    `checkpoint` is what an earlier attempt has finished.
    """

    path: RecordingPath
    model: str
    listening: Listening
    options: DecodeOptions
    vad: bool = True
    script: ChineseScript | None = None
    speakers: SpeakerCount | None = None
    known_speakers: tuple[KnownSpeaker, ...] = ()
    sides: CallSides | None = None
    duration: float | None = None
    is_short: bool = False
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """How the caller follows a job. All may be called from the thread that does the job only.

    `on_loading` hears once that nothing is done until the model is in memory, `on_loaded` that it is,
    `on_alive` often that the recording is being read, `on_window` each window that is finished;
    `should_stop` is asked often. Windows of a long recording are lent through `lender`.
    """

    on_loading: Callable[[], None]
    on_loaded: Callable[[], None]
    on_alive: Callable[[], None]
    on_window: Callable[[WindowDone], None]
    should_stop: Callable[[], bool]
    lender: Lender = NOT_LENT

    def check(self) -> None:
        """Raise TaskCancelled where the caller wants no more."""
        if self.should_stop():
            raise TaskCancelled("The task was cancelled.")


UNWATCHED = Watch(
    on_loading=lambda: None,
    on_loaded=lambda: None,
    on_alive=lambda: None,
    on_window=lambda _: None,
    should_stop=lambda: False,
)
"""Nobody follows."""
