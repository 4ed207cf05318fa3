"""The process that mutants are sent through: reads lines `path number`, answers each with a line of JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from app.audio.decode import SoundStream
from app.audio.limits import AudioLimits
from app.audio.listening import Listening
from app.audio.probe import probe
from app.core.errors import ServiceError
from app.schemas.task import TrackChoice

WISHES = (
    Listening(),
    Listening(),
    Listening(track=TrackChoice.MIX),
    Listening(split=True),
    Listening(track=TrackChoice.MIX, split=True),
    Listening(track=2),
)


def main(memory_mb: int) -> None:
    """Answer until there is no more to read."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1024 * 1024,) * 2)
    for line in sys.stdin:
        path, _, number = line.rstrip("\n").rpartition(" ")
        started = time.process_time()
        outcome = _tried(Path(path), WISHES[int(number) % len(WISHES)])
        answer = [outcome, round(time.process_time() - started, 3), _peak_mb()]
        print(json.dumps(answer), flush=True)  # noqa: T201


def _peak_mb() -> int:
    """Most memory that was resident; `ru_maxrss` would begin with what the parent had."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024


def _tried(path: Path, listening: Listening) -> str:
    try:
        probe(path, AudioLimits())
        probed = "ok"
    except ServiceError as error:
        probed = error.code
    except Exception as error:
        return f"uncaught in probe: {error!r}"
    try:
        seconds = sum(block.shape[1] for block in SoundStream(path, listening)) / 16_000
    except ServiceError as error:
        return f"{probed}, {error.code}"
    except Exception as error:
        return f"uncaught in decode: {error!r}"
    return f"{probed}, ok" if seconds else "uncaught: no sound and no error"


if __name__ == "__main__":
    main(int(sys.argv[1]))
