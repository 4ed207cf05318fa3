"""The engine process: models and decoding, and nothing of Redis.

Started by the supervisor as `python -m app.worker.engine_process FD`; FD is its end of a socket pair. It may
crash, hang or be killed at any time: the supervisor starts another one. It ends when the other end closes.
"""

import faulthandler
import os
import socket
import sys

from app.core.lifeline import die_with_parent
from app.core.startup import read_settings, start_watching
from app.core.tracing import stop_tracing
from app.transcription.service import TranscriptionService
from app.worker.engine_process.host import EngineHost
from app.worker.slots import RECORDING_SLOTS, Slot, slot_sizes


def main() -> None:
    """Serve on the socket whose number is the first argument."""
    die_with_parent()
    faulthandler.enable()
    settings = read_settings()
    start_watching(settings, "engine")
    connection = socket.socket(fileno=int(sys.argv[1]))
    sizes = slot_sizes(settings)
    EngineHost(
        connection,
        TranscriptionService(settings),
        recordings=sum(sizes[slot] for slot in RECORDING_SLOTS),
        fetches=sizes[Slot.FETCH],
    ).serve()
    stop_tracing()
    os._exit(0)  # the supervisor is gone: nobody waits for what still runs in a thread


if __name__ == "__main__":
    main()
